"""Values of a file by which people can be identified, as flaws that name row, column and kind, never the value."""

from __future__ import annotations

from collections.abc import Iterator

from evaluation.ingest.identity.identifiers import kind_of_values
from evaluation.ingest.mapping.schema import SourceTable
from evaluation.ingest.readers.sheet import Sheet
from evaluation.ingest.records import Flaw


def identified(sheet: Sheet, table: SourceTable, school_year: int) -> Iterator[Flaw]:
    """Yield a flaw for every column of which a value identifies somebody."""
    for column, text in sheet.columns.items():
        is_declared = column in table.required()
        found = kind_of_values(text.values, is_declared=is_declared, school_year=school_year, header=column)
        if found is not None:
            kind, hits = found
            at = sheet.rows[text.is_in(hits)]
            yield Flaw("identifiable_value", int(at[0]), sheet.shown.get(column, column), len(at), f"Kind: {kind}.")
