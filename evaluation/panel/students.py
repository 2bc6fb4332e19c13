"""One row per student and school year: the school it counts for, and its groups. Lazy narwhals frames in and out."""

from __future__ import annotations

from collections.abc import Mapping

import narwhals.stable.v2 as nw

from evaluation.contracts import TABLES
from evaluation.daily import summed
from evaluation.engine import Frame
from evaluation.engine.days import day_number

STUDENT = ("district_id", "student_key", "school_year")
ATTRIBUTES = ("race_ethnicity", "sex", "english_learner", "disability", "economic")
_AT_SCHOOL = (*STUDENT, "school_id")
_HALF_DAYS = ("half_days_enrolled", "half_days_absent", "half_days_absent_oss")
_DAYS, _SCHOOLS = 1_000_000, 1_000_000
"""More than any day number, and than a state's schools in all years: the bases of one sortable number."""


def student_years(tables: Mapping[str, Frame]) -> Frame:
    """Return `STUDENT`, school_id, grade_band and `ATTRIBUTES` of every enrolled student-year.

    The school is the one with the most enrolled half-days in attendance (calendar days of the spells where the student
    has no attendance in that year); of equals the one entered last. Attributes not sent are `unknown`.
    """
    attributes = tables["student_year"].select(*STUDENT, *ATTRIBUTES)
    students = _home_school(tables).join(attributes, on=list(STUDENT), how="left")
    return students.with_columns(nw.col(*ATTRIBUTES).fill_null("unknown"))


def by_school(attendance: Frame, days: Frame | None) -> Frame:
    """Return a student's half-days in a year at every school, from `attendance` and, where sent, `attendance_day`.

    Days at a school are the days sent for it: accepted ones lie within the student's spells there.
    """
    parts = [attendance.group_by(*_AT_SCHOOL).agg(nw.col(n).sum().cast(nw.Int64) for n in _HALF_DAYS)]
    if days is not None:
        parts.append(summed(days).select(*_AT_SCHOOL, *_HALF_DAYS))
    return nw.concat(parts)


def half_days(attendance: Frame) -> Frame:
    """Return a student-year's half-days over all schools of the district."""
    return attendance.group_by(*STUDENT).agg(nw.col(n).sum().cast(nw.Int64) for n in _HALF_DAYS)


def actions(discipline: Frame, codes: tuple[str, ...], name: str) -> Frame:
    """Return a student-year's number of actions with one of `codes`, as column `name`; students without are absent."""
    wanted = discipline.filter(nw.col("action_std").is_in(codes))
    return wanted.group_by(*STUDENT).agg(nw.len().cast(nw.Int64).alias(name))


def attributable_days(enrollment: Frame) -> Frame:
    """Return a student's calendar days at every school in a year, `span`, and the day last `entered` there.

    A day at two schools, on which one spell ends and the next begins, counts for the school entered.
    """
    spells = enrollment.with_columns(entered=day_number(nw.col("entry_date")), left=day_number(nw.col("exit_date")))
    following = nw.col("entered").shift(-1).over(*STUDENT, order_by=["entered", "left"])
    is_shared = (following == nw.col("left")).fill_null(False).cast(nw.Int64)
    spells = spells.with_columns(span=nw.col("left") - nw.col("entered") + 1 - is_shared)
    return spells.group_by(*_AT_SCHOOL).agg(nw.col("span").sum().cast(nw.Int64), nw.col("entered").max())


def _home_school(tables: Mapping[str, Frame]) -> Frame:
    """Return the school of every enrolled student-year, with its grade band.

    Days, day entered and school make one number, whose maximum finds it; of equal schools the first by name wins.
    """
    roster = tables["school_year"].select("school_id", "school_year", "grade_band")
    roster = roster.with_row_index("place", order_by=("school_id", "school_year"))
    roster = roster.with_columns(place=_SCHOOLS - 1 - nw.col("place").cast(nw.Int64))
    by_days = nw.concat([_by_attendance(tables), _by_spells(tables)]).join(
        roster.select("school_id", "school_year", "place"), on=["school_id", "school_year"], how="inner")
    order = (nw.col("days") * _DAYS + nw.col("entered")) * _SCHOOLS + nw.col("place")
    homes = by_days.select(*STUDENT, order=order).group_by(*STUDENT).agg(nw.col("order").max().cast(nw.Int64))
    homes = homes.select(*STUDENT, place=nw.col("order") % _SCHOOLS)
    return homes.join(roster, on=["place", "school_year"], how="inner").drop("place")


def _by_attendance(tables: Mapping[str, Frame]) -> Frame:
    """Days of students with attendance: half-days enrolled at each of their schools."""
    attended = tables["attendance"].filter(nw.col("half_days_enrolled") > 0).group_by(*_AT_SCHOOL).agg(
        days=nw.col("half_days_enrolled").sum().cast(nw.Int64))
    last = tables["enrollment"].group_by(*_AT_SCHOOL).agg(nw.col("entry_date").max())
    entered = day_number(nw.col("entry_date"))
    return attended.join(last, on=list(_AT_SCHOOL), how="inner").select(*_AT_SCHOOL, "days", entered=entered)


def _by_spells(tables: Mapping[str, Frame]) -> Frame:
    """Days of students without any in that year: calendar days of the spells."""
    attended = tables["attendance"].filter(nw.col("half_days_enrolled") > 0).select(*STUDENT)
    spells = attributable_days(tables["enrollment"].join(attended, on=list(STUDENT), how="anti"))
    return spells.select(*_AT_SCHOOL, days="span", entered="entered")


def student_outcomes(students: Frame, tables: Mapping[str, Frame], score: Frame | None) -> Frame:
    """Return `student_outcome`: what is known of each student-year; a count that was not sent is missing, not zero.

    `score` has STUDENT, value and n_obs of the study's first scale score.
    """
    rows = students.join(half_days(tables["attendance"]), on=list(STUDENT), how="left")
    sent = tables["discipline_action_sent"]
    rows = rows.join(sent.with_columns(is_sent=nw.lit(True)), on=["district_id", "school_year"], how="left")
    codes = {"iss_actions": "ISS", "oss_actions": "OSS"}
    taken = tables["discipline_action"].filter(nw.col("action_std").is_in(tuple(codes.values()))).with_columns(
        **{name: (nw.col("action_std") == code).cast(nw.Int64) for name, code in codes.items()})
    taken = taken.group_by(*STUDENT).agg(nw.col(name).sum().cast(nw.Int64) for name in codes)
    rows = rows.join(taken, on=list(STUDENT), how="left")
    missing = nw.lit(None, dtype=nw.Int64)
    rows = rows.with_columns(*(nw.when(nw.col("is_sent")).then(nw.col(name).fill_null(0)).otherwise(missing).alias(name)
                               for name in codes))
    if score is None:
        missing = nw.lit(None, dtype=nw.Int64)
        rows = rows.with_columns(belonging_e6=missing, waves_answered=missing)
    else:
        answered = score.select(*STUDENT, belonging_e6="value", waves_answered="n_obs")
        rows = rows.join(answered, on=list(STUDENT), how="left")
    return rows.select(*TABLES["student_outcome"].columns)
