"""Intervals and p-values of an estimate, by one of five methods."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from scipy import stats

from evaluation.stats.combine import select
from evaluation.stats.inference.blocks import blocks_of
from evaluation.stats.inference.cr2 import Robust, cr1, cr2_of
from evaluation.stats.inference.cv3 import cv3
from evaluation.stats.inference.exchange import exchange_of
from evaluation.stats.inference.permutation import permutation_test
from evaluation.stats.inference.rules import BY_GATE, Case, Gate, gated, reason_of
from evaluation.stats.inference.signs import ENUMERATED
from evaluation.stats.inference.wild import wild_bootstrap
from evaluation.stats.records import Estimate, Floats, Inference, Influence, Integers
from evaluation.stats.regression import regression_of

Method = Literal["cr2", "cv3", "cr1", "wild", "permutation"]
Found = tuple[tuple[Inference, ...], ...]
LEVELS = (0.95, 0.8)
MANY = 100
"""Clusters above which an estimate without a regression is not estimated anew without each."""
WEBB = 10
"""Clusters up to which Webb's signs stand beside Rademacher's, which have few different p-values then."""


@dataclass(frozen=True)
class _Found:
    """What a method says of m estimands in K parts, before the rules.

    se, p_value : (m, K); df : (m,), NaN where the method has none; low, high : (2, m, K) at the two levels
    reason : (m,) why the method itself does not apply, or gives no interval
    p_value_webb : (m, K) beside the wild bootstrap's p_value; NaN where it is not wanted
    """

    se: Floats
    df: Floats
    p_value: Floats
    low: Floats
    high: Floats
    reason: tuple[str | None, ...]
    p_value_webb: Floats | None = None


def default_method(estimate: Estimate) -> Method:
    """CR2 for a regression; for an estimate with influence only CV3, with more than MANY clusters CR1.

    CV3 then estimates anew once per cluster; with so many, CR1 from influence differs from it by little.
    """
    if estimate.regression is not None:
        return "cr2"
    return "cv3" if estimate.influence is None or len(estimate.influence.cluster) <= MANY else "cr1"


def infer(estimate: Estimate, *, method: Method | None = None, rng: np.random.Generator | None = None,
          draws: int = 9_999, n_absorbed: int | None = None,
          gate: Gate | None = None) -> tuple[tuple[Inference, ...], ...]:
    """Give the uncertainty of m estimands in K parts, [m][K].

    Parameters
    ----------
    method
        None: `default_method`; CV3 for an estimand for which the gate withholds that one's interval and lets CV3's
        pass.
        `cr2`: t with Satterthwaite degrees of freedom. `cv3`: jackknife over clusters, t(G − 1). `cr1`: t(G − 1), only
        to reproduce other programs; from influence √(G/(G − 1) Σψ²). `wild`: restricted wild cluster bootstrap, exact
        up to 12 clusters; se is CR1's, which studentizes it, and there is no df. `permutation`: a p-value, as if
        clusters were exchangeable, with CR1's se beside it and no interval.
    rng, draws : of `wild` and `permutation` where they do not enumerate; Webb's p-value of 9 or 10 clusters, which is
        drawn where Rademacher's is enumerated, is left out without a generator
    n_absorbed : coefficients beside the regressors that count in CR1's K
    gate : says what coverage the method's intervals have in designs like this one (`gate.gate_of` a registry); where
        it is too low there is no interval, and at 80 % alone no 80 % interval. A p-value alone (`permutation`) is not
        asked about.

    Returns
    -------
    tuple
        No standard error, interval or p-value where clusters are too few (`no_interval` says why, by the rules of
        `rules`, which hold for every method): coverage of intervals that count a lone cluster falls to 45–84 %.
        Reasons of a method: `no_regression` (cr2, wild), `few_clusters_for_wild`, `not_exchangeable`; `test_only` has a
        p-value and no interval.

    Raises
    ------
    ValueError
        The estimate has neither regression nor influence; signs or assignments must be drawn and there is no generator.
    """
    if estimate.regression is None and estimate.influence is None:
        raise ValueError("this estimate has neither a regression nor influence by cluster: use placebo inference")
    chosen = default_method(estimate) if method is None else method
    if not estimate.estimands:
        return ()
    of_cr2, cases = _cases(estimate)
    if chosen == "cr2" and of_cr2 is not None:
        found = _by_t(estimate, of_cr2)
    elif chosen == "cv3":
        jackknife = cv3(estimate)
        found = _by_t(estimate, jackknife)
        cases = [replace(case, indispensable=np.union1d(case.indispensable, alone))
                 for case, alone in zip(cases, jackknife.indispensable, strict=True)]
    else:
        found = _found(estimate, chosen, rng, draws, n_absorbed)
    asked = None if chosen == "permutation" else gate
    cases = [gated(case, asked if reason is None else None, chosen, LEVELS)
             for case, reason in zip(cases, found.reason, strict=True)]
    made = tuple(tuple(_inference(found, case, part, chosen) for part in range(len(estimate.parts)))
                 for case in cases)
    return _or_jackknife(estimate, made, gate) if method is None and chosen != "cv3" else made


def _or_jackknife(estimate: Estimate, made: Found, gate: Gate | None) -> Found:
    """Put CV3 where the gate withholds the interval by another method and lets CV3's pass."""
    refused = [i for i, row in enumerate(made) if row[0].no_interval in BY_GATE]
    if not refused:
        return made
    chosen = select(estimate, refused)
    by_cv3 = dict(zip(refused, infer(chosen, method="cv3", gate=gate), strict=True))
    return tuple(by_cv3[i] if i in by_cv3 and by_cv3[i][0].no_interval is None else row for i, row in enumerate(made))


def no_interval(estimate: Estimate, i: int, df: float, *, gate: Gate | None = None) -> str | None:
    """Say why estimand i may have no interval, given its degrees of freedom, or None."""
    return reason_of(gated(Case(estimate, i, df), gate, default_method(estimate), LEVELS))


def _cases(estimate: Estimate) -> tuple[Robust | None, list[Case]]:
    """CR2 where there is a regression, and what the rules look at: CR2's degrees of freedom, whatever the method."""
    m = range(len(estimate.estimands))
    if estimate.regression is None:
        return None, [Case(estimate, i, _n_clusters(estimate, i) - 1.0) for i in m]
    of = blocks_of(*regression_of(estimate))
    robust, own = cr2_of(of), of.is_indispensable()
    return robust, [Case(estimate, i, float(robust.df[i]), of.cluster[own[:, i]]) for i in m]


def _found(estimate: Estimate, method: Method, rng: np.random.Generator | None, draws: int,
           n_absorbed: int | None) -> _Found:
    if estimate.regression is None and method in ("cr2", "wild"):
        return _nothing(estimate, "no_regression")
    of_cr1 = _cr1(estimate, n_absorbed)
    if method == "cr1":
        return _by_t(estimate, of_cr1)
    return (_wild if method == "wild" else _permutation)(estimate, of_cr1.se, rng, draws)


def _by_t(estimate: Estimate, robust: Robust) -> _Found:
    """Interval and p-value of t; a part that does not vary between clusters has se 0 and gets neither."""
    se, df, value = robust.se, robust.df, estimate.value
    half = np.array([se * stats.t.ppf((1 + level) / 2, df)[:, None] for level in LEVELS])
    p_value = 2 * stats.t.sf(np.abs(value) / np.where(se == 0, 1, se), df[:, None])
    return _Found(se, df, p_value, value - half, value + half, (None,) * len(value))


def _wild(estimate: Estimate, se: Floats, rng: np.random.Generator | None, draws: int) -> _Found:
    of = regression_of(estimate)
    found = wild_bootstrap(*of, levels=LEVELS, draws=draws, rng=rng)
    reason = tuple("few_clusters_for_wild" if n == 0 else None for n in found.n_draws)
    most = WEBB if rng is not None else ENUMERATED["webb"]
    few = np.flatnonzero((found.n_draws > 0) & (found.n_clusters <= most))
    webb = np.full(se.shape, np.nan)
    if len(few):
        webb[few] = wild_bootstrap(of[0], of[1][few], weights="webb", draws=draws, rng=rng).p_value
    return _Found(se, np.full(len(se), np.nan), found.p_value, found.ci_low, found.ci_high, reason, webb)


def _permutation(estimate: Estimate, se: Floats, rng: np.random.Generator | None, draws: int) -> _Found:
    try:
        exchange_of(estimate.design)
    except ValueError:
        return _nothing(estimate, "not_exchangeable")
    p_value, none = permutation_test(estimate, draws=draws, rng=rng).p_value, np.full((2, *se.shape), np.nan)
    reason = tuple("not_exchangeable" if without.all() else "test_only" for without in np.isnan(p_value))
    return _Found(se, np.full(len(se), np.nan), p_value, none, none, reason)


def _nothing(estimate: Estimate, reason: str) -> _Found:
    none = np.full(estimate.value.shape, np.nan)
    return _Found(none, none[:, 0], none, none[None], none[None], (reason,) * len(none))


def _cr1(estimate: Estimate, n_absorbed: int | None) -> Robust:
    if estimate.regression is not None:
        return cr1(*regression_of(estimate), n_absorbed=n_absorbed)
    influence: Influence | None = estimate.influence
    if influence is None:
        raise ValueError("this estimate has no influence by cluster")
    n = len(influence.cluster)
    se = np.sqrt((n / (n - 1) if n > 1 else np.nan) * (influence.of_cluster**2).sum(axis=0))
    return Robust(se, np.full(len(se), n - 1.0))


def _inference(found: _Found, case: Case, part: int, method: Method) -> Inference:
    i, estimate = case.i, case.estimate
    value, n_clusters = float(estimate.value[i, part]), _n_clusters(estimate, i)
    coverage = case.achieved[0].coverage if case.achieved else None
    reason = reason_of(case) or found.reason[i]
    if reason is not None and reason not in ("test_only", *BY_GATE):
        return Inference(value, n_clusters, no_interval=reason, coverage=coverage, method=method)
    se, df = float(found.se[i, part]), _known(found.df[i])
    if not se > 0:
        return Inference(value, n_clusters, no_interval="no_variation", coverage=coverage, method=method)
    statistic = value / se
    if reason in BY_GATE:
        return Inference(value, n_clusters, se, df, statistic, no_interval=reason, coverage=coverage, method=method)
    low, high = ([_known(x) for x in end[:, i, part]] for end in (found.low, found.high))
    if case.achieved and not case.achieved[1].is_allowed:
        low[1] = high[1] = None
    return Inference(
        value, n_clusters, se, df, statistic, method=method, ci_low=low[0], ci_high=high[0], ci80_low=low[1],
        ci80_high=high[1], p_value=_known(found.p_value[i, part]), no_interval=reason, coverage=coverage,
        p_value_webb=None if found.p_value_webb is None else _known(found.p_value_webb[i, part]))


def _known(x: float) -> float | None:
    return None if np.isnan(x) else float(x)


def _n_clusters(estimate: Estimate, i: int) -> int:
    both: Integers = np.union1d(estimate.program_clusters[i], estimate.comparison_clusters[i])
    return len(both)
