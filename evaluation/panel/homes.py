"""A student's home school under a program: where she was, or was bound for, when nothing had started there.

Anchors of a program are the last periods before its cohorts start. A student's home is her school of the program's
grade band at that school's own anchor; else the school not yet in the program, or never, at the first anchor at which
she is in one. In the grade below the band she is bound for the school of the band that most students of her school went
to next, in all moves up to the anchor; of equals, the first by name. Students without a home entered later, left before
the first anchor, or were never near the band.
"""

from __future__ import annotations

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd

from evaluation.engine import Frame, Session, collect
from evaluation.params import Program, Study

PATH = ("dimension", "path_id")
NEVER = 9_999
"""Start of a school that never starts."""
_OWN, _OTHER = 0, 10_000
_SCHOOL = ("school_id", "district_id", "grade_band")


def homes(paths: Frame, students: Frame, program: Program, study: Study, session: Session) -> Frame:
    """Return the home of every path that has one.

    Parameters
    ----------
    paths : contract `paths`
    students : from `paths.placed`

    Returns
    -------
    Frame
        `PATH`, unit_id, home_district, group_id, start (`NEVER` without), is_projected (0, 1). The group is that of the
        home's year.
    """
    schools = starts(paths, program, study)
    at = session.frame(schools[["school_id", "unit_id", "home_district", "start", "anchor"]])
    anchors = sorted({int(a) for a in schools["anchor"]} - {NEVER})
    rows = paths.filter(nw.col("period").is_in(anchors)).select(*PATH, "period", *_SCHOOL, "grade", "group_id")
    actual = rows.join(at, on="school_id", how="inner").with_columns(is_projected=nw.lit(0, dtype=nw.Int64))
    columns = [*PATH, "period", "group_id", "unit_id", "home_district", "start", "anchor", "is_projected"]
    found = [actual.select(*columns)]
    if program.grade_band != "all":
        below = study.grade_bands[program.grade_band][0] - 1
        bound = session.frame(_bound_for(students, program, below, anchors))
        ahead = rows.filter((nw.col("grade") == below) & (nw.col("grade_band") != program.grade_band))
        ahead = ahead.join(bound, on=["school_id", "period"], how="inner").drop("school_id").rename({"to": "school_id"})
        projected = ahead.join(at, on="school_id", how="inner").with_columns(is_projected=nw.lit(1, dtype=nw.Int64))
        found.append(projected.select(*columns))
    open_rows = nw.concat(found).filter((nw.col("period") < nw.col("start")) & ~nw.col("group_id").is_null())
    kind = nw.when(nw.col("period") == nw.col("anchor")).then(nw.lit(_OWN)).otherwise(nw.lit(_OTHER))
    ranked = open_rows.with_columns(order=kind + nw.col("period"))
    first = ranked.filter(nw.col("order") == nw.col("order").min().over(*PATH))
    return first.select(*PATH, "unit_id", "home_district", "group_id", "start", "is_projected")


def starts(paths: Frame, program: Program, study: Study) -> pd.DataFrame:
    """Return the schools of the program's grade band: school_id, unit_id, home_district, start, anchor.

    `anchor` is the last period before the start; both are `NEVER` for a school that never starts.
    """
    schools = collect(paths.select(*_SCHOOL).unique()).sort_values(list(_SCHOOL), ignore_index=True)
    if program.grade_band != "all":
        schools = schools[schools["grade_band"] == program.grade_band]
    schools = schools.drop_duplicates("school_id", ignore_index=True)
    start = np.full(len(schools), NEVER, dtype=np.int64)
    for cohort in program.cohorts:
        listed = schools["district_id"].isin(cohort.districts) | schools["school_id"].isin(cohort.schools)
        start[listed.to_numpy(dtype=bool)] = cohort.start
    before = {c.start: max(p for p in study.periods.all() if p < c.start) for c in program.cohorts}
    unit = schools["school_id"] if study.unit == "school" else schools["district_id"]
    return schools.assign(unit_id=unit, home_district=schools["district_id"], start=start,
                          anchor=[before.get(int(s), NEVER) for s in start])


def _bound_for(students: Frame, program: Program, below: int, anchors: list[int]) -> pd.DataFrame:
    """Return school_id, period (an anchor) and `to`, the school of the band most students went to by then."""
    out = students.filter((nw.col("grade") == below) & (nw.col("grade_band") != program.grade_band))
    out = out.select("student_key", "school_id", period=nw.col("school_year") + 1)
    into = students.filter(nw.col("grade_band") == program.grade_band)
    into = into.select("student_key", to="school_id", period="school_year")
    moves = collect(out.join(into, on=["student_key", "period"], how="inner").group_by("school_id", "to", "period").agg(
        nw.len().cast(nw.Int64).alias("n")))
    known = []
    for anchor in anchors:
        made = moves[moves["period"] <= anchor].groupby(["school_id", "to"], as_index=False).agg(n=("n", "sum"))
        most = made.sort_values(by=["school_id", "n", "to"], ascending=[True, False, True])
        known.append(most.drop_duplicates("school_id").assign(period=anchor))
    bound = pd.concat(known, ignore_index=True) if known else moves
    return bound[["school_id", "period", "to"]].astype({"school_id": "string", "period": "Int64", "to": "string"})
