"""Group-time effects under every assignment from sums by cluster: the same as estimating each anew."""

from dataclasses import replace

import numpy as np
import pytest

from evaluation.stats.aggregate import aggregate, average
from evaluation.stats.combine import joined
from evaluation.stats.estimators.event_study import event_study
from evaluation.stats.estimators.group_time_att import group_time_att
from evaluation.stats.inference import permutation, permuted_variance
from evaluation.stats.inference.exchange import exchange_of
from evaluation.stats.inference.permutation import permutation_test
from evaluation.stats.inference.permuted_group_time import permuted_group_time
from evaluation.stats.inference.permuted_variance import arms_of

NAN = np.nan
KINDS = ("overall", "cohort", "phase", "event_time", "calendar")
OPTIONS = [("never", "universal", 0), ("not_yet", "varying", 0), ("not_yet", "universal", 1)]


def in_two_strata(design_of, seed):
    """Nine clusters in two strata; one starts in one of them only, one is mixed, two cohorts are lone; a break."""
    rng = np.random.default_rng(seed)
    cluster, stratum = np.repeat(np.arange(9), 4), np.tile([0, 0, 1, 1], 9)
    cohort = np.array([3, 3, 3, 5, NAN, NAN, NAN, 4, NAN])[cluster]
    cohort[(stratum == 1) & (cluster == 0)] = NAN
    cohort[-1] = 4
    outcome = rng.normal(size=(36, 6, 2))
    outcome[rng.random((36, 6)) < 0.3] = NAN
    return design_of(outcome, cohort, cluster=cluster + 5, stratum=stratum * 3, weight=rng.uniform(1, 5, 36),
                     is_break=np.array([0, 1, 0, 0, 0, 0], dtype=bool))


def many_schools(design_of, seed, effect=0.0):
    """Forty clusters of one unit, the program in three cohorts."""
    rng = np.random.default_rng(seed)
    cohort = np.repeat([3.0, 4, 5, NAN], [6, 8, 3, 23])
    outcome = rng.normal(size=(40, 6, 3)) + 30 + effect * (np.arange(1, 7) >= cohort[:, None])[..., None]
    outcome[rng.random((40, 6)) < 0.1] = NAN
    return design_of(outcome, cohort, weight=rng.uniform(1, 50, 40), stratum=np.arange(40) % 2)


def with_averages(design, comparison, base, anticipation):
    att_gt = group_time_att(design, comparison=comparison, base=base, anticipation=anticipation)
    phase_of = {3: "develop", 4: "expansion", 5: "develop", 6: "expansion"}
    found = [aggregate(att_gt, kind, phase_of=phase_of) for kind in KINDS]
    return joined([att_gt, *found]), *(average(one) for one in found[1:])


def both_ways(estimate, n=8):
    """t² of the observed and of n drawn assignments: from sums, and each estimated anew."""
    exchange, rng = exchange_of(estimate.design), np.random.default_rng(1)
    observed = tuple(np.arange(len(labels)) for labels in exchange.labels)
    assignments = [observed, *(exchange.draw(rng) for _ in range(n))]
    sums = permuted_group_time(estimate, exchange)
    return permutation._by_sums(sums, assignments), permutation._by_cohort(estimate, exchange, assignments)


@pytest.mark.parametrize(("comparison", "base", "anticipation"), OPTIONS)
@pytest.mark.parametrize("make", ["staggered", "in_two_strata", "many_schools"])
def test_every_statistic_is_that_of_estimating_anew(design_of, staggered, make, comparison, base, anticipation):
    design = staggered(3) if make == "staggered" else globals()[make](design_of, 0)
    for estimate in with_averages(design, comparison, base, anticipation):
        sums, anew = both_ways(estimate)
        assert np.array_equal(np.isinf(sums), np.isinf(anew))
        assert not np.isinf(sums).all()
        known = np.isfinite(anew)
        assert sums[known] == pytest.approx(anew[known], rel=1e-10, abs=1e-20)


def test_p_values_are_those_of_estimating_anew(design_of, monkeypatch):
    estimate = with_averages(in_two_strata(design_of, 2), "not_yet", "universal", 0)[0]
    fast = permutation_test(estimate, draws=40, rng=np.random.default_rng(3))
    monkeypatch.setattr(permutation, "permuted_group_time", lambda estimate, exchange: None)
    slow = permutation_test(estimate, draws=40, rng=np.random.default_rng(3))
    assert np.array_equal(fast.p_value, slow.p_value, equal_nan=True)
    assert np.array_equal(fast.smallest, slow.smallest, equal_nan=True)
    assert len(set(fast.p_value[~np.isnan(fast.p_value)])) > 20


def test_variances_from_products_are_sums_of_squares(design_of, monkeypatch):
    estimate = with_averages(many_schools(design_of, 4), "not_yet", "universal", 0)[0]
    products = both_ways(estimate)[0]
    monkeypatch.setattr(permuted_variance, "MANY", 1_000)
    assert products == pytest.approx(both_ways(estimate)[0], rel=1e-10)


@pytest.mark.parametrize("effect", [1e4, 1e7])
def test_an_effect_that_dwarfs_the_noise_costs_no_digits(design_of, effect):
    # multiplied out, the variance would be a difference of numbers 1e8 to 1e14 times as large
    estimate = aggregate(group_time_att(many_schools(design_of, 5, effect), comparison="never", base="universal"),
                         "event_time")
    sums, anew = both_ways(estimate)
    assert anew[0].max() > 1e7
    assert sums == pytest.approx(anew, rel=2e-8 if effect > 1e6 else 1e-9)


def test_batches_change_nothing(design_of, monkeypatch):
    estimate = with_averages(many_schools(design_of, 6), "never", "universal", 0)[0]
    one = permutation_test(estimate, draws=30, rng=np.random.default_rng(0)).p_value
    monkeypatch.setattr("evaluation.stats.inference.permuted_group_time.NUMBERS", 1)
    assert np.array_equal(permutation_test(estimate, draws=30, rng=np.random.default_rng(0)).p_value, one)


def test_the_sums_of_a_cell_by_hand(design_of):
    # program: units 0 and 1 (weights 1, 3; changes 2, 6), comparison: units 2 and 3 (weights 1, 1; changes 1, 2)
    design = design_of(np.array([[0, 2.0], [0, 6], [0, 1], [0, 2]]), [2, 2, NAN, NAN], weight=np.array([1.0, 3, 1, 1]))
    estimate = group_time_att(design, comparison="never", base="universal")
    sums = permuted_group_time(estimate, exchange_of(design))
    value, variance = sums.value_and_variance([(np.arange(4),), (np.array([2, 1, 0, 3]),)])
    # residuals −3, 1 and −.5, .5; swapped: program units 1 and 2 (mean 19/4), comparison units 0 and 3 (mean 2)
    assert value[:, 0, 0] == pytest.approx([5 - 1.5, 19 / 4 - 2])
    assert variance[0, 0, 0] == pytest.approx((1 * 3 / 4) ** 2 + (3 * 1 / 4) ** 2 + 2 * 0.25**2)
    assert variance[1, 0, 0] == pytest.approx((3 * 1.25 / 4) ** 2 + (1 * 3.75 / 4) ** 2)
    of = arms_of(sums.pieces, sums.given([(np.arange(4),)]))
    assert (of.size[0, 0], of.is_lone[0, 0]) == (4, False)


def test_only_estimates_that_are_functions_of_the_sums_are_made_ready(design_of):
    rng = np.random.default_rng(0)
    design = design_of(rng.normal(size=(12, 4)), [3] * 5 + [NAN] * 7, covariates=rng.normal(size=(12, 1)),
                       n=np.full((12, 4), 9.0))
    exchange = exchange_of(design)
    plain = group_time_att(design, comparison="never", base="universal")
    assert permuted_group_time(plain, exchange) is not None
    for other in (group_time_att(design, comparison="never", base="universal", adjustment="regression"),
                  group_time_att(design, comparison="never", base="universal", sampling="repeated_cross_sections"),
                  event_study(design),
                  replace(plain, design=replace(design, is_eligible=np.arange(12) < 6)),
                  joined([plain, group_time_att(design, comparison="not_yet", base="universal")])):
        assert permuted_group_time(other, exchange) is None
