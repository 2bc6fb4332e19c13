"""Oracle: lavaan 0.6.14, `cfa(std.lv = TRUE, meanstructure = TRUE, group.equal = …)` on the moments below."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import optimize

from evaluation.stats.standards.alignment import align
from evaluation.stats.standards.invariance import CUT_OFFS, assess_invariance, fit_indices, split_gap
from evaluation.stats.standards.one_factor import Equality, ItemMoments, fit_one_factor

LOWER = np.array([
    [0.7949, 0.5204, 0.3749, 0.5436, 0.3637, 1.0567, 0.5154, 0.6117, 0.4673, 0.9832, 0.5593, 0.3731, 1.0028, 0.5613,
     1.0823],
    [1.1086, 0.6783, 0.5744, 0.7424, 0.4030, 1.1769, 0.5974, 0.7825, 0.4595, 1.1337, 0.6555, 0.3803, 1.1849, 0.5189,
     1.1180]])
COV = np.zeros((2, 5, 5))
COV[:, *np.triu_indices(5)] = LOWER
COV = COV + COV.transpose(0, 2, 1) - COV * np.eye(5)
MOMENTS = ItemMoments(COV, np.array([[2.9917, 3.1875, 2.7958, 3.4625, 2.9625],
                                     [3.2459, 3.4459, 3.3279, 3.759, 3.177]]), np.array([240, 610]))
ALL, NONE = np.ones(5, dtype=bool), np.zeros(5, dtype=bool)
BUT_THIRD = np.array([True, True, False, True, True])
LAVAAN = {
    "configural": ((NONE, NONE), (11.33055386, 10, 0.99917099, 0.01769383, 0.01067228)),
    "metric": ((ALL, NONE), (17.49952209, 14, 0.99781959, 0.02425191, 0.02643902)),
    "scalar": ((ALL, ALL), (40.43571714, 18, 0.98602122, 0.05415509, 0.03792373)),
    "partial": ((ALL, BUT_THIRD), (17.75778154, 17, 0.99952786, 0.01024125, 0.02693649)),
}


def fitted(moments, loading=ALL, intercept=ALL):
    return fit_one_factor(moments, Equality(loading, intercept))


@pytest.mark.parametrize("name", LAVAAN)
def test_chi_square_and_fit_indices_are_lavaan_s(name):
    equality, expected = LAVAAN[name]
    found = fit_indices(MOMENTS, fitted(MOMENTS, *equality))
    assert found.chi_square == pytest.approx(expected[0], abs=1e-6)
    assert found.df == expected[1]
    assert (found.cfi, found.rmsea, found.srmr) == pytest.approx(expected[2:], abs=2e-6)


def test_parameters_are_lavaan_s():
    found = fitted(MOMENTS)
    assert found.factor_variance == pytest.approx([1, 1.245899], abs=1e-5)
    assert found.factor_mean == pytest.approx([0, 0.415840], abs=1e-5)
    assert found.loading[0] == pytest.approx([0.689375, 0.752046, 0.656344, 0.830882, 0.519517], abs=1e-5)
    assert found.intercept[1] == pytest.approx([2.970176, 3.148181, 2.979496, 3.428075, 2.961438], abs=1e-5)
    assert found.residual_variance[1] == pytest.approx([0.480566, 0.464743, 0.632352, 0.318715, 0.818755], abs=1e-5)


def test_chi_square_is_the_discrepancy_written_out():
    found = fitted(MOMENTS)
    total = 0.0
    for g, n in enumerate(MOMENTS.n):
        s = MOMENTS.covariance[g] * (n - 1) / n
        sigma, off = found.implied_covariance[g], MOMENTS.mean[g] - found.implied_mean[g]
        inverse = np.linalg.inv(sigma)
        total += n * (np.log(np.linalg.det(sigma) / np.linalg.det(s)) + np.trace(s @ inverse) - 5
                      + off @ inverse @ off)
    assert found.chi_square == pytest.approx(total, rel=1e-9)


def test_the_gradient_is_that_of_the_discrepancy():
    from evaluation.stats.standards.one_factor import _Problem

    problem = _Problem(MOMENTS.covariance, MOMENTS.mean - 3, np.array([0.3, 0.7]), Equality(ALL, BUT_THIRD))
    x = problem.start() + np.random.default_rng(1).normal(size=len(problem.start())) * 0.1
    numeric = optimize.approx_fprime(x, lambda at: problem.loss(at)[0], 1e-7)
    assert problem.loss(x)[1] == pytest.approx(numeric, abs=1e-5)


def test_three_items_are_solved_in_closed_form():
    """λ₁ = √(s₁₂s₁₃/s₂₃): with three items and one group the model fits exactly."""
    cov = np.array([[1.0, 0.42, 0.35], [0.42, 1.2, 0.3], [0.35, 0.3, 0.9]])
    n = 400
    found = fit_one_factor(ItemMoments(cov[None] * n / (n - 1), np.zeros((1, 3)), np.array([n])),
                           Equality(np.zeros(3, dtype=bool), np.zeros(3, dtype=bool)))
    expected = np.sqrt([0.42 * 0.35 / 0.3, 0.42 * 0.3 / 0.35, 0.35 * 0.3 / 0.42])
    assert found.loading[0] == pytest.approx(expected, abs=1e-6)
    assert (found.df, found.chi_square) == (0, pytest.approx(0, abs=1e-8))


def test_true_parameters_come_back_from_population_moments(exact):
    found = fitted(exact(factor_mean=0.4, factor_sd=1.3))
    assert found.chi_square == pytest.approx(0, abs=1e-6)
    assert found.factor_mean == pytest.approx([0, 0.4], abs=1e-4)
    assert found.factor_variance == pytest.approx([1, 1.69], abs=1e-4)


def test_neither_unit_nor_origin_of_an_item_matters(answers_of):
    moments = answers_of(3, (300, 500), factor_mean=(0, 0.3))
    unit, origin = np.array([1, 10, 0.2, 3, 1]), np.array([0, 5, -1, 2, 0])
    turned = ItemMoments(moments.covariance * np.outer(unit, unit), moments.mean * unit + origin, moments.n)
    one, other = fitted(moments), fitted(turned)
    assert other.chi_square == pytest.approx(one.chi_square, abs=1e-6)
    assert other.factor_mean == pytest.approx(one.factor_mean, abs=1e-5)


def test_chi_square_has_its_distribution_where_the_model_holds(answers_of):
    values = [fitted(answers_of(seed, (400, 400), factor_mean=(0, 0.5))).chi_square for seed in range(60)]
    assert np.mean(values) == pytest.approx(18, abs=3 * np.sqrt(2 * 18 / 60))


@pytest.mark.parametrize("seed", range(5))
def test_equal_parameters_hold(answers_of, seed):
    found = assess_invariance(answers_of(seed, (300, 900), factor_mean=(0, -0.4), factor_sd=(1, 1.3)))
    assert (found.decision, found.reason, found.freed) == ("holds", "equal", ())


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("item", [0, 2, 4])
def test_a_shifted_intercept_is_found_on_its_item(answers_of, seed, item):
    shift = tuple(0.6 * (i == item) for i in range(5))
    found = assess_invariance(answers_of(seed, (400, 2000), factor_mean=(0, -0.4), shift=shift))
    assert (found.decision, found.reason, found.freed, found.worst_item) == ("partial", "intercepts", (item,), item)


@pytest.mark.parametrize("seed", range(3))
def test_a_turned_loading_is_found_on_its_item(answers_of, seed):
    found = assess_invariance(answers_of(seed, (1000, 1000), turn=(0, -0.5, 0, 0, 0)))
    assert (found.decision, found.reason, found.freed[0]) == ("partial", "loadings", 1)
    assert found.metric.chi_square > found.configural.chi_square + 20


def test_a_scale_whose_items_go_apart_fails(answers_of):
    found = assess_invariance(answers_of(1, (1000, 1000), shift=(0.8, -0.8, 0.8, -0.8, 0)))
    assert (found.decision, found.reason) == ("fails", "intercepts")
    assert len(found.freed) == 3


def test_half_of_the_items_equal_is_not_in_part(answers_of):
    moments = answers_of(5, (3000, 3000), shift=(0.8, 0, 0, -0.8, 0))
    four = ItemMoments(moments.covariance[:, :4, :4], moments.mean[:, :4], moments.n)
    assert assess_invariance(four).decision == "fails"
    assert assess_invariance(moments).decision == "partial"


def test_a_small_group_cannot_tell(answers_of):
    assert assess_invariance(answers_of(1, (149, 3000))).reason == "small_group"
    assert assess_invariance(answers_of(1, (150, 3000))).decision == "holds"


def test_too_few_or_constant_items_cannot_tell(answers_of):
    moments = answers_of(1, (500, 500))
    two = ItemMoments(moments.covariance[:, :2, :2], moments.mean[:, :2], moments.n)
    assert assess_invariance(two).reason == "few_items"
    flat = moments.covariance.copy()
    flat[0, 0] = flat[0, :, 0] = 0
    assert assess_invariance(replace(moments, covariance=flat)).reason == "not_estimable"


def test_two_factors_hold_in_part_at_best():
    loading = np.array([[0.8, 0.8, 0.8, 0.1, 0.1, 0.1], [0.1, 0.1, 0.1, 0.8, 0.8, 0.8]])
    cov = loading.T @ loading + 0.4 * np.eye(6)
    found = assess_invariance(ItemMoments(np.array([cov, cov]), np.zeros((2, 6)), np.array([500, 500])))
    assert (found.decision, found.reason) == ("partial", "one_factor_does_not_fit")


def test_a_large_group_does_not_hide_a_shift_in_a_small_one(answers_of):
    moments = answers_of(2, (20000, 400), shift=(0, 0, 0.6, 0, 0))
    change = {n: fit_indices(m, fitted(m, ALL, NONE)).cfi - fit_indices(m, fitted(m)).cfi
              for n, m in (("true", moments), ("equal", replace(moments, n=np.array([400, 400]))))}
    assert change["true"] < 0.01 < change["equal"]
    assert assess_invariance(moments).freed == (2,)


def test_alignment_recovers_planted_means_past_a_shifted_item(answers_of):
    means = tuple(np.linspace(0, 0.7, 8))
    moments = answers_of(4, (1500,) * 8, factor_mean=means, shift=(0, 0, 0.5, 0, 0))
    sd = np.sqrt(np.einsum("gii->gi", moments.covariance).mean(axis=0))
    found = align(fitted(moments, NONE, NONE), moments.n, sd)
    assert found.factor_mean == pytest.approx(means, abs=0.1)
    assert found.factor_sd == pytest.approx(np.ones(8), abs=0.1)
    assert found.shift[1] == pytest.approx([0, 0, 0.5, 0, 0], abs=0.08)


def test_the_alignment_is_a_minimum_of_its_loss_written_out(answers_of):
    n = (400, 900, 600)
    moments = answers_of(6, n, factor_mean=(0, 0.4, -0.3), factor_sd=(1, 1.2, 0.8), shift=(0, 0, 0.5, 0, 0))
    fit = fitted(moments, NONE, NONE)
    found = align(fit, moments.n, np.ones(5))

    def loss(mean, sd):
        total = 0.0
        for g in range(3):
            for h in range(g + 1, 3):
                for i in range(5):
                    slopes = fit.loading[g, i] / sd[g], fit.loading[h, i] / sd[h]
                    levels = fit.intercept[g, i] - mean[g] * slopes[0], fit.intercept[h, i] - mean[h] * slopes[1]
                    for x, y in (slopes, levels):
                        total += np.sqrt(n[g] * n[h]) * ((x - y) ** 2 + 0.001) ** 0.25
        return total

    rng, best = np.random.default_rng(0), loss(found.factor_mean, found.factor_sd)
    for size in (0.3, 0.03, 0.003):
        for _ in range(40):
            step = size * rng.normal(size=(2, 3)) * np.array([0, 1, 1])
            assert loss(found.factor_mean + step[0], found.factor_sd * np.exp(step[1])) >= best - 1e-9


def test_alignment_is_exact_where_most_items_are_equal(exact):
    moments = exact(factor_mean=0.4, factor_sd=1.3, shift=(0, 0, 0.5, 0, 0))
    found = align(fitted(moments, NONE, NONE), moments.n, np.ones(5))
    assert found.factor_mean == pytest.approx([0, 0.4], abs=0.02)
    assert found.factor_sd == pytest.approx([1, 1.3], abs=1e-3)
    assert found.intercept + found.factor_mean[:, None] * found.loading == pytest.approx(moments.mean, abs=1e-5)
    gap = split_gap(moments, found, focal=1, reference=0)
    assert gap.observed == pytest.approx(gap.by_factor + gap.by_items)
    assert gap.by_items == pytest.approx(0.1, abs=0.02)


def test_every_cut_off_has_a_source():
    assert all(rule.source and rule.number is not None for rule in CUT_OFFS)
    assert len({rule.id for rule in CUT_OFFS}) == len(CUT_OFFS)
