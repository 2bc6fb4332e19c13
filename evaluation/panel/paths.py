"""Path cells: students with the same ordered list of (year, school, grade, group) are one row a year, not one each.

Every regressor that is a function of school, grade, group and year has the same rows in all students of a path with the
outcome in the same years, so their sums are all that a regression with student effects needs of them: unbalanced,
movers included.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd

from evaluation.contracts import TABLES, conform
from evaluation.engine import Frame, Session, collect
from evaluation.panel.adjusted import adjusted, adjustments
from evaluation.panel.mobility import counted
from evaluation.panel.outcomes import values
from evaluation.panel.path_sums import products_by_path, seen, sums_by_path, weighted_sums_by_path
from evaluation.panel.students import STUDENT
from evaluation.params import Dimension, Outcome, Study
from evaluation.sent import SOURCE

_NAMES = ("paths", "path_cells", "adjusted_path_cells", "path_pairs")
_PLACE = ("district_id", "school_id", "grade_band", "grade")
_STUDENT_YEAR = ("student_key", "school_year")
Rows = TypeVar("Rows", pd.DataFrame, Frame)
_MANY = 10_000
"""More groups than a dimension has."""


@dataclass(frozen=True)
class Paths(Generic[Rows]):
    """Tables `paths`, `path_cells`, `adjusted_path_cells` and `path_pairs`."""

    paths: Rows
    path_cells: Rows
    adjusted_path_cells: Rows
    path_pairs: Rows


def student_paths(study: Study, students: Frame, tables: Mapping[str, Frame], session: Session) -> Paths[pd.DataFrame]:
    """Return `paths` of every dimension, and sums over their students of every outcome.

    A path is over all years a student is enrolled, with or without an outcome. The group is that of the first year in
    which it is one of the study's, or, where the dimension says `over_time: path`, that of each year. Students without
    a group in any year are in no path. Whom an outcome counts, and with what, is its choice (`counted`); her place in
    the path is not.

    Parameters
    ----------
    students : one school per student-year, from `placed`
    """
    periods = study.periods.all()
    made: dict[str, list[pd.DataFrame]] = {name: [] for name in _NAMES}
    for dimension in study.dimensions:
        rows, years = with_paths(_grouped(students, dimension, tables, session), periods, session)
        made["paths"].append(years.assign(dimension=dimension.id))
        for outcome in study.outcomes:
            about = {"dimension": dimension.id, "outcome_id": outcome.id}
            valued = _valued(rows, outcome, students, tables)
            made["path_cells"].append(collect(sums_by_path(seen(valued, periods, session))).assign(**about))
            for covariate, weight in adjustments(outcome):
                beside = about | {"student_covariate": covariate, "student_weight": weight}
                among = session.kept(seen(adjusted(valued, covariate, weight, tables), periods, session))
                made["adjusted_path_cells"].append(collect(weighted_sums_by_path(among)).assign(**beside))
                if covariate != "none":
                    made["path_pairs"].append(collect(products_by_path(among)).assign(**beside))
    return Paths(**{name: _conformed(parts, name) for name, parts in made.items()})


def no_paths() -> Paths[pd.DataFrame]:
    """Return empty tables, of a study without students."""
    return Paths(*(_conformed([], name) for name in _NAMES))


def _conformed(parts: list[pd.DataFrame], table: str) -> pd.DataFrame:
    columns = list(TABLES[table].columns)
    return conform(pd.concat([pd.DataFrame(columns=columns), *parts], ignore_index=True)[columns], table)


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


def with_paths(rows: Frame, periods: Sequence[int], session: Session) -> tuple[Frame, pd.DataFrame]:
    """Return student-years with `path_id`, and the years of every path (contract `paths` without the dimension).

    Parameters
    ----------
    rows : STUDENT, school_id, grade_band, grade, group_id ("" for none); one row per student and year
    """
    places = collect(rows.group_by(*_PLACE, "group_id").agg(n=nw.len())).drop(columns="n")
    places = places.sort_values([*_PLACE, "group_id"], ignore_index=True).assign(place=np.arange(1, len(places) + 1))
    coded = rows.join(session.frame(places), on=[*_PLACE, "group_id"], how="inner")
    at = [f"at_{period}" for period in periods]
    here = {name: nw.when(nw.col("school_year") == period).then(nw.col("place"))
            for name, period in zip(at, periods, strict=True)}
    students = coded.select("student_key", **here).group_by("student_key").agg(
        *(nw.col(name).max().cast(nw.Int64).alias(name) for name in at))
    students = session.kept(students.with_columns(nw.col(*at).fill_null(0)))
    found = collect(students.group_by(*at).agg(nw.len().cast(nw.Int64).alias("n_students")))
    found = found.sort_values(at, ignore_index=True).assign(path_id=np.arange(1, len(found) + 1))
    ids = students.join(session.frame(found.drop(columns="n_students")), on=at, how="inner")
    named = rows.join(ids.select("student_key", "path_id"), on="student_key", how="inner")
    return session.kept(named.select(*STUDENT, "school_id", "path_id")), _years(found, periods, places)


def _valued(rows: Frame, outcome: Outcome, students: Frame, tables: Mapping[str, Frame]) -> Frame:
    """Return student-years on their path with the `value` of an outcome, missing where they are not counted."""
    mine, used = counted(outcome, students, tables)
    sent = tables[f"{SOURCE[outcome.measure]}_sent"]
    known = values(outcome, mine.join(sent, on=["district_id", "school_year"], how="inner"), used)
    return rows.join(known.select(*STUDENT, "value"), on=list(STUDENT), how="left")


def _grouped(students: Frame, dimension: Dimension, tables: Mapping[str, Frame], session: Session) -> Frame:
    """Student-years with `group_id`: frozen for all years, or the year's own, "" where it is none of the study's."""
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
    return session.kept(rows.select(*STUDENT, *_PLACE[1:], "group_id"))


def _years(found: pd.DataFrame, periods: Sequence[int], places: pd.DataFrame) -> pd.DataFrame:
    """List the years of numbered paths: where their students were."""
    parts = []
    for period in periods:
        at = found[f"at_{period}"].to_numpy(dtype=np.int64)
        here = np.flatnonzero(at > 0)
        year = places.iloc[at[here] - 1].drop(columns="place").reset_index(drop=True)
        parts.append(year.assign(path_id=here + 1, period=period, group_id=year["group_id"].replace("", pd.NA),
                                 n_students=found["n_students"].to_numpy(dtype=np.int64)[here]))
    return pd.concat(parts, ignore_index=True)
