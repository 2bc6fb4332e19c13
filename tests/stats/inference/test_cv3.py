"""The delete-one-cluster jackknife by hand, against published numbers, and by what must hold."""

from dataclasses import replace

import numpy as np
import pytest

from evaluation.stats.aggregate import aggregate
from evaluation.stats.estimators.group_time_att import group_time_att
from evaluation.stats.inference.cr2 import cr1, cr2
from evaluation.stats.inference.cv3 import cv3, cv3_of_regression
from evaluation.stats.records import Influence
from evaluation.stats.regression import fit

NAN = np.nan


def test_a_mean_of_three_by_hand(mean_of):
    # 1, 2, 6: mean 3, without each 4, 3.5, 1.5; 2/3 × (1 + .25 + 2.25) = 7/3
    found = cv3_of_regression(mean_of(1, 2, 6), np.eye(1))
    assert found.se[0, 0] == pytest.approx(np.sqrt(7 / 3))
    assert found.df[0] == 2


def test_castle_doctrine_has_the_published_jackknife(castle):
    # clubSandwich 0.5.8 for the data; jackknife by own numpy, equal to pyfixest's CRV3 without small-sample factor
    estimate, expected = castle
    found = cv3(estimate)
    assert found.se[0, 0] == pytest.approx(expected["CV3_scaled"], abs=1e-9)
    assert found.se[0, 0] * np.sqrt(8 / 7) == pytest.approx(expected["CR3_jackknife_unscaled"], abs=1e-9)
    assert found.df[0] == 7


@pytest.mark.parametrize("seed", range(4))
def test_the_algebra_is_fitting_without_each_cluster(drawn, seed):
    r = drawn(seed)
    contrasts = np.vstack([np.eye(2, 4), [[1, -1, 0.5, 2]]])
    squares = np.zeros((3, 2))
    for g in range(9):
        rest = r.cluster != g
        left = fit(r.x[rest], r.y[rest], r.w[rest], r.cluster[rest]).coefficient
        squares += (contrasts @ (left - r.coefficient)) ** 2
    assert cv3_of_regression(r, contrasts).se == pytest.approx(np.sqrt(8 / 9 * squares), rel=1e-10)


def test_without_a_regression_the_estimator_runs_again(castle):
    estimate, _ = castle
    clusters = np.unique(estimate.design.cluster)
    bare = replace(estimate, regression=None, contrasts=None, influence=Influence(clusters, np.zeros((8, 1, 1))))
    assert cv3(bare).se == pytest.approx(cv3(estimate).se, rel=1e-9)
    assert cv3(bare).df == cv3(estimate).df


def test_what_one_cluster_alone_tells_has_no_cv3(design_of):
    design = design_of(np.random.default_rng(0).normal(size=(9, 5)), [3, 4, 4, 4] + [NAN] * 5)
    estimate = aggregate(group_time_att(design, comparison="never", base="universal"), "cohort")
    for found in (cv3(estimate), cv3(replace(estimate, regression=None, contrasts=None))):
        assert np.isnan(found.se[0, 0])
        assert found.se[1, 0] > 0


def test_an_estimator_that_refuses_without_a_cluster_has_no_cv3(castle):
    estimate, _ = castle

    def refuses(design):
        if 1 not in design.cluster:
            raise ValueError("nothing to compare with")
        return estimate.estimator(design)

    first = estimate.design.cluster.min()
    design = replace(estimate.design, cluster=estimate.design.cluster - first + 1)
    assert np.isnan(cv3(replace(estimate, design=design, estimator=refuses, regression=None, contrasts=None)).se).all()


def test_clusters_without_part_in_a_contrast_do_not_count(design_of):
    outcome = np.random.default_rng(3).normal(size=(16, 4))
    stratum = np.repeat([0, 1], 8)
    design = design_of(outcome, [3] * 4 + [NAN] * 4 + [4] * 4 + [NAN] * 4, stratum=stratum)
    estimate = aggregate(group_time_att(design, comparison="never", base="universal"), "cohort")
    assert cv3(estimate).df.tolist() == [7, 7]
    assert cr1(estimate.regression, estimate.contrasts).df.tolist() == [15, 15]


@pytest.mark.parametrize("seed", range(5))
def test_of_a_difference_of_means_cv3_is_above_cr2_and_cr2_above_uncorrected(seed):
    rng = np.random.default_rng(seed)
    cluster = np.arange(12)
    r = fit(np.column_stack([cluster < 5, cluster >= 5]).astype(float), rng.normal(size=(12, 3)),
            rng.uniform(1, 5, 12), cluster)
    contrast = np.array([[1.0, -1.0]])
    uncorrected = cr1(r, contrast).se / np.sqrt(12 / 11 * 11 / 10)
    jackknife = cv3_of_regression(r, contrast).se * np.sqrt(12 / 11)
    assert (uncorrected < cr2(r, contrast).se).all()
    assert (cr2(r, contrast).se < jackknife).all()


@pytest.mark.parametrize("seed", range(3))
def test_names_of_clusters_and_order_of_rows_do_not_matter_and_scale_scales(drawn, renamed, seed):
    r = drawn(seed)
    found = cv3_of_regression(r, np.eye(4))
    assert cv3_of_regression(renamed(r, seed), np.eye(4)).se == pytest.approx(found.se, rel=1e-10)
    larger = replace(r, residual=-7 * r.residual, coefficient=-7 * r.coefficient)
    assert cv3_of_regression(larger, np.eye(4)).se == pytest.approx(7 * found.se, rel=1e-12)
