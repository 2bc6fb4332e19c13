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
_DATES, _SPANS = 10_000_000, 10_000
"""More than any day number, and than the calendar days of a student's spells in a year: bases of one sortable number."""


def student_years(tables: Mapping[str, Frame]) -> Frame:
    """Return `STUDENT`, school_id, grade_band and `ATTRIBUTES` of every enrolled student-year.

    The school is the one with the most enrolled half-days in attendance (calendar days of the spells where the student
    has no attendance in that year); of equals the one entered last. Attributes not sent are `unknown`.
    """
    bands = tables["school_year"].select("school_id", "school_year", "grade_band")
    home = _home_school(tables).join(bands, on=["school_id", "school_year"], how="inner")
    students = home.join(tables["student_year"].select(*STUDENT, *ATTRIBUTES), on=list(STUDENT), how="left")
    return students.with_columns(nw.col(*ATTRIBUTES).fill_null("unknown"))


def by_school(attendance: Frame, days: Frame | None) -> Frame:
    """Return a student's half-days in a year at every school: from `attendance` and, where sent, `attendance_day`.

    Days at a school are the days sent for it: accepted ones lie within the student's spells there.
    """
    parts = [attendance.group_by(*_AT_SCHOOL).agg(nw.col(n).sum().cast(nw.Int64) for n in _HALF_DAYS)]
    if days is not None:
        parts.append(summed(days, *_AT_SCHOOL).select(*_AT_SCHOOL, *_HALF_DAYS))
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
    schools = attributable_days(tables["enrollment"])
    attended = tables["attendance"].group_by(*_AT_SCHOOL).agg(
        attended=nw.col("half_days_enrolled").sum().cast(nw.Int64))
    schools = schools.join(attended, on=list(_AT_SCHOOL), how="left")
    days = nw.when(nw.col("attended") > 0).then(nw.col("attended") * _SPANS).otherwise(nw.col("span"))
    schools = schools.with_columns(order=(days * _DATES + nw.col("entered")).cast(nw.Int64))
    most = schools.group_by(*STUDENT).agg(nw.col("order").max())
    return schools.join(most, on=[*STUDENT, "order"], how="inner").group_by(*STUDENT).agg(nw.col("school_id").min())


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
