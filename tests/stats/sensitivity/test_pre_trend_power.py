"""Power of pre-trend tests, and what passing them does: published numbers, closed forms, properties."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from evaluation.stats.sensitivity.event_study import EventStudy
from evaluation.stats.sensitivity.pre_trend_power import (
    detected_slope,
    joint_detected_scale,
    joint_detected_slope,
    joint_power,
    linear_departure,
    pre_trend_power,
)
from evaluation.stats.sensitivity.truncated import kept_in_box

Z = stats.norm.ppf(0.975)


def test_he_wang_has_the_numbers_of_the_pretrends_readme(he_wang, cases):
    expected = cases["pretrends_hewang"]
    for power, names in ((0.5, ("slope50", "slope50_rerun")), (0.8, ("slope80_rerun",))):
        for name in names:
            assert detected_slope(he_wang, power).slope == pytest.approx(expected[name], abs=0.0005)
    found = pre_trend_power(he_wang, linear_departure(he_wang, expected["slope50"]))
    assert found.power == pytest.approx(expected["power"], abs=0.0005)
    assert found.bayes_factor == pytest.approx(expected["bayes"], abs=0.0005)
    assert found.likelihood_ratio == pytest.approx(expected["lr"], abs=0.0005)


def one_pre(correlation=0.0):
    return EventStudy(np.array([0.4, 1.0]), np.array([[1.0, correlation], [correlation, 1.0]]), np.array([-2, 0]), 1)


def test_one_pre_period_has_the_power_of_a_normal_test():
    found = pre_trend_power(one_pre(), np.array([-1.0, 1.0]))
    assert found.size == pytest.approx(0.05, abs=1e-9)
    assert found.power == pytest.approx(stats.norm.sf(Z - 1) + stats.norm.cdf(-Z - 1), abs=1e-9)
    assert found.bayes_factor == pytest.approx((1 - found.power) / 0.95, abs=1e-9)
    # densities of 0.4 at mean −1 and at 0
    assert found.likelihood_ratio == pytest.approx(np.exp((0.4**2 - 1.4**2) / 2))
    assert joint_power(one_pre(), np.array([-1.0, 1.0]), None).power == pytest.approx(found.power, abs=1e-9)


def test_bias_given_that_one_correlated_pre_period_passed():
    found = pre_trend_power(one_pre(0.6), np.array([-1.0, 1.0]))
    kept = stats.truncnorm(-Z + 1, Z + 1, loc=-1)
    assert found.mean_if_passed == pytest.approx([kept.mean(), 1 + 0.6 * (kept.mean() + 1)], abs=1e-4)
    assert (found.bias, found.bias_if_passed) == (1.0, found.mean_if_passed[1])
    assert found.bias_if_passed > found.bias


def test_passing_changes_nothing_where_pre_and_post_are_independent():
    found = pre_trend_power(one_pre(), np.array([-1.0, 1.0]))
    assert found.bias_if_passed == pytest.approx(found.bias, abs=1e-12)


def test_without_a_departure_passing_carries_no_bias_and_no_evidence(random_study):
    study = random_study(2, n_pre=3, n_post=2)
    found = pre_trend_power(study, np.zeros(5), contrast=np.array([0.5, 0.5]))
    assert (found.power, found.bayes_factor, found.likelihood_ratio) == (found.size, 1.0, 1.0)
    assert found.mean_if_passed == pytest.approx(np.zeros(5), abs=2e-3)


@pytest.mark.parametrize("seed", range(5))
def test_probability_of_a_box_is_scipys(random_study, seed):
    study = random_study(seed, n_pre=2 + seed, n_post=1)
    covariance = study.covariance[:2 + seed, :2 + seed]
    mean = np.random.default_rng(seed).normal(size=2 + seed)
    half = Z * np.sqrt(np.diag(covariance))
    expected = stats.multivariate_normal(mean, covariance, seed=0).cdf(half, lower_limit=-half)
    assert kept_in_box(mean, covariance, half).probability == pytest.approx(expected, abs=1e-4)


def test_mean_in_a_box_is_that_of_the_marginal_densities(random_study):
    # Manjunath & Wilhelm (2021): mean = μ + Σ(f(−half) − f(half)), f_j the density of coordinate j in the kept part
    covariance, mean = random_study(7, n_pre=3, n_post=1).covariance[:3, :3], np.array([0.5, -0.3, 0.8])
    half = 1.2 * np.sqrt(np.diag(covariance))
    whole = stats.multivariate_normal.cdf(half, mean, covariance, lower_limit=-half, abseps=1e-8)
    pull = np.zeros(3)
    for j in range(3):
        rest = [i for i in range(3) if i != j]
        slope = covariance[rest, j] / covariance[j, j]
        left = covariance[np.ix_(rest, rest)] - np.outer(slope, covariance[j, rest])
        for side in (-1, 1):
            centre = mean[rest] + slope * (side * half[j] - mean[j])
            inside = stats.multivariate_normal.cdf(half[rest], centre, left, lower_limit=-half[rest])
            pull[j] -= side * stats.norm.pdf(side * half[j], mean[j], covariance[j, j] ** 0.5) * inside / whole
    assert kept_in_box(mean, covariance, half).mean == pytest.approx(mean + covariance @ pull, abs=5e-4)


def test_small_probabilities_keep_their_digits():
    found = kept_in_box(np.array([9.0, -8.0]), np.eye(2), np.array([1.0, 1.0]))
    expected = (stats.norm.sf(8) - stats.norm.sf(10)) * (stats.norm.sf(7) - stats.norm.sf(9))
    assert found.probability == pytest.approx(expected, rel=1e-3)
    kept = [stats.truncexpon(b=2 * 8.1).mean() / 8.1, stats.truncexpon(b=2 * 7.1).mean() / 7.1]
    assert found.mean == pytest.approx([1 - kept[0], -1 + kept[1]], abs=0.005)


@pytest.mark.parametrize("seed", range(4))
def test_a_slope_is_found_with_its_power_whatever_the_sign(random_study, seed):
    study = random_study(seed, n_pre=1 + seed, n_post=2, has_holes=True)
    for power in (0.5, 0.8):
        slope = detected_slope(study, power).slope
        assert slope > 0
        for sign in (-1, 1):
            found = pre_trend_power(study, linear_departure(study, sign * slope))
            assert found.power == pytest.approx(power, abs=1e-4)
        joint = joint_detected_slope(study, power, 9.0)
        assert joint_power(study, linear_departure(study, -joint.slope), 9.0).power == pytest.approx(power, abs=1e-7)


def test_a_slope_scales_with_the_unit_and_results_do_not_vary(random_study):
    study = random_study(1, n_pre=4, n_post=2)
    slope = detected_slope(study, 0.5).slope
    assert detected_slope(replace(study, covariance=9 * study.covariance), 0.5).slope == pytest.approx(3 * slope)
    assert detected_slope(study, 0.5).slope == slope


def test_joint_power_is_the_level_without_a_departure_and_grows_with_df(random_study):
    study = random_study(3, n_pre=3, n_post=2)
    departure = linear_departure(study, 0.6)
    power = [joint_power(study, departure, df2).power for df2 in (3.0, 8.0, 40.0, None)]
    assert np.all(np.diff(power) > 0)
    for df2 in (5.0, None):
        assert joint_power(study, 0 * departure, df2).power == pytest.approx(0.05, abs=1e-9)
    expected = stats.ncf.sf(stats.f.isf(0.05, 3, 8.0), 3, 8.0, joint_power(study, departure, 8.0).noncentrality)
    assert power[1] == pytest.approx(expected, rel=1e-9)


def test_with_few_clusters_less_is_found():
    few = replace(one_pre(), df=4.0)
    assert detected_slope(few, 0.5).slope > detected_slope(one_pre(), 0.5).slope
    assert pre_trend_power(few, np.zeros(2)).size < 0.05


def test_what_cannot_be_asked_is_refused_with_a_sentence(he_wang):
    with pytest.raises(ValueError, match="size of the test"):
        detected_slope(he_wang, 0.1)
    with pytest.raises(ValueError, match="size of the test"):
        joint_detected_slope(he_wang, 1.0, 10.0)
    for departure in (np.zeros(3), np.full(7, np.nan)):
        with pytest.raises(ValueError, match="one finite number per event time"):
            pre_trend_power(he_wang, departure)
        with pytest.raises(ValueError, match="one finite number per event time"):
            joint_power(he_wang, departure, None)


def test_the_joint_test_finds_a_scaled_departure_as_often_as_asked():
    covariance = np.array([[2.0, 0.5], [0.5, 1.0]])
    departure = np.array([-3.0, -1.2])
    scale = joint_detected_scale(covariance, departure, 0.8, 9.0)
    noncentrality = scale**2 * departure @ np.linalg.solve(covariance, departure)
    assert stats.ncf.sf(stats.f.isf(0.05, 2, 9.0), 2, 9.0, noncentrality) == pytest.approx(0.8, abs=1e-8)
    assert joint_detected_scale(4 * covariance, departure, 0.8, 9.0) == pytest.approx(2 * scale)
    assert joint_detected_scale(covariance, 2 * departure, 0.8, 9.0) == pytest.approx(scale / 2)
