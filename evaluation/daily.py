"""Daily attendance, summed: one row per student, school and enrolled school day becomes days enrolled and absent."""

from __future__ import annotations

import narwhals.stable.v2 as nw

from evaluation.engine import Frame


def summed(days: Frame, *by: str) -> Frame:
    """Return half-days enrolled, absent and suspended by student, school, year and `by`, of `attendance_day` rows.

    Every row is a day on which the student was enrolled at the school, so days enrolled are a count of rows.
    """
    absent = (nw.col(name).sum().cast(nw.Int64) for name in ("half_days_absent", "half_days_absent_oss"))
    return days.group_by("student_key", "school_id", "district_id", "school_year", *by).agg(
        (2 * nw.len()).cast(nw.Int64).alias("half_days_enrolled"), *absent)


def months(days: Frame) -> Frame:
    """Return `attendance` (by month) of `attendance_day` rows."""
    year_month = (nw.col("date").str.slice(0, 4).cast(nw.Int64) * 100 + nw.col("date").str.slice(5, 2).cast(nw.Int64))
    by_month = days.with_columns(month=year_month)
    return summed(by_month, "month").with_columns(source_grain=nw.lit("day"))
