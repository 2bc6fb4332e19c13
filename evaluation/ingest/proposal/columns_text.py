"""Lines of a mapping for the columns of a file: what reads each field, what codes mean, what has to be deleted."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from evaluation.contracts import COLUMNS
from evaluation.ingest.identity.column_words import is_nobodys_name
from evaluation.ingest.identity.identifiers import kind_of_header, kind_of_values
from evaluation.ingest.mapping.schema import ATTRIBUTES
from evaluation.ingest.proposal.guess import Guess, compact, guess_codes, guess_format
from evaluation.ingest.proposal.mapping_text import CHECK, noted, quoted
from evaluation.ingest.values import Broken
from evaluation.ingest.values import grade as read_grade

DATES = ("entry_date", "exit_date", "date")
CODED = (*ATTRIBUTES, "action_std", "kind")
_YEARS_TRIED = (2010, 2016, 2022, 2028)
"""Of files that lie in no school year's folder."""
_MOST_CODES = 40
_FEWEST_ROWS = 10
_MOST_VALUES_TRIED = 20_000


def field_lines(field: str, guess: Guess, columns: Mapping[str, Counter[str]]) -> Iterator[str]:
    """Yield the lines of one field: its column, and the format or codes of its values."""
    if field not in guess.columns:
        yield noted(f"      {field}: {field}", "no column was found for it; name yours")
        return
    column = guess.columns[field]
    values = Counter({value: n for value, n in columns[column].items() if value})
    doubt = "the name only resembles known ones" if field in guess.unsure else None
    if field in DATES or field == "month":
        yield _date(field, column, values, doubt)
    elif field in CODED:
        kind = field if field in ("race_ethnicity", "sex", "action_std", "kind") else "flag"
        if field == "economic" and guess_codes("meal_told", values):
            kind = "meal"
        yield from _coded(field, column, values, kind, doubt)
    elif field == "item_code":
        yield from _long_items(column, values)
    elif field in ("grade", "grade_low", "grade_high"):
        odd = sum(n for value, n in values.items() if isinstance(read_grade(value), Broken))
        yield noted(f"      {field}: {quoted(column)}",
                    doubt or (f"{odd:,} rows hold no grade from K to 12; they will be set aside" if odd else None))
    elif field.startswith("days_") and any(re.fullmatch(r"\d+,\d{1,2}", value) for value in values):
        yield noted(f'      {field}: {{column: {quoted(column)}, decimal: ","}}', "numbers with a decimal comma")
    else:
        yield noted(f"      {field}: {quoted(column)}", doubt)


def _date(field: str, column: str, values: Counter[str], doubt: str | None) -> str:
    found = guess_format(values, is_month=field == "month")
    if found is None:
        return noted(f"      {field}: {quoted(column)}", "the format of its dates was not recognised; declare `format`")
    if not found.is_sure:
        doubt = "day and month could be exchanged, or some dates are written differently"
    if found.form == ("%Y-%m" if field == "month" else "%Y-%m-%d"):
        return noted(f"      {field}: {quoted(column)}", doubt)
    return noted(f"      {field}: {{column: {quoted(column)}, format: {quoted(found.form)}}}", doubt)


def _coded(field: str, column: str, values: Counter[str], kind: str, doubt: str | None) -> Iterator[str]:
    allowed = COLUMNS[field].allowed
    known = guess_codes(kind, values)
    needed = {value: found for value, found in known.items() if value not in allowed}
    strange = {value: n for value, n in values.items() if value not in known and value not in allowed}
    if not needed and not strange:
        yield noted(f"      {field}: {quoted(column)}", doubt)
        return
    yield noted(f"      {field}:", doubt)
    yield f"        column: {quoted(column)}"
    if needed:
        yield "        codes:"
        for value, (code, is_sure) in needed.items():
            yield noted(f"          {quoted(value)}: {code}", None if is_sure else "a guess")
    yield from _strange(strange, allowed, has_codes=bool(needed))


def _long_items(column: str, values: Counter[str]) -> Iterator[str]:
    told = [value for value in sorted(values) if _is_tellable(value, values)]
    if not told:
        yield noted(f"      item_code: {quoted(column)}", "its codes must be the study's item ids")
        return
    yield from ("      item_code:", f"        column: {quoted(column)}", "        codes:")
    for value in told:
        yield noted(f"          {quoted(value)}: {quoted(compact(value))}", "the study's id of this item")


def _strange(values: Mapping[str, int], allowed: Sequence[str], *, has_codes: bool) -> Iterator[str]:
    """Yield comments on codes that are not known, ready to be completed, and on how many cannot be told."""
    told = [value for value in sorted(values) if _is_tellable(value, values)]
    indent = "          " if has_codes else "        "
    if told:
        yield f"{indent}{CHECK} declare these codes, each as one of {', '.join(allowed)}; else their rows are set aside"
        if not has_codes:
            yield "        # codes:"
        yield from (f"          # {quoted(value)}:" for value in told)
    hidden = len(values) - len(told)
    if hidden:
        yield f"{indent}{CHECK} {hidden:,} unknown value{'' if hidden == 1 else 's'} in few rows, not shown here"


def _is_tellable(value: str, values: Mapping[str, int]) -> bool:
    """Whether a value is a code: one of few, shared by many rows, short, and nothing that identifies a person."""
    return (len(values) <= _MOST_CODES and values[value] >= _FEWEST_ROWS and len(value) <= 40
            and len(value.split()) <= 6 and re.search(r"\d{4}", value) is None
            and _kind_of([value], "", (), is_declared=False) is None)


def other_columns(columns: Mapping[str, Counter[str]], mapped: set[str], years: Sequence[int]) -> Iterator[str]:
    """Yield the columns that identify people, to be deleted, and those that are not needed.

    A column whose name could be a person's is called by its place, and is not among those that are not needed. `years`
    are the school years of the files, where their folders tell them.
    """
    identifying = []
    spare = []
    for place, (name, values) in enumerate(columns.items(), start=1):
        kind = kind_of_header(name, is_declared=name in mapped) or _kind_of(values, name, years,
                                                                                 is_declared=name in mapped)
        if kind is not None:
            identifying.append((quoted(name) if is_nobodys_name(name) else f"column {place}", kind))
        elif is_nobodys_name(name) and name not in mapped:
            spare.append(name)
    if spare:
        yield noted(f"    drop: [{', '.join(map(quoted, spare))}]", "not needed, unless one belongs above")
    if identifying:
        yield f"    {CHECK} delete these columns at the source before you send; with them the file is refused:"
        for name, kind in identifying:
            yield f"    #   {name} ({kind})"


def _kind_of(values: Sequence[str] | Counter[str], header: str, years: Sequence[int], *, is_declared: bool
             ) -> str | None:
    """Return what values identify people by; without `years`, in whatever school year they were written."""
    distinct = sorted(value for value in values if value)[:_MOST_VALUES_TRIED]
    for year in years or _YEARS_TRIED:
        found = kind_of_values(distinct, is_declared=is_declared, school_year=year, header=header)
        if found is not None:
            return found[0]
    return None
