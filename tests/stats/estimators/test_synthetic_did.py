"""Synthetic DiD: by hand, against another program's weights, and what must hold."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from evaluation.stats.estimators.group_time_att import group_time_att
from evaluation.stats.estimators.synthetic_did import synthetic_did, synthetic_did_fits
from tests.stats.estimators.one_of_many import one_of_many

NAN = np.nan


@pytest.fixture(scope="module")
def drawn(design_of):
    return partial(one_of_many, design_of)


def overall(estimate):
    return estimate.value[[e.kind for e in estimate.estimands].index("overall")]


def test_two_donors_by_hand(design_of):
    # Changes 0 and 2: σ² = 2, ζ² = √(1·1) σ² = 2, ridge ζ²·2 = 4 for each squared weight.
    # ω on the second donor v: 2(2 − v)² + 4((1 − v)² + v²) is least at v = .8.
    # λ: means in the program 0 and 10, misfits of the two donors differ least on the last period: λ = (0, 1).
    # effect = (7 − .8 × 10) − (5 − .8 × 4)
    design = design_of(np.array([[1, 5, 7], [0, 0, 0], [2, 4, 10]]), [3, NAN, NAN])
    fit = synthetic_did_fits(design)[0]
    assert fit.unit_weight[:, 0] == pytest.approx([0.2, 0.8])
    assert fit.time_weight[:, 0] == pytest.approx([0, 1], abs=1e-9)
    assert overall(synthetic_did(design)) == pytest.approx([-2.8])
    # before the program: 1 − .8 × 2 less the base 5 − .8 × 4
    assert synthetic_did(design).value[1:, 0] == pytest.approx([-0.6 - 1.8, 0, -2.8])


def test_donors_that_all_move_alike_leave_a_difference_in_differences(design_of):
    """Whatever the weights: the program's change less the common change."""
    common = np.array([0.0, 3, -2, 5, 8])
    design = design_of(np.array([common + 9 + np.array([0, 0, 0, 4, 4]), common, common - 7, common + 2]),
                       [4, NAN, NAN, NAN])
    assert overall(synthetic_did(design)) == pytest.approx([4])


@pytest.mark.parametrize("seed", range(4))
def test_levels_common_trends_shocks_in_the_program_and_order_change_nothing_and_scaling_scales(drawn, seed):
    design, rng = drawn(seed), np.random.default_rng(seed)
    found = synthetic_did(design).value
    shock = 2.0 * np.arange(10) + np.append(np.zeros(7), 5 * rng.normal())[np.minimum(np.arange(10), 7)]
    moved = design.outcome + 10 * rng.normal(size=(13, 1, 1)) + shock[:, None]
    assert synthetic_did(replace(design, outcome=moved)).value == pytest.approx(found, abs=1e-7)
    order = rng.permutation(13)
    turned = replace(design, **{name: getattr(design, name)[order] for name in ("outcome", "cluster", "cohort",
                                                                                "stratum", "weight")})
    assert synthetic_did(turned).value == pytest.approx(found, abs=1e-8)
    assert synthetic_did(replace(design, outcome=-3 * design.outcome)).value == pytest.approx(-3 * found, abs=1e-7)


@pytest.mark.parametrize("seed", range(4))
def test_an_effect_added_in_the_program_is_found_to_the_last_digit(drawn, seed):
    design = drawn(seed)
    effect = np.array([1.0, 2, 6])
    moved = design.outcome.copy()
    moved[0, 7:] += effect[:, None]
    before, after = synthetic_did(design), synthetic_did(replace(design, outcome=moved))
    effect_at = {-7 + i: 0.0 for i in range(7)} | dict(enumerate(effect)) | {None: 3.0}
    expected = np.array([[effect_at[e.event_time]] * 3 for e in before.estimands])
    assert after.value - before.value == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("seed", range(3))
def test_weights_are_on_the_simplex_and_optimal(drawn, seed):
    design = drawn(seed)
    fit = synthetic_did_fits(design)[0]
    for weight in (fit.unit_weight, fit.time_weight):
        assert weight.min() >= 0
        assert weight.sum(axis=0) == pytest.approx(np.ones(3))
    outcome = design.outcome[..., 2]
    zeta2 = 3**0.5 * np.diff(outcome[1:, :7], axis=1).std(ddof=1) ** 2
    donors = outcome[1:, :7].T - outcome[1:, :7].mean(axis=1)
    target = outcome[0, :7] - outcome[0, :7].mean()
    slope = donors.T @ (donors @ fit.unit_weight[:, 2] - target) + 7 * zeta2 * fit.unit_weight[:, 2]
    assert slope.min() >= slope @ fit.unit_weight[:, 2] - 1e-9


def test_units_always_in_the_program_change_nothing(drawn):
    design = drawn(0)
    always = replace(design, cohort=np.where(np.arange(13) == 3, 1, design.cohort))
    assert synthetic_did(always).value == pytest.approx(synthetic_did(design.subset(np.arange(13) != 3)).value)


def test_a_common_shock_before_the_program_moves_the_regularisation_and_so_the_answer(drawn):
    """The paper's σ takes it for noise; without regularisation it would cancel."""
    design = drawn(1)
    shocked = replace(design, outcome=design.outcome + 20 * (np.arange(10) == 3)[:, None])
    difference = np.abs(overall(synthetic_did(shocked)) - overall(synthetic_did(design)))
    assert difference.min() > 1e-3
    assert difference.max() < 1


def test_parts_have_their_own_weights(drawn):
    focal, reference, gap = overall(synthetic_did(drawn(1)))
    assert abs(gap - (focal - reference)) > 1e-3


def test_cohorts_are_fitted_apart_and_averaged_by_program_cells(design_of):
    rows = np.random.default_rng(1).normal(size=(8, 7))
    both = synthetic_did(design_of(rows, [4, 6] + [NAN] * 6, weight=np.array([2.0, 5] + [1] * 6)))
    early = synthetic_did(design_of(np.delete(rows, 1, axis=0), [4] + [NAN] * 6))
    late = synthetic_did(design_of(np.delete(rows, 0, axis=0), [6] + [NAN] * 6))
    assert overall(both) == pytest.approx((8 * overall(early) + 10 * overall(late)) / 18)


def test_strata_are_fitted_apart(design_of):
    rows = np.random.default_rng(2).normal(size=(8, 6))
    stratum = np.array([0, 1, 0, 1, 0, 1, 0, 1])
    both = synthetic_did(design_of(rows, [4, 4] + [NAN] * 6, stratum=stratum))
    one, other = (synthetic_did(design_of(rows[stratum == s], [4] + [NAN] * 3)) for s in (0, 1))
    assert both.value == pytest.approx((one.value + other.value) / 2)
    assert both.estimands == one.estimands


def test_with_a_long_quiet_past_it_is_nearer_the_truth_than_a_difference_in_differences(design_of):
    """Units follow factors with loads of their own: parallel trends fail, a weighted comparison holds."""
    misses = []
    for seed in range(30):
        rng = np.random.default_rng(seed)
        load = np.vstack([[0.9, 0.1], rng.dirichlet([0.5, 0.5], 25)])
        outcome = load @ rng.normal(size=(2, 24)).cumsum(axis=1) + 0.1 * rng.normal(size=(26, 24))
        design = design_of(outcome, [19] + [NAN] * 25)
        did = group_time_att(design, comparison="never", base="universal")
        misses.append((overall(synthetic_did(design))[0] ** 2, did.value[-6:, 0].mean() ** 2))
    assert np.mean(misses, axis=0)[0] < np.mean(misses, axis=0)[1] / 4


def test_it_offers_placebo_inference_only(drawn):
    estimate = synthetic_did(drawn(0))
    assert (estimate.weights, estimate.regression, estimate.influence) == (None, None, None)
    assert estimate.lone_program.all()


@pytest.mark.parametrize(("cohort", "converged", "default"), [
    (2005, 0.08702001052877441, 0.0870393765601492),
    (2006, 0.08559195828520473, 0.08555899350825893),
    (2008, 0.10606606974882560, 0.10607167828180407),
])
def test_homicide_in_castle_doctrine_states_is_that_of_diff_diff(castle, cohort, converged, default):
    """diff-diff 3.13: its Frank–Wolfe solver with no early stop, and SyntheticDiD as it comes, which stops early."""
    design = castle.subset(castle.never_program | (castle.cohort == cohort))
    found = overall(synthetic_did(design))[0]
    assert found == pytest.approx(converged, abs=1e-6)
    assert found == pytest.approx(default, abs=1e-4)
