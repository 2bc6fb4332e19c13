"""Rows received per district, year and table, as they may be shown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from evaluation.contracts import TABLES
from evaluation.params import Disclosure
from evaluation.release.disclosure import rounded_students

KEY = list(TABLES["public_intake"].key)
PARTS = ["rows_accepted", "rows_quarantined", "rows_refused"]


def public_intake(intake: pd.DataFrame, policy: Disclosure) -> pd.DataFrame:
    """Sum `intake` over files.

    A table with rows of students counts students: 1 to `min_students` − 1 rows are hidden, all others rounded.
    Rows in = accepted + quarantined + refused as shown; where one of these is hidden, the true sum under the same
    rule. Rows of schools and of published cells are exact.
    """
    counts = intake.groupby(KEY, as_index=False)[PARTS].sum()
    rows = [_protected(row, policy) if _counts_students(row["table"]) else _exact(row)
            for row in counts.to_dict("records")]
    return pd.DataFrame(rows, columns=list(TABLES["public_intake"].columns), dtype="object")


def _counts_students(table: str) -> bool:
    return table not in TABLES or "student_key" in TABLES[table].columns


def _exact(row: Mapping[Any, Any]) -> dict[Any, Any]:
    return {**row, "rows_in": sum(row[name] for name in PARTS), "suppression": "none"}


def _protected(row: Mapping[Any, Any], policy: Disclosure) -> dict[Any, Any]:
    shown = {name: _rounded(int(row[name]), policy) for name in PARTS}
    known = [n for n in shown.values() if n is not None]
    is_whole = len(known) == len(PARTS)
    total = sum(known) if is_whole else _rounded(sum(int(row[name]) for name in PARTS), policy)
    return {**row, **shown, "rows_in": total, "suppression": "none" if is_whole else "primary"}


def _rounded(n: int, policy: Disclosure) -> int | None:
    return None if 0 < n < policy.min_students else rounded_students(n, policy)
