"""CV3: the jackknife that leaves out one cluster at a time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evaluation.stats.inference.blocks import blocks_of
from evaluation.stats.inference.cr2 import Robust
from evaluation.stats.records import Booleans, Estimate, Floats, Integers, Regression


@dataclass(frozen=True)
class Jackknife(Robust):
    """se (m, K), NaN where there is none, df (m,), and m arrays of clusters without which there is no estimate."""

    indispensable: tuple[Integers, ...]


def cv3(estimate: Estimate) -> Jackknife:
    """CV3 standard errors of an estimate: se² = (G − 1)/G · Σ_g (b_(g) − b)², df = G − 1.

    b_(g) is the estimate without cluster g, b that with all (MacKinnon, Nielsen & Webb 2023; other programs centre on
    the mean of the b_(g), or leave (G − 1)/G out). G counts the clusters the estimand depends on. With a regression its
    contrasts stay fixed; without one the estimator runs again without each cluster. An estimand that cannot be
    estimated without some cluster has no CV3: se is NaN.
    """
    if estimate.regression is not None and estimate.contrasts is not None:
        return cv3_of_regression(estimate.regression, estimate.contrasts)
    return _cv3_by_refit(estimate)


def cv3_of_regression(regression: Regression, contrasts: Floats) -> Jackknife:
    """CV3 of contrasts (m, k), all parts at once and nothing fitted again.

    With M = I the equations (A − A_g)b_(g) = X'Wy − X_g'Wy_g give b_(g) − b = −(I − A_g)⁻¹s_g.
    """
    of = blocks_of(regression, contrasts)
    inverse = np.where(of.is_free, 1 / np.where(of.is_free, 1 - of.eigenvalue, 1), 0)
    change = of.scores(inverse)
    change[of.is_indispensable()] = np.nan
    return _jackknife(of.cluster, change, of.has_part().sum(axis=0))


def _cv3_by_refit(estimate: Estimate) -> Jackknife:
    design = estimate.design
    clusters = np.unique(design.cluster)
    change = np.full((len(clusters), *estimate.value.shape), np.nan)
    for i, cluster in enumerate(clusters):
        try:
            rest = estimate.estimator(design.subset(design.cluster != cluster))
        except ValueError:  # the estimator's way to say that nothing can be estimated there
            continue
        at = {estimand: j for j, estimand in enumerate(rest.estimands)}
        for j, estimand in enumerate(estimate.estimands):
            if estimand in at:
                change[i, j] = rest.value[at[estimand]] - estimate.value[j]
    behind = zip(estimate.program_clusters, estimate.comparison_clusters, strict=True)
    return _jackknife(clusters, change, np.array([len(np.union1d(*both)) for both in behind]))


def _jackknife(cluster: Integers, change: Floats, n_clusters: Integers) -> Jackknife:
    """From changes (G, m, K), NaN where there is no estimate, and the number of clusters (m,) behind each estimand."""
    n = np.maximum(n_clusters, 1).astype(np.float64)
    se = np.sqrt(((n - 1) / n)[:, None] * (change**2).sum(axis=0))
    missing: Booleans = np.asarray(np.isnan(change).any(axis=2))
    return Jackknife(se, n - 1, tuple(cluster[missing[:, i]] for i in range(len(n))))
