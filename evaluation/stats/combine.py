"""Estimates made of estimates: linear combinations, selections, and the difference of two groups fitted apart."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.linalg import block_diag

from evaluation.stats.records import Booleans, Design, Estimand, Estimate, Floats, Influence, Integers, Regression
from evaluation.stats.regression import influence_of


def combine(estimate: Estimate, matrix: Floats, estimands: tuple[Estimand, ...],
            left_out: tuple[tuple[int, ...], ...], estimator: Callable[[Design], Estimate]) -> Estimate:
    """Return linear combinations (r, m) of m estimands: value, weights, contrasts and influence by the same matrix."""
    used = matrix != 0
    return replace(
        estimate,
        estimator=estimator,
        estimands=estimands,
        value=matrix @ estimate.value,
        weights=None if estimate.weights is None else np.tensordot(matrix, estimate.weights, axes=1),
        contrasts=None if estimate.contrasts is None else matrix @ estimate.contrasts,
        influence=None if estimate.influence is None else replace(
            estimate.influence, of_cluster=np.einsum("rm,gmk->grk", matrix, estimate.influence.of_cluster)),
        program_clusters=tuple(_union(estimate.program_clusters, row) for row in used),
        comparison_clusters=tuple(_union(estimate.comparison_clusters, row) for row in used),
        lone_program=np.asarray((used & estimate.lone_program).any(axis=1)),
        lone_comparison=np.asarray((used & estimate.lone_comparison).any(axis=1)),
        left_out_cohorts=left_out,
    )


def select(estimate: Estimate, keep: Sequence[int]) -> Estimate:
    """Return the estimate with only some of its estimands, by position; the estimator stays that of all of them."""
    kept = list(keep)
    return replace(
        estimate,
        estimands=tuple(estimate.estimands[i] for i in kept),
        value=estimate.value[kept],
        weights=None if estimate.weights is None else estimate.weights[kept],
        contrasts=None if estimate.contrasts is None else estimate.contrasts[kept],
        influence=None if estimate.influence is None else replace(
            estimate.influence, of_cluster=estimate.influence.of_cluster[:, kept]),
        program_clusters=tuple(estimate.program_clusters[i] for i in kept),
        comparison_clusters=tuple(estimate.comparison_clusters[i] for i in kept),
        lone_program=estimate.lone_program[kept],
        lone_comparison=estimate.lone_comparison[kept],
        left_out_cohorts=tuple(estimate.left_out_cohorts[i] for i in kept),
    )


@dataclass(frozen=True)
class Joined:
    """The estimator of joined estimates: `joined` of what others make of a design."""

    made: tuple[Callable[[Design], Estimate], ...]

    def __call__(self, design: Design) -> Estimate:
        """Estimate them anew."""
        return joined([estimator(design) for estimator in self.made])


def joined(estimates: Sequence[Estimate]) -> Estimate:
    """Stack estimates of one design that rest on one regression, or all on influence."""
    first = estimates[0]
    return replace(
        first,
        estimator=Joined(tuple(e.estimator for e in estimates)),
        estimands=tuple(e for x in estimates for e in x.estimands),
        value=np.vstack([x.value for x in estimates]),
        weights=_stacked([x.weights for x in estimates]),
        contrasts=_stacked([x.contrasts for x in estimates]),
        influence=None if first.influence is None else Influence(
            first.influence.cluster,
            np.concatenate([x.influence.of_cluster for x in estimates if x.influence is not None], axis=1)),
        program_clusters=tuple(c for x in estimates for c in x.program_clusters),
        comparison_clusters=tuple(c for x in estimates for c in x.comparison_clusters),
        lone_program=np.concatenate([x.lone_program for x in estimates]),
        lone_comparison=np.concatenate([x.lone_comparison for x in estimates]),
        left_out_cohorts=tuple(c for x in estimates for c in x.left_out_cohorts),
    )


def gap_of(design: Design, estimator: Callable[[Design], Estimate]) -> Estimate:
    """Estimate the focal and the reference group apart and return focal − reference as one estimate.

    For groups with weights of their own, and for estimators that are not linear in the outcome.

    Parameters
    ----------
    design : Design
        Stacked: one part, every place twice, as focal (`is_eligible`) and as reference unit, clusters shared.
    estimator : Callable
        Applied to each group's units; averages belong inside it, so that each group has its own weights.

    Returns
    -------
    Estimate
        Part `gap`, of the estimands that both groups have. The two regressions become one with separate coefficients,
        clustered together: the gap has the variance of a difference. Weights of reference cells are negative.
    """
    focal, reference = estimator(design.subset(design.is_eligible)), estimator(design.subset(~design.is_eligible))
    shared = [e for e in focal.estimands if e in reference.estimands]
    a = select(focal, [focal.estimands.index(e) for e in shared])
    b = select(reference, [reference.estimands.index(e) for e in shared])
    is_regression = a.regression is not None and b.regression is not None
    return Estimate(
        design=design,
        estimator=lambda other: gap_of(other, estimator),
        estimands=a.estimands,
        parts=("gap",),
        value=a.value - b.value,
        program_clusters=_unions(a.program_clusters, b.program_clusters),
        comparison_clusters=_unions(a.comparison_clusters, b.comparison_clusters),
        lone_program=a.lone_program | b.lone_program,
        lone_comparison=a.lone_comparison | b.lone_comparison,
        left_out_cohorts=tuple(tuple(sorted({*x, *y}))
                               for x, y in zip(a.left_out_cohorts, b.left_out_cohorts, strict=True)),
        weights=_signed_weights(design, a.weights, b.weights),
        regression=_side_by_side(a.regression, b.regression),
        contrasts=_beside(a.contrasts, b.contrasts),
        influence=None if is_regression else _difference(influence_of(a), influence_of(b)),
    )


def _beside(focal: Floats | None, reference: Floats | None) -> Floats | None:
    return None if focal is None or reference is None else np.hstack([focal, -reference])


def _signed_weights(design: Design, focal: Floats | None, reference: Floats | None) -> Floats | None:
    if focal is None or reference is None:
        return None
    out = np.zeros((len(focal), *design.present.shape))
    out[:, design.is_eligible], out[:, ~design.is_eligible] = focal, -reference
    return out


def _side_by_side(a: Regression | None, b: Regression | None) -> Regression | None:
    if a is None or b is None:
        return None
    return Regression(
        x=block_diag(a.x, b.x), w=np.concatenate([a.w, b.w]), cluster=np.concatenate([a.cluster, b.cluster]),
        residual=np.vstack([a.residual, b.residual]), coefficient=np.vstack([a.coefficient, b.coefficient]),
        n_obs=a.n_obs + b.n_obs, n_absorbed=a.n_absorbed + b.n_absorbed)


def _difference(a: Influence | None, b: Influence | None) -> Influence | None:
    if a is None or b is None:
        return None
    codes = np.union1d(a.cluster, b.cluster)
    of_cluster = np.zeros((len(codes), *a.of_cluster.shape[1:]))
    of_cluster[np.searchsorted(codes, a.cluster)] += a.of_cluster
    of_cluster[np.searchsorted(codes, b.cluster)] -= b.of_cluster
    return Influence(codes, of_cluster)


def _stacked(arrays: Sequence[Floats | None]) -> Floats | None:
    found = [a for a in arrays if a is not None]
    return np.concatenate(found) if len(found) == len(arrays) else None


def _union(clusters: tuple[Integers, ...], used: Booleans) -> Integers:
    return np.unique(np.concatenate([np.empty(0, dtype=np.int64), *(clusters[j] for j in np.flatnonzero(used))]))


def _unions(a: tuple[Integers, ...], b: tuple[Integers, ...]) -> tuple[Integers, ...]:
    return tuple(np.union1d(x, y) for x, y in zip(a, b, strict=True))
