"""Codes and means that jump between two years against their own history: places to look at, never a verdict.

A definition that changed, a code that was split or a column that was filled differently looks like this in the data,
and so does a real event. Nothing here is a test, and nothing here sets a row aside.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from math import sqrt
from statistics import median
from typing import Any, Literal

import narwhals.stable.v2 as nw

from evaluation.engine import Frame, collect
from evaluation.ingest.mapping.schema import ATTRIBUTES

Kind = Literal["appears", "vanishes", "jumps"]
Measure = Literal["share", "per_100_students", "days", "points"]
Place = tuple[str, str, int]
"""District, district or school, school year."""

LEAST_STUDENTS = 30
LEAST_ROWS = 10
TIMES_USUAL = 4.0
LEAST_CHANGE: Mapping[Measure, float] = {"share": 0.05, "per_100_students": 2.0, "days": 1.0, "points": 0.3}
LEAST_RELATIVE_CHANGE = 0.25
UNUSUAL_BY_CHANCE = 3.0
_SEVERAL_AT_ONCE = 2
"""One incident brings several actions, so that their number varies more than a count of incidents."""
LEAST_HISTORY = 3
"""A change is compared with at least this many other changes; with fewer, it has to double or halve the level."""


@dataclass(frozen=True)
class Point:
    """One year of a series: level = per * total / base; `n` students or rows lie behind it.

    `spread` is the variance of the level by chance alone between so few students or rows.
    """

    school_year: int
    total: int
    base: int
    n: int
    spread: float
    per: int = 1

    @property
    def level(self) -> float:
        """Return the level in the measure's unit."""
        return self.per * self.total / self.base


@dataclass(frozen=True)
class Series:
    """Levels of one code or mean at one district or school, in order of years.

    `unit_id` is a district or a school; `code` is missing for means.
    """

    district_id: str
    unit_id: str
    table: str
    column: str
    code: str | None
    measure: Measure
    points: tuple[Point, ...]


@dataclass(frozen=True)
class Shift(Series):
    """A level that changed between two consecutive sent years; `usual` is the series' median change elsewhere.

    `code_list` says which code lists the two years were read by, where the mapping declares that they differ.
    """

    kind: Kind
    year_before: int
    year: int
    usual: float | None
    code_list: str | None = None


def level_shifts(tables: Mapping[str, Frame]) -> tuple[Shift, ...]:
    """Return the shifts of every district and, where its district shows no such shift, of every school.

    Parameters
    ----------
    tables : accepted canonical rows by table; a table may be absent.
    """
    lists = _code_lists(tables)
    of_districts = [shift for series in _series(tables, _Units("district_id")) for shift in shifts(series)]
    known = {(s.district_id, s.table, s.column, s.code, s.year) for s in of_districts}
    of_schools = [shift for series in _series(tables, _Units("school_id")) for shift in shifts(series)
                  if (shift.district_id, shift.table, shift.column, shift.code, shift.year) not in known]
    found = (replace(shift, code_list=_change(shift, lists)) for shift in of_districts + of_schools)
    return tuple(sorted(found, key=lambda s: (
        s.district_id, s.unit_id != s.district_id, s.unit_id, s.table, s.column, s.code or "", s.year)))


def shifts(series: Series) -> Iterator[Shift]:
    """Yield the years in which a series appears, vanishes or jumps."""
    points = series.points
    changes = [abs(b.level - a.level) for a, b in pairwise(points)]
    for i in range(1, len(points)):
        before, after = points[i - 1], points[i]
        others = changes[:i - 1] + changes[i:]
        usual = median(others) if others else None
        kind = _kind(points, i, series.measure, usual if len(others) >= LEAST_HISTORY else None)
        if kind is not None:
            yield Shift(**vars(series), kind=kind, year_before=before.school_year, year=after.school_year, usual=usual)


def _code_lists(tables: Mapping[str, Frame]) -> dict[tuple[str, int], str]:
    """Return the code lists by which a district's discipline actions of a year were read."""
    if "discipline_action" not in tables:
        return {}
    columns = ("district_id", "school_year", "definition_version")
    found: dict[tuple[str, int], list[str]] = defaultdict(list)
    for row in collect(tables["discipline_action"].select(*columns).unique()).to_dict("records"):
        found[str(row["district_id"]), int(row["school_year"])].append(str(row["definition_version"]))
    return {place: ", ".join(sorted(versions)) for place, versions in found.items()}


def _change(shift: Shift, lists: Mapping[tuple[str, int], str]) -> str | None:
    before, after = (lists.get((shift.district_id, year)) for year in (shift.year_before, shift.year))
    return f"{before} → {after}" if shift.column == "action_std" and before != after else None


def _kind(points: Sequence[Point], i: int, measure: Measure, usual: float | None) -> Kind | None:
    before, after = points[i - 1], points[i]
    change = abs(after.level - before.level)
    if change < UNUSUAL_BY_CHANCE * sqrt(before.spread + after.spread):
        return None
    if measure in ("share", "per_100_students"):
        if after.total >= LEAST_ROWS and i >= 2 and not any(p.total for p in points[:i]):
            return "appears"
        if not after.total and i >= 2 and all(p.total >= LEAST_ROWS for p in points[i - 2:i]):
            return "vanishes"
    larger = max(before.level, after.level)
    if change < LEAST_CHANGE[measure] or change < LEAST_RELATIVE_CHANGE * larger:
        return None
    if usual is None:
        return "jumps" if change >= larger / 2 else None
    return "jumps" if change > TIMES_USUAL * usual else None


@dataclass(frozen=True)
class _Units:
    """Districts or schools: the column that names them, and the columns of one of them in one year."""

    column: str

    @property
    def keys(self) -> list[str]:
        return list(dict.fromkeys(("district_id", self.column, "school_year")))

    def place(self, row: Mapping[Any, Any]) -> Place:
        return str(row["district_id"]), str(row[self.column]), int(row["school_year"])


def _series(tables: Mapping[str, Frame], units: _Units) -> Iterator[Series]:
    """Yield every series of every district or school."""
    students: dict[Place, int] = {}
    if "enrollment" in tables:
        single = tables["enrollment"].select(*units.keys, "student_key").unique()
        counted = collect(single.group_by(*units.keys).agg(n=nw.len()))
        students = {units.place(row): int(row["n"]) for row in counted.to_dict("records")}
    if "student_year" in tables and units.column == "district_id":
        for column in ATTRIBUTES:
            yield from _shares(tables["student_year"], column, units)
    if "discipline_action" in tables:
        yield from _rates(tables["discipline_action"], units, students)
        yield from _means(tables["discipline_action"], "discipline_action", "half_days_assigned", "action_std",
                          units=units)
    if "attendance" in tables:
        yield from _days_of_students(tables["attendance"], units)
    if "survey_response" in tables:
        yield from _means(tables["survey_response"], "survey_response", "value_int", "item_code", units=units)


def _shares(frame: Frame, column: str, units: _Units) -> Iterator[Series]:
    """Yield the share of every code among students."""
    for (district, place), years in _by_unit(frame, column, units):
        for code in sorted({code for _, found in years for code in found}):
            points = tuple(_share(year, found.get(code, 0), n) for year, found in years
                           if (n := sum(found.values())) >= LEAST_STUDENTS)
            yield Series(district, place, "student_year", column, code, "share", points)


def _rates(frame: Frame, units: _Units, students: Mapping[Place, int]) -> Iterator[Series]:
    """Yield actions per 100 enrolled students; a year without any action of the unit is left out."""
    for (district, place), years in _by_unit(frame, "action_std", units):
        for code in sorted({code for _, found in years for code in found}):
            points = tuple(_rate(year, found.get(code, 0), n) for year, found in years
                           if (n := students.get((district, place, year), 0)) >= LEAST_STUDENTS)
            yield Series(district, place, "discipline_action", "action_std", code, "per_100_students", points)


def _means(frame: Frame, table: str, column: str, by: str, *, units: _Units) -> Iterator[Series]:
    """Yield the mean of a column by code."""
    rows = frame.select(*units.keys, by, column).with_columns((nw.col(column) * nw.col(column)).alias("square"))
    counted = collect(rows.group_by(*units.keys, by).agg(nw.col(column).sum(), nw.col("square").sum(), n=nw.len()))
    found: dict[tuple[str, str, str], list[Point]] = defaultdict(list)
    for row in counted.to_dict("records"):
        district, place, year = units.place(row)
        if int(row["n"]) >= LEAST_STUDENTS:
            found[district, place, str(row[by])].append(_mean(year, row, column, "square"))
    measure: Measure = "days" if column.startswith("half_days") else "points"
    for (district, place, code), points in sorted(found.items()):
        yield Series(district, place, table, column, code, measure, _in_order(points))


def _days_of_students(frame: Frame, units: _Units) -> Iterator[Series]:
    """Yield mean days of a student in a year."""
    columns = ("half_days_enrolled", "half_days_absent", "half_days_absent_oss")
    per_student = frame.group_by(*units.keys, "student_key").agg(*(nw.col(c).sum().cast(nw.Int64) for c in columns))
    squares = per_student.with_columns(**{f"{c}_sq": nw.col(c) * nw.col(c) for c in columns})
    sums = (nw.col(c).sum() for c in (*columns, *(f"{c}_sq" for c in columns)))
    found: dict[tuple[str, str, str], list[Point]] = defaultdict(list)
    for row in collect(squares.group_by(*units.keys).agg(*sums, n=nw.len())).to_dict("records"):
        district, place, year = units.place(row)
        if int(row["n"]) >= LEAST_STUDENTS:
            for column in columns:
                found[district, place, column].append(_mean(year, row, column, f"{column}_sq"))
    for (district, place, column), points in sorted(found.items()):
        yield Series(district, place, "attendance", column, None, "days", _in_order(points))


def _by_unit(frame: Frame, column: str, units: _Units
             ) -> Iterator[tuple[tuple[str, str], list[tuple[int, dict[str, int]]]]]:
    """Yield a district or school with its years in order, and in each the rows by code."""
    counted = collect(frame.group_by(*units.keys, column).agg(n=nw.len()))
    found: dict[Place, dict[str, int]] = defaultdict(dict)
    for row in counted.to_dict("records"):
        found[units.place(row)][str(row[column])] = int(row["n"])
    by_unit: dict[tuple[str, str], list[tuple[int, dict[str, int]]]] = defaultdict(list)
    for (district, place, year), codes in sorted(found.items()):
        by_unit[district, place].append((year, codes))
    yield from by_unit.items()


def _share(year: int, total: int, n: int) -> Point:
    smoothed = (total + 1) / (n + 2)
    return Point(year, total, n, n, smoothed * (1 - smoothed) / n)


def _rate(year: int, total: int, n: int) -> Point:
    return Point(year, total, n, n, _SEVERAL_AT_ONCE * 100**2 * max(total, 1) / n**2, per=100)


def _mean(year: int, row: Mapping[Any, Any], column: str, square: str) -> Point:
    n, total, per = int(row["n"]), int(row[column]), 2 if column.startswith("half_days") else 1
    variance = int(row[square]) / n - (total / n) ** 2
    return Point(year, total, per * n, n, variance / n / per**2)


def _in_order(points: Iterable[Point]) -> tuple[Point, ...]:
    return tuple(sorted(points, key=lambda p: p.school_year))
