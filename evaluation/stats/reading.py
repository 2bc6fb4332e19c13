"""What an estimate says in the light of its design: the cells behind it, levels and verdicts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from evaluation.stats.records import Booleans, Design, Estimand, Estimate, Floats, Inference
from evaluation.stats.regression import regression_of
from evaluation.stats.verdict import Better, verdict


def program_cells(design: Design, estimand: Estimand) -> Booleans:
    """(U, T): the cells of program units that the estimand speaks of.

    Those in the program, or for an estimand before the program (negative event time) those at that distance to it.
    Where the program reaches only the eligible of a place's units, theirs.
    """
    program = design.cohort[:, None] <= design.periods[None, :]
    is_before = estimand.event_time is not None and estimand.event_time < 0
    start = design.position[np.searchsorted(design.periods, design.cohort).clip(max=len(design.periods) - 1)]
    distance = design.position[None, :] - start[:, None]
    chosen = ~program & ~design.never_program[:, None] if is_before else program
    if design.is_eligible.any():
        chosen = chosen & design.is_eligible[:, None]
    if estimand.event_time is not None:
        chosen = chosen & (distance == estimand.event_time)
    if estimand.cohort is not None:
        chosen = chosen & (design.cohort == estimand.cohort)[:, None]
    if estimand.period is not None:
        chosen = chosen & (design.periods == estimand.period)[None, :]
    return chosen


def used_cells(estimate: Estimate) -> Booleans:
    """(m, U, T): the cells behind each estimand.

    Those with weight; where the estimator has no weights, all cells of the clusters behind the estimand.
    """
    if estimate.weights is not None:
        return np.asarray(estimate.weights != 0)
    design = estimate.design
    behind = [np.isin(design.cluster, np.union1d(program, comparison))
              for program, comparison in zip(estimate.program_clusters, estimate.comparison_clusters, strict=True)]
    return np.array([unit[:, None] & design.present for unit in behind]).reshape(len(behind), *design.present.shape)


def on_used_dummies(estimate: Estimate) -> Estimate:
    """Return a saturated estimate on the dummies its contrasts use.

    Every row of a saturated regression has one dummy, so A_g is diagonal: leaving other dummies and their rows out
    changes neither the estimate nor CR2 nor its df, and saves most of the work.
    """
    r, contrasts = regression_of(estimate)
    used = (contrasts != 0).any(axis=0)
    rows = r.x[:, used].any(axis=1)
    regression = replace(r, x=r.x[rows][:, used], w=r.w[rows], cluster=r.cluster[rows], residual=r.residual[rows],
                         coefficient=r.coefficient[used])
    return replace(estimate, contrasts=contrasts[:, used], regression=regression)


def levels(estimate: Estimate) -> Floats:
    """(m, K): mean outcome of program units in program periods, by the estimand's weights; NaN before the program.

    An estimator without weights has those of the design.
    """
    design, outcome = estimate.design, np.nan_to_num(estimate.design.outcome)
    out = np.full(estimate.value.shape, np.nan)
    for i, estimand in enumerate(estimate.estimands):
        own = design.weight[:, None] * design.present if estimate.weights is None else estimate.weights[i]
        weight = own * program_cells(design, estimand)
        if (estimand.event_time is None or estimand.event_time >= 0) and weight.sum() > 0:
            out[i] = np.tensordot(weight, outcome, axes=2) / weight.sum()
    return out


def verdicts(
    level: Floats, inference: Sequence[Sequence[Inference]], *, better: Better, margin: float
) -> tuple[str, ...]:
    """Name the verdict of m estimands in the parts gap, focal, reference, given their levels (m, 3)."""
    return tuple(
        verdict(gap, focal, reference, counterfactual_gap=float(row[1] - row[2] - gap.value), better=better,
                margin=margin)
        for row, (gap, focal, reference) in zip(level, inference, strict=True)
    )
