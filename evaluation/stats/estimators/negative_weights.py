"""How much of an estimate is an effect with its sign turned."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evaluation.stats.records import Estimate

ROUND_OFF = 1e-12
"""Share of the largest weight below which a weight is zero."""


@dataclass(frozen=True)
class NegativeWeights:
    """Weights of the cells in the program; with all weights together they sum to one.

    Attributes
    ----------
    n_cells, n_negative : cells in the program with a weight, and those with a negative one
    share : n_negative / n_cells, 0 to 1
    total : sum of the negative weights, 0 or below
    share_of_weight : −total / sum of the sizes of all these weights, 0 to 1
    """

    n_cells: int
    n_negative: int
    share: float
    total: float
    share_of_weight: float


def negative_weights(estimate: Estimate) -> tuple[NegativeWeights, ...]:
    """Count negative weights of cells in the program, for each estimand.

    A cell's effect enters the estimate times its weight; where a weight is negative the estimate can be negative with
    every effect positive.

    Raises
    ------
    ValueError
        The estimate has no weights.

    Notes
    -----
    Source: de Chaisemartin & D'Haultfœuille (2020). Their `twowayfeweights` counts the same, on group × period cells.
    """
    if estimate.weights is None:
        raise ValueError("this estimator has no weights of cells, so none can be negative")
    found = []
    for weights in estimate.weights:
        mine = weights[estimate.design.in_program & estimate.design.present]
        mine = mine[np.abs(mine) > ROUND_OFF * np.abs(mine).max(initial=0)]
        is_negative = mine < 0
        total = float(mine[is_negative].sum())
        found.append(NegativeWeights(
            len(mine), int(is_negative.sum()), share=float(is_negative.mean()) if len(mine) else 0.0, total=total,
            share_of_weight=-total / float(np.abs(mine).sum()) if is_negative.any() else 0.0))
    return tuple(found)
