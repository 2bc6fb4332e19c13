"""One delivered file as text: bytes in, columns of text out, every field counted."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain, islice, repeat

import numpy as np
from numpy.typing import NDArray

from evaluation.ingest.mapping.schema import SourceTable
from evaluation.ingest.readers.containers import Kind, Opened, opened
from evaluation.ingest.readers.csv_records import csv_notes, csv_records, ends_with_line_end
from evaluation.ingest.readers.header import TITLES_SEARCHED, check_header, shown_name
from evaluation.ingest.readers.oneroster import oneroster_records
from evaluation.ingest.readers.parquet_records import parquet_records
from evaluation.ingest.readers.text import Coded, Text, coded, shown
from evaluation.ingest.readers.xlsx_records import xlsx_records
from evaluation.ingest.readers.xml_records import xml_records
from evaluation.ingest.records import Flaw, RefusedFileError

READERS: Mapping[Kind, Callable[[bytes, SourceTable], Iterator[list[str]]]] = {
    "csv": csv_records, "xlsx": xlsx_records, "parquet": parquet_records, "xml": xml_records,
    "oneroster": oneroster_records}
"""From a file's bytes to its records, the header's first (after title rows); a blank record has no fields."""
MOST_ROWS = 100_000_000
_MOST_BLANK = 0.2


@dataclass(frozen=True)
class Sheet:
    """Columns of trimmed text; `rows` are spreadsheet rows of the kept records, `flaws` those of the others.

    `shown` is how a message may call a column: an undeclared name that could be a value is replaced by its place.
    `odd_fields` are, by place, (the column's name, the first row of every text) in the `odd_rows` records that have
    more or fewer fields than the header.
    """

    columns: Mapping[str, Text]
    shown: Mapping[str, str]
    rows: NDArray[np.int64]
    odd_rows: int
    odd_fields: tuple[tuple[str, Mapping[str, int]], ...]
    flaws: tuple[Flaw, ...]
    notes: tuple[Flaw, ...]
    rows_in: int


def read_sheet(content: bytes, table: SourceTable, *, name: str = "") -> Sheet:
    """Return a file's columns; blank lines and rows of empty fields are no rows.

    Parameters
    ----------
    content : bytes
        The file as delivered: CSV, .xlsx, Parquet or XML, as it is or in gzip or zip.
    table : SourceTable
        How the district writes it.
    name : str
        The file's name; its suffix must not say another kind than the content is.

    Raises
    ------
    RefusedFileError
        The file as a whole cannot be read, or its header cannot be trusted.
    """
    if not content:
        raise RefusedFileError(Flaw("empty_file"))
    file = Opened("oneroster", content) if table.oneroster else opened(content, name)
    records = READERS[file.kind](file.content, table)
    header, header_row = header_of(records, table)
    header_row += sum(1 for _ in islice(records, table.label_rows))
    below = list(islice(records, TITLES_SEARCHED))
    numbered = [(header_row + i, record) for i, record in enumerate(below, start=1) if record]
    try:
        check_header(header, header_row, numbered, 0, table)
    except RefusedFileError as refused:
        raise RefusedFileError(refused.flaw, len(numbered) + sum(1 for record in records if record)) from None
    found = coded(chain(below, records), len(header), header_row + 1)
    rows_in = len(found.rows) + len(found.odd)
    _check_rows(found, rows_in, file.kind, file.content)
    flaws = [Flaw("row_too_long" if width > len(header) else "row_too_short", row) for row, width in found.odd]
    columns, notes = _trimmed(found.columns, header, table)
    empty = [Flaw("empty_rows", count=found.empty)] if found.empty else []
    is_header = _is_header_again(columns, header)
    if is_header.any():
        flaws += [Flaw("header_again", int(row)) for row in found.rows[is_header]]
        columns = [column.kept(~is_header) for column in columns]
    named = {title or f"column {place}": column
             for place, (title, column) in enumerate(zip(header, columns, strict=True), start=1)
             if title or any(column.values)}
    shown = {title: shown_name(title, place, table) for place, title in enumerate(header, start=1) if title}
    if file.kind == "xlsx":
        _check_blank_down(named, table, rows_in)
    odd_fields = tuple(zip(chain(header, repeat("")), found.odd_fields, strict=False))
    return Sheet(named, shown, found.rows[~is_header], len(found.odd), odd_fields, tuple(flaws),
                 (*(csv_notes(file.content) if file.kind == "csv" else ()), *empty, *notes), rows_in)


def header_of(records: Iterator[list[str]], table: SourceTable) -> tuple[list[str], int]:
    """Return the first names of columns after the title rows, and their spreadsheet row.

    Raises
    ------
    RefusedFileError
        There is none.
    """
    filled = 0
    for row, record in enumerate(records, start=1):
        filled += bool(record)
        if record and filled > table.title_rows and (len(record) > 1 or record[0].strip()):
            return [shown(field) for field in record], row
    raise RefusedFileError(Flaw("empty_file"))


def _check_rows(found: Coded, rows_in: int, kind: Kind, content: bytes) -> None:
    if not rows_in:
        raise RefusedFileError(Flaw("header_only"))
    last = found.odd[-1] if found.odd else (0, 0)
    is_last = not len(found.rows) or last[0] > found.rows[-1]
    if kind == "csv" and is_last and last[1] < len(found.columns) and not ends_with_line_end(content):
        raise RefusedFileError(Flaw("cut_off", last[0]), rows_in)
    if rows_in > MOST_ROWS - TITLES_SEARCHED:
        raise RefusedFileError(Flaw("too_large"), rows_in)
    for column in found.columns:
        if (is_broken := column.is_in([value for value in column.values if "\0" in value])).any():
            raise RefusedFileError(Flaw("nul_bytes", int(found.rows[is_broken][0])), rows_in)


def _trimmed(columns: tuple[Text, ...], header: list[str], table: SourceTable) -> tuple[list[Text], list[Flaw]]:
    """Return columns as a spreadsheet shows their texts, and notes for each declared one that was written otherwise."""
    trimmed, notes = [], []
    for name, column in zip(header, columns, strict=True):
        spaced = {value for value in column.values if value != value.strip() and value.strip()}
        if spaced and name in table.required():
            notes.append(Flaw("trimmed", column=name, count=int(column.is_in(spaced).sum())))
        formulas = {value for value in column.values if shown(value) != value.strip()}
        if formulas and name in table.required():
            notes.append(Flaw("text_formula", column=name, count=int(column.is_in(formulas).sum())))
        trimmed.append(column.changed(shown))
    return trimmed, notes


def _is_header_again(columns: list[Text], header: list[str]) -> NDArray[np.bool_]:
    found = np.ones(len(columns[0]), dtype=bool)
    for name, column in zip(header, columns, strict=True):
        if not found.any():
            break
        found &= column.is_in({name})
    return found


def _check_blank_down(columns: Mapping[str, Text], table: SourceTable, rows_in: int) -> None:
    """Refuse a sheet that gives an id once for several rows; a few blank ids are set aside row by row."""
    for field in ("school_id", "student_id"):
        name = table.columns[field].column if field in table.columns else ""
        if name not in columns:
            continue
        is_blank = columns[name].is_in({""})
        if is_blank.sum() > max(1, _MOST_BLANK * len(is_blank)) and not is_blank[0]:
            raise RefusedFileError(Flaw("blank_down", column=name, count=int(is_blank.sum())), rows_in)
