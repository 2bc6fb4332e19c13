"""What cells that the source hides could do to the overall effect."""

from __future__ import annotations

import numpy as np
import pandas as pd

from evaluation.design import build
from evaluation.diagnose.diagnosed import Diagnosed, Row
from evaluation.diagnose.effects import overall_effect
from evaluation.diagnose.margins import margins_of
from evaluation.errors import EstimationError
from evaluation.params import Outcome
from evaluation.stats.extremes import Margins, extremes
from evaluation.stats.records import Design, Floats

SIGNS = {"gap": {"focal": 1.0, "reference": -1.0}, "focal": {"focal": 1.0}, "reference": {"reference": 1.0}}
"""Groups of each part, and how their means enter it."""


def suppression_bounds(of: Diagnosed) -> list[Row]:
    """Return per part the least and largest overall effect, hidden cells filled in any way they could be.

    It is the effect on the units behind the result, were none of their cells hidden; what is estimated without these
    cells need not lie between the ends. Of units that are never shown nothing is known, and they stay out. Each hidden
    cell is at the end of its scale that the sign of its weight chooses, jointly within what the mean of all students
    leaves (`margins_of`). Low and high are the value where nothing is hidden, and missing where nothing limits a cell
    (counts). No row where the effect is adjusted, since its weights move with the hidden cells, or cannot be estimated.
    """
    specification, outcome = of.topic.specification, of.topic.outcome
    if of.overall.weights is None or specification.adjustment != "none":
        return []
    is_behind = (of.overall.weights[0] != 0).any(axis=1)
    behind = [unit for unit, is_used in zip(of.overall.design.unit_ids, is_behind, strict=True) if is_used]
    cells = of.own_cells.reset_index(drop=True)
    is_hidden = ((cells["status"] == "suppressed") & cells["unit_id"].isin(behind)).to_numpy(dtype=bool)
    limits = limits_of(outcome)
    fill = limits[0] if np.isfinite(limits[0]) else 0.0
    filled = cells.assign(status=cells["status"].mask(is_hidden, "reported"), mean=cells["mean"].mask(is_hidden, fill),
                          total=cells["total"].mask(is_hidden))
    try:
        overall = overall_effect(build(filled, of.study, specification, outcome.id, of.topic.gap), specification)
    except EstimationError:
        return []
    if overall.weights is None:
        return []
    everybody = of.cells.get((outcome.id, "all"))
    margins = Margins() if everybody is None else margins_of(cells, everybody, is_hidden, outcome, limits)
    hidden, n_weighted = cells[is_hidden], int((overall.weights[0] != 0).sum())
    low, high = (np.full(len(hidden), limit) for limit in limits)
    rows: list[Row] = []
    for part, value in zip(overall.parts, overall.value[0], strict=True):
        sign_of = {getattr(of.topic.gap, side): sign for side, sign in SIGNS[part].items()}
        load = _load(overall.design, overall.weights[0], hidden, sign_of)
        n_hidden = int((load != 0).sum())
        ends = [float(value) - fill * float(load.sum()) + end for end in extremes(load, low, high, margins)]
        least, most = (end if np.isfinite(end) else None for end in ends)
        rows.append({"part": part, "low": least, "high": most, "cells_hidden": n_hidden,
                     "cells_used": len(SIGNS[part]) * n_weighted - n_hidden})
    return rows


def limits_of(outcome: Outcome) -> tuple[float, float]:
    """Return the ends of the outcome's scale, in its units."""
    if outcome.kind != "score":
        return 0.0, 100.0 if outcome.kind == "binary" else np.inf
    low, high = (outcome.parameters.get(name) for name in ("low", "high"))
    return (float(low), float(high)) if isinstance(low, float) and isinstance(high, float) else (-np.inf, np.inf)


def _load(design: Design, weight: Floats, hidden: pd.DataFrame, sign_of: dict[str, float]) -> Floats:
    """(N,): what each hidden cell's mean weighs in a part, given the cells' weights (U, T)."""
    unit = pd.Index(design.unit_ids).get_indexer(pd.Index(hidden["unit_id"].astype(object)))
    period = pd.Index(design.periods).get_indexer(pd.Index(hidden["period"].to_numpy(dtype=np.int64)))
    sign = np.array([sign_of.get(group, 0.0) for group in hidden["group_id"]])
    found: Floats = np.where((unit >= 0) & (period >= 0), sign * weight[unit, period], 0.0)
    return found
