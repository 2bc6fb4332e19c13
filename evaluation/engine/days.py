"""Days as whole numbers."""

from __future__ import annotations

import narwhals.stable.v2 as nw


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
