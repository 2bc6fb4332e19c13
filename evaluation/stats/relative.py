"""The effect on the gap as a ratio: by how much the program multiplied focal over reference."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from evaluation.stats.combine import select
from evaluation.stats.reading import levels, program_cells
from evaluation.stats.records import Design, Estimand, Estimate, Floats, Integers
from evaluation.stats.regression import influence_of

FOCAL, REFERENCE, GAP = "focal", "reference", "gap"
RELATIVE = "relative_gap"


@dataclass(frozen=True)
class Relative:
    """Relative effects on the gap.

    Attributes
    ----------
    estimate : Estimate
        Those that are defined, in one part `relative_gap`: a difference of logarithms, with influence; exp(value) is
        the factor by which the program multiplied the ratio focal : reference.
    undefined : estimands with the reason why theirs is not defined
    """

    estimate: Estimate
    undefined: tuple[tuple[Estimand, str], ...]


@dataclass(frozen=True)
class LogRates:
    """The estimate of logarithms, and how many cells were left out because a group's mean is 0 or less there."""

    estimate: Estimate
    n_left_out: int


def relative_effect(estimate: Estimate) -> Relative:
    """Return log(μ1f/μ1r) − log(μ0f/μ0r), μ1 the mean of program cells in the program, μ0 = μ1 − ATT.

    Means are aggregate means under the estimate's weights, those of its `levels`; never a mean of single units' ratios.
    The influence of a cluster is ψ1f/μ1f − ψ1r/μ1r − (ψ1f − ψATTf)/μ0f + (ψ1r − ψATTr)/μ0r, where ψ1 is the sampling
    of the program cells' means within cohort, period and stratum, whose shares are fixed.

    Parameters
    ----------
    estimate : Estimate
        With parts `focal` and `reference`, weights, and influence or a regression; one group-time effect or an average.

    Returns
    -------
    Relative
        Not defined are effects before the program and those of which one of the four means is 0 or less: no constant
        is added to make them positive.

    Raises
    ------
    ValueError
        A part, the weights or the influence is missing.
    """
    influence = influence_of(estimate)
    if not {FOCAL, REFERENCE} <= set(estimate.parts) or estimate.weights is None or influence is None:
        raise ValueError("a relative effect needs the parts `focal` and `reference` of one estimate with weights and "
                         "influence: choose an estimator that is linear in the outcome")
    at = [estimate.parts.index(FOCAL), estimate.parts.index(REFERENCE)]
    mean, att = levels(estimate)[:, at], estimate.value[:, at]
    reasons = [_reason(one, without) for one, without in zip(mean, mean - att, strict=True)]
    kept = [i for i, reason in enumerate(reasons) if not reason]
    chosen, mean, att = select(estimate, kept), mean[kept], att[kept]
    codes = influence.cluster
    moved = influence.of_cluster[:, kept][:, :, at]
    moved1 = _moved_means(chosen, mean, at, codes)
    sign = np.array([1.0, -1.0])
    defined = replace(
        chosen,
        estimator=lambda design: relative_effect(estimate.estimator(design)).estimate,
        parts=(RELATIVE,),
        value=((np.log(mean) - np.log(mean - att)) @ sign)[:, None],
        weights=None, regression=None, contrasts=None,
        influence=replace(influence, of_cluster=((moved1 / mean - (moved1 - moved) / (mean - att)) @ sign)[:, :, None]))
    undefined = ((e, reason) for e, reason in zip(estimate.estimands, reasons, strict=True) if reason)
    return Relative(defined, tuple(undefined))


def log_rates(estimate: Estimate) -> LogRates:
    """Estimate anew with logarithms of each unit's means: a difference-in-differences of log rates, a sensitivity.

    Another estimand: an average of units' relative changes, without the cells where a group's mean is not positive.
    """
    design, n_left_out = _logs(estimate.design)
    made = estimate.estimator(design)
    return LogRates(replace(made, estimator=lambda other: estimate.estimator(_logs(other)[0])), n_left_out)


def _logs(design: Design) -> tuple[Design, int]:
    groups = [k for k, part in enumerate(design.parts) if part != GAP]
    means = design.outcome[:, :, groups]
    is_positive = np.asarray((means > 0).all(axis=2, keepdims=True))
    outcome = np.full(design.outcome.shape, np.nan)
    outcome[:, :, groups] = np.log(np.where(is_positive, means, np.nan))
    if GAP in design.parts:
        focal, reference = (outcome[..., design.parts.index(part)] for part in (FOCAL, REFERENCE))
        outcome[..., design.parts.index(GAP)] = focal - reference
    return replace(design, outcome=outcome), int((design.present & ~is_positive[..., 0]).sum())


def _reason(mean: Floats, without: Floats) -> str | None:
    """Say why the logarithms of means (focal, reference) with and without the program are not defined, or None."""
    if np.isnan(mean).any():
        return "before the program there is no level to compare with"
    named = ((FOCAL, mean[0], "with"), (REFERENCE, mean[1], "with"),
             (FOCAL, without[0], "without"), (REFERENCE, without[1], "without"))
    low = [f"the {part} mean {which} the program" for part, value, which in named if not value > 0]
    return f"not above 0: {', '.join(low)}" if low else None


def _moved_means(estimate: Estimate, mean: Floats, at: list[int], codes: Integers) -> Floats:
    """(G, m, 2): how far each cluster pulls the program cells' means."""
    design = estimate.design
    cluster = np.searchsorted(codes, design.cluster)
    out = np.zeros((len(codes), *mean.shape))
    for i, estimand in enumerate(estimate.estimands):
        weight = np.zeros(design.present.shape) if estimate.weights is None else estimate.weights[i]
        weight = weight * program_cells(design, estimand)
        unit, period = np.nonzero(weight)
        share = (weight / weight.sum())[unit, period]
        y = design.outcome[unit, period][:, at]
        _, cell = np.unique(np.column_stack([design.cohort[unit], design.stratum[unit], period]), axis=0,
                            return_inverse=True)
        total = np.zeros((cell.max() + 1, len(at)))
        np.add.at(total, cell.ravel(), share[:, None] * y)
        own = (total / np.bincount(cell.ravel(), share)[:, None])[cell.ravel()]
        np.add.at(out[:, i], cluster[unit], share[:, None] * (y - own))
    return out
