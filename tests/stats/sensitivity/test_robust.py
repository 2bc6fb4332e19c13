"""Robust sets and breakdown values: published numbers, hand cases, properties."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from evaluation.stats.sensitivity.event_study import EventStudy
from evaluation.stats.sensitivity.robust import breakdown, robust_set

Z = stats.norm.ppf(0.975)
KINDS = [("relative_magnitude", "c_lf"), ("relative_magnitude", "conditional"), ("smoothness", "c_lf"),
         ("smoothness", "conditional"), ("smoothness", "flci"), ("relative_smoothness", "c_lf")]


def ends(found):
    return np.array([found.ci_low, found.ci_high])


def two_point(sd=1.0, pre=0.5, post=2.0):
    """One pre and one post period, independent."""
    return EventStudy(np.array([pre, post]), sd**2 * np.eye(2), np.array([-2, 0]), 1)


@pytest.mark.parametrize("m", ["0.5", "1", "1.5", "2"])
def test_medicaid_relative_magnitudes_are_those_of_the_honestdid_readme(medicaid, cases, m):
    found = robust_set(medicaid, "relative_magnitude", float(m))
    assert found.method == "c_lf"
    assert ends(found) == pytest.approx(cases["honest_medicaid"]["RM"][m], abs=0.0006)


@pytest.mark.parametrize("m", ["0", "0.01", "0.02", "0.03", "0.04", "0.05"])
def test_medicaid_smoothness_is_that_of_the_honestdid_readme(medicaid, cases, m):
    found = robust_set(medicaid, "smoothness", float(m))
    assert found.method == "flci"
    assert ends(found) == pytest.approx(cases["honest_medicaid"]["SD"][m], abs=0.0006)


def test_medicaid_breaks_down_where_the_readme_says(medicaid):
    assert breakdown(medicaid, "relative_magnitude").value == pytest.approx(1.95, abs=0.1)
    assert 0.02 < breakdown(medicaid, "smoothness").value < 0.03


def test_a_naive_interval_is_not_what_is_given(medicaid, cases):
    # diff-diff 3.13 widens the identified set by ±z·se: [.01127, .08163] at M̄ = 2, far inside the right set
    found = robust_set(medicaid, "relative_magnitude", 2.0)
    assert found.ci_low < 0.0 < 0.01127
    assert found.ci_high > 0.08163 + 0.006


@pytest.mark.parametrize(("m", "low", "high"), [
    (0.0, 0.0371224, 0.0747049), (0.01, 0.0119570, 0.1024477),
    (0.02, -0.0087946, 0.1254666), (0.05, -0.0687946, 0.1854667),
])
def test_the_mean_of_both_years_has_the_fixed_length_interval_of_moderndid(medicaid, m, low, high):
    # computed with moderndid 0.2.0, create_sensitivity_results_sm(method="FLCI", l_vec=[.5, .5])
    found = robust_set(medicaid, "smoothness", m, contrast=np.array([0.5, 0.5]))
    assert ends(found) == pytest.approx([low, high], abs=2e-5)


@pytest.mark.parametrize(("kind", "m", "contrast", "low", "high"), [
    ("relative_magnitude", 1.0, [0.5, 0.5], 0.019732, 0.089967), ("smoothness", 0.01, [1.0, 0.0], 0.011204, 0.082441),
    ("relative_smoothness", 0.5, [1.0, 0.0], 0.011204, 0.081438),
])
def test_hybrid_sets_are_those_of_moderndid_up_to_its_grid(medicaid, kind, m, contrast, low, high):
    # moderndid 0.2.0, C-LF, 300 points on [−.05, .1] (steps of .0005), its first stage from 1,000 simulated draws
    found = robust_set(medicaid, kind, m, contrast=np.array(contrast), method="c_lf")
    assert ends(found) == pytest.approx([low, high], abs=0.0007)


@pytest.mark.parametrize("method", ["c_lf", "conditional"])
def test_without_departure_relative_magnitudes_give_the_plain_interval(random_study, method):
    for seed in range(10):
        study = random_study(seed)
        contrast = np.random.default_rng(seed).normal(size=study.n_post)
        post = slice(study.n_pre, None)
        value, se = contrast @ study.value[post], np.sqrt(contrast @ study.covariance[post, post] @ contrast)
        found = robust_set(study, "relative_magnitude", 0.0, contrast=contrast, method=method)
        assert ends(found) == pytest.approx([value - Z * se, value + Z * se], abs=1e-7)
        assert found.identified_low == pytest.approx(value)
        assert found.identified_high == pytest.approx(value)


@pytest.mark.parametrize("method", ["c_lf", "conditional", "flci"])
def test_smoothness_zero_extends_the_line_through_the_last_two_points(method):
    # post 2 and pre 0.5 of variance 1: the line predicts −0.5, the effect is 2.5 ± z √2
    found = robust_set(two_point(), "smoothness", 0.0, method=method)
    assert ends(found) == pytest.approx([2.5 - Z * 2**0.5, 2.5 + Z * 2**0.5], abs=1e-7)
    assert found.identified_low == pytest.approx(2.5)


def test_fixed_length_at_zero_subtracts_the_generalized_least_squares_line(random_study):
    for seed in range(10):
        study = random_study(seed, has_holes=True)
        m, time = len(study.value), study.since_base
        # regress all estimates on the line and one dummy per post period
        x = np.column_stack([time, np.eye(m)[:, study.n_pre:]])
        weight = np.linalg.inv(study.covariance)
        variance = np.linalg.inv(x.T @ weight @ x)
        value, se = (variance @ x.T @ weight @ study.value)[1], np.sqrt(variance[1, 1])
        found = robust_set(study, "smoothness", 0.0)
        assert ends(found) == pytest.approx([value - Z * se, value + Z * se], abs=1e-7)


def test_fixed_length_of_one_pre_and_one_post_period_is_known():
    # bias at most M = 0.7, sd √2; cv solves Φ(cv − t) − Φ(−cv − t) = .95 with t = .7/√2
    sd = 2**0.5
    cv = stats.foldnorm.ppf(0.95, 0.7 / sd)
    found = robust_set(two_point(), "smoothness", 0.7)
    assert ends(found) == pytest.approx([2.5 - cv * sd, 2.5 + cv * sd], abs=1e-7)


def test_identified_sets_by_hand():
    study = EventStudy(np.array([1.0, 3.0, 5.0, 6.0]), np.eye(4), np.array([-3, -2, 0, 1]), 2)
    # pre changes 2 and −3: the largest is 3; the second effect can be off by two of them
    found = robust_set(study, "relative_magnitude", 0.5, contrast=np.array([0.0, 1.0]))
    assert (found.identified_low, found.identified_high) == pytest.approx((6 - 3, 6 + 3))
    # the line of slope −3 predicts −3 and −6; M = 1 bends it by 1 at the first and 2 + 1 at the second
    found = robust_set(study, "smoothness", 1.0)
    assert (found.identified_low, found.identified_high) == pytest.approx((8 - 1, 8 + 1))
    found = robust_set(study, "smoothness", 1.0, contrast=np.array([0.0, 1.0]))
    assert (found.identified_low, found.identified_high) == pytest.approx((12 - 3, 12 + 3))
    # the only pre change of slope is −5
    found = robust_set(study, "relative_smoothness", 0.2)
    assert (found.identified_low, found.identified_high) == pytest.approx((8 - 1, 8 + 1))


def test_a_straight_pre_trend_is_no_effect_under_smoothness_zero(random_study):
    for seed in range(10):
        study = random_study(seed, has_holes=True)
        trend = replace(study, value=0.8 * study.since_base)
        for method in ("flci", "c_lf", "conditional"):
            found = robust_set(trend, "smoothness", 0.0, method=method)
            assert found.ci_low < 0 < found.ci_high
            assert found.ci_low + found.ci_high == pytest.approx(0, abs=1e-7)


@pytest.mark.parametrize(("kind", "method"), KINDS)
@pytest.mark.parametrize("seed", range(6))
def test_an_effect_moves_the_set_and_units_scale_it(random_study, kind, method, seed):
    study = random_study(seed, n_pre=3, has_holes=True)
    rng = np.random.default_rng(seed)
    contrast, effect = rng.normal(size=(2, study.n_post))
    unit = 7.0 if kind == "smoothness" else 1.0
    of = {"contrast": contrast, "method": method}
    found = ends(robust_set(study, kind, 0.6, **of))
    moved = replace(study, value=study.value + np.concatenate([np.zeros(3), effect]))
    assert ends(robust_set(moved, kind, 0.6, **of)) == pytest.approx(found + contrast @ effect, abs=1e-6)
    scaled = replace(study, value=7 * study.value, covariance=49 * study.covariance)
    assert ends(robust_set(scaled, kind, 0.6 * unit, **of)) == pytest.approx(7 * found, abs=1e-6)
    turned = replace(study, value=-study.value)
    assert ends(robust_set(turned, kind, 0.6, **of)) == pytest.approx(-found[::-1], abs=1e-6)
    later = replace(study, event_time=study.event_time + 5, base=study.base + 5)
    assert ends(robust_set(later, kind, 0.6, **of)) == pytest.approx(found, abs=1e-9)


@pytest.mark.parametrize("method", ["flci", "c_lf"])
def test_a_line_added_to_all_estimates_changes_nothing_under_smoothness(random_study, method):
    study = random_study(3, n_pre=4, n_post=3, has_holes=True)
    tilted = replace(study, value=study.value + 2.5 * study.since_base)
    assert ends(robust_set(tilted, "smoothness", 0.4, method=method)) == pytest.approx(
        ends(robust_set(study, "smoothness", 0.4, method=method)), abs=1e-6)


@pytest.mark.parametrize(("kind", "method"), [k for k in KINDS if k[1] != "flci"])
def test_conditional_sets_are_nested_and_hold_the_identified_set(random_study, kind, method):
    for seed in range(12):
        study = random_study(seed, n_pre=2 + seed % 4)
        sets = [robust_set(study, kind, m, method=method) for m in (0, 0.1, 0.25, 0.5, 1, 2, 4)]
        low, high = np.array([ends(found) for found in sets]).T
        assert np.all(np.diff(low) <= 1e-7)
        assert np.all(np.diff(high) >= -1e-7)
        assert all(f.ci_low <= f.identified_low and f.identified_high <= f.ci_high for f in sets)


def test_fixed_length_intervals_grow(random_study):
    for seed in range(12):
        study = random_study(seed)
        length = [np.diff(ends(robust_set(study, "smoothness", m)))[0] for m in (0, 0.1, 0.25, 0.5, 1, 2, 4)]
        assert np.all(np.diff(length) > 0)


@pytest.mark.parametrize(("kind", "method"), KINDS)
def test_zero_lies_on_the_edge_at_the_breakdown_value(medicaid, kind, method):
    found = breakdown(medicaid, kind, method=method)
    assert robust_set(medicaid, kind, 0.99 * found.value, method=method).ci_low > 0
    assert robust_set(medicaid, kind, found.value, method=method).ci_low == pytest.approx(0, abs=1e-6)
    assert robust_set(medicaid, kind, 1.01 * found.value, method=method).ci_low < 0


def test_breakdown_does_not_depend_on_sign_or_unit(medicaid):
    other = replace(medicaid, value=-100 * medicaid.value, covariance=1e4 * medicaid.covariance)
    of = breakdown(medicaid, "relative_magnitude").value, breakdown(medicaid, "smoothness").value
    assert breakdown(other, "relative_magnitude").value == pytest.approx(of[0], rel=1e-6)
    assert breakdown(other, "smoothness").value == pytest.approx(100 * of[1], rel=1e-6)
    tiny = replace(medicaid, value=1e-9 * medicaid.value, covariance=1e-18 * medicaid.covariance)
    assert breakdown(tiny, "smoothness").value == pytest.approx(1e-9 * of[1], rel=1e-6)


def test_a_breakdown_value_counts_the_first_time_zero_is_inside(random_study):
    # the centre of a fixed-length interval moves with M: here zero is inside from 1.09 on, outside at 2.3, inside at 3
    study = random_study(5, n_pre=5, n_post=1)
    study = replace(study, value=study.value + np.array([0, 0, 0, 0, 0, 1.5]))
    value = breakdown(study, "smoothness").value
    assert value == pytest.approx(1.0890, abs=1e-4)
    low = [robust_set(study, "smoothness", m).ci_low for m in (*np.linspace(0, 0.999, 20) * value, 2.3, 3.0)]
    assert min(low[:20]) > 0
    assert low[20] > 0 > low[21]


def test_no_breakdown_value_where_the_plain_interval_holds_zero():
    assert breakdown(two_point(post=1.0), "relative_magnitude").value is None
    assert breakdown(two_point(post=-0.4), "smoothness").value is None


def test_an_effect_beyond_all_pre_changes_never_breaks_down():
    assert breakdown(two_point(post=1e13), "relative_magnitude").value == float("inf")


def test_what_cannot_be_asked_is_refused_with_a_sentence(medicaid):
    with pytest.raises(ValueError, match="smoothness only"):
        robust_set(medicaid, "relative_magnitude", 1.0, method="flci")
    with pytest.raises(ValueError, match="at least zero"):
        robust_set(medicaid, "smoothness", -1.0)
    with pytest.raises(ValueError, match="at least zero"):
        robust_set(medicaid, "smoothness", float("nan"))
    for contrast in (np.ones(3), np.zeros(2), np.array([1.0, np.nan])):
        with pytest.raises(ValueError, match="one finite weight per post period"):
            breakdown(medicaid, "smoothness", contrast=contrast)
    with pytest.raises(ValueError, match="at least two pre periods"):
        robust_set(two_point(), "relative_smoothness", 1.0)


def test_the_medicaid_event_study_is_that_of_its_raw_data(medicaid, table):
    # state column is text in ehec_data.csv; rows come state by state
    rows = table("ehec_data.csv")
    kept = (rows["year"] < 2016) & (rows["yexp2"] != 2015)
    y = rows["dins"][kept].reshape(-1, 8)
    in_program = rows["yexp2"][kept].reshape(-1, 8)[:, 0] == 2014
    change = np.delete(y - y[:, [5]], 5, axis=1)
    assert medicaid.value == pytest.approx(change[in_program].mean(0) - change[~in_program].mean(0), abs=1e-9)
    # CR1 by state: each state's residual path, states nested in clusters not counted among the K = 7 + 8 regressors
    total = 0
    for group in (in_program, ~in_program):
        residual = change[group] - change[group].mean(0)
        total = total + residual.T @ residual / group.sum() ** 2
    g, n = len(y), y.size
    factor = g / (g - 1) * (n - 1) / (n - 15)
    assert medicaid.covariance == pytest.approx(factor * total, rel=1e-6)
