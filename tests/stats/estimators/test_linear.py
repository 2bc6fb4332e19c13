"""What holds of every estimator by cohort and period, or by event time, that is linear in the outcome."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from evaluation.stats.estimators.etwfe import etwfe
from evaluation.stats.estimators.imputation import imputation
from evaluation.stats.estimators.stacked import stacked
from evaluation.stats.estimators.sun_abraham import sun_abraham
from evaluation.stats.inference.infer import infer
from evaluation.stats.records import Design, Estimate

ESTIMATORS: dict[str, Callable[[Design], Estimate]] = {
    "imputation": imputation,
    **{f"etwfe {c}": partial(etwfe, comparison=c) for c in ("never", "not_yet")},
    **{f"sun_abraham {c}": partial(sun_abraham, comparison=c) for c in ("never", "last_cohort")},
    **{f"stacked {e} {c} {w}": partial(stacked, effects=e, comparison=c, weighting=w)
       for e in ("overall", "event_time") for c in ("never", "not_yet") for w in ("plain", "corrective")},
}


@pytest.fixture(params=ESTIMATORS)
def estimate(request):
    return ESTIMATORS[request.param]


@pytest.fixture(params=range(2))
def design(request, staggered):
    return staggered(request.param, missing=0.15)


def test_weights_times_outcome_is_the_value_and_the_gap_is_focal_less_reference(estimate, design):
    found = estimate(design)
    assert len(found.estimands) == len(infer(found)) > 0
    assert np.abs(np.einsum("mut,utk->mk", found.weights, np.nan_to_num(design.outcome)) - found.value).max() < 1e-10
    assert np.abs(found.value[:, 2] - (found.value[:, 0] - found.value[:, 1])).max() < 1e-10


def test_weights_cancel_within_units_and_periods(estimate, design):
    found = estimate(design)
    assert np.abs(found.weights.sum(axis=1)).max() < 1e-10
    assert np.abs(found.weights.sum(axis=2)).max() < 1e-10


def test_shocks_of_a_stratum_constants_and_order_change_nothing(estimate, design):
    rng = np.random.default_rng(7)
    moved = replace(design, outcome=design.outcome + rng.normal(size=(2, 7, 1))[design.stratum]
                    + rng.normal(size=(len(design.cohort), 1, 1)))
    assert estimate(moved).value == pytest.approx(estimate(design).value, abs=1e-9)
    order = rng.permutation(len(design.cohort))
    turned = replace(design, **{name: getattr(design, name)[order]
                                for name in ("outcome", "cluster", "stratum", "cohort", "weight")})
    assert estimate(turned).value == pytest.approx(estimate(design).value, abs=1e-9)


def test_units_always_in_the_program_change_nothing(estimate, design):
    always = replace(design, cohort=np.where(design.cluster == 23, 1, design.cohort))
    found = estimate(always)
    assert found.value == pytest.approx(estimate(always.subset(always.cluster != 23)).value, abs=1e-10)
    assert (found.weights[:, always.cluster == 23] == 0).all()


def test_a_design_without_cells_program_or_comparison_gives_nothing(estimate, design_of):
    nan = np.nan
    for outcome, cohort in ((np.full((2, 3), nan), [2, nan]), (np.ones((2, 3)), [nan, nan]), (np.ones((2, 3)), [1, 9]),
                            (np.ones((2, 3)), [2, 2])):
        found = estimate(design_of(outcome, cohort))
        assert found.estimands == infer(found) == ()
