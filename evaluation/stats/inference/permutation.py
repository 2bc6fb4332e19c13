"""Permutation test of an estimate, as if its clusters were exchangeable."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import chain, islice

import numpy as np

from evaluation.stats.combine import select
from evaluation.stats.inference.exchange import Exchange, exchange_of, moved, outcome_moves
from evaluation.stats.inference.permuted_group_time import Permuted, permuted_group_time
from evaluation.stats.reading import on_used_dummies
from evaluation.stats.records import Design, Estimate, Floats, Integers
from evaluation.stats.regression import influence_of

TIE = 1 - 1e-10
MAX_CELLS = 2_000
"""Cells of a design up to which the estimator's response to each of them is worth having."""
BATCH = 64
NO_VARIANCE = 1e-20
"""Share of the squared value below which a variance is rounding."""
OPERATIONS = 6e9
"""Multiplications that estimating anew may take: about five minutes of one processor core."""
ITERATED = 100
"""Multiplications per cell, estimand and part of an estimator that is not linear in the outcome; of others without a
regression, a tenth."""

Assignment = tuple[Integers, ...]


@dataclass(frozen=True)
class Permutation:
    """Permutation tests of m estimands in K parts.

    Attributes
    ----------
    p_value : (m, K)
        Share of assignments with a t at least as large as observed; NaN where all program clusters of the estimand keep
        their place, so that no assignment would take the program from them, and where the estimate's own estimator does
        not make the estimand (one chosen or named afterwards).
    smallest : (m, K)  the smallest p-value these assignments could have given
    n_assignments : assignments looked at, the observed one among them
    is_enumerated : these are all there are
    """

    p_value: Floats
    smallest: Floats
    n_assignments: int
    is_enumerated: bool


def permutation_test(estimate: Estimate, *, draws: int = 9_999, rng: np.random.Generator | None = None) -> Permutation:
    """Test the sharp null that nobody's outcome, in any part, depends on the cohort.

    Cohorts are permuted over the clusters that have units in the same strata, so the size of each cohort is kept, and
    every assignment is estimated anew, averages with the weights they have there. The statistic is |value| over the CV1
    standard error of the estimate's influence; p is the share of assignments with |t*| ≥ |t|(1 − 1e-10), the observed
    one included. All assignments are taken where there are no more than `draws`, else so many are drawn. An assignment
    under which the estimand cannot be estimated, or has no variance, counts as one with a larger t.

    Nothing was randomized here: the test holds as if clusters of the same strata were exchangeable. See `exchange_of`
    for clusters that keep their place.

    Raises
    ------
    ValueError
        No two clusters can be exchanged; the estimate has no influence to studentize by; draws without a generator;
        more draws than can be estimated anew in about five minutes, counted in multiplications so that the answer is
        the same on every machine.

    Notes
    -----
    `group_time_att` of a panel without adjustment, and its averages, follow from sums by cluster, for all assignments
    at once; so does what is linear in the outcome where clusters differ in outcome and cohort alone, in small designs.
    """
    exchange, m = exchange_of(estimate.design), len(estimate.estimands)
    made = estimate.estimator(estimate.design).estimands
    kept = [i for i in range(m) if estimate.estimands[i] in made
            and np.isin(estimate.program_clusters[i], exchange.moving).any()]
    p_value, smallest = np.full((2, *estimate.value.shape), np.nan)
    is_enumerated = exchange.n_assignments <= draws
    if not kept:
        return Permutation(p_value, smallest, 0, is_enumerated)
    observed = tuple(np.arange(len(labels)) for labels in exchange.labels)
    if is_enumerated:
        assignments: Iterable[Assignment] = exchange.every_assignment()
    elif rng is None:
        raise ValueError(f"{exchange.n_assignments} assignments are too many to enumerate: give a numpy Generator")
    else:
        assignments = chain([observed], (exchange.draw(rng) for _ in range(draws)))
    seen, squared = _statistics(select(estimate, kept), exchange, observed, assignments, draws)
    p_value[kept], smallest[kept] = ((squared >= TIE**2 * least).mean(axis=0) for least in (seen, squared.max(axis=0)))
    return Permutation(p_value, smallest, len(squared), is_enumerated)


def _statistics(estimate: Estimate, exchange: Exchange, observed: Assignment, assignments: Iterable[Assignment],
                draws: int) -> tuple[Floats, Floats]:
    """t² (m, K) observed and (B, m, K) of every assignment, the quickest way there is for the estimate."""
    design, sums = estimate.design, permuted_group_time(estimate, exchange)
    if sums is not None:
        return _by_sums(sums, [observed])[0], _by_sums(sums, assignments)
    if (estimate.weights is not None and estimate.regression is not None and design.present.size <= MAX_CELLS
            and outcome_moves(design, exchange)):
        return _squared(estimate)[0], _by_outcome(estimate, exchange, assignments)
    _refuse_hours(estimate, min(draws + 1, exchange.n_assignments))
    return _squared(estimate)[0], _by_cohort(estimate, exchange, assignments)


def _refuse_hours(estimate: Estimate, n_assignments: int) -> None:
    m, parts = estimate.value.shape
    if estimate.regression is not None:
        rows, k = estimate.regression.x.shape
        each = rows * k * (k + m + parts)
    else:
        each = estimate.design.present.size * (m + parts) * (ITERATED if estimate.weights is None else 10)
    fit = int(OPERATIONS // each)
    if n_assignments > fit:
        raise ValueError(
            f"{n_assignments:,} assignments of cohorts, for each of which this estimator is fitted anew, would take "
            f"more than about five minutes; ask for draws={max(fit - 1, 1)}, or use group_time_att without adjustment, "
            "which needs no new fit")


def _by_sums(sums: Permuted, assignments: Iterable[Assignment]) -> Floats:
    """(B, m, K): t² of every assignment, from sums by cluster."""
    out = []
    for some in _batches(assignments, sums.batch):
        value, variance = sums.value_and_variance(some)
        out.append(np.where(np.isnan(value), np.inf, _ratio(value, variance)))
    return np.concatenate(out)


def _by_cohort(estimate: Estimate, exchange: Exchange, assignments: Iterable[Assignment]) -> Floats:
    """(B, m, K): t² of every assignment, each estimated anew."""
    at = {estimand: i for i, estimand in enumerate(estimate.estimands)}
    out = []
    for assignment in assignments:
        found = np.full(estimate.value.shape, np.inf)
        try:
            other = estimate.estimator(exchange.assigned(estimate.design, assignment))
        except ValueError:  # the estimator's way to say that nothing can be estimated there
            out.append(found)
            continue
        known = [(at[estimand], j) for j, estimand in enumerate(other.estimands) if estimand in at]
        if known:
            mine, theirs = map(list, zip(*known, strict=True))
            found[mine] = _squared(other)[0, theirs]
        out.append(found)
    return np.array(out)


def _squared(estimate: Estimate) -> Floats:
    """(1, m, K): t² of an estimate."""
    is_wide = estimate.regression is not None and len(estimate.estimands) > 0 and estimate.regression.is_saturated
    influence = influence_of(on_used_dummies(estimate) if is_wide else estimate)
    if influence is None:
        raise ValueError("this estimate has no influence by cluster to studentize by: use placebo inference")
    return _ratio(estimate.value, (influence.of_cluster**2).sum(axis=0))[None]


def _by_outcome(estimate: Estimate, exchange: Exchange, assignments: Iterable[Assignment]) -> Floats:
    """(B, m, K): the same where outcomes may move in place of cohorts, by the estimate's response to each cell."""
    design = estimate.design
    response = _response(estimate)
    cells = np.nan_to_num(design.outcome)
    out = []
    for some in _batches(assignments, BATCH):
        place = np.array([moved(design, exchange, assignment) for assignment in some])
        outcome = cells[place].transpose(1, 2, 0, 3).reshape(cells.shape[0] * cells.shape[1], -1)
        found = (response.reshape(-1, len(outcome)) @ outcome).reshape(*response.shape[:2], len(some), -1)
        out.append(_ratio(found[0], np.einsum("gmbk,gmbk->mbk", found[1:], found[1:])).transpose(1, 0, 2))
    return np.concatenate(out)


def _response(estimate: Estimate) -> Floats:
    """(1 + G, m, UT): value, then influence of clusters, as linear maps of cells, from one unit of outcome in each."""
    design: Design = estimate.design
    units, periods = design.present.shape
    unit_outcome = np.eye(units * periods).reshape(units, periods, -1)
    unit_outcome[~design.present] = np.nan
    other = estimate.estimator(replace(design, outcome=unit_outcome,
                                       parts=tuple(str(i) for i in range(units * periods))))
    kept = [other.estimands.index(estimand) for estimand in estimate.estimands]
    influence = influence_of(other)
    if influence is None:
        raise ValueError("this estimate has no influence by cluster to studentize by: use placebo inference")
    return np.concatenate([other.value[kept][None], influence.of_cluster[:, kept]])


def _batches(assignments: Iterable[Assignment], size: int) -> Iterator[list[Assignment]]:
    left = iter(assignments)
    while some := list(islice(left, size)):
        yield some


def _ratio(value: Floats, variance: Floats) -> Floats:
    """t², infinite without a variance."""
    is_some = variance > NO_VARIANCE * value**2
    out: Floats = np.divide(value**2, variance, out=np.full(value.shape, np.inf), where=is_some)
    return out
