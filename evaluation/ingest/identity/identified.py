"""Values of a file by which people can be identified, as flaws that name row, column and kind, never the value."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise

from evaluation.ingest.identity.identifiers import kind_of_strewn, kind_of_values
from evaluation.ingest.mapping.schema import SourceTable
from evaluation.ingest.readers.sheet import Sheet
from evaluation.ingest.records import Flaw


def identified(sheet: Sheet, table: SourceTable, school_year: int) -> Iterator[Flaw]:
    """Yield a flaw for every column, and for the rows of another width, of which a value identifies somebody."""
    for column, text in sheet.columns.items():
        is_declared = column in table.required()
        found = kind_of_values(text.values, is_declared=is_declared, school_year=school_year, header=column)
        if found is not None:
            kind, hits = found
            at = sheet.rows[text.is_in(hits)]
            yield Flaw("identifiable_value", int(at[0]), sheet.shown.get(column, column), len(at), f"Kind: {kind}.")
    yield from _in_odd_rows(sheet, table, school_year)


def _in_odd_rows(sheet: Sheet, table: SourceTable, school_year: int) -> Iterator[Flaw]:
    """Yield a flaw where a row that has more or fewer fields than the header identifies somebody.

    Where most rows are such, their fields are columns; else they may be shifted, and are looked at one by one.
    """
    if sheet.odd_rows <= len(sheet.rows):
        yield from _strewn(sheet)
        return
    for place, (column, rows) in enumerate(sheet.odd_fields, start=1):
        found = kind_of_values(rows, is_declared=column in table.required(), school_year=school_year, header=column)
        if found is not None:
            yield _odd(found[0], (rows[v] for v in found[1]), sheet.shown.get(column, f"column {place}"))


def _strewn(sheet: Sheet) -> Iterator[Flaw]:
    """Yield a flaw where fields of single rows identify somebody; texts that columns hold too are judged there."""
    every = set().union(*(rows for _, rows in sheet.odd_fields))
    if not every:
        return
    known = {v for text in sheet.columns.values() for v in text.values if v in every}
    by_row = [{row: v for v, row in rows.items() if v not in known} for _, rows in sheet.odd_fields]
    rows = {v: row for fields in reversed(by_row) for row, v in fields.items()}
    pairs = {pair: row for left, right in pairwise(by_row) for row in left.keys() & right.keys()
             for pair in (f"{left[row]}, {right[row]}", f"{right[row]}, {left[row]}")}
    found = kind_of_strewn(rows, pairs, {column: text.values for column, text in sheet.columns.items()})
    if found is not None:
        yield _odd(found[0], (rows.get(v) or pairs[v] for v in found[1]), None)


def _odd(kind: str, rows: Iterable[int], column: str | None) -> Flaw:
    at = set(rows)
    return Flaw("identifiable_value", min(at), column, len(at),
                f"Kind: {kind}, in rows that have more or fewer fields than the header.")
