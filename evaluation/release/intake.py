"""Rows received per district, year and table, as they may be shown."""

from __future__ import annotations

import pandas as pd

from evaluation.contracts import TABLES
from evaluation.params import Disclosure
from evaluation.release.disclosure import rounded_students

KEY = list(TABLES["public_intake"].key)


def public_intake(intake: pd.DataFrame, policy: Disclosure) -> pd.DataFrame:
    """Sum `intake` over files. Rows in = accepted + quarantined + refused.

    A table with one row per student counts students: accepted and refused rows are rounded to 10 before they are added.
    """
    counts = intake.groupby(KEY, as_index=False)[["rows_accepted", "rows_quarantined", "rows_refused"]].sum()
    for name in ("rows_accepted", "rows_refused"):
        counts[name] = [rounded_students(int(n), policy) for n in counts[name]]
    counts["rows_in"] = counts["rows_accepted"] + counts["rows_quarantined"] + counts["rows_refused"]
    return counts[list(TABLES["public_intake"].columns)]
