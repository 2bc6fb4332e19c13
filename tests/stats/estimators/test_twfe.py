"""Two-way fixed effects as a regression with weights per cell."""

from dataclasses import replace

import numpy as np
import pytest

from evaluation.stats.estimators.group_time_att import group_time_att
from evaluation.stats.estimators.twfe import twfe
from evaluation.stats.inference.cr2 import cr1, cr2

NAN = np.nan


def test_two_periods_and_one_cohort_are_the_difference_in_differences(design_of):
    design = design_of(np.array([[10, 13], [20, 25], [7, 8], [1, 3]]), [2, 2, NAN, NAN])
    a, b = twfe(design), group_time_att(design, comparison="never", base="universal")
    assert a.value[0, 0] == pytest.approx(2.5)
    assert a.weights == pytest.approx(b.weights)
    assert cr2(a.regression, a.contrasts).se == pytest.approx(cr2(b.regression, b.contrasts).se)
    assert cr2(a.regression, a.contrasts).df == pytest.approx(cr2(b.regression, b.contrasts).df)


def least_squares(design):
    """Coefficient of the program indicator with every dummy spelled out."""
    u, t = np.nonzero(design.present)
    into = (design.periods[t] >= design.cohort[u]).astype(float)
    cell = design.stratum[u] * 100 + t
    x = np.column_stack([into, np.eye(len(design.cohort))[u], cell[:, None] == np.unique(cell)])
    root = np.sqrt(design.weight[u])[:, None]
    return np.linalg.lstsq(x * root, design.outcome[u, t] * root, rcond=None)[0][0]


@pytest.mark.parametrize("seed", range(4))
def test_value_is_least_squares_and_the_weighted_sum_of_cells(staggered, seed):
    design = staggered(seed, missing=0.2)
    found = twfe(design)
    assert np.abs(found.value[0] - least_squares(design)).max() < 1e-10
    assert np.abs(np.einsum("ut,utk->k", found.weights[0], np.nan_to_num(design.outcome)) - found.value).max() < 1e-10
    assert found.value[0, 2] == pytest.approx(found.value[0, 0] - found.value[0, 1], abs=1e-10)
    in_program = design.periods[None, :] >= design.cohort[:, None]
    assert found.weights[0][in_program].sum() == pytest.approx(1)
    assert found.value == pytest.approx(found.contrasts @ found.regression.coefficient)
    assert (len(found.program_clusters[0]), len(found.comparison_clusters[0])) == (12, 12)


def test_shocks_constants_order_and_units_seen_once_change_nothing(staggered):
    design = staggered(3)
    rng = np.random.default_rng(0)
    moved = replace(design, outcome=design.outcome + rng.normal(size=(2, 7, 1))[design.stratum]
                    + rng.normal(size=(len(design.cohort), 1, 1)))
    assert twfe(moved).value == pytest.approx(twfe(design).value, abs=1e-10)
    order = rng.permutation(len(design.cohort))
    turned = replace(design, **{name: getattr(design, name)[order]
                                for name in ("outcome", "cluster", "stratum", "cohort", "weight")})
    assert twfe(turned).value == pytest.approx(twfe(design).value, abs=1e-10)
    once = np.full_like(design.outcome, NAN)
    once[:, 0] = 1e3
    seen_once = np.isin(design.cluster, [0, 5])[:, None, None]
    a = twfe(replace(design, outcome=np.where(seen_once, once, design.outcome)))
    b = twfe(design.subset(~seen_once[:, 0, 0]))
    assert a.value == pytest.approx(b.value, abs=1e-10)
    assert cr1(a.regression, a.contrasts).se == pytest.approx(cr1(b.regression, b.contrasts).se)


def test_it_is_no_average_of_effects_that_grow(design_of):
    """Why it is never the headline: with effects 1, 2, 3 … since the start it lies below the smallest average."""
    cohort = np.array([2.0, 2, 5, 5])
    distance = np.arange(1, 9)[None, :] - cohort[:, None] + 1
    design = design_of(np.maximum(distance, 0), cohort)
    assert twfe(design).value[0, 0] < np.maximum(distance, 0)[distance > 0].mean() / 2
    assert (twfe(design).weights[0][distance > 0] < 0).any()


@pytest.mark.parametrize("cohort", [[NAN, NAN], [1, 1], [2, 2], [9, NAN]])
def test_an_indicator_the_effects_explain_is_not_estimated(design_of, cohort):
    found = twfe(design_of(np.arange(6.0).reshape(2, 3) ** 2, cohort))
    assert found.estimands == ()
    assert found.value.shape == (0, 1)
    assert found.weights.shape == (0, 2, 3)


def test_a_design_without_cells_gives_nothing(design_of):
    assert twfe(design_of(np.full((2, 3), NAN), [2, NAN])).estimands == ()
