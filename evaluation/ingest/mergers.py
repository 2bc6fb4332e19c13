"""Mergers in a district's school lists that cannot be: with itself, into no school, in a circle."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Listed:
    """A row of a school list (`at`) and what it says of where the school goes to or comes from."""

    at: int
    school_id: str
    school_year: int
    merged_into: str | None
    feeder_from: str | None


def impossible_mergers(lists: Iterable[Listed], decided: Collection[str]) -> Iterator[tuple[int, str]]:
    """Yield (row, rule) of rows whose merger cannot be.

    A school merges into one that is listed in that year or a later one; of the last year's list nobody can tell, since
    the other may open in the next. Circles are looked for among what schools say in their last year.

    Parameters
    ----------
    decided : schools of which the study file says itself where they live on.
    """
    rows = tuple(lists)
    last_list = max((row.school_year for row in rows), default=0)
    last_of: dict[str, int] = {}
    for row in rows:
        last_of[row.school_id] = max(row.school_year, last_of.get(row.school_id, 0))
    step = {row.school_id: row.merged_into for row in rows
            if row.merged_into and row.school_year == last_of[row.school_id] and row.school_id not in decided}
    for row in rows:
        if row.school_id in (row.merged_into, row.feeder_from):
            yield row.at, "merged_with_itself"
        elif row.merged_into is None:
            continue
        elif row.school_year < last_list and last_of.get(row.merged_into, 0) < row.school_year:
            yield row.at, "merged_into_unknown"
        elif row.school_year == last_of[row.school_id] and _comes_back(row.school_id, step):
            yield row.at, "merged_in_circle"


def _comes_back(school: str, step: Mapping[str, str]) -> bool:
    """Return whether the steps from a school lead back to it."""
    at, passed = step.get(school), set[str]()
    while at is not None and at not in passed:
        if at == school:
            return True
        passed.add(at)
        at = step.get(at)
    return False
