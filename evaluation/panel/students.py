"""One row per student and school year: the school it counts for, and its groups. Lazy narwhals frames in and out."""

from __future__ import annotations

from collections.abc import Mapping

import narwhals.stable.v2 as nw

from evaluation.contracts import TABLES
from evaluation.engine import Frame

STUDENT = ("district_id", "student_key", "school_year")
ATTRIBUTES = ("race_ethnicity", "sex", "english_learner", "disability", "economic")
_AT_SCHOOL = (*STUDENT, "school_id")
_DATES = 100_000_000


def student_years(tables: Mapping[str, Frame]) -> Frame:
    """Return `STUDENT`, school_id, grade_band and `ATTRIBUTES` of every enrolled student-year.

    The school is the one with the most enrolled half-days in attendance (calendar days of the spells where the student
    has no attendance in that year); of equals the one entered last. Attributes not sent are `unknown`.
    """
    bands = tables["school_year"].select("school_id", "school_year", "grade_band")
    home = _home_school(tables).join(bands, on=["school_id", "school_year"], how="inner")
    students = home.join(tables["student_year"].select(*STUDENT, *ATTRIBUTES), on=list(STUDENT), how="left")
    return students.with_columns(nw.col(*ATTRIBUTES).fill_null("unknown"))


def half_days(attendance: Frame) -> Frame:
    """Return a student-year's half-days over all schools of the district."""
    names = ("half_days_enrolled", "half_days_absent", "half_days_absent_oss")
    return attendance.group_by(*STUDENT).agg(*(nw.col(n).sum().cast(nw.Int64) for n in names))


def actions(discipline: Frame, codes: tuple[str, ...], name: str) -> Frame:
    """Return a student-year's number of actions with one of `codes`, as column `name`; students without are absent."""
    wanted = discipline.filter(nw.col("action_std").is_in(codes))
    return wanted.group_by(*STUDENT).agg(nw.len().cast(nw.Int64).alias(name))


def _home_school(tables: Mapping[str, Frame]) -> Frame:
    entered, left = day_number(nw.col("entry_date")), day_number(nw.col("exit_date"))
    spells = tables["enrollment"].with_columns(span=left - entered + 1, entered=entered)
    schools = spells.group_by(*_AT_SCHOOL).agg(nw.col("span").sum().cast(nw.Int64), nw.col("entered").max())
    attended = tables["attendance"].group_by(*_AT_SCHOOL).agg(
        attended=nw.col("half_days_enrolled").sum().cast(nw.Int64))
    schools = schools.join(attended, on=list(_AT_SCHOOL), how="left")
    schools = schools.with_columns(attended=nw.col("attended").fill_null(0))
    in_year = nw.col("attended").sum().over(*STUDENT)
    days = nw.when(in_year > 0).then(nw.col("attended")).otherwise(nw.col("span"))
    schools = schools.with_columns(order=(days * _DATES + nw.col("entered")).cast(nw.Int64))
    last = schools.filter(nw.col("order") == nw.col("order").max().over(*STUDENT))
    return last.group_by(*STUDENT).agg(nw.col("school_id").min())


def day_number(iso: nw.Expr) -> nw.Expr:
    """Return the day of an ISO date as a whole number, so that a difference is a number of days.

    Integers alone: no engine's time zone or way to subtract dates has a say. The counted year begins in March, so that
    the leap day ends it (the usual reckoning of Julian days).
    """
    year, month, day = (iso.str.slice(at, length).cast(nw.Int64) for at, length in ((0, 4), (5, 2), (8, 2)))
    is_before_march = (month < 3).cast(nw.Int64)
    year, month = year - is_before_march, month + 12 * is_before_march - 3
    leap_days = _whole(year, 4) - _whole(year, 100) + _whole(year, 400)
    return 365 * year + leap_days + _whole(153 * month + 2, 5) + day


def _whole(number: nw.Expr, by: int) -> nw.Expr:
    return ((number - number % by) // by).cast(nw.Int64)


def student_outcomes(students: Frame, tables: Mapping[str, Frame], score: Frame | None) -> Frame:
    """Return `student_outcome`: what is known of each student-year; a count that was not sent is missing, not zero.

    `score` has STUDENT, value and n_obs of the study's first scale score.
    """
    rows = students.join(half_days(tables["attendance"]), on=list(STUDENT), how="left")
    sent = tables["discipline_action_sent"]
    rows = rows.join(sent.with_columns(is_sent=nw.lit(True)), on=["district_id", "school_year"], how="left")
    for name, code in (("iss_actions", "ISS"), ("oss_actions", "OSS")):
        rows = rows.join(actions(tables["discipline_action"], (code,), name), on=list(STUDENT), how="left")
        counted = nw.col(name).fill_null(0)
        missing = nw.lit(None, dtype=nw.Int64)
        rows = rows.with_columns(nw.when(nw.col("is_sent")).then(counted).otherwise(missing).alias(name))
    if score is None:
        missing = nw.lit(None, dtype=nw.Int64)
        rows = rows.with_columns(belonging_e6=missing, waves_answered=missing)
    else:
        answered = score.select(*STUDENT, belonging_e6="value", waves_answered="n_obs")
        rows = rows.join(answered, on=list(STUDENT), how="left")
    return rows.select(*TABLES["student_outcome"].columns)
