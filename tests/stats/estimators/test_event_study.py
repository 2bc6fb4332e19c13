"""The pooled event study: by hand, against other programs' numbers, and what must hold."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from evaluation.stats.combine import select
from evaluation.stats.estimators.event_study import event_study
from evaluation.stats.estimators.group_time_att import group_time_att
from evaluation.stats.inference.cr2 import cr1, joint_htz
from evaluation.stats.inference.infer import infer

NAN = np.nan
DATA = Path(__file__).parents[4] / "shared" / "reference" / "data"


def times(estimate):
    return [e.event_time for e in estimate.estimands]


def test_one_cohort_by_hand(design_of):
    design = design_of(np.array([[1, 2, 7, 9], [3, 4, 8, 9], [0, 1, 2, 3], [5, 5, 5, 6]]), [3, 3, NAN, NAN])
    found = event_study(design)
    # change since period 2, program less comparison: periods 1, 3, 4
    assert times(found) == [-2, 0, 1]
    assert found.value[:, 0] == pytest.approx([-1 + 0.5, 4.5 - 0.5, 6 - 1.5])
    assert found.weights[1] == pytest.approx(np.array([[0, -0.5, 0.5, 0]] * 2 + [[0, 0.5, -0.5, 0]] * 2))


def test_one_cohort_is_the_group_time_att_with_universal_base(staggered):
    design = staggered(4, missing=0)
    one = design.subset((design.cohort != 6) & (design.stratum == 0))
    a, b = event_study(one), group_time_att(one, comparison="never", base="universal")
    assert a.value == pytest.approx(b.value, abs=1e-10)
    assert a.weights == pytest.approx(b.weights, abs=1e-12)


def test_a_break_is_no_base_and_keeps_its_coefficient(design_of):
    design = design_of(np.array([[1, 2, 50, 7], [0, 1, 90, 3]]), [4, NAN],
                       is_break=np.array([False, False, True, False]))
    found = event_study(design)
    assert times(found) == [-3, -1, 0]
    assert found.value[:, 0] == pytest.approx([0, (50 - 90) - (2 - 1), (7 - 3) - (2 - 1)])


def test_event_time_counts_periods_that_are_left_out(design_of):
    design = design_of(np.array([[0, 1, 4, 9], [0, 0, 0, 0]]), [2022, NAN], periods=np.array([2018, 2019, 2022, 2023]),
                       position=np.array([0, 1, 4, 5]))
    assert times(event_study(design)) == [-4, 0, 1]


def test_without_units_that_stay_out_nothing_is_estimated(design_of):
    outcome = np.random.default_rng(0).normal(size=(4, 6))
    assert event_study(design_of(outcome, [3, 3, 5, 5])).estimands == ()
    assert event_study(design_of(outcome, [NAN] * 4)).estimands == ()
    assert event_study(design_of(outcome, [1, 1, NAN, NAN])).value.shape == (0, 1)
    assert infer(event_study(design_of(outcome, [1, 1, NAN, NAN]))) == ()


def test_units_that_start_after_the_last_period_stay_out(design_of):
    outcome = np.random.default_rng(0).normal(size=(4, 4))
    a, b = (event_study(design_of(outcome, [3, 3, late, late])) for late in (NAN, 9))
    assert times(a) == [-2, 0, 1]
    assert (a.value == b.value).all()


def test_a_cohort_that_is_no_period_has_no_event_time_and_is_left_out(design_of):
    outcome = np.random.default_rng(0).normal(size=(5, 4))
    periods = np.array([2018, 2019, 2021, 2022])
    position = np.array([0, 1, 3, 4])
    a = event_study(design_of(outcome, [2021, 2021, 2020, NAN, NAN], periods=periods, position=position))
    b = event_study(design_of(outcome[[0, 1, 3, 4]], [2021, 2021, NAN, NAN], periods=periods, position=position))
    assert a.value == pytest.approx(b.value, abs=1e-12)
    assert (a.weights[:, 2] == 0).all()


def test_an_event_time_of_one_cluster_gets_no_interval(staggered):
    design = staggered(1, missing=0)
    early = replace(design, cohort=np.where(design.cluster == 0, 3, design.cohort))
    found = event_study(early)
    # the only unit cluster four periods after its start
    assert times(found)[-1] == 4
    assert found.lone_program.tolist() == [False] * 8 + [True]
    assert infer(found)[-1][0].no_interval == "lone_cohort_cluster"


def least_squares(design):
    """Every dummy spelled out."""
    u, t = np.nonzero(design.present)
    e = np.where(design.never_program[u], NAN, design.periods[t] - design.cohort[u])
    times = [k for k in np.unique(e[~np.isnan(e)]) if k != -1]
    cell = design.stratum[u] * 100 + t
    x = np.column_stack([e[:, None] == times, np.eye(len(design.cohort))[u], cell[:, None] == np.unique(cell)])
    root = np.sqrt(design.weight[u])[:, None]
    return np.linalg.lstsq(x * root, design.outcome[u, t] * root, rcond=None)[0][: len(times)]


@pytest.mark.parametrize("seed", range(4))
def test_value_is_least_squares_and_the_weighted_sum_of_cells(staggered, seed):
    design = staggered(seed, missing=0.2)
    found = event_study(design)
    assert np.abs(found.value - least_squares(design)).max() < 1e-9
    assert np.abs(np.einsum("mut,utk->mk", found.weights, np.nan_to_num(design.outcome)) - found.value).max() < 1e-10
    assert np.abs(found.value[:, 2] - (found.value[:, 0] - found.value[:, 1])).max() < 1e-10


@pytest.mark.parametrize("seed", range(4))
def test_weights_of_program_cells_at_an_event_time_sum_to_one_and_at_others_to_zero(staggered, seed):
    design = staggered(seed)
    found = event_study(design)
    distance = design.periods[None, :] - design.cohort[:, None]
    for estimand, weights in zip(found.estimands, found.weights, strict=True):
        for e in times(found):
            assert weights[distance == e].sum() == pytest.approx(float(e == estimand.event_time), abs=1e-10)


@pytest.mark.parametrize("seed", range(4))
def test_shocks_constants_order_and_units_always_in_the_program_change_nothing(staggered, seed):
    design = staggered(seed)
    rng = np.random.default_rng(seed)
    moved = replace(design, outcome=design.outcome + rng.normal(size=(2, 7, 1))[design.stratum]
                    + rng.normal(size=(len(design.cohort), 1, 1)))
    assert event_study(moved).value == pytest.approx(event_study(design).value, abs=1e-10)
    order = rng.permutation(len(design.cohort))
    turned = replace(design, **{name: getattr(design, name)[order]
                                for name in ("outcome", "cluster", "stratum", "cohort", "weight")})
    assert event_study(turned).value == pytest.approx(event_study(design).value, abs=1e-10)
    always = replace(design, cohort=np.where(design.cluster == 23, 1, design.cohort))
    assert event_study(always).value == pytest.approx(event_study(always.subset(always.cluster != 23)).value, abs=1e-10)


def test_with_effects_that_differ_it_mixes_event_times(design_of):
    """Why it is never the headline: cohort 3 has an effect of 1 from its start on, cohort 5 none, no trend before."""
    cohort = np.array([3.0, 3, 5, 5, NAN, NAN])
    effect = (np.arange(1, 8)[None, :] >= cohort[:, None]) * np.array([1, 1, 0, 0, 0, 0])[:, None]
    found = event_study(design_of(effect, cohort))
    before = found.value[[e < 0 for e in times(found)], 0]
    assert np.abs(before).max() > 0.1


def test_county_pre_periods_are_jointly_those_of_clubsandwich(counties, cases):
    found = event_study(counties)
    before = select(found, [i for i, e in enumerate(times(found)) if e < 0])
    (test,) = joint_htz(before.regression, before.contrasts)
    expected = cases["htz_pretrend_mpdta"]["HTZ"]
    assert times(before) == [-4, -3, -2]
    assert test.statistic == pytest.approx(expected["F"], abs=1e-3)
    assert (test.df1, test.df2) == (3, pytest.approx(expected["df2"], abs=5e-3))
    assert test.p_value == pytest.approx(expected["p"], abs=1e-3)


def test_medicaid_expansion_has_the_published_coefficients_and_variances(medicaid):
    """medicaid_eventstudy_pyfixest.json, case honest_medicaid: CR1 that counts 7 + 8 year effects and no state's."""
    found = event_study(medicaid)
    expected = json.loads((DATA / "medicaid_eventstudy_pyfixest.json").read_text())
    assert [e + 2014 for e in times(found)] == expected["years"]
    assert found.value[:, 0] == pytest.approx(expected["beta"], abs=1e-9)
    se = cr1(found.regression, found.contrasts, n_absorbed=1).se[:, 0]
    assert se == pytest.approx(np.sqrt(np.diag(expected["sigma"])), rel=1e-9)
