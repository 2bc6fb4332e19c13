"""One delivered file as text: bytes in, columns of text out, every field counted."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from evaluation.ingest.identifiers import kind_of_header
from evaluation.ingest.mapping import SourceTable
from evaluation.ingest.records import Flaw, RefusedFileError

_MAGIC: Mapping[bytes, str] = {
    b"PK\x03\x04": "It is a zip archive or an .xlsx workbook.",
    b"\xd0\xcf\x11\xe0": "It is an old or password-protected workbook.",
    b"\x1f\x8b": "It is compressed with gzip.",
    b"PAR1": "It is a Parquet file.",
}
_TITLES_SEARCHED = 15
_SIMILAR = 0.6


@dataclass(frozen=True)
class Sheet:
    """Columns of trimmed text; `rows` are spreadsheet rows of the kept records, `flaws` those of the others.

    `shown` is how a message may call a column: an undeclared name that could be a value is replaced by its place.
    """

    columns: Mapping[str, Sequence[str]]
    shown: Mapping[str, str]
    rows: Sequence[int]
    flaws: tuple[Flaw, ...]
    rows_in: int


def read_sheet(content: bytes, table: SourceTable) -> Sheet:
    """Return a file's columns; blank lines are no rows.

    Raises
    ------
    RefusedFileError
        The file as a whole cannot be read, or its header cannot be trusted.
    """
    text = _decoded(content, table.encoding)
    rows, records = _records(text, table.delimiter)
    if len(records) <= table.title_rows:
        raise RefusedFileError(Flaw("empty_file"))
    start = table.title_rows + 1
    header = [name.strip() for name in records[start - 1]]
    below = list(zip(rows[start:start + _TITLES_SEARCHED], records[start:], strict=False))
    _check_header(header, rows[start - 1], below, len(records) - start, table)
    rows, records = rows[start:], records[start:]
    if not records:
        raise RefusedFileError(Flaw("header_only"))
    if len(records[-1]) < len(header) and not text.endswith("\n"):
        raise RefusedFileError(Flaw("cut_off", rows[-1]), len(records))
    flaws = tuple(Flaw(rule, row) for row, record in zip(rows, records, strict=True)
                  if (rule := _wrong_row(record, header)) is not None)
    aside = {flaw.row for flaw in flaws}
    if aside:
        records = [record for row, record in zip(rows, records, strict=True) if row not in aside]
    by_column = list(zip(*records, strict=True)) or [()] * len(header)
    columns = {name or f"column {place}": list(map(str.strip, values))
               for place, (name, values) in enumerate(zip(header, by_column, strict=True), start=1)
               if name or any(map(str.strip, values))}
    shown = {name: _shown(name, place, table) for place, name in enumerate(header, start=1) if name}
    return Sheet(columns, shown, [row for row in rows if row not in aside], flaws, len(rows))


def _wrong_row(record: list[str], header: list[str]) -> str | None:
    if len(record) != len(header):
        return "row_too_long" if len(record) > len(header) else "row_too_short"
    if record[0].strip() == header[0] and [field.strip() for field in record] == header:
        return "header_again"
    return None


def _decoded(content: bytes, encoding: str) -> str:
    for magic, hint in _MAGIC.items():
        if content.startswith(magic):
            raise RefusedFileError(Flaw("not_text", hint=hint))
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        encoding = "utf-16"
    elif encoding.lower().replace("_", "-") in {"utf-8", "utf8"}:
        encoding = "utf-8-sig"
    lines = max(content.count(b"\n") + (not content.endswith(b"\n")) - 1, 0)
    if encoding != "utf-16" and b"\x00" in content:
        raise RefusedFileError(Flaw("nul_bytes", content[:content.index(b"\x00")].count(b"\n") + 1), lines)
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        raise RefusedFileError(Flaw("encoding", content[:error.start].count(b"\n") + 1), lines) from None
    except LookupError:
        raise RefusedFileError(Flaw("encoding", hint="The declared encoding does not exist."), lines) from None
    if not text.strip():
        raise RefusedFileError(Flaw("empty_file"))
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _records(text: str, delimiter: str) -> tuple[list[int], list[list[str]]]:
    """Return (spreadsheet rows, fields) of the lines that are not blank."""
    reader = csv.reader(io.StringIO(text), delimiter=delimiter, strict=True)
    try:
        records = list(reader)
    except csv.Error:
        raise RefusedFileError(Flaw("stray_quote", reader.line_num), max(text.count("\n") - 1, 0)) from None
    if '"' in text:
        for row, record in enumerate(records, start=1):
            if any("\n" in field for field in record):
                raise RefusedFileError(Flaw("stray_quote", row), max(len(records) - 1, 0))
    rows = [row for row, record in enumerate(records, start=1) if record]
    return rows, records if len(rows) == len(records) else [record for record in records if record]


def _check_header(header: list[str], header_row: int, below: list[tuple[int, list[str]]], n_rows: int,
                  table: SourceTable) -> None:
    missing = [name for name in table.required() if name not in header]
    if missing:
        for row, record in below:
            if set(table.required()) <= {field.strip() for field in record}:
                raise RefusedFileError(Flaw("title_rows", row, hint=f"The header is in row {row}."), n_rows)
        raise RefusedFileError(Flaw("missing_column", header_row, missing[0], hint=_nearest(missing[0], header, table)),
                               n_rows)
    declared = {*table.required(), *table.drop}
    for name in header:
        if name and header.count(name) > 1:
            raise RefusedFileError(Flaw("duplicate_column", header_row, name if name in declared else None), n_rows)
    for name in header:
        kind = kind_of_header(name, is_declared=name in table.required())
        if kind is not None:
            shown = _shown(name, header.index(name) + 1, table, words=3)
            raise RefusedFileError(Flaw("identifiable_column", header_row, shown, hint=f"Kind: {kind}."), n_rows)


def _shown(name: str, place: int, table: SourceTable, words: int = 1) -> str:
    is_plain = not any(c.isdigit() for c in name) and len(name.split()) <= words and "," not in name
    return name if is_plain or name in (*table.required(), *table.drop) else f"column {place}"


def _nearest(wanted: str, header: list[str], table: SourceTable) -> str:
    """Name another delimiter, or the most similar undeclared column (with digits it could be a value, not a name)."""
    other = next((mark for mark in (";", "\t", "|", ",") if len(header) == 1 and mark in header[0]), None)
    if other is not None:
        return f"The header is one column and holds `{'tab' if other == chr(9) else other}`: declare `delimiter`."
    free = {name.casefold(): name for name in header
            if name and name not in table.required() and not any(c.isdigit() for c in name)}
    close = get_close_matches(wanted.casefold(), list(free), n=1, cutoff=_SIMILAR)
    return f"The nearest name in the file is `{free[close[0]]}`." if close else ""
