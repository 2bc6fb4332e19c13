"""Staggered triple differences against diff-diff on random designs, and where they differ."""

import numpy as np
import pytest

from evaluation.stats.aggregate import aggregate
from evaluation.stats.estimators.triple_difference import triple_difference
from evaluation.stats.records import Design

pd = pytest.importorskip("pandas")
diff_diff = pytest.importorskip("diff_diff")
pytestmark = [pytest.mark.oracles, pytest.mark.filterwarnings("ignore")]
COMPARISON = {"never": "never_treated", "not_yet": "not_yet_treated"}
METHOD = {"dr": "dr", "regression": "reg", "ipw": "ipw"}
CASES = [(seed, comparison, base, adjustment)
         for seed, adjustment in enumerate(METHOD) for comparison in COMPARISON for base in ("universal", "varying")]


def draw(seed):
    rng = np.random.default_rng(seed)
    cohort = np.array([3, 4, 5, np.nan])[rng.integers(0, 4, 600)]
    x, is_eligible = rng.normal(size=(600, 2)), rng.random(600) < 0.5
    outcome = (rng.normal(size=(600, 5)).cumsum(axis=1) + 0.3 * x[:, :1] * np.arange(5))[:, :, None]
    design = Design(
        outcome=outcome, parts=("y",), unit_ids=tuple(map(str, range(600))), periods=np.arange(1, 6),
        position=np.arange(5), cluster=np.arange(600), stratum=np.zeros(600, dtype=int), cohort=cohort,
        weight=np.ones(600), is_break=np.zeros(5, dtype=bool), covariates=x, is_eligible=is_eligible)
    unit, period = np.indices((600, 5)).reshape(2, -1)
    rows = pd.DataFrame({"unit": unit, "time": period + 1, "y": outcome.ravel(), "g": np.nan_to_num(cohort)[unit],
                         "p": is_eligible[unit].astype(int), "x1": x[unit, 0], "x2": x[unit, 1]})
    return design, rows


def theirs(rows, comparison, base, adjustment):
    model = diff_diff.TripleDifference(estimation_method=METHOD[adjustment], control_group=COMPARISON[comparison],
                                       base_period=base)
    return model.fit(rows, outcome="y", unit="unit", time="time", first_treat="g", partition="p",
                     covariates=["x1", "x2"], aggregate="all")


@pytest.mark.parametrize(("seed", "comparison", "base", "adjustment"), CASES)
def test_effects_and_averages_agree_and_errors_where_one_cohort_is_compared(seed, comparison, base, adjustment):
    design, rows = draw(seed)
    estimate = triple_difference(design, comparison=comparison, base=base, adjustment=adjustment)
    other = theirs(rows, comparison, base, adjustment)
    se = np.sqrt((estimate.influence.of_cluster**2).sum(axis=0))[:, 0]
    checked = 0
    for e, value, error in zip(estimate.estimands, estimate.value[:, 0], se, strict=True):
        found = other.group_time_effects[e.cohort, e.period]
        assert value == pytest.approx(found["effect"], abs=1e-7)
        if comparison == "never":
            assert error == pytest.approx(found["se"], rel=1e-6)
        checked += 1
    assert checked == len(estimate.estimands) > 8
    assert aggregate(estimate, "overall").value[0, 0] == pytest.approx(other.overall_att, abs=1e-7)


@pytest.mark.parametrize("seed", range(3))
def test_their_error_of_joined_cohorts_is_ours_times_the_share_of_units_in_the_cell(seed):
    """diff-diff 3.13 (and R's triplediff 0.2.4) scale the influence by the cell's units and divide by all."""
    design, rows = draw(seed)
    estimate = triple_difference(design, comparison="not_yet", base="universal", adjustment="dr")
    other = theirs(rows, "not_yet", "universal", "dr")
    se = np.sqrt((estimate.influence.of_cluster**2).sum(axis=0))[:, 0]
    j = [(e.cohort, e.period) for e in estimate.estimands].index((4, 4))
    share = (design.cohort != 3).mean()
    assert other.group_time_effects[4, 4]["se"] / se[j] == pytest.approx(share * np.sqrt(600 / 599), rel=1e-6)
    assert share < 0.8
