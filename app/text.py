"""Released values as text: numbers, intervals, and how many are hidden."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, cast

import pandas as pd

from app.labels import SUPPRESSION

Row = Mapping[str, Any]
PER = {"binary": " %", "count": " per 100", "score": ""}
"""What follows a level, by the kind of its outcome."""


def records(rows: pd.DataFrame) -> list[Row]:
    """Return the rows of a released table."""
    return cast("list[Row]", rows.to_dict("records"))


def is_missing(value: Any) -> bool:
    """Say whether a value of a released table is missing."""
    return bool(pd.isna(value))


def signed(value: Any, digits: int = 1) -> str:
    """Return a number with its sign and a true minus; an empty string when missing."""
    if is_missing(value):
        return ""
    rounded = round(float(value), digits) + 0.0
    sign = "−" if rounded < 0 else "+" if rounded > 0 else ""
    return f"{sign}{abs(rounded):.{digits}f}"


def interval(low: Any, high: Any, digits: int = 1) -> str:
    """Return an interval as words; an empty string when there is none."""
    return "" if is_missing(low) or is_missing(high) else f"{signed(low, digits)} to {signed(high, digits)}"


def p_value(p: Any) -> str:
    """Return a p-value as words: `p = 0.32`, `p = 0.023`, `p < 0.001`; `no p-value` when missing."""
    if is_missing(p):
        return "no p-value"
    if p < 0.001:
        return "p < 0.001"
    return f"p = {p:.{2 if p >= 0.1 else 3}f}"


def number(value: Any, digits: int = 1) -> str:
    """Return a size, which has no sign; `–` when missing."""
    return "–" if is_missing(value) else f"{float(value):.{digits}f}"


def digits(outcome: Row) -> int:
    """Return decimals of an effect: one for percentage points and rates, two for scores."""
    return 2 if outcome["kind"] == "score" else 1


def level_digits(outcome: Row) -> int:
    """Return decimals of a level and of a gap of levels: those of coded means are whole numbers."""
    is_coded = outcome["kind"] != "score" and outcome["measure"] != "published_rate"
    return 0 if is_coded else digits(outcome)


def effect_digits(row: Row, outcome: Row) -> int:
    """Return decimals of one effect: that of a single district is coded like its levels."""
    is_single = row["n_program_districts"] == 1
    return level_digits(outcome) if is_single else digits(outcome)


def hidden(rows: pd.DataFrame) -> str:
    """Return how many values are hidden and why; gaps with a coded side are counted apart."""
    coded = is_coded(rows)
    reasons = rows.loc[(rows["suppression"] != "none") & ~coded, "suppression"].value_counts()
    count = f"{int(reasons.sum())} of {len(rows)} values hidden"
    if not reasons.empty:
        count += ": " + ", ".join(f"{n} {SUPPRESSION[str(reason)]}" for reason, n in sorted(reasons.items()))
    n = int(coded.sum())
    return count + (f"; {n} {'gap' if n == 1 else 'gaps'} not given because one side is coded" if n else "")


def is_coded(rows: pd.DataFrame) -> pd.Series:
    """Return which rows lack a gap only because a side is coded (such as `≤5`), not hidden."""
    if "focal_display" not in rows:
        return pd.Series(False, index=rows.index)
    return (rows["suppression"] == "primary") & rows["focal_display"].notna() & rows["reference_display"].notna()


def times(n: int, noun: str = "time", plural: str | None = None) -> str:
    """Return a number with its noun."""
    return f"{int(n)} {noun if n == 1 else plural or noun + 's'}"


def cohorts(row: Row, column: str) -> list[str]:
    """Return the start years that a column of cohorts names."""
    return [] if is_missing(row.get(column)) else re.findall(r"\d{4,}", str(row[column]))


def lower(label: str) -> str:
    """Return a label as it stands within a sentence."""
    return label[:1].lower() + label[1:]
