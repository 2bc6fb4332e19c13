"""Synthetic control: by hand, against another program's weights, and what must hold."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from scipy.optimize import minimize

from evaluation.stats.estimators.synthetic_control import synthetic_control, synthetic_control_fits
from evaluation.stats.estimators.synthetic_parts import blocks, simplex_weights
from tests.stats.estimators.one_of_many import one_of_many

NAN = np.nan


@pytest.fixture(scope="module")
def drawn(design_of):
    return partial(one_of_many, design_of)


def by_event_time(estimate, part=0):
    return {e.event_time: v[part] for e, v in zip(estimate.estimands, estimate.value, strict=True)
            if e.kind == "event_time"}


def overall(estimate):
    return estimate.value[[e.kind for e in estimate.estimands].index("overall")]


def test_a_unit_that_is_a_mixture_of_donors_is_matched_exactly(design_of):
    a, b = np.array([0.0, 4, 1, 2, 9]), np.array([8.0, 0, 3, 6, 1])
    program = 0.25 * a + 0.75 * b + np.array([0, 0, 0, 5, 7])
    design = design_of(np.array([program, a, b]), [4, NAN, NAN])
    estimate, fit = synthetic_control(design), synthetic_control_fits(design)[0]
    assert fit.unit_weight[:, 0] == pytest.approx([0.25, 0.75])
    assert fit.rmspe == pytest.approx([0], abs=1e-9)
    assert overall(estimate) == pytest.approx([6])
    assert by_event_time(estimate) == pytest.approx({-3: 0, -2: 0, -1: 0, 0: 5, 1: 7}, abs=1e-9)


def test_two_donors_by_hand(design_of):
    # min (1 − 2v)² + (1 − 4v)²: v = .3; synthetic .7 × 10 + .3 × 20 = 13; misfits .4 and −.2
    design = design_of(np.array([[1, 1, 15], [0, 0, 10], [2, 4, 20]]), [3, NAN, NAN])
    fit = synthetic_control_fits(design)[0]
    assert fit.unit_weight[:, 0] == pytest.approx([0.7, 0.3])
    assert fit.rmspe[0] == pytest.approx(np.sqrt(0.1))
    assert by_event_time(synthetic_control(design)) == pytest.approx({-2: 0.4, -1: -0.2, 0: 2})


def test_a_unit_outside_all_donors_is_matched_to_the_nearest(design_of):
    design = design_of(np.array([[-1, -1, 0], [0, 0, 10], [2, 4, 20]]), [3, NAN, NAN])
    assert synthetic_control_fits(design)[0].unit_weight[:, 0] == pytest.approx([1, 0], abs=1e-9)
    assert overall(synthetic_control(design)) == pytest.approx([-10])


@pytest.mark.parametrize("seed", range(6))
def test_simplex_weights_satisfy_the_optimality_conditions(seed):
    rng = np.random.default_rng(seed)
    d, ridge = rng.normal(size=(8, 15)) + 1, rng.choice([0.0, 0.5, 10])
    found = simplex_weights(d, ridge)
    slope = d.T @ d @ found + ridge * found
    assert found.min() >= 0
    assert found.sum() == pytest.approx(1)
    assert slope.min() >= slope @ found - 1e-9 * np.abs(d).max()
    by_search = minimize(lambda v: ((d @ v) ** 2).sum() + ridge * (v**2).sum(), np.full(15, 1 / 15), method="SLSQP",
                         bounds=[(0, 1)] * 15, constraints={"type": "eq", "fun": lambda v: v.sum() - 1},
                         options={"ftol": 1e-14, "maxiter": 500})
    assert ((d @ found) ** 2).sum() + ridge * (found**2).sum() <= by_search.fun + 1e-7


def test_among_equally_good_weights_the_most_even_are_taken():
    assert simplex_weights(np.array([[-1.0, 1, 1, -1]]), 0.0) == pytest.approx(np.full(4, 0.25), abs=1e-6)
    assert simplex_weights(np.zeros((3, 5)), 0.0) == pytest.approx(np.full(5, 0.2))


@pytest.mark.parametrize("seed", range(4))
def test_shocks_constants_and_order_change_nothing_and_scaling_scales(drawn, seed):
    design, rng = drawn(seed), np.random.default_rng(seed)
    found = synthetic_control(design).value
    shocked = replace(design, outcome=design.outcome + rng.normal(size=(1, 10, 1)) + 100)
    assert synthetic_control(shocked).value == pytest.approx(found, abs=1e-7)
    order = rng.permutation(13)
    turned = replace(design, **{name: getattr(design, name)[order] for name in ("outcome", "cluster", "cohort",
                                                                                "stratum", "weight")})
    assert synthetic_control(turned).value == pytest.approx(found, abs=1e-8)
    assert synthetic_control(replace(design, outcome=-3 * design.outcome)).value == pytest.approx(-3 * found, abs=1e-7)


@pytest.mark.parametrize("seed", range(4))
def test_an_effect_added_in_the_program_is_found_to_the_last_digit(drawn, seed):
    design = drawn(seed)
    moved = design.outcome + 2.5 * design.in_program[:, :, None]
    difference = synthetic_control(replace(design, outcome=moved)).value - synthetic_control(design).value
    times = np.array([e.event_time is None or e.event_time >= 0 for e in synthetic_control(design).estimands])
    assert difference == pytest.approx(2.5 * times[:, None] * np.ones((1, 3)), abs=1e-9)


def test_units_always_in_the_program_change_nothing(drawn):
    design = drawn(0)
    cohort = design.cohort.copy()
    cohort[3] = 1
    always = replace(design, cohort=cohort)
    without = design.subset(np.arange(13) != 3)
    assert synthetic_control(always).value == pytest.approx(synthetic_control(without).value)


def test_what_does_not_hold(drawn):
    """Donors at another level fit differently, and each part has its own weights."""
    design = drawn(1)
    lifted = replace(design, outcome=design.outcome + np.arange(13.0)[:, None, None])
    assert np.abs(overall(synthetic_control(lifted)) - overall(synthetic_control(design))).max() > 0.01
    focal, reference, gap = overall(synthetic_control(design))
    assert abs(gap - (focal - reference)) > 0.01


def test_several_units_of_a_cohort_are_matched_as_their_weighted_mean(design_of):
    rows = np.random.default_rng(0).normal(size=(6, 6))
    two = design_of(rows, [5, 5] + [NAN] * 4, weight=np.array([1.0, 3, 1, 1, 1, 1]))
    one = design_of(np.vstack([(rows[0] + 3 * rows[1]) / 4, rows[2:]]), [5] + [NAN] * 4)
    assert synthetic_control(two).value == pytest.approx(synthetic_control(one).value, abs=1e-9)


def test_cohorts_are_fitted_apart_and_averaged_by_program_cells(design_of):
    rows = np.random.default_rng(1).normal(size=(8, 7))
    weight = np.array([2.0, 5] + [1] * 6)
    both = synthetic_control(design_of(rows, [4, 6] + [NAN] * 6, weight=weight))
    early = synthetic_control(design_of(np.delete(rows, 1, axis=0), [4] + [NAN] * 6))
    late = synthetic_control(design_of(np.delete(rows, 0, axis=0), [6] + [NAN] * 6))
    # cells in the program: 4 of weight 2, 2 of weight 5
    assert overall(both) == pytest.approx((8 * overall(early) + 10 * overall(late)) / 18)
    assert by_event_time(both)[1] == pytest.approx((2 * by_event_time(early)[1] + 5 * by_event_time(late)[1]) / 7)
    assert by_event_time(both)[3] == pytest.approx(by_event_time(early)[3])


def test_donors_come_from_the_stratum_and_only_where_always_seen(design_of):
    rows = np.random.default_rng(2).normal(size=(7, 5))
    rows[5, 2] = NAN
    design = design_of(rows, [4, NAN, NAN, NAN, NAN, NAN, 9], stratum=np.array([0, 0, 1, 0, 1, 0, 0]))
    (block,) = blocks(design)
    assert block.donor.tolist() == [1, 3, 6]
    assert (block.pre.tolist(), block.post.tolist()) == ([0, 1, 2], [3, 4])


def test_periods_in_which_no_program_unit_is_seen_and_breaks_before_it_are_left_out(design_of):
    rows = np.random.default_rng(3).normal(size=(4, 7))
    rows[0, 1], rows[2, 1] = NAN, NAN
    design = design_of(rows, [6, NAN, NAN, NAN], is_break=np.array([0, 0, 0, 1, 0, 0, 1], dtype=bool))
    (block,) = blocks(design)
    assert block.donor.tolist() == [1, 2, 3]
    assert (block.pre.tolist(), block.post.tolist()) == ([0, 2, 4], [5, 6])
    assert set(by_event_time(synthetic_control(design))) == {-5, -3, -1, 0, 1}


def test_breaks_are_used_where_there_is_nothing_else(design_of):
    design = design_of(np.random.default_rng(4).normal(size=(3, 4)), [3, NAN, NAN],
                       is_break=np.array([True, True, False, False]))
    assert blocks(design)[0].pre.tolist() == [0, 1]


@pytest.mark.parametrize("cohort", [[NAN, NAN], [1, NAN], [2, NAN], [9, NAN], [3, 3]])
def test_nothing_is_estimated_without_two_periods_before_a_program_period_and_a_donor(design_of, cohort):
    estimate = synthetic_control(design_of(np.ones((2, 4)), cohort))
    assert estimate.estimands == ()
    assert estimate.value.shape == (0, 1)
    assert estimate.lone_program.shape == (0,)


def test_it_offers_placebo_inference_only_and_says_how_few_clusters_there_are(drawn):
    estimate = synthetic_control(drawn(0))
    assert (estimate.weights, estimate.regression, estimate.influence) == (None, None, None)
    assert estimate.lone_program.all()
    assert not estimate.lone_comparison.any()
    assert estimate.comparison_clusters[0].tolist() == list(range(1, 13))
    again = estimate.estimator(estimate.design)
    assert again.value == pytest.approx(estimate.value)


@pytest.mark.parametrize(("cohort", "att", "rmspe"), [(2006, 0.12451923724960064, 0.0012500823843832726),
                                                      (2007, 0.11743790173047847, 0.02686341900741642),
                                                      (2008, 0.09997514640717076, 0.07135816118017)])
def test_homicide_in_castle_doctrine_states_is_that_of_diff_diff(castle, cohort, att, rmspe):
    """diff-diff 3.13 SyntheticControl, all earlier outcomes as predictors, equal V, on the cohort's mean."""
    design = castle.subset(castle.never_program | (castle.cohort == cohort))
    assert overall(synthetic_control(design))[0] == pytest.approx(att, abs=1e-9)
    assert synthetic_control_fits(design)[0].rmspe[0] == pytest.approx(rmspe, abs=1e-8)
