"""One sheet of an .xlsx workbook as records of text, cell by cell as the workbook stores them."""

from __future__ import annotations

import io
import re
import warnings
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import redirect_stdout
from itertools import islice, pairwise, zip_longest
from typing import Any

from evaluation.ingest.mapping.schema import SourceTable
from evaluation.ingest.readers.cell_text import EXACT, forms, text_of
from evaluation.ingest.readers.containers import check_sizes
from evaluation.ingest.readers.header import shown_name
from evaluation.ingest.records import Flaw, RefusedFileError

_MOST_CELLS = 300_000_000
_ZEROS = re.compile(r"0+")
_MERGE_OR_FORMULA = re.compile(rb"<(?:\w+:)?(?:mergeCell\b|f[ >/])")
_ROW = re.compile(rb"<(?:\w+:)?row\s(?:[^>]*\s)?r=\"(\d+)\"")
_DECLARATION = re.compile(rb"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)


def xlsx_records(content: bytes, table: SourceTable) -> Iterator[list[str]]:
    """Yield the rows of the sheet; cells missing at a row's end are filled up to the header's width.

    Raises
    ------
    RefusedFileError
        The workbook is damaged, has several sheets and none is named, holds cells merged over rows or a formula without
        result.
    """
    with warnings.catch_warnings(), redirect_stdout(None):  # the parser prints what it finds odd
        warnings.simplefilter("ignore")
        try:
            is_plain = _is_plain(content)
            sheet = _sheet(content, table)
            formulas = frozenset() if is_plain else _formulas(content, sheet.title, table.title_rows)
            rows = list(_rows(sheet, table, formulas))
        except RefusedFileError:
            raise
        except Exception:  # whatever the parser raises on a damaged workbook, it is damaged
            raise RefusedFileError(Flaw("damaged")) from None
    yield from rows


def sheet_titles(content: bytes) -> tuple[str, ...]:
    """Return the names of a workbook's sheets; it was opened by `xlsx_records` before."""
    with warnings.catch_warnings(), redirect_stdout(None):
        warnings.simplefilter("ignore")
        return tuple(sheet.title for sheet in _book(content, read_only=True).worksheets)


def _is_plain(content: bytes) -> bool:
    """Return whether no sheet holds merged cells or formulas; what the parser would pass over is refused."""
    is_plain = True
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        check_sizes(archive, len(content))
        for name in archive.namelist():
            if not name.endswith((".xml", ".rels")):
                continue
            part = archive.read(name)
            numbers = [int(row) for row in _ROW.findall(part)]
            if _DECLARATION.search(part) or any(b <= a for a, b in pairwise(numbers)):
                raise RefusedFileError(Flaw("damaged"))
            is_plain &= _MERGE_OR_FORMULA.search(part) is None
    return is_plain


def _sheet(content: bytes, table: SourceTable) -> Any:
    """Return the one sheet that holds anything, or the one that the mapping names."""
    book = _book(content, read_only=True, data_only=True)
    for sheet in book.worksheets:
        sheet.reset_dimensions()
    if table.sheet is not None:
        if table.sheet not in [sheet.title for sheet in book.worksheets]:
            raise RefusedFileError(Flaw("no_sheet", hint=f"It has {len(book.worksheets):,} sheets."))
        return book[table.sheet]
    filled = [s for s in book.worksheets if any(cell.value is not None for row in s.iter_rows() for cell in row)]
    if len(filled) > 1:
        rows = sum(_filled(sheet.iter_rows()) - 1 for sheet in filled)
        raise RefusedFileError(Flaw("several_sheets", hint=f"It has {len(filled):,} sheets."), rows)
    if not filled:
        raise RefusedFileError(Flaw("empty_file"))
    return filled[0]


def _filled(rows: Iterable[tuple[Any, ...]]) -> int:
    """Return how many rows hold anything."""
    return sum(1 for row in rows if any(cell.value is not None for cell in row))


def _book(content: bytes, **how: bool) -> Any:
    import openpyxl  # 0.2 s, and only for a workbook

    return openpyxl.load_workbook(io.BytesIO(content), **how)


def _formulas(content: bytes, title: str, title_rows: int) -> frozenset[tuple[int, int]]:
    """Return (row, column) of the sheet's formulas; cells merged over rows from the header on refuse the file."""
    whole = _book(content)[title]
    filled = (number for number, values in enumerate(whole.iter_rows(values_only=True), start=1)
              if any(str(value).strip() for value in values if value is not None))
    header = next(islice(filled, title_rows, None), whole.max_row)
    merged = [area.min_row for area in whole.merged_cells.ranges if area.min_row < area.max_row >= header]
    if merged:
        raise RefusedFileError(Flaw("merged_cells", min(merged)), whole.max_row - header)
    return frozenset((cell.row, cell.column) for row in whole.iter_rows() for cell in row if cell.data_type == "f")


def _rows(sheet: Any, table: SourceTable, formulas: frozenset[tuple[int, int]]) -> Iterator[list[str]]:
    declared = forms(table)
    form: list[str | None] = []
    header: list[str] = []
    filled = size = 0
    rows = sheet.iter_rows()
    for number, cells in enumerate(rows, start=1):
        size += len(cells) + 1
        if size > _MOST_CELLS:
            raise RefusedFileError(Flaw("too_large"))
        uncomputed = next((place for place, cell in enumerate(cells, start=1)
                           if (number, place) in formulas and cell.value is None), None) if formulas else None
        if uncomputed is not None:
            name = header[uncomputed - 1] if uncomputed <= len(header) else ""
            left = max(0, filled + 1 + _filled(rows) - table.title_rows - 1)
            raise RefusedFileError(Flaw("uncomputed_formula", number, shown_name(name, uncomputed, table)), left)
        texts = [_text(cell, how) for cell, how in zip_longest(cells[:len(form) or None], form)]
        texts += [_text(cell, None) for cell in cells[len(texts):]]
        while texts and not texts[-1].strip():
            texts.pop()
        if texts:
            filled += 1
            if filled == table.title_rows + 1:
                header = [name.strip() for name in texts]
                form = [declared.get(name) for name in header]
            texts += [""] * (len(form) - len(texts))
        yield texts


def _text(cell: Any, form: str | None) -> str:
    if cell is None or cell.value is None:
        return ""
    value = cell.value
    if isinstance(value, int) and not isinstance(value, bool):
        if _ZEROS.fullmatch(cell.number_format):
            return str(value).zfill(len(cell.number_format))
        return text_of(float(value) if abs(value) >= EXACT else value, form)
    return text_of(value, form)
