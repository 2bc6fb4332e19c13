"""Placebo inference for one or two program clusters: what the same estimator finds where nothing happened."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from evaluation.stats.inference.placebo_assignments import Donors, assignments, reassigned, sites_of
from evaluation.stats.records import Estimand, Estimate, Floats, Inference

RankBy = Literal["effect", "rmspe_ratio"]
TIE = 1 - 1e-10
"""Statistics this close count as equal, as in the wild bootstrap: rounding never makes a p-value smaller."""
ALPHA, ALPHA80 = 0.05, 0.2
PERFECT = 1e-9
"""A misfit smaller than this share of the outcome's standard deviation is rounding; ratios are taken to it."""
UNBOUNDED = 1e3
"""An interval that reaches this many standard deviations of the outcome comes of a perfect fit: it has no bound."""


@dataclass(frozen=True)
class Placebo:
    """What reassigning the program to comparison clusters says of one estimand in one part.

    Attributes
    ----------
    inference : Inference
        Value, p and, where there are enough placebos, interval; no se and no df.
    statistic : of the program's clusters, never negative; large speaks against no effect
    placebo_statistic, placebo_value : (R,)  of each reassignment in which the estimand can be estimated
    smallest_p : the smallest p-value that R placebos allow, 1 / (1 + R)
    placebo_se : float or None
        Standard deviation of the R placebo values (Arkhangelsky et al. 2021, algorithm 4), of placebos without the
        program; right only if all clusters are equally noisy, so it makes no interval and no p-value.
    is_enumerated : every reassignment was tried, not a random sample
    """

    inference: Inference
    statistic: float
    placebo_statistic: Floats
    placebo_value: Floats
    smallest_p: float
    placebo_se: float | None
    is_enumerated: bool


@dataclass(frozen=True)
class _Measure:
    """(m, K): were every effect smaller by τ, the statistic would be √((centre − τ)² + spread) / scale."""

    value: Floats
    centre: Floats
    spread: Floats
    scale: Floats

    @property
    def statistic(self) -> Floats:
        return np.asarray(np.sqrt(self.centre**2 + self.spread) / self.scale)


def placebo(
    estimate: Estimate, rng: np.random.Generator, *, rank_by: RankBy, donors: Donors = "all", draws: int = 999
) -> tuple[tuple[Placebo, ...], ...]:
    """Test m estimands in K parts, [m][K], by giving the program to comparison clusters instead.

    Each placebo gives the program's cohorts to as many other clusters that have units in the same strata, and estimates
    anew. p = share of statistics at least as large, the observed one included.

    Parameters
    ----------
    estimate : of one or two program clusters, each with one cohort
    rng : samples reassignments without replacement, where there are more than `draws`
    rank_by : `effect`: absolute value (synthetic DiD). `rmspe_ratio` (synthetic control; Abadie, Diamond & Hainmueller
        2010): root mean square of the effects in the program, for `overall`, or the absolute value, divided by the root
        mean square of those before it, so that a cluster that was never matched proves nothing.
    donors : `all`: placebos may draw on the program's clusters, as those draw on them. The test is then exact where
        there is no effect and clusters are exchangeable, and gives a p-value only. `comparison`: the program's clusters
        are taken out, as in Arkhangelsky et al.; placebos do not depend on the effect, so there is an interval and a
        standard error, but they have fewer donors than the program: with 8 clusters, up to 17 % instead of 12.5 % have
        the smallest p-value.

    Returns
    -------
    tuple
        The interval inverts the test: all effects, constant over time, with p > 5 % (and 20 %). `no_interval` says why
        there is none: `placebo` (donors are `all`), `few_placebos` (19 are needed), `no_constant_effect` (every
        one is rejected), `unbounded` (a placebo was fitted perfectly, and no effect is large beside that).

    Raises
    ------
    ValueError
        No program cluster or more than two; a program cluster with several cohorts; no effects before the program to
        rank by.

    Notes
    -----
    Nothing was randomized: that clusters are exchangeable is an assumption. R's synthdid and diff-diff make a normal
    interval of `placebo_se`, which takes all clusters for equally noisy.
    """
    sites = sites_of(estimate)
    every = list(assignments(estimate.design, sites, donors))
    is_enumerated = len(every) <= draws
    if not is_enumerated:
        every = [every[i] for i in rng.choice(len(every), draws, replace=False)]
    observed = _measure(estimate.estimator(estimate.design), estimate.estimands, rank_by)
    found = [_measure(estimate.estimator(reassigned(estimate.design, sites, chosen, donors)), estimate.estimands,
                      rank_by) for chosen in every]
    shape = (len(found), *estimate.value.shape)
    drawn = _Drawn(np.array([f.statistic for f in found]).reshape(shape),
                   np.array([f.value for f in found]).reshape(shape), donors, is_enumerated)
    return tuple(tuple(_placebo(estimate, observed, drawn, (i, k)) for k in range(len(estimate.parts)))
                 for i in range(len(estimate.estimands)))


@dataclass(frozen=True)
class _Drawn:
    """(R, m, K) twice, and how they were made."""

    statistic: Floats
    value: Floats
    donors: Donors
    is_enumerated: bool


def _measure(estimate: Estimate, wanted: tuple[Estimand, ...], rank_by: RankBy) -> _Measure:
    """Measure the wanted estimands; NaN where the estimate has no such estimand."""
    row = {estimand: i for i, estimand in enumerate(estimate.estimands)}
    padded = np.vstack([estimate.value, np.full((1, len(estimate.parts)), np.nan)])
    value = padded[[row.get(estimand, -1) for estimand in wanted]]
    centre, spread, scale = value, np.zeros_like(value), np.ones_like(value)
    if rank_by == "rmspe_ratio" and estimate.estimands:
        before, after = _paths(estimate)
        scale = scale * np.maximum(np.sqrt((before**2).mean(axis=0)), PERFECT * _deviation(estimate))
        is_overall = np.array([e.kind == "overall" for e in wanted])[:, None]
        centre = np.where(is_overall, after.mean(axis=0), value)
        spread = np.where(is_overall, after.var(axis=0), spread)
    return _Measure(value, centre, spread, scale)


def _paths(estimate: Estimate) -> tuple[Floats, Floats]:
    """Effects by distance to the start, before and from it on."""
    time = np.array([np.nan if e.event_time is None else e.event_time for e in estimate.estimands])
    if not (time < 0).any() or not (time >= 0).any():
        raise ValueError("the ratio of fits needs effects before and in the program by distance to the start, and this "
                         "estimator has none: rank by effect")
    return estimate.value[time < 0], estimate.value[time >= 0]


def _deviation(estimate: Estimate) -> Floats:
    """(K,): standard deviation of the outcome over all cells; 1 where it is constant."""
    found = np.nanstd(estimate.design.outcome, axis=(0, 1))
    return np.where(found > 0, found, 1.0)


def _placebo(estimate: Estimate, observed: _Measure, drawn: _Drawn, at: tuple[int, int]) -> Placebo:
    statistic, value = drawn.statistic[:, *at], drawn.value[:, *at]
    statistic, value = statistic[~np.isnan(statistic)], value[~np.isnan(statistic)]
    return Placebo(
        inference=_inference(estimate, observed, at, statistic, drawn.donors),
        statistic=float(observed.statistic[at]),
        placebo_statistic=statistic,
        placebo_value=value,
        smallest_p=1 / (len(statistic) + 1),
        placebo_se=float(value.std()) if drawn.donors == "comparison" and len(value) > 1 else None,
        is_enumerated=drawn.is_enumerated,
    )


def _inference(estimate: Estimate, observed: _Measure, at: tuple[int, int], statistic: Floats,
               donors: Donors) -> Inference:
    i, k = at
    value, total = float(observed.value[at]), len(statistic) + 1
    n_clusters = len(np.union1d(estimate.program_clusters[i], estimate.comparison_clusters[i]))
    p_value = (1 + int((statistic >= observed.statistic[at] * TIE).sum())) / total if total > 1 else None
    if donors == "all":
        return Inference(value, n_clusters, p_value=p_value, method="placebo", no_interval="placebo")
    if _rank(total, ALPHA) == 0:
        return Inference(value, n_clusters, p_value=p_value, method="placebo", no_interval="few_placebos")
    half, half80 = (_half_width(observed, at, statistic, alpha) for alpha in (ALPHA, ALPHA80))
    if half is not None and half > UNBOUNDED * _deviation(estimate)[k]:
        return Inference(value, n_clusters, p_value=p_value, method="placebo", no_interval="unbounded")
    if half is None or half80 is None:
        return Inference(value, n_clusters, p_value=p_value, method="placebo", no_interval="no_constant_effect")
    centre = float(observed.centre[at])
    return Inference(value, n_clusters, p_value=p_value, method="placebo", ci_low=centre - half, ci_high=centre + half,
                     ci80_low=centre - half80, ci80_high=centre + half80)


def _rank(total: int, alpha: float) -> int:
    """An effect is kept when its statistic is at most the placebos' k-th largest; with k = 0 every one is kept."""
    return int(alpha * total + 1e-9)


def _half_width(observed: _Measure, at: tuple[int, int], statistic: Floats, alpha: float) -> float | None:
    """Distance to the centre of the τ with √((centre − τ)² + spread) / scale = the k-th largest placebo."""
    reach = float(np.sort(statistic)[-_rank(len(statistic) + 1, alpha)] * observed.scale[at])
    inside = reach**2 - float(observed.spread[at])
    return inside**0.5 if inside >= 0 else None
