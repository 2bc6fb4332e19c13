"""Extended two-way fixed effects: by hand, as other estimators, with covariates, and what must hold."""

from dataclasses import replace

import numpy as np
import pytest

from evaluation.stats.aggregate import aggregate
from evaluation.stats.estimators.etwfe import etwfe
from evaluation.stats.estimators.imputation import imputation
from evaluation.stats.estimators.sun_abraham import sun_abraham

NAN = np.nan


def of(estimate):
    return {(e.cohort, e.period): v for e, v in zip(estimate.estimands, estimate.value[:, 0], strict=True)}


def test_all_periods_before_the_start_are_the_base_by_hand(design_of):
    design = design_of(np.array([[0, 2, 9], [1, 1, 4]]), [3, NAN])
    assert of(etwfe(design, comparison="not_yet")) == {(3, 3): pytest.approx((9 - 1) - (4 - 1))}
    assert of(etwfe(design, comparison="never")) == {(3, 1): pytest.approx(-2), (3, 3): pytest.approx(7 - 3)}


def test_periods_when_all_are_in_the_program_have_no_effect(design_of):
    design = design_of(np.array([[0, 0, 5, 6.0], [0, 0, 1, 9]]), [3, 4])
    assert of(etwfe(design, comparison="not_yet")) == {(3, 3): pytest.approx(5 - 1)}
    assert etwfe(design, comparison="never").estimands == ()


@pytest.mark.parametrize("seed", range(3))
def test_without_covariates_never_is_sun_abraham(staggered, seed):
    design = staggered(seed)
    a, b = etwfe(design, comparison="never"), sun_abraham(design, comparison="never")
    assert a.estimands == b.estimands
    assert a.value == pytest.approx(b.value, abs=1e-12)


def test_county_employment_has_the_average_that_three_programs_agree_on(counties, cases):
    alone = replace(counties, cluster=np.arange(len(counties.cluster)))
    found = aggregate(etwfe(alone, comparison="not_yet"), "overall")
    assert found.value[0, 0] == pytest.approx(cases["bjs_mpdta"]["att"], abs=1e-8)


def least_squares(design):
    """Not-yet effects of one stratum with every dummy spelled out; covariates × period and × cohort × period."""
    u, t = np.nonzero(design.present)
    g, never = design.cohort[u], design.never_program[u]
    cells = [(c, k) for c in np.unique(design.cohort[~design.never_program]) for k in range(7) if k + 1 >= c]
    dummy = np.array([(g == c) & (t == k) for c, k in cells]).T
    x = design.covariates[:, 0]
    mean = np.zeros(len(x))
    for c in np.unique(design.cohort[~design.never_program]):
        mine = design.cohort == c
        mean[mine] = np.average(x[mine], weights=design.weight[mine])
    full = np.column_stack([dummy, dummy * (x - mean)[u, None], np.eye(7)[t] * x[u, None],
                            np.eye(len(x))[u], np.eye(7)[t]])
    root = np.sqrt(design.weight[u])[:, None]
    found = np.linalg.lstsq(full * root, design.outcome[u, t] * root, rcond=None)[0]
    assert never.any()
    return {(int(c), k + 1): found[i] for i, (c, k) in enumerate(cells)}


@pytest.mark.parametrize("seed", range(4))
def test_covariates_enter_as_in_the_paper(with_covariate, seed):
    design = with_covariate(seed)
    one = design.subset(design.stratum == 0)
    found, expected = etwfe(one, comparison="not_yet"), least_squares(one)
    assert {(e.cohort, e.period) for e in found.estimands} == set(expected)
    for estimand, value in zip(found.estimands, found.value, strict=True):
        assert value == pytest.approx(expected[estimand.cohort, estimand.period], abs=1e-9)


@pytest.mark.parametrize("comparison", ["never", "not_yet"])
def test_a_trend_that_differs_by_covariate_is_taken_out(with_covariate, comparison):
    design = with_covariate(3)
    trend = design.covariates[:, :1, None] * np.linspace(0, 9, 7)[None, :, None] ** 2
    moved = replace(design, outcome=design.outcome + trend)
    assert etwfe(moved, comparison=comparison).value == pytest.approx(etwfe(design, comparison=comparison).value,
                                                                      abs=1e-8)
    bare = replace(moved, covariates=np.empty((0, 0)))
    assert np.abs(etwfe(bare, comparison=comparison).value - etwfe(moved, comparison=comparison).value).max() > 0.5


@pytest.mark.parametrize("comparison", ["never", "not_yet"])
def test_an_effect_that_differs_by_covariate_is_that_at_the_cohorts_mean(with_covariate, comparison):
    design = with_covariate(1)
    flat = replace(design, outcome=np.where(design.in_program, 2 + 3 * design.covariates, 0)[..., None])
    found = etwfe(flat, comparison=comparison)
    x, w = design.covariates[:, 0], design.weight
    for estimand, value in zip(found.estimands, found.value, strict=True):
        mine = design.cohort == estimand.cohort
        expected = 2 + 3 * np.average(x[mine], weights=w[mine]) if estimand.event_time >= 0 else 0
        assert value[0] == pytest.approx(expected, abs=1e-9)


def test_a_missing_covariate_is_refused_with_a_count(with_covariate):
    design = with_covariate(0)
    x = design.covariates.copy()
    x[[1, 4]] = NAN
    with pytest.raises(ValueError, match="2 units lack a covariate"):
        etwfe(replace(design, covariates=x), comparison="not_yet")
    out = replace(design, covariates=x, cohort=np.where(np.isnan(x[:, 0]), 1, design.cohort))
    assert len(etwfe(out, comparison="not_yet").estimands) > 0


@pytest.fixture(params=[(seed, comparison) for seed in range(3) for comparison in ("never", "not_yet")], ids=str)
def drawn(request, staggered):
    seed, comparison = request.param
    design = staggered(seed, missing=0.15)
    return design, etwfe(design, comparison=comparison)


def test_weights_of_the_cohort_in_the_period_sum_to_one_and_those_of_others_in_the_program_to_zero(drawn):
    design, found = drawn
    for estimand, weights in zip(found.estimands, found.weights, strict=True):
        mine = (design.cohort == estimand.cohort)[:, None] & (design.periods == estimand.period)
        assert weights[mine].sum() == pytest.approx(1, abs=1e-10)
        others = design.in_program & ~mine
        assert weights[others].sum() == pytest.approx(0, abs=1e-10)



def test_effects_that_differ_are_found_and_averaged_by_program_weight(staggered):
    design = staggered(0, missing=0)
    true = np.where(design.in_program, design.periods[None, :] - np.nan_to_num(design.cohort)[:, None] + 1, 0.0)
    found = etwfe(replace(design, outcome=true[..., None] + np.arange(7)[None, :, None]), comparison="not_yet")
    assert found.value[:, 0] == pytest.approx([e.event_time + 1 for e in found.estimands], abs=1e-10)
    expected = np.average(true[design.in_program], weights=np.broadcast_to(design.weight[:, None], true.shape)[
        design.in_program])
    assert aggregate(found, "overall").value[0, 0] == pytest.approx(expected)



@pytest.mark.parametrize("seed", range(2))
def test_not_yet_is_imputation_where_no_cell_is_absent_and_near_it_elsewhere(staggered, seed):
    full, some = staggered(seed, missing=0), staggered(seed, missing=0.1)
    assert etwfe(full, comparison="not_yet").value == pytest.approx(imputation(full).value, abs=1e-10)
    assert np.abs(etwfe(some, comparison="not_yet").value - imputation(some).value).max() > 1e-3
