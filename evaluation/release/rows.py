"""Nullable table values as plain Python numbers."""

from __future__ import annotations

from typing import Any

import pandas as pd


def number(value: Any) -> float | None:
    """Return a float, or None for a missing value."""
    return None if pd.isna(value) else float(value)


def integer(value: Any) -> int | None:
    """Return an int, or None for a missing value."""
    return None if pd.isna(value) else int(value)
