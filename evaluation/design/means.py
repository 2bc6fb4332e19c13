"""Cells as means in outcome units."""

from __future__ import annotations

import pandas as pd

from evaluation.contracts import SCALE
from evaluation.params import Outcome


def factors(cells: pd.DataFrame, outcomes: tuple[Outcome, ...]) -> pd.Series:
    """Return what turns each cell's total / n into outcome units: 100 for events and counts, 1 / SCALE for scores."""
    return cells["outcome_id"].map({o.id: 1 / SCALE if o.kind == "score" else 100.0 for o in outcomes}).astype(float)


def means(cells: pd.DataFrame, outcomes: tuple[Outcome, ...]) -> pd.Series:
    """Return each cell's mean in outcome units, missing where it may not be used.

    factor × total / n; where sums are not published, the published mean.
    """
    n = cells["n_students"].astype(float)
    computed = factors(cells, outcomes) * cells["total"].astype(float) / n.where(n > 0)
    value = computed.where(cells["total"].notna(), cells["mean"].astype(float))
    usable = (cells["status"] == "reported") & ~(n == 0)
    return value.where(usable.to_numpy(dtype=bool))
