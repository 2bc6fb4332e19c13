"""Which students an outcome counts, and what of a student who changed school: choices that a study declares."""

from __future__ import annotations

from collections.abc import Mapping

import narwhals.stable.v2 as nw

from evaluation.engine import Frame
from evaluation.engine.days import day_number
from evaluation.panel.students import ATTRIBUTES, STUDENT
from evaluation.params import Outcome
from evaluation.sent import SOURCE

_AT_SCHOOL = [*STUDENT, "school_id"]
_FIRST_MONTH = "07"


def counted(outcome: Outcome, students: Frame, tables: Mapping[str, Frame]) -> tuple[Frame, Mapping[str, Frame]]:
    """Return the students an outcome counts, at the school they count for, and the tables it is computed from.

    Parameters
    ----------
    students : from `student_years`, one school per student-year.
    """
    if outcome.counted == "baseline_enrolled":
        students = _at_baseline(outcome.baseline_day, students, tables)
    if outcome.code_lists == "unchanged":
        students = _under_one_code_list(students, tables["discipline_action"])
    if outcome.legs == "home":
        name, homes = SOURCE[outcome.measure], students.select(*_AT_SCHOOL)
        tables = {**tables, name: tables[name].join(homes, on=_AT_SCHOOL, how="inner")}
    return students, tables


def _at_baseline(month_day: str, students: Frame, tables: Mapping[str, Frame]) -> Frame:
    """Return the students enrolled on the day, at the school of that day; one who changed on it, at the one entered."""
    year = nw.col("school_year") - (1 if month_day[:2] >= _FIRST_MONTH else 0)
    day = nw.concat_str([year.cast(nw.String), nw.lit(month_day)], separator="-")
    spells = tables["enrollment"].with_columns(day=day)
    there = spells.filter((nw.col("entry_date") <= nw.col("day")) & (nw.col("day") <= nw.col("exit_date")))
    there = there.with_columns(entered=day_number(nw.col("entry_date")))
    last = there.filter(nw.col("entered") == nw.col("entered").max().over(*STUDENT))
    homes = last.group_by(*STUDENT).agg(nw.col("school_id").min())
    bands = tables["school_year"].select("school_id", "school_year", "grade_band")
    homes = homes.join(bands, on=["school_id", "school_year"], how="inner")
    return homes.join(students.select(*STUDENT, *ATTRIBUTES), on=list(STUDENT), how="inner")


def _under_one_code_list(students: Frame, discipline: Frame) -> Frame:
    """Return the students of districts whose actions were all read by one code list."""
    lists = discipline.select("district_id", "definition_version").unique()
    changed = lists.group_by("district_id").agg(lists=nw.len().cast(nw.Int64)).filter(nw.col("lists") > 1)
    return students.join(changed, on="district_id", how="anti")
