"""Instructional days as dates."""

from __future__ import annotations

from datetime import date, timedelta


def instructional_days(school_year: int, n: int) -> tuple[date, ...]:
    """Return the first `n` instructional days of the school year that ends in `school_year`."""
    fall, end = date(school_year - 1, 8, 23), date(school_year, 6, 30)
    days = (fall + timedelta(i) for i in range((end - fall).days))
    return tuple(d for d in days if d.weekday() < 5 and not _closed(d))[:n]


def _closed(day: date) -> bool:
    winter = (day.month == 12 and day.day >= 22) or (day.month == 1 and day.day <= 2)
    thanksgiving = day.month == 11 and 22 <= day.day <= 26
    spring = day.month == 3 and 15 <= day.day <= 21
    return winter or thanksgiving or spring
