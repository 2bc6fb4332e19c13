"""Which canonical table an outcome is computed from, and which tables a district really sent for a year."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

SOURCE: Mapping[str, str] = {"chronic_absence": "attendance", "any_action": "discipline_action",
                             "action_count": "discipline_action", "scale_score": "survey_response"}
"""The canonical table a measure is computed from; published rates have none."""

_BASE = ("school_year", "enrollment")


def sent(intake: pd.DataFrame, table: str) -> pd.DataFrame:
    """Return (district_id, school_year) for which every file of `table`, of the schools and of enrolment was accepted.

    One refused file is enough to leave the year out: part of a year's suspensions would be read as fewer suspensions.
    A file without rows that was not refused is one the district declared empty: nothing happened, and that was sent.
    """
    years: set[tuple[str, int]] | None = None
    for name in (*_BASE, table):
        rows = intake[intake["table"] == name]
        refused = set(_pairs(rows[rows["refusal"].notna()]))
        found = set(_pairs(rows[(rows["rows_accepted"] > 0) | (rows["rows_in"] == 0)])) - refused
        years = found if years is None else years & found
    return pd.DataFrame(sorted(years or ()), columns=["district_id", "school_year"]).astype(
        {"district_id": "string", "school_year": "Int64"})


def _pairs(rows: pd.DataFrame) -> list[tuple[str, int]]:
    return list(zip(rows["district_id"], rows["school_year"], strict=True))
