"""Path cells: students with the same ordered list of (year, school, grade, group) are one row a year, not one each.

Every regressor that is a function of school, grade, group and year has the same rows in all students of a path, so sums
over a path are all that a regression with student effects needs of them: unbalanced, movers included.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd

from evaluation.contracts import TABLES, conform
from evaluation.engine import Frame, Session, collect
from evaluation.panel.outcomes import values
from evaluation.panel.students import STUDENT
from evaluation.params import Dimension, Study
from evaluation.sent import SOURCE

_COLUMNS = list(TABLES["path_cells"].columns)
_PLACE = ("district_id", "school_id", "grade_band", "grade")
_STUDENT_YEAR = ("student_key", "school_year")
_MANY = 10_000
"""More groups than a dimension has."""


def path_cells(study: Study, students: Frame, tables: Mapping[str, Frame], session: Session) -> pd.DataFrame:
    """Return `path_cells` of every outcome and dimension.

    A path is over all years a student is enrolled, with or without the outcome; `n_obs` and `total` are of the years
    with it. The group is that of the first year in which it is one of the study's, or, where the dimension says
    `over_time: path`, that of each year. Students without a group in any year are in no path.

    Parameters
    ----------
    students : one school per student-year, from `placed`
    """
    parts = []
    for dimension in study.dimensions:
        rows = session.kept(_grouped(students, dimension, tables, session))
        places = _places(rows)
        coded = session.kept(rows.join(session.frame(places), on=[*_PLACE, "group_id"], how="inner"))
        for outcome in study.outcomes:
            sent = tables[f"{SOURCE[outcome.measure]}_sent"]
            found = coded.join(sent, on=["district_id", "school_year"], how="inner")
            valued = coded.join(values(outcome, found, tables).select(*STUDENT, "value"), on=list(STUDENT), how="left")
            paths = _paths(valued, study.periods.all())
            parts.append(_long(paths, study.periods.all(), places).assign(
                dimension=dimension.id, outcome_id=outcome.id))
    return conform(pd.concat(parts, ignore_index=True)[_COLUMNS] if parts else no_paths(), "path_cells")


def no_paths() -> pd.DataFrame:
    """Return an empty `path_cells`, of a study without students."""
    return conform(pd.DataFrame(columns=_COLUMNS), "path_cells")


def placed(students: Frame, tables: Mapping[str, Frame]) -> Frame:
    """Return STUDENT, school_id, grade_band, grade and attributes, one school per student and year in all districts.

    The grade is the highest of the student's spells at the school in that year. A student with one key in two districts
    counts where she was enrolled for more half-days of attendance; of equals, in the district last by name.
    """
    at = [*STUDENT, "school_id"]
    grades = tables["enrollment"].group_by(*at).agg(nw.col("grade").max())
    stayed = tables["attendance"].group_by(*STUDENT).agg(nw.col("half_days_enrolled").sum().cast(nw.Int64))
    rows = students.join(grades, on=at, how="inner").join(stayed, on=list(STUDENT), how="left")
    rows = rows.with_columns(nw.col("half_days_enrolled").fill_null(0))
    for name in ("half_days_enrolled", "district_id"):
        rows = rows.filter(nw.col(name) == nw.col(name).max().over(*_STUDENT_YEAR))
    return rows.drop("half_days_enrolled")


def _grouped(students: Frame, dimension: Dimension, tables: Mapping[str, Frame], session: Session) -> Frame:
    """Student-years with `group_id`: frozen for all years, or the year's own, missing where it is none of the study's.
    """
    groups = pd.DataFrame({"named": list(dimension.groups), "code": range(len(dimension.groups))})
    sent = tables["student_year_sent"].select("district_id", "school_year").with_columns(is_sent=nw.lit(1))
    rows = students.join(sent, on=["district_id", "school_year"], how="left").with_columns(
        named=nw.when(~nw.col("is_sent").is_null()).then(nw.col(dimension.id)))
    known = rows.join(session.frame(groups), on="named", how="inner")
    first = known.group_by("student_key").agg(
        (nw.col("school_year") * _MANY + nw.col("code")).min().cast(nw.Int64).alias("first"))
    first = first.with_columns(code=nw.col("first") % _MANY).join(
        session.frame(groups.rename(columns={"named": "frozen"})), on="code", how="inner")
    rows = rows.join(first.select("student_key", "frozen"), on="student_key", how="inner")
    if dimension.over_time == "path":
        named = nw.when(nw.col("named").is_in(tuple(dimension.groups))).then(nw.col("named"))
        rows = rows.with_columns(group_id=named.fill_null(""))
    else:
        rows = rows.with_columns(group_id=nw.col("frozen"))
    return rows.select(*STUDENT, *_PLACE[1:], "group_id")


def _places(rows: Frame) -> pd.DataFrame:
    """Every combination of place, grade and group that occurs, numbered from 1 in order."""
    found = collect(rows.select(*_PLACE, "group_id").unique())
    found = found.sort_values([*_PLACE, "group_id"], ignore_index=True)
    return found.assign(place=np.arange(1, len(found) + 1))


def _paths(valued: Frame, periods: tuple[int, ...]) -> pd.DataFrame:
    """One row per path: `at_<year>` is twice the place of that year, and 1 more with the outcome; 0: not enrolled."""
    seen = nw.col("place") * 2 + (~nw.col("value").is_null()).cast(nw.Int64)
    made: dict[str, nw.Expr] = {}
    for period in periods:
        is_in = nw.col("school_year") == period
        made |= {f"at_{period}": nw.when(is_in).then(seen), f"total_{period}": nw.when(is_in).then(nw.col("value"))}
    at, total = ([name for name in made if name.startswith(kind)] for kind in ("at_", "total_"))
    rows = valued.select("student_key", **made)
    students = rows.group_by("student_key").agg(
        *(nw.col(name).max().cast(nw.Int64).alias(name) for name in at),
        *(nw.col(name).sum().cast(nw.Int64).alias(name) for name in total))
    students = students.with_columns(nw.col(*at, *total).fill_null(0))
    sums = (nw.col(name).sum().cast(nw.Int64).alias(name) for name in total)
    return collect(students.group_by(*at).agg(nw.len().cast(nw.Int64).alias("n_students"), *sums))


def _long(paths: pd.DataFrame, periods: tuple[int, ...], places: pd.DataFrame) -> pd.DataFrame:
    """Number paths by their order and list their years."""
    at = [f"at_{period}" for period in periods]
    paths = paths.sort_values(at, ignore_index=True)
    return pd.concat(list(_years(paths, periods, places)), ignore_index=True)


def _years(paths: pd.DataFrame, periods: tuple[int, ...], places: pd.DataFrame) -> Iterator[pd.DataFrame]:
    for period in periods:
        at, n = paths[f"at_{period}"].to_numpy(dtype=np.int64), paths["n_students"].to_numpy(dtype=np.int64)
        here = np.flatnonzero(at > 0)
        year = places.iloc[at[here] // 2 - 1].drop(columns="place").reset_index(drop=True)
        total = paths[f"total_{period}"].to_numpy(dtype=np.int64)[here]
        yield year.assign(path_id=here + 1, period=period, n_students=n[here], n_obs=n[here] * (at[here] % 2),
                          total=total, group_id=year["group_id"].replace("", pd.NA))
