"""Which school's rows came in which year in which table, and which are missing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

import narwhals.stable.v2 as nw

from evaluation.engine import Frame, collect
from evaluation.ingest.canonical import CANONICAL
from evaluation.ingest.records import FileReport

State = Literal["sent", "no_rows", "refused", "not_sent", "not_listed"]
STATES: Mapping[State, str] = {
    "sent": "sent",
    "no_rows": "a file was accepted and has no row of this school",
    "refused": "a file was refused, so the year counts as not sent",
    "not_sent": "no file was sent",
    "not_listed": "the school is not in this year's school list",
}
WHOLE_DISTRICT = ("student_year",)
"""Tables whose rows name no school."""
IF_SENT = ("school_session",)
"""Tables that a district may do without: they are missed only where it sent some of them."""

_OF_NO_YEAR = ("no_file", "outside_periods")
"""Refusals that stand for no school year of the delivery."""


@dataclass(frozen=True)
class Covered:
    """One table of one school in one school year; `school_id` is missing where the table is the whole district's."""

    district_id: str
    table: str
    school_id: str | None
    school_year: int
    state: State
    rows: int


def coverage_matrix(files: Iterable[FileReport], tables: Mapping[str, Frame]) -> tuple[Covered, ...]:
    """Return one record for every table x school x school year of every district, sent or not.

    Parameters
    ----------
    files : the account of every delivered file.
    tables : accepted canonical rows by table; a table may be absent.

    Notes
    -----
    Years run from the district's first to its last of those that can be taken, so that a year between them without any
    file shows. One refused file makes its table and year `refused`, as later stages leave that year out.
    """
    accepted: set[tuple[str, str, int]] = set()
    refused: set[tuple[str, str, int]] = set()
    years: dict[str, set[int]] = defaultdict(set)
    for file in files:
        if any(finding.rule in _OF_NO_YEAR for finding in file.findings):
            continue
        years[file.district_id].add(file.school_year)
        (accepted if file.refusal is None else refused).add((file.district_id, file.table, file.school_year))
    rows = {name: _rows(tables[name], name) for name in CANONICAL if name in tables}
    listed = rows.get("school_year", {})
    schools: dict[str, list[str]] = defaultdict(list)
    for district, school in sorted({(d, s) for d, s, _ in listed if s is not None}):
        schools[district].append(school)

    def covered(district: str, name: str, school: str | None, year: int) -> Covered:
        count = rows.get(name, {}).get((district, school, year), 0)
        key = (district, name, year)
        state: State
        if key in refused:
            state = "refused"
        elif count:
            state = "sent"
        elif school is not None and (district, "school_year", year) in accepted and (
                (district, school, year) not in listed):
            state = "not_listed"
        else:
            state = "no_rows" if key in accepted else "not_sent"
        return Covered(district, name, school, year, state, count)

    found: list[Covered] = []
    for district in sorted(years):
        span = range(min(years[district]), max(years[district]) + 1)
        sent = {table for of, table, _ in accepted | refused if of == district}
        for name in (n for n in CANONICAL if n in sent or n not in IF_SENT):
            units: list[str | None] = [None] if name in WHOLE_DISTRICT else [*schools[district]] or [None]
            found += [covered(district, name, school, year) for school in units for year in span]
    return tuple(found)


def _rows(frame: Frame, name: str) -> dict[tuple[str, str | None, int], int]:
    keys = ["district_id", "school_year"] + ([] if name in WHOLE_DISTRICT else ["school_id"])
    counted = collect(frame.group_by(*keys).agg(rows=nw.len()))
    school = [None] * len(counted) if name in WHOLE_DISTRICT else list(counted["school_id"])
    return {(str(d), None if s is None else str(s), int(y)): int(n)
            for d, s, y, n in zip(counted["district_id"], school, counted["school_year"], counted["rows"],
                                  strict=True)}
