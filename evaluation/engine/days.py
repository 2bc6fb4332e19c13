"""Days as whole numbers."""

from __future__ import annotations

import narwhals.stable.v2 as nw


def day_number(iso: nw.Expr) -> nw.Expr:
    """Return the day of an ISO date from 1901 to 2100 as a whole number, so that a difference is a number of days.

    No engine subtracts dates as another does; all know the year and the day in it. Four years have 1,461 days.
    """
    day = iso.str.to_date("%Y-%m-%d")
    before = (day.dt.year().cast(nw.Int64) - 1901) * 1461 // 4
    return before.cast(nw.Int64) + day.dt.ordinal_day().cast(nw.Int64)
