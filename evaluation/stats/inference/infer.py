"""Intervals and p-values, and the rule that withholds them."""

from __future__ import annotations

from typing import Literal

import numpy as np
from scipy import stats

from evaluation.stats.inference.cr2 import Robust, cr1, cr2
from evaluation.stats.records import Estimate, Inference
from evaluation.stats.regression import regression_of

Method = Literal["cr2", "cr1"]
MIN_CLUSTERS = 3
"""Program clusters, and comparison clusters, an interval needs."""
MIN_DF = 4 - 1e-9
"""Three clusters against three have exactly 4, up to rounding."""


def infer(estimate: Estimate, *, method: Method = "cr2",
          n_absorbed: int | None = None) -> tuple[tuple[Inference, ...], ...]:
    """Give the uncertainty of m estimands in K parts, [m][K].

    `cr2` has Satterthwaite degrees of freedom. `cr1` with df G − 1 only reproduces published tables: standard error and
    df, but no interval and no p-value (`reproduction`); `n_absorbed` coefficients beside the regressors count in its K.
    No standard error, interval or p-value at all where clusters are too few (`no_interval` says why): coverage of
    intervals that count a lone cluster falls to 45–84 %.
    """
    r, contrasts = regression_of(estimate)
    robust = cr2(r, contrasts) if method == "cr2" else cr1(r, contrasts, n_absorbed=n_absorbed)
    return tuple(
        tuple(_inference(estimate, robust, (i, part), method) for part in range(len(estimate.parts)))
        for i in range(len(estimate.estimands))
    )


def _inference(estimate: Estimate, robust: Robust, at: tuple[int, int], method: Method) -> Inference:
    i, value, se, df = at[0], float(estimate.value[at]), float(robust.se[at]), float(robust.df[at[0]])
    n_clusters = len(np.union1d(estimate.program_clusters[i], estimate.comparison_clusters[i]))
    reason = no_interval(estimate, i, df)
    if reason is not None:
        return Inference(value, n_clusters, no_interval=reason)
    statistic = value / se if se > 0 else None
    if method == "cr1":
        return Inference(value, n_clusters, se, df, statistic, no_interval="reproduction")
    half, half80 = (se * float(stats.t.ppf(q, df)) for q in (0.975, 0.9))
    return Inference(value, n_clusters, se, df, statistic, ci_low=value - half, ci_high=value + half,
                     ci80_low=value - half80, ci80_high=value + half80, p_value=_p_value(value, se, df))


def _p_value(value: float, se: float, df: float) -> float:
    """Two-sided; a residual-free fit has se 0."""
    if se == 0:
        return float(value == 0)
    return float(2 * stats.t.sf(abs(value) / se, df))


def no_interval(estimate: Estimate, i: int, df: float) -> str | None:
    """Say why estimand i may have no interval, or None; the first reason that holds, in the order of the data."""
    rules = {
        "lone_cohort_cluster": estimate.lone_program[i],
        "lone_comparison_cluster": estimate.lone_comparison[i],
        "few_program_clusters": len(estimate.program_clusters[i]) < MIN_CLUSTERS,
        "few_comparison_clusters": len(estimate.comparison_clusters[i]) < MIN_CLUSTERS,
        "low_df": not df >= MIN_DF,
    }
    return next((reason for reason, holds in rules.items() if holds), None)
