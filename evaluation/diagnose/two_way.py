"""What two-way fixed effects would say, and what that number averages: why it is not the headline."""

from __future__ import annotations

from typing import get_args

from evaluation.design.columns import effect
from evaluation.diagnose.diagnosed import Diagnosed, Row
from evaluation.stats.estimators.bacon import Kind, bacon, by_kind
from evaluation.stats.estimators.negative_weights import negative_weights
from evaluation.stats.estimators.twfe import leaving_lone_out, twfe
from evaluation.stats.inference.infer import infer
from evaluation.stats.records import Design

NOT_IDENTIFIED = ("two-way fixed effects cannot tell the program from the effects of unit and period: no unit changes "
                  "status beside one that does not.")
KINDS: tuple[Kind, ...] = get_args(Kind)


def two_way_reference(of: Diagnosed) -> list[Row]:
    """Return the two-way effect on the gap of the topic's design, shares of its comparisons and negative weights.

    Cohorts of one district are left out, as in the headline. Shares (Goodman-Bacon) are missing where a unit misses a
    period, for they would not sum to the effect.
    """
    found = leaving_lone_out(twfe, of.design)
    if not found.estimands:
        return [{"undefined": NOT_IDENTIFIED}]
    (of_cells,) = negative_weights(found)
    inferred = infer(found, gate=of.gate)[0][found.parts.index("gap")]
    return [{**effect(inferred), **_shares(found.design), "program_cells": of_cells.n_cells,
             "negative_cells": of_cells.n_negative, "negative_weight": of_cells.total}]


def _shares(design: Design) -> Row:
    try:
        weight = {total.kind: total.weight for total in by_kind(bacon(design))}
    except ValueError:
        return {}
    return {f"weight_{kind}": weight.get(kind, 0.0) for kind in KINDS}
