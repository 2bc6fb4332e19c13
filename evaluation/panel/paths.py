"""Path cells: students with the same ordered list of (year, school, grade, group) are one row a year, not one each.

Every regressor that is a function of school, grade, group and year has the same rows in all students of a path with the
outcome in the same years, so their sums are all that a regression with student effects needs of them: unbalanced,
movers included.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd

from evaluation.contracts import TABLES, conform
from evaluation.engine import Frame, Session, collect
from evaluation.panel.outcomes import values
from evaluation.panel.students import STUDENT
from evaluation.params import Dimension, Study
from evaluation.sent import SOURCE

_COLUMNS = {name: list(TABLES[name].columns) for name in ("paths", "path_cells")}
_PLACE = ("district_id", "school_id", "grade_band", "grade")
_STUDENT_YEAR = ("student_key", "school_year")
_MANY = 10_000
"""More groups than a dimension has."""


def student_paths(study: Study, students: Frame, tables: Mapping[str, Frame],
                  session: Session) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return `paths` of every dimension, and `path_cells` of every outcome that counts all enrolled students.

    A path is over all years a student is enrolled, with or without an outcome. The group is that of the first year in
    which it is one of the study's, or, where the dimension says `over_time: path`, that of each year. Students without
    a group in any year are in no path.

    Parameters
    ----------
    students : one school per student-year, from `placed`
    """
    periods, years, cells = study.periods.all(), [], []
    for dimension in study.dimensions:
        rows, found = with_paths(_grouped(students, dimension, tables, session), periods, session)
        years.append(found.assign(dimension=dimension.id))
        for outcome in (o for o in study.outcomes if o.is_of_everybody):
            sent = tables[f"{SOURCE[outcome.measure]}_sent"]
            counted = rows.join(sent, on=["district_id", "school_year"], how="inner")
            valued = rows.join(values(outcome, counted, tables).select(*STUDENT, "value"), on=list(STUDENT), how="left")
            about = {"dimension": dimension.id, "outcome_id": outcome.id}
            cells.append(collect(sums_by_path(valued, periods, session)).assign(**about))
    return (conform(pd.concat([no_paths(), *years], ignore_index=True)[_COLUMNS["paths"]], "paths"),
            conform(pd.concat([no_path_cells(), *cells], ignore_index=True)[_COLUMNS["path_cells"]], "path_cells"))


def no_paths() -> pd.DataFrame:
    """Return an empty `paths`, of a study without students."""
    return conform(pd.DataFrame(columns=_COLUMNS["paths"]), "paths")


def no_path_cells() -> pd.DataFrame:
    """Return an empty `path_cells`, likewise."""
    return conform(pd.DataFrame(columns=_COLUMNS["path_cells"]), "path_cells")


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


def sums_by_path(rows: Frame, periods: Sequence[int], session: Session) -> Frame:
    """Return path_id, missed, period, n_students and total: sums over the students with the outcome in the same years.

    Parameters
    ----------
    rows : student_key, school_year, path_id and `value`, an integer, missing without the outcome
    """
    bits = pd.DataFrame({"school_year": list(periods), "bit": [2**i for i in range(len(periods))]})
    without = rows.filter(nw.col("value").is_null()).join(session.frame(bits), on="school_year", how="inner")
    missed = session.kept(without.group_by("student_key").agg(nw.col("bit").sum().cast(nw.Int64).alias("missed")))
    seen, same = rows.filter(~nw.col("value").is_null()), ["path_id", "school_year"]
    is_missed = collect(missed.select(n=nw.len()))["n"].iloc[0] > 0
    if is_missed:  # else the join would read every student's key for nothing
        seen = seen.join(missed, on="student_key", how="left").with_columns(nw.col("missed").fill_null(0))
        same.append("missed")
    found = seen.group_by(*same).agg(
        nw.len().cast(nw.Int64).alias("n_students"), nw.col("value").sum().cast(nw.Int64).alias("total"))
    found = found if is_missed else found.with_columns(missed=nw.lit(0, dtype=nw.Int64))
    return found.rename({"school_year": "period"})


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
