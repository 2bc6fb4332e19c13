"""Lines that refine a known layout's table for the files at hand: only what the layout does not say already."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from evaluation.contracts import COLUMNS
from evaluation.ingest.mapping.schema import SourceColumn
from evaluation.ingest.proposal.columns_text import CODED, DATES, field_lines, other_columns
from evaluation.ingest.proposal.fits import read_by
from evaluation.ingest.proposal.guess import Guess, compact, guess_columns, guess_format
from evaluation.ingest.proposal.mapping_text import CHECK, noted, quoted

_DAY = "%Y-%m-%d"


def placed(table: str, content: Mapping[str, Any], headers: Sequence[str]) -> Guess:
    """Return which column is which field: as the layout names it, else as other systems do (then unsure)."""
    reads = read_by(content)
    named = {compact(header): header for header in reversed(headers)}
    columns = {field: named[compact(c.column)] for field, c in reads.columns.items() if compact(c.column) in named}
    wanted = [field for field, c in reads.columns.items() if field not in columns and c.column not in reads.derived]
    taken = {*columns.values(), *(named.get(compact(column)) for column in reads.required())}
    further = guess_columns([h for h in headers if h and h not in taken], wanted)
    return Guess(table, True, {**columns, **further.columns}, frozenset(further.columns))


def refined_columns(content: Mapping[str, Any], guess: Guess, columns: Mapping[str, Counter[str]]) -> Iterator[str]:
    """Yield the lines of a layout's columns that are named, written or coded in another way here."""
    reads = read_by(content)
    for field, source in reads.columns.items():
        if source.column in reads.derived:
            named = {compact(name) for name in columns}
            for column in (c for c in reads.derived[source.column].sources() if compact(c) not in named):
                yield f"      {CHECK} the layout makes {field} of {quoted(column)} too, which is not there: name yours"
        elif field in DATES and field in guess.columns:
            yield from _dated(field, source, guess, columns[guess.columns[field]])
        elif field not in guess.columns or guess.columns[field] != source.column:
            yield from field_lines(field, guess, columns)
        elif _is_written_otherwise(field, source, columns[source.column]):
            left = Counter({value: n for value, n in columns[source.column].items() if value not in source.codes})
            yield from field_lines(field, guess, {source.column: left})


def further_columns(content: Mapping[str, Any], guess: Guess, columns: Mapping[str, Counter[str]],
                    years: Sequence[int]) -> Iterator[str]:
    """Yield the columns that the layout does not read: to be deleted, or not needed."""
    reads = read_by(content)
    known = {compact(column) for column in (*reads.required(), *reads.drop)}
    return other_columns(columns, {*guess.columns.values(), *(c for c in columns if compact(c) in known)}, years)


def cleared(content: Mapping[str, Any], lines: Sequence[str], fields: Sequence[str]) -> Iterator[str]:
    """Yield the lines that take away what a layout says of a table that is mapped without it."""
    written = {line.strip().partition(":")[0] for line in lines if line.startswith("    ") and line[4] not in " #"}
    yield from (f"    {key}: ~" for key in content if key not in {*written, "files", "columns"})
    yield from (f"      {field}: ~" for field in content.get("columns", {}) if field not in fields)


def _is_written_otherwise(field: str, source: SourceColumn, values: Counter[str]) -> bool:
    return field in CODED and bool({v for v in values if v} - {*source.codes, *COLUMNS[field].allowed})


def _dated(field: str, source: SourceColumn, guess: Guess, values: Counter[str]) -> Iterator[str]:
    """Yield a date's column and format where either is another than the layout's, which would hold otherwise."""
    column, found = guess.columns[field], guess_format(values, is_month=False)
    form = found.form if found is not None else source.format or _DAY
    if (column, form) != (source.column, source.format or _DAY):
        doubt = ("the name only resembles known ones" if field in guess.unsure
                 else None if found is None or found.is_sure else "day and month could be exchanged")
        yield noted(f"      {field}: {{column: {quoted(column)}, format: {quoted(form)}}}", doubt)
