"""The permutation test by hand, by brute force, and by what must hold."""

from dataclasses import replace
from itertools import permutations

import numpy as np
import pytest

from evaluation.stats.aggregate import aggregate
from evaluation.stats.estimators.event_study import event_study
from evaluation.stats.estimators.group_time_att import group_time_att
from evaluation.stats.estimators.twfe import twfe
from evaluation.stats.inference.exchange import exchange_of, outcome_moves
from evaluation.stats.inference.permutation import permutation_test
from evaluation.stats.records import Estimand
from evaluation.stats.regression import influence_of

NAN = np.nan


def overall(design):
    return aggregate(group_time_att(design, comparison="never", base="universal"), "overall")


def two_periods(design_of, change, cohort, **given):
    """A design in which each unit changes by so much between two periods."""
    return design_of(np.column_stack([np.zeros(len(change)), change]), cohort, **given)


def test_two_against_two_by_hand(design_of):
    # all assignments but this one and its mirror put 5 and 6 on different sides: a smaller difference, more variance
    found = permutation_test(overall(two_periods(design_of, [5.0, 6, 1, 2], [2, 2, NAN, NAN])))
    assert (found.n_assignments, found.is_enumerated) == (6, True)
    assert found.p_value[0, 0] == pytest.approx(2 / 6)
    assert found.smallest[0, 0] == pytest.approx(2 / 6)


def test_enumeration_is_estimating_every_order_anew(design_of):
    rng = np.random.default_rng(1)
    cohort = np.array([3.0, 3, 4, NAN, NAN, NAN])
    design = design_of(rng.normal(size=(6, 5, 2)), cohort, weight=rng.uniform(1, 9, 6))
    estimate = overall(design)

    def t_of(order):
        found = overall(replace(design, cohort=cohort[list(order)]))
        return np.abs(found.value) / np.sqrt((influence_of(found).of_cluster ** 2).sum(axis=0))

    every = np.array([t_of(order) for order in permutations(range(6))])
    expected = (every >= every[0] * (1 - 1e-10)).mean(axis=0)
    found = permutation_test(estimate)
    assert found.n_assignments == 60
    assert found.p_value == pytest.approx(expected, abs=1e-12)
    assert not outcome_moves(design, exchange_of(design))


@pytest.mark.parametrize("make", [twfe, event_study])
def test_moving_outcomes_is_moving_cohorts(design_of, make, monkeypatch):
    rng = np.random.default_rng(2)
    cluster = np.repeat(np.arange(10), 2)
    outcome = rng.normal(size=(20, 5, 2))
    outcome[::2, 4] = NAN
    cohort = np.array([3, 3, 4, 4, NAN, NAN, NAN, NAN, NAN, NAN])[cluster]
    estimate = make(design_of(outcome, cohort, cluster=cluster, weight=np.tile([1.0, 5.0], 10)))
    fast = permutation_test(estimate, draws=150, rng=np.random.default_rng(3))
    monkeypatch.setattr("evaluation.stats.inference.permutation.MAX_CELLS", 0)
    slow = permutation_test(estimate, draws=150, rng=np.random.default_rng(3))
    assert fast.p_value == pytest.approx(slow.p_value, abs=1e-12)
    assert fast.n_assignments == 151


def test_cohorts_stay_within_strata_and_keep_their_size(design_of):
    stratum = np.array([0, 0, 0, 0, 1, 1, 1, 1])
    cohort = np.array([2.0, 2, NAN, NAN, 3, NAN, NAN, NAN])
    design = design_of(np.zeros((8, 3)), cohort, stratum=stratum)
    exchange = exchange_of(design)
    found = {tuple(np.nan_to_num(exchange.assigned(design, a).cohort)) for a in exchange.every_assignment()}
    assert len(found) == exchange.n_assignments == 6 * 4
    for one in found:
        assert sorted(one[:4]) == [0, 0, 2, 2]
        assert sorted(one[4:]) == [0, 0, 0, 3]


def test_a_cluster_in_two_strata_takes_the_cohorts_of_both(design_of):
    cluster, stratum = np.repeat(np.arange(4), 2), np.tile([0, 1], 4)
    design = design_of(np.zeros((8, 4)), [2, 3, NAN, 3, NAN, NAN, NAN, NAN], cluster=cluster, stratum=stratum)
    exchange = exchange_of(design)
    assert exchange.n_assignments == 12
    for assignment in exchange.every_assignment():
        pairs = np.nan_to_num(exchange.assigned(design, assignment).cohort).reshape(4, 2)
        assert sorted(map(tuple, pairs)) == [(0, 0), (0, 0), (0, 3), (2, 3)]


def test_clusters_of_mixed_assignment_and_always_in_the_program_keep_their_place(design_of):
    cluster = np.array([0, 0, 1, 1, 2, 3, 4])
    design = design_of(np.zeros((7, 3)), [2, NAN, 2, 2, NAN, NAN, 1], cluster=cluster)
    exchange = exchange_of(design)
    assert np.concatenate(exchange.clusters).tolist() == [1, 2, 3]
    for assignment in exchange.every_assignment():
        cohort = exchange.assigned(design, assignment).cohort
        assert (cohort[0], np.isnan(cohort[1]), cohort[6]) == (2, True, 1)


def test_what_cannot_be_exchanged_is_refused(design_of):
    design = design_of(np.zeros((4, 3)), [2, 2, NAN, NAN], stratum=np.array([0, 0, 1, 1]))
    with pytest.raises(ValueError, match="wider stratum"):
        exchange_of(design)


def test_many_assignments_are_drawn_and_need_a_generator(design_of):
    rng = np.random.default_rng(0)
    estimate = overall(design_of(rng.normal(size=(30, 3)), [2] * 10 + [NAN] * 20))
    with pytest.raises(ValueError, match="Generator"):
        permutation_test(estimate)
    found = permutation_test(estimate, draws=199, rng=rng)
    assert (found.n_assignments, found.is_enumerated) == (200, False)
    assert (found.p_value[0, 0] * 200) % 1 == pytest.approx(0, abs=1e-9)


def test_placebo_inference_is_left_to_others(design_of):
    estimate = overall(two_periods(design_of, [5.0, 6, 1, 2], [2, 2, NAN, NAN]))
    bare = replace(estimate, regression=None, contrasts=None)
    with pytest.raises(ValueError, match="placebo"):
        permutation_test(replace(bare, estimator=lambda design: bare))


@pytest.mark.parametrize("seed", range(3))
def test_order_names_sign_and_scale_do_not_matter(design_of, seed):
    rng = np.random.default_rng(seed)
    outcome, cohort = rng.normal(size=(7, 4)), np.array([3.0, 3, 3, NAN, NAN, NAN, NAN])
    one = permutation_test(overall(design_of(outcome, cohort))).p_value
    order = rng.permutation(7)
    other = design_of(-50 * outcome[order], cohort[order], cluster=rng.permutation(7) + 40)
    assert permutation_test(overall(other)).p_value == pytest.approx(one, abs=1e-12)


def test_under_exchangeability_p_is_uniform_on_its_grid(design_of):
    # one part per repetition; every assignment is equally likely, so P(p ≤ j/20) ≤ j/20 and exact at pairs of mirrors
    rng = np.random.default_rng(4)
    p = permutation_test(overall(design_of(rng.normal(size=(6, 2, 2000)), [2, 2, 2, NAN, NAN, NAN]))).p_value[0]
    for j in (2, 4, 8, 14):
        assert (p <= j / 20 + 1e-9).mean() == pytest.approx(j / 20, abs=4 * np.sqrt(j / 20 * (1 - j / 20) / 2000))


def test_an_effect_on_clusters_that_all_keep_their_place_is_not_tested(design_of):
    # cohort 3 are schools of two districts with other schools: no assignment takes the program from them
    cluster = np.array([0, 0, 1, 1, *range(2, 10)])
    cohort = np.array([3, NAN, 3, NAN, 2, 2, 2, NAN, NAN, NAN, NAN, NAN])
    design = design_of(np.random.default_rng(5).normal(size=(12, 4)), cohort, cluster=cluster)
    estimate = aggregate(group_time_att(design, comparison="never", base="universal"), "cohort")
    found = permutation_test(estimate)
    assert found.n_assignments == 56
    assert np.isnan(found.p_value[:, 0]).tolist() == [False, True]
    assert np.isnan(found.smallest[:, 0]).tolist() == [False, True]


def test_an_estimand_that_its_estimator_does_not_make_is_not_tested(design_of):
    estimate = overall(two_periods(design_of, [5.0, 6, 1, 2], [2, 2, NAN, NAN]))
    named = replace(estimate, estimands=(Estimand("district", district="a"),))
    assert np.isnan(permutation_test(named).p_value).all()


def test_hours_of_refits_are_refused_with_the_draws_that_fit(design_of, monkeypatch):
    rng = np.random.default_rng(0)
    estimate = event_study(design_of(rng.normal(size=(30, 5)), [3] * 6 + [4] * 6 + [NAN] * 18,
                                     weight=rng.uniform(1, 9, 30)))
    rows, k = estimate.regression.x.shape
    monkeypatch.setattr("evaluation.stats.inference.permutation.OPERATIONS",
                        200 * rows * k * (k + len(estimate.estimands) + 1))
    with pytest.raises(ValueError, match="ask for draws=199"):
        permutation_test(estimate, draws=200, rng=rng)
    assert permutation_test(estimate, draws=199, rng=rng).n_assignments == 200


def test_without_a_regression_cells_are_counted(design_of, monkeypatch):
    rng = np.random.default_rng(1)
    design = design_of(rng.normal(size=(20, 3)), [2] * 8 + [NAN] * 12, covariates=rng.normal(size=(20, 1)))
    estimate = group_time_att(design, comparison="never", base="universal", adjustment="regression")
    monkeypatch.setattr("evaluation.stats.inference.permutation.OPERATIONS",
                        50 * 60 * (len(estimate.estimands) + 1) * 10)
    with pytest.raises(ValueError, match="ask for draws=49"):
        permutation_test(estimate, draws=50, rng=rng)
    assert permutation_test(estimate, draws=49, rng=rng).n_assignments == 50
