"""One adjusted difference-in-differences: by hand, against R's DRDID, and what must hold."""

from typing import get_args

import numpy as np
import pytest

from evaluation.stats.estimators.two_by_two import TRIM, Method, two_by_two
from evaluation.stats.glm import maximize

METHODS = get_args(Method)
LINEAR = [m for m in METHODS if m != "ipw_unstandardized"]


def drawn(seed, n=80, outcomes=2):
    """Changes, program, two covariates and weights of n units."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 2))
    is_program = rng.random(n) < 1 / (1 + np.exp(0.5 - x @ [0.8, -0.5]))
    change = rng.normal(size=(n, outcomes)) + x @ rng.normal(size=(2, outcomes)) + is_program[:, None]
    return change, is_program, x, rng.uniform(1, 9, n)


def test_the_regression_line_of_comparison_units_by_hand():
    # comparison changes rise from 1 at x = 0 to 3 at x = 2: without the program 2 at x = 1
    found = two_by_two(np.array([[1.0], [3], [5]]), np.array([False, False, True]), np.array([[0.0], [2], [1]]),
                       np.ones(3), method="regression")
    assert found.value == pytest.approx([3])
    assert found.weight == pytest.approx([-0.5, -0.5, 1])


@pytest.mark.parametrize("method", METHODS)
def test_with_one_binary_covariate_all_methods_are_the_hand_computed_stratification(method):
    # of 4 program units 3 have x = 1: comparison units count 1/4 × mean(0, 1, 2) + 3/4 × 5 = 4
    x = np.array([0, 0, 0, 1, 0, 1, 1, 1.0])[:, None]
    change = np.array([0, 1, 2, 5, 6, 6, 6, 6.0])[:, None]
    found = two_by_two(change, np.arange(8) >= 4, x, np.ones(8), method=method)
    assert found.value == pytest.approx([6 - 4], abs=1e-9)
    assert found.weight == pytest.approx([-1 / 12] * 3 + [-3 / 4] + [1 / 4] * 4, abs=1e-9)


@pytest.mark.parametrize(("method", "case"), [("dr_improved", "imp"), ("dr", "trad"), ("regression", "ordid"),
                                              ("ipw", "ipw_norm"), ("ipw_unstandardized", "ipw")])
def test_evaluation_bias_of_the_job_training_data_is_that_of_drdid(method, case, cases, table):
    """Reference case `drdid_nsw`: R 4.2.2, DRDID 1.2.3."""
    rows = table("nsw_eval_long.csv.gz")
    before, after = (np.flatnonzero(rows["year"] == year) for year in (1975, 1978))
    before, after = (at[np.argsort(rows["id"][at])] for at in (before, after))
    names = ("age", "educ", "black", "married", "nodegree", "hisp", "re74")
    found = two_by_two((rows["re"][after] - rows["re"][before])[:, None], rows["experimental"][before] == 1,
                       np.column_stack([rows[name][before] for name in names]), np.ones(len(before)), method=method)
    assert found.value[0] == pytest.approx(cases["drdid_nsw"][case][0], abs=1e-4)
    assert np.linalg.norm(found.influence) == pytest.approx(cases["drdid_nsw"][case][1], abs=1e-4)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("seed", range(3))
def test_influence_is_the_derivative_by_each_units_weight(method, seed):
    change, is_program, x, w = drawn(seed)
    found = two_by_two(change, is_program, x, w, method=method)
    for i in range(0, len(w), 7):
        step = 1e-5 * (np.arange(len(w)) == i)
        up, down = (two_by_two(change, is_program, x, w * (1 + s), method=method).value for s in (step, -step))
        assert (up - down) / 2e-5 == pytest.approx(found.influence[i], abs=1e-7)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("seed", range(3))
def test_weights_times_change_is_the_value_and_program_weights_sum_to_one(method, seed):
    change, is_program, x, w = drawn(seed)
    found = two_by_two(change, is_program, x, w, method=method)
    assert found.weight @ change == pytest.approx(found.value, abs=1e-10)
    assert found.weight[is_program].sum() == pytest.approx(1)
    assert found.influence.sum(axis=0) == pytest.approx([0, 0], abs=1e-10)


@pytest.mark.parametrize("method", LINEAR)
def test_a_common_change_cancels(method):
    change, is_program, x, w = drawn(4)
    a, b = (two_by_two(c, is_program, x, w, method=method) for c in (change, change + 7))
    assert b.value == pytest.approx(a.value, abs=1e-9)
    assert b.influence == pytest.approx(a.influence, abs=1e-9)


def test_a_common_change_moves_the_unstandardized_weights():
    change, is_program, x, w = drawn(4)
    a, b = (two_by_two(c, is_program, x, w, method="ipw_unstandardized") for c in (change, change + 7))
    assert abs(a.weight.sum()) > 1e-3
    assert b.value - a.value == pytest.approx(7 * a.weight.sum())


@pytest.mark.parametrize("method", METHODS)
def test_the_scale_of_a_covariate_and_the_order_of_units_do_not_matter(method):
    change, is_program, x, w = drawn(5)
    order = np.random.default_rng(0).permutation(len(w))
    a = two_by_two(change, is_program, x, w, method=method)
    b = two_by_two(change[order], is_program[order], 1e5 + x[order] @ [[1000, 0], [3, 1]], w[order] * 100,
                   method=method)
    assert b.value == pytest.approx(a.value, abs=1e-7)
    assert b.influence == pytest.approx(a.influence[order], abs=1e-7)


@pytest.mark.parametrize("method", ["regression", "dr", "dr_improved"])
def test_a_change_that_follows_the_covariates_is_taken_out(method):
    change, is_program, x, w = drawn(6)
    moved = change + x @ np.array([[5.0, 1], [2, -9]])
    a, b = (two_by_two(c, is_program, x, w, method=method).value for c in (change, moved))
    assert b == pytest.approx(a, abs=1e-9)


def test_improved_weights_balance_every_covariate():
    change, is_program, x, w = drawn(7)
    weight = two_by_two(change, is_program, x, w, method="dr_improved").weight
    assert weight @ np.column_stack([np.ones(len(w)), x]) == pytest.approx(np.zeros(3), abs=1e-9)


def test_outcomes_share_the_propensity_score_and_are_those_of_each_alone():
    change, is_program, x, w = drawn(8, outcomes=3)
    for method in METHODS:
        together = two_by_two(change, is_program, x, w, method=method)
        for k in range(3):
            alone = two_by_two(change[:, [k]], is_program, x, w, method=method)
            assert alone.value[0] == pytest.approx(together.value[k], abs=1e-12)
            assert alone.weight == pytest.approx(together.weight, abs=1e-12)


def test_a_comparison_unit_above_the_overlap_limit_has_no_weight():
    rng = np.random.default_rng(0)
    x = np.concatenate([rng.normal(4, 1, 60), rng.normal(0, 1, 60), [8.0]])[:, None]
    is_program = np.arange(121) < 60
    p = maximize(np.column_stack([np.ones(121), x]), is_program.astype(float), np.ones(121), link="logit").mean
    weight = two_by_two(rng.normal(size=(121, 1)), is_program, x, np.ones(121), method="ipw").weight
    assert (p[~is_program] >= TRIM).sum() == 1
    assert (weight[~is_program & (p >= TRIM)] == 0).all()
    assert (weight[~is_program & (p < TRIM)] < 0).all()


@pytest.mark.parametrize("method", ["ipw", "ipw_unstandardized", "dr", "dr_improved"])
def test_covariates_that_separate_are_refused_in_a_sentence(method):
    x = np.concatenate([np.arange(5), np.arange(6, 12)]).astype(float)[:, None]
    with pytest.raises(ValueError, match="separate 6 program units from 5 comparison units"):
        two_by_two(np.ones((11, 1)), np.arange(11) >= 5, x, np.ones(11), method=method)


def test_quasi_separation_is_refused_too():
    x = np.array([0, 0, 1, 1, 1, 1.0])[:, None]
    with pytest.raises(ValueError, match="separate"):
        two_by_two(np.ones((6, 1)), np.array([0, 0, 0, 1, 1, 1], dtype=bool), x, np.ones(6), method="dr")


def test_too_few_comparison_units_are_refused_in_a_sentence():
    change, is_program, x, w = drawn(9)
    keep = is_program | (np.cumsum(~is_program) <= 2)
    with pytest.raises(ValueError, match="2 comparison units do not tell 3 coefficients apart"):
        two_by_two(change[keep], is_program[keep], x[keep], w[keep], method="regression")
