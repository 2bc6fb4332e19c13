"""Clusters of a regression as every cluster-robust method reads them."""

import tracemalloc

import numpy as np
import pytest

from evaluation.stats.inference.blocks import blocks_of
from evaluation.stats.inference.cr2 import covariance, cr1, cr2
from evaluation.stats.inference.cv3 import cv3_of_regression
from evaluation.stats.inference.wild import wild_bootstrap
from evaluation.stats.regression import fit, fit_means


def regression_of(seed, *, is_saturated, clusters=9):
    rng = np.random.default_rng(seed)
    n = 6 * clusters
    cluster = 10 * np.concatenate([np.arange(clusters), rng.integers(0, clusters, n - clusters)])
    x = np.eye(4)[rng.integers(0, 4, n)] if is_saturated else rng.normal(size=(n, 4))
    return fit(x, rng.normal(size=(n, 2)), rng.uniform(1, 9, n), cluster)


@pytest.mark.parametrize("is_saturated", [True, False])
@pytest.mark.parametrize("seed", range(3))
def test_directions_make_up_the_products_and_scores_of_each_cluster(seed, is_saturated):
    r = regression_of(seed, is_saturated=is_saturated)
    of = blocks_of(r, np.eye(4))
    assert of.cluster.tolist() == sorted(set(r.cluster))
    own = of.contrast @ of.contrast.T  # with identity contrasts c c' is (X'WX)⁻¹
    assert own == pytest.approx(np.linalg.inv(r.x.T @ (r.w[:, None] * r.x)), rel=1e-10)
    for g, (first, last) in enumerate(zip(of.start[:-1], of.start[1:], strict=True)):
        mine, v = r.cluster == of.cluster[g], of.eigenvector[first:last]
        turned = own @ (r.x[mine] * r.w[mine, None]).T
        assert v @ v.T == pytest.approx(np.eye(last - first), abs=1e-12)
        assert of.contrast @ v.T * of.eigenvalue[first:last] @ v @ of.contrast.T == pytest.approx(
            turned @ r.x[mine] @ own, abs=1e-12)
        assert of.contrast @ v.T @ of.score[first:last] == pytest.approx(turned @ r.residual[mine], abs=1e-12)


def test_rows_that_no_regressor_speaks_of_count_as_a_cluster_and_add_nothing():
    x, y, cluster = np.array([[1.0], [2], [3], [0]]), np.array([[1.0], [3], [2], [7]]), np.array([0, 1, 2, 5])
    of = blocks_of(fit(x, y, np.ones(4), cluster), np.eye(1))
    assert of.cluster.tolist() == [0, 1, 2, 5]
    assert of.has_part()[:, 0].tolist() == [True, True, True, False]
    assert of.image(0)[3].tolist() == [0]


@pytest.mark.parametrize("is_saturated", [True, False])
def test_no_contrasts_have_no_uncertainty_and_no_clusters(is_saturated):
    r, none = regression_of(0, is_saturated=is_saturated), np.empty((0, 4))
    of = blocks_of(r, none)
    assert of.has_part().shape == of.is_indispensable().shape == (9, 0)
    assert cr2(r, none).se.shape == cr1(r, none).se.shape == cv3_of_regression(r, none).se.shape == (0, 2)
    assert covariance(r, none).matrix.shape == (2, 0, 0)
    assert wild_bootstrap(r, none).p_value.shape == (0, 2)


def test_a_regression_of_nothing_has_no_blocks():
    nothing = fit_means(np.empty(0, dtype=int), np.empty((0, 2)), np.empty(0), np.empty(0, dtype=int), n_obs=0)
    of = blocks_of(nothing, np.empty((0, 0)))
    assert of.has_part().shape == of.is_indispensable().shape == (0, 0)
    assert of.scores(np.empty(0)).shape == (0, 0, 2)


def test_four_thousand_clusters_take_no_matrix_of_all_their_pairs():
    rng = np.random.default_rng(0)
    column, cluster = np.arange(24_000) % 6, np.arange(24_000) // 6
    r = fit(np.eye(6)[column], rng.normal(size=(24_000, 1)), np.ones(24_000), cluster)
    tracemalloc.start()
    df = cr2(r, np.eye(6)).df
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert df == pytest.approx(3999, rel=1e-9)  # each a mean over 4,000 clusters of one row
    assert peak < 8 * 4000**2 / 4
