"""Imputation: by hand, in two stages, by its influence, and what must hold."""

from dataclasses import replace

import numpy as np
import pytest

from evaluation.stats.aggregate import aggregate
from evaluation.stats.estimators.etwfe import etwfe
from evaluation.stats.estimators.imputation import imputation
from evaluation.stats.inference.cr2 import cr2
from evaluation.stats.regression import influence_of

NAN = np.nan


def of(estimate):
    return {(e.cohort, e.period): v for e, v in zip(estimate.estimands, estimate.value[:, 0], strict=True)}


def test_four_cells_by_hand(design_of):
    design = design_of(np.array([[0, 2, 9, 8], [1, 1, 4, NAN], [5, 6, 6, 6]]), [3, NAN, NAN])
    found = imputation(design)
    # period 3 rises by 4 − 1 and 6 − 5.5 over the mean of the first two; period 4 is told by the last unit alone
    assert of(found)[3, 3] == pytest.approx(9 - 1 - (3 + 0.5) / 2)
    assert len(found.estimands) == 2
    assert found.lone_program.tolist() == [True, True]
    assert found.lone_comparison.tolist() == [False, True]


def two_stage(design):
    """Gardner: effects of unit and period × stratum on cells without the program; then means of the residuals."""
    u, t = np.nonzero(design.present)
    into = design.in_program[u, t]
    usual = np.isin(u, u[~into])
    cell = design.stratum[u] * 100 + t
    x = np.column_stack([np.eye(len(design.cohort))[u], cell[:, None] == np.unique(cell)])
    root = np.sqrt(design.weight[u])[:, None]
    effects = np.linalg.lstsq((x * root)[~into], (design.outcome[u, t] * root)[~into], rcond=None)[0]
    residual = design.outcome[u, t] - x @ effects
    return {(int(c), k + 1): np.average(residual[mine], axis=0, weights=design.weight[u[mine]])
            for c in np.unique(design.cohort[~design.never_program]) for k in range(7)
            for mine in [into & usual & (design.cohort[u] == c) & (t == k)] if mine.any()}


@pytest.mark.parametrize("seed", range(5))
def test_it_is_two_stage_least_squares_whatever_cells_are_absent(staggered, seed):
    design = staggered(seed, missing=0.3 * (seed > 0))
    found, expected = imputation(design), two_stage(design)
    assert {(e.cohort, e.period) for e in found.estimands} == set(expected)
    for estimand, value in zip(found.estimands, found.value, strict=True):
        assert value == pytest.approx(expected[estimand.cohort, estimand.period], abs=1e-9)


def test_county_employment_has_the_average_that_three_programs_agree_on(counties, cases):
    alone = replace(counties, cluster=np.arange(len(counties.cluster)))
    found = aggregate(imputation(alone), "overall")
    assert found.value[0, 0] == pytest.approx(cases["bjs_mpdta"]["att"], abs=1e-8)


def test_where_no_cell_is_absent_the_regression_is_the_extended_two_way(staggered):
    design = staggered(2, missing=0)
    a, b = imputation(design), etwfe(design, comparison="not_yet")
    assert a.influence is None
    assert cr2(a.regression, a.contrasts).se == pytest.approx(cr2(b.regression, b.contrasts).se)
    assert a.contrasts @ a.regression.coefficient == pytest.approx(a.value, abs=1e-10)
    assert a.lone_program.tolist() == b.lone_program.tolist()


def test_it_has_the_regression_exactly_where_its_weights_are_those(design_of):
    n_same = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        outcome = rng.normal(size=(8, 5))
        is_program = np.arange(8) < 5
        outcome[(rng.random((8, 5)) < 0.2) & ~(is_program[:, None] & (seed % 3 > 0))] = NAN
        if seed % 3 == 1:
            outcome[is_program, 1] = NAN  # from all units of a cohort alike
        design = design_of(outcome, [3, 3, 4, 4, 4, NAN, NAN, NAN])
        a, b = imputation(design), etwfe(design, comparison="not_yet")
        is_same = a.estimands == b.estimands and np.allclose(a.weights, b.weights, atol=1e-9)
        assert (a.regression is not None) == is_same
        n_same += is_same
    assert 20 < n_same < 50


@pytest.mark.parametrize("seed", range(3))
def test_the_influence_of_residuals_is_that_of_the_regression_where_both_exist(staggered, seed, monkeypatch):
    design = staggered(seed, missing=0)
    by_regression = influence_of(imputation(design))
    monkeypatch.setattr("evaluation.stats.estimators.imputation._agree", lambda a, b: False)
    by_residuals = imputation(design).influence
    assert (by_regression.cluster == by_residuals.cluster).all()
    assert np.abs(by_regression.of_cluster - by_residuals.of_cluster).max() < 1e-10


@pytest.mark.parametrize("seed", range(3))
def test_influence_is_how_the_value_moves_with_the_weight_of_a_cluster(staggered, seed):
    design = staggered(seed)
    design = design.subset(design.stratum == 0)
    found = imputation(design)
    assert found.regression is None
    assert np.abs(found.influence.of_cluster.sum(axis=0)).max() < 1e-10
    for cluster, expected in zip(found.influence.cluster, found.influence.of_cluster, strict=True):
        up, down = (imputation(replace(design, weight=design.weight * np.where(design.cluster == cluster, f, 1))).value
                    for f in (1 + 1e-5, 1 - 1e-5))
        assert (up - down) / 2e-5 == pytest.approx(expected, abs=1e-7)


def test_a_cell_counts_when_the_others_tell_its_effects(design_of):
    outcome = np.random.default_rng(1).normal(size=(5, 5))
    outcome[0, :2] = NAN
    outcome[2, 0] = NAN
    design = design_of(outcome, [3, 3, NAN, 4, NAN], stratum=np.array([0, 0, 0, 1, 2]))
    found = imputation(design)
    # unit 0 is never seen without the program; stratum 1 has nobody else
    assert {e.cohort for e in found.estimands} == {3}
    assert (found.weights[:, [0, 3, 4]] == 0).all()


def test_a_period_effect_that_no_link_tells_is_not_imputed(design_of):
    """The only comparison unit in periods 4 and 5 was never seen before."""
    outcome = np.array([[0, 1, 2, 3, 4], [0, 0, 0, NAN, NAN], [NAN, NAN, NAN, 5, 6.0]])
    found = imputation(design_of(outcome, [3, NAN, NAN]))
    assert [e.period for e in found.estimands] == [3]


@pytest.fixture(params=range(4))
def drawn(request, staggered):
    return staggered(request.param, missing=0.2), np.random.default_rng(request.param)



def test_weights_in_the_program_are_positive_and_sum_to_one(drawn):
    design, _ = drawn
    found = imputation(design)
    into = np.where(design.in_program, found.weights, 0)
    assert into.min() == 0
    assert into.sum(axis=(1, 2)) == pytest.approx(1)


def test_units_always_in_the_program_have_no_influence(drawn):
    design, _ = drawn
    always = replace(design, cohort=np.where(design.cluster == 23, 1, design.cohort))
    a, b = imputation(always), imputation(always.subset(always.cluster != 23))
    assert np.abs(a.influence.of_cluster - b.influence.of_cluster).max() < 1e-10


def test_outcomes_in_the_program_of_one_cohort_do_not_move_another(drawn):
    design, rng = drawn
    late = (design.cohort == 6)[:, None] & design.in_program
    moved = replace(design, outcome=design.outcome + late[..., None] * rng.normal(size=design.outcome.shape))
    for estimand, a, b in zip(imputation(design).estimands, imputation(design).value, imputation(moved).value,
                              strict=True):
        assert (a == pytest.approx(b, abs=1e-10)) == (estimand.cohort == 4)


def test_covariates_are_not_adjusted_for(with_covariate):
    design = with_covariate(0)
    assert imputation(design).value == pytest.approx(
        imputation(replace(design, covariates=np.empty((0, 0)))).value)
    assert imputation(design).regression is not None
