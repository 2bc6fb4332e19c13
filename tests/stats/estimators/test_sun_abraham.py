"""Interaction-weighted effects: by hand, as group-time effects, and what must hold."""

from dataclasses import replace

import numpy as np
import pytest

from evaluation.stats.aggregate import aggregate
from evaluation.stats.estimators.group_time_att import group_time_att
from evaluation.stats.estimators.sun_abraham import sun_abraham
from evaluation.stats.inference.cr2 import cr2

NAN = np.nan


def of(estimate):
    return {(e.cohort, e.period): v for e, v in zip(estimate.estimands, estimate.value[:, 0], strict=True)}


def test_the_last_cohort_is_the_comparison_until_it_starts(design_of):
    design = design_of(np.array([[0, 5, 9, 99], [0, 1, 3, 50], [7, 7, 7, 7]]), [2, 4, NAN])
    found = of(sun_abraham(design, comparison="last_cohort"))
    assert found == {(2, 2): pytest.approx(5 - 1), (2, 3): pytest.approx(9 - 3)}
    assert found.keys() < of(sun_abraham(design, comparison="never")).keys()


def test_one_cohort_cannot_be_its_own_comparison(design_of):
    design = design_of(np.random.default_rng(0).normal(size=(4, 4)), [3, 3, NAN, NAN])
    assert sun_abraham(design, comparison="last_cohort").estimands == ()


@pytest.mark.parametrize("seed", range(4))
def test_where_no_cell_is_absent_it_is_the_group_time_att_with_its_cr2(staggered, seed):
    design = staggered(seed, missing=0)
    a = sun_abraham(design, comparison="never")
    b = group_time_att(design, comparison="never", base="universal")
    assert a.estimands == b.estimands
    assert np.abs(a.value - b.value).max() < 1e-10
    assert np.abs(a.weights - b.weights).max() < 1e-12
    assert cr2(a.regression, a.contrasts).se == pytest.approx(cr2(b.regression, b.contrasts).se, rel=1e-8)
    for kind in ("overall", "event_time", "cohort"):
        assert aggregate(a, kind).value == pytest.approx(aggregate(b, kind).value, abs=1e-10)


def test_with_absent_cells_units_without_their_base_count_too(staggered):
    design = staggered(1)
    a = sun_abraham(design, comparison="never")
    b = group_time_att(design, comparison="never", base="universal")
    assert a.estimands == b.estimands
    assert np.abs(a.value - b.value).max() > 0.01


def least_squares(design, cohort, period):
    """A coefficient with every dummy of the stratum spelled out."""
    kept = design.subset((design.stratum == 0) & ((design.cohort == cohort) | design.never_program))
    u, t = np.nonzero(kept.present)
    base = int(cohort) - 2
    names = [k for k in range(7) if k != base]
    program = ~kept.never_program[u]
    x = np.column_stack([(t[:, None] == names) & program[:, None], np.eye(len(kept.cohort))[u], np.eye(7)[t]])
    root = np.sqrt(kept.weight[u])[:, None]
    found = np.linalg.lstsq(x * root, kept.outcome[u, t] * root, rcond=None)[0]
    return found[names.index(period - 1)]


@pytest.mark.parametrize("seed", range(3))
def test_an_effect_is_its_cohort_beside_never_program_units_alone(staggered, seed):
    """Cohorts do not speak of each other."""
    design = staggered(seed, missing=0.15)
    found = sun_abraham(design.subset(design.stratum == 0), comparison="never")
    for estimand, value in zip(found.estimands, found.value, strict=True):
        assert value == pytest.approx(least_squares(design, estimand.cohort, estimand.period), abs=1e-9)


@pytest.fixture(params=[(seed, comparison) for seed in range(3) for comparison in ("never", "last_cohort")], ids=str)
def drawn(request, staggered):
    seed, comparison = request.param
    design = staggered(seed, missing=0.15)
    return design, sun_abraham(design, comparison=comparison)



def test_weights_of_the_cohort_in_the_period_sum_to_one_and_those_of_other_cohorts_to_zero(drawn):
    design, found = drawn
    for estimand, weights in zip(found.estimands, found.weights, strict=True):
        mine = (design.cohort == estimand.cohort)[:, None] & (design.periods == estimand.period)
        assert weights[mine].sum() == pytest.approx(1, abs=1e-10)
        assert weights[(design.cohort != estimand.cohort) & ~np.isnan(design.cohort)].sum() == pytest.approx(0)



def test_units_starting_after_the_last_period_change_nothing(staggered):
    design = staggered(2)
    moved = replace(design, cohort=np.where(design.cluster == 23, 99, design.cohort))
    a = sun_abraham(moved, comparison="never")
    b = sun_abraham(moved.subset(moved.cluster != 23), comparison="never")
    assert a.value == pytest.approx(b.value, abs=1e-10)
    assert (a.weights[:, moved.cluster == 23] == 0).all()


def test_a_cohort_of_one_cluster_is_lone(staggered):
    design = staggered(1, missing=0)
    early = replace(design, cohort=np.where(design.cluster == 0, 3, design.cohort))
    found = sun_abraham(early, comparison="never")
    assert [e.cohort for e, lone in zip(found.estimands, found.lone_program, strict=True) if lone] == [3] * 6
    assert not found.lone_comparison.any()
