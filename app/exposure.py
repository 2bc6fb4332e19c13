"""Partial first years behind an effect: which cohorts, and how much of the year the program ran."""

from __future__ import annotations

import pandas as pd

from app import text


def note(row: text.Row) -> str:
    """Return the partial first years in a number, for a table; an empty string where there are none."""
    starts = text.cohorts(row, "partial_first_cohorts")
    return f"partial first year: start {', '.join(starts)} ({_share(row, starts)})" if starts else ""


def caveat(gap: text.Row | None) -> str:
    """Return the sentence that goes with an effect in which partial first years count; an empty string elsewhere."""
    if gap is None or gap["suppression"] != "none":
        return ""
    starts = text.cohorts(gap, "partial_first_cohorts")
    if not starts:
        return ""
    whose = f"the first year of the {starts[0]} cohort is a partial one" if len(starts) == 1 else (
        f"the first years of the {', '.join(starts)} cohorts are partial ones")
    return f"In this number {whose}: the program ran on {_share(gap, starts)}."


def by_year(rows: pd.DataFrame) -> str:
    """Return what is partial in a chart by years since the start; an empty string where nothing is."""
    found = [r for r in text.records(rows[rows["event_time"] == 0]) if text.cohorts(r, "partial_first_cohorts")]
    return f"Year 0 holds a {note(found[0])}." if found else ""


def _share(row: text.Row, starts: list[str]) -> str:
    if text.is_missing(row["exposed_pct"]):
        return "a part of the school days, not stated how many"
    more = " or more" if len(starts) > 1 else ""
    return f"{int(row['exposed_pct'])} %{more} of the school days"
