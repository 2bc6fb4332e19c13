"""How alike students of a cluster are, from the clusters' means and spreads."""

from __future__ import annotations

import numpy as np

from evaluation.stats.records import Floats, Integers


def intraclass_correlation(n: Floats, mean: Floats, squares: Floats, sample: Integers) -> float | None:
    """Return the intraclass correlation, by one-way analysis of variance within samples; 0 where it would be negative.

    ρ = (B − W) / (B + (n₀ − 1)W), B and W the mean squares between and within the clusters of a sample, pooled over
    samples, and n₀ = Σ (N − Σn²/N) / Σ (clusters − 1), the size that clusters of unequal size count as.

    Parameters
    ----------
    n, mean, squares : (J,)
        Students of each cluster in a sample, their mean, and the sum of their squared deviations from it.
    sample : (J,)
        Integer codes 0, 1, …: clusters are compared within a group, condition and period.

    Returns
    -------
    float or None
        None where no sample has two clusters, or no cluster two students, or nobody differs.

    Notes
    -----
    Source: Fisher (1925); Donner & Koval (1980). Programs that fit a mixed model give a slightly other number with
    clusters of unequal size.
    """
    total, clusters = np.bincount(sample, n), np.bincount(sample)
    has = total > 0
    between_df, within_df = float((clusters[has] - 1).sum()), float(n.sum() - len(n))
    if between_df <= 0 or within_df <= 0:
        return None
    of_sample = np.bincount(sample, n * mean) / np.where(has, total, 1)
    between = float((n * (mean - of_sample[sample]) ** 2).sum()) / between_df
    within = float(squares.sum()) / within_df
    size = float((total[has] - (np.bincount(sample, n**2)[has] / total[has])).sum()) / between_df
    whole = between + (size - 1) * within
    return max((between - within) / whole, 0.0) if whole > 0 else None
