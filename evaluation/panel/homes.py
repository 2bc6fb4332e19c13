"""A student's home school under a program: where she was, or was bound for, when nothing had started there.

Anchors of a program are the last periods before its cohorts start. A student's home is her school of the program's
grade band at that school's own anchor; else the school not yet in the program, or never, at the first anchor at which
she is in one. In the grade below the band she is bound for the school of the band that most students of her school went
to next, in all moves up to the anchor; of equals, the first by name. Students without a home entered later, left before
the first anchor, or were never near the band.
"""

from __future__ import annotations

from dataclasses import dataclass

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd

from evaluation.engine import Frame, Session, collect
from evaluation.panel.places import PATH
from evaluation.params import Program, Study

NEVER = 9_999
"""Start of a school that never starts."""
_OTHER = 10_000
_SCHOOL = ("school_id", "district_id", "grade_band")
_NAMED = ["dimension", "unit_id", "district_id", "group_id"]


@dataclass(frozen=True)
class Homes:
    """Home schools of a program.

    Attributes
    ----------
    of_paths : `PATH` and `choice`, of every path that has a home
    choices : what a choice is: `home`, start (`NEVER` without), is_projected
    entered : place, `home` and start of the places in the program: the home of those who are there without having one
    names : what a home is: its row has dimension, unit_id, district_id and group_id
    """

    of_paths: Frame
    choices: pd.DataFrame
    entered: pd.DataFrame
    names: pd.DataFrame


def homes(paths: Frame, places: pd.DataFrame, students: Frame, program: Program, study: Study, *,
          session: Session) -> Homes:
    """Return the home of every path that has one. The group is that of the home's year.

    Parameters
    ----------
    paths : from `places.numbered`
    places : from `places.places`
    students : from `paths.placed`
    """
    schools = _starts(places, program, study)
    choices = _choices(places, schools, students, program, study)
    into = schools.loc[schools["start"] < NEVER, ["school_id", "unit_id", "start"]]
    entered = places[places["group_id"] != ""].merge(into, on="school_id")
    names = pd.concat([choices[_NAMED], entered[_NAMED]]).drop_duplicates().sort_values(_NAMED, ignore_index=True)
    number = names.assign(home=range(len(names)))
    bound = session.frame(choices[["place", "period", "choice"]].astype("int64"))
    of_paths = paths.join(bound, on=["place", "period"], how="inner").group_by(*PATH).agg(
        nw.col("choice").min().cast(nw.Int64))
    return Homes(
        of_paths=session.kept(of_paths),
        choices=choices.merge(number, on=_NAMED)[["choice", "home", "start", "is_projected"]].astype("int64"),
        entered=entered.merge(number, on=_NAMED)[["place", "home", "start"]].astype("int64"),
        names=names.astype("category"))


def _choices(places: pd.DataFrame, schools: pd.DataFrame, students: Frame, program: Program,
             study: Study) -> pd.DataFrame:
    """Return the home that a place at an anchor gives, best first: of a path's, the one of the lowest `choice`."""
    anchors = sorted({int(a) for a in schools["anchor"]} - {NEVER})
    rows = places.drop(columns="district_id").merge(pd.DataFrame({"period": anchors}, dtype="int64"), how="cross")
    found = [rows.assign(to=rows["school_id"], is_projected=0)]
    if program.grade_band != "all":
        below = study.grade_bands[program.grade_band][0] - 1
        ahead = rows[((rows["grade"] == below) & (rows["grade_band"] != program.grade_band)).to_numpy(dtype=bool)]
        bound = _bound_for(students, program, below, anchors)
        found.append(ahead.merge(bound, on=["school_id", "period"]).assign(is_projected=1))
    every = pd.concat(found, ignore_index=True).drop(columns="school_id")
    every = every.merge(schools.rename(columns={"school_id": "to"}), on="to")
    every = every[((every["period"] < every["start"]) & (every["group_id"] != "")).to_numpy(dtype=bool)]
    order = every["period"] + _OTHER * (every["period"] != every["anchor"])
    best = every.assign(order=order).sort_values(["order", "is_projected", "place"], ignore_index=True)
    best = best.drop_duplicates(["place", "period"], ignore_index=True)
    return best.assign(choice=range(len(best)))


def _starts(places: pd.DataFrame, program: Program, study: Study) -> pd.DataFrame:
    """Return the schools of the program's grade band: school_id, district_id, unit_id, start, anchor.

    `anchor` is the last period before the start; both are `NEVER` for a school that never starts.
    """
    schools = places[list(_SCHOOL)].drop_duplicates().sort_values(list(_SCHOOL), ignore_index=True)
    if program.grade_band != "all":
        schools = schools[schools["grade_band"] == program.grade_band]
    schools = schools.drop_duplicates("school_id", ignore_index=True).drop(columns="grade_band")
    start = np.full(len(schools), NEVER, dtype=np.int64)
    for cohort in program.cohorts:
        listed = schools["district_id"].isin(cohort.districts) | schools["school_id"].isin(cohort.schools)
        start[listed.to_numpy(dtype=bool)] = cohort.start
    before = {c.start: max(p for p in study.periods.all() if p < c.start) for c in program.cohorts}
    unit = schools["school_id"] if study.unit == "school" else schools["district_id"]
    return schools.assign(unit_id=unit, start=start, anchor=[before.get(int(s), NEVER) for s in start])


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
