"""Least squares on dummies, and what their codes are."""

import numpy as np
import pytest

from evaluation.stats.regression import combinations, dummies, fit, fit_means


def test_combinations_are_counted_in_the_order_of_their_codes():
    a, b = np.array([5, 2, 5, 2, 5]), np.array([0, 9, 0, 1, -3])
    first, of = combinations(a, b)
    assert [(a[i], b[i]) for i in first] == [(2, 1), (2, 9), (5, -3), (5, 0)]
    assert of.tolist() == [3, 1, 3, 0, 2]
    assert dummies(a, b).argmax(axis=1).tolist() == of.tolist()


def test_no_rows_have_no_combinations():
    first, of = combinations(np.empty(0, dtype=int), np.empty(0, dtype=int))
    assert len(first) == len(of) == 0


@pytest.mark.parametrize("seed", range(3))
def test_means_are_least_squares_on_their_dummies(seed):
    rng = np.random.default_rng(seed)
    column = np.concatenate([np.arange(5), rng.integers(0, 5, 40)])
    y, w, cluster = rng.normal(size=(45, 2)), rng.uniform(1, 9, 45), rng.integers(0, 7, 45)
    means, squares = fit_means(column, y, w, cluster, n_obs=60), fit(np.eye(5)[column], y, w, cluster, n_obs=60)
    for name in ("x", "w", "cluster", "residual", "coefficient"):
        assert getattr(means, name) == pytest.approx(getattr(squares, name), abs=1e-12)
    assert (means.n_obs, means.n_absorbed) == (60, 0)
