"""Each group by its own students: the district-wide gap, and how much of its change lies within schools."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from evaluation.stats.combine import gap_of, select
from evaluation.stats.records import Booleans, Design, Estimate, Floats, Influence
from evaluation.stats.regression import influence_of

PARTS = ("gap", "within", "between")


def stack(design: Design, weight: Floats) -> Design:
    """Return a design of one part with every unit twice, first all as focal, then all as reference unit.

    Parameters
    ----------
    design : with parts `focal` and `reference`; their cells may be present in one of them alone
    weight : (U, 2)
        Fixed weight of each unit by its own focal and reference students. Units without weight (or with none known)
        are left out as units of that group.

    Raises
    ------
    ValueError
        A part is missing.
    """
    if not {"focal", "reference"} <= set(design.parts):
        raise ValueError("groups are stacked from the parts `focal` and `reference`, which this design lacks")
    at = [design.parts.index("focal"), design.parts.index("reference")]
    n_units = len(design.unit_ids)
    twice = {name: np.concatenate([getattr(design, name)] * 2)
             for name in ("cluster", "stratum", "cohort", "covariates", "n")}
    stacked = replace(
        design, outcome=np.concatenate([design.outcome[:, :, [k]] for k in at]), parts=("outcome",),
        unit_ids=design.unit_ids * 2, weight=np.concatenate([weight[:, 0], weight[:, 1]]),
        is_eligible=np.arange(2 * n_units) < n_units, **twice)
    return stacked.subset(stacked.weight > 0)


def within_and_between(stacked: Design, estimator: Callable[[Design], Estimate]) -> Estimate:
    """Split the effect on the gap of groups with own weights.

    gap = ATT_focal(own) − ATT_reference(own)
    within = ATT_focal(focal weights) − ATT_reference(focal weights), of units and periods where both groups are seen:
        the change of the gap inside schools, as the focal students meet it
    between = gap − within: changes that schools have in common for both groups and that reach the groups unequally,
        because they attend different schools; and units in which one group alone is seen

    Parameters
    ----------
    stacked : of one part, every unit as focal and as reference unit under one id (`stack`)
    estimator : applied to each group's units; averages belong inside it

    Returns
    -------
    Estimate
        Parts gap, within, between, of the estimands that both splits have, with influence: the three move together.

    Raises
    ------
    ValueError
        The estimator has no influence.
    """
    own, inside = gap_of(stacked, estimator), gap_of(_by_focal_weights(stacked), estimator)
    shared = [e for e in own.estimands if e in inside.estimands]
    own, inside = (select(x, [x.estimands.index(e) for e in shared]) for x in (own, inside))
    moved, moved_inside = influence_of(own), influence_of(inside)
    if moved is None or moved_inside is None:
        raise ValueError("the split needs an estimator with influence: under placebo inference show the gap alone")
    spread = np.zeros_like(moved.of_cluster)
    spread[np.searchsorted(moved.cluster, moved_inside.cluster)] = moved_inside.of_cluster
    return replace(
        own,
        estimator=lambda other: within_and_between(other, estimator),
        parts=PARTS,
        value=np.hstack([own.value, inside.value, own.value - inside.value]),
        weights=None, regression=None, contrasts=None,
        influence=Influence(moved.cluster,
                            np.concatenate([moved.of_cluster, spread, moved.of_cluster - spread], axis=2)))


def _by_focal_weights(stacked: Design) -> Design:
    """Both groups of each unit with its focal weight, in the periods where both are seen."""
    order, is_focal = np.arange(len(stacked.unit_ids)), stacked.is_eligible
    focal = {stacked.unit_ids[i]: i for i in order[is_focal]}
    reference = {stacked.unit_ids[i]: i for i in order[~is_focal]}
    other = np.array([(reference if is_focal[i] else focal).get(stacked.unit_ids[i], -1) for i in order])
    is_paired: Booleans = other >= 0
    both = is_paired[:, None] & stacked.present & stacked.present[other]
    weight = np.where(is_focal | ~is_paired, stacked.weight, stacked.weight[other])
    paired = replace(stacked, weight=weight, outcome=np.where(both[..., None], stacked.outcome, np.nan))
    return paired.subset(is_paired)
