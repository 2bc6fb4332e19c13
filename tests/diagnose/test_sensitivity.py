"""The event study behind sensitivity, robust intervals and breakdown values of a topic."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from evaluation.diagnose.detectable import detectable_effects
from evaluation.diagnose.leave_one_out import leave_one_out
from evaluation.diagnose.path import path_of
from evaluation.diagnose.sensitivity import MULTIPLES, breakdowns, sensitivity, slope_error
from evaluation.stats.aggregate import aggregate
from evaluation.stats.inference.coverage import Achieved
from evaluation.stats.inference.cr2 import covariance
from evaluation.stats.inference.infer import infer
from tests.diagnose.drawn import drawn, table, with_specification

EIGHT = {f"ia-{i}": 2004 for i in range(10, 18)}
TWO = {**{f"ia-{i}": 2004 for i in range(10, 16)}, **{f"ia-{i}": 2005 for i in range(16, 22)}}
BREAK = [{"id": "storm", "label": "Storm", "kind": "break", "periods": [2003]}]
PLAN = {"confirmatory": [], "exploratory": [{"specifications": ["headline"]}]}


@pytest.fixture
def steady(cells_of, study_of, prepared):
    return prepared(cells_of(drawn(2, n_units=30, effect=-60.0)), study_of(EIGHT))


def test_without_a_departure_the_interval_is_the_one_of_t(steady):
    rows = table(steady, "sensitivity", sensitivity(steady))
    at = rows[(rows["restriction"] == "relative_magnitude") & (rows["m"] == 0)].set_index("part")
    study = path_of(steady).studies[0]
    inference = infer(steady.overall)[0][0]
    half = stats.t.ppf(0.975, study.df) * inference.se
    assert at.loc["gap", "ci_low"] == pytest.approx(inference.value - half, abs=1e-6 * half)
    assert at.loc["gap", "ci_high"] == pytest.approx(inference.value + half, abs=1e-6 * half)


def test_intervals_of_larger_relative_departures_hold_the_smaller(steady):
    rows = table(steady, "sensitivity", sensitivity(steady))
    assert len(rows) == 3 * sum(len(sizes) for sizes in MULTIPLES.values())
    for _, one in rows[rows["restriction"] == "relative_magnitude"].sort_values("m").groupby("part"):
        assert (np.diff(one["ci_low"].astype(float)) < 0).all()
        assert (np.diff(one["ci_high"].astype(float)) > 0).all()


def test_smoothness_sizes_are_multiples_of_the_error_of_the_last_slope(steady):
    rows = table(steady, "sensitivity", sensitivity(steady))
    study = path_of(steady).studies[0]
    assert slope_error(study) == pytest.approx(np.sqrt(study.covariance[1, 1]))
    mine = rows[(rows["restriction"] == "smoothness") & (rows["part"] == "gap")]
    assert mine["m"].tolist() == pytest.approx([x * slope_error(study) for x in MULTIPLES["smoothness"]])


def test_the_breakdown_value_is_where_the_interval_reaches_zero(steady):
    row = table(steady, "breakdowns", breakdowns(steady)).set_index(["part", "restriction"])
    value = row.loc[("gap", "relative_magnitude"), "breakdown"]
    assert value > 0.5
    assert row.loc[("gap", "relative_magnitude"), ["n_pre_periods", "n_post_periods"]].tolist() == [2, 3]
    rows = table(steady, "sensitivity", sensitivity(steady))
    gap = rows[(rows["restriction"] == "relative_magnitude") & (rows["part"] == "gap")]
    assert ((gap["ci_high"] < 0) == (gap["m"] < value)).all()
    assert row.loc[("reference", "relative_magnitude"), "undefined"] == "not_clear"
    assert pd.isna(row.loc[("reference", "relative_magnitude"), "breakdown"])


def test_the_contrast_is_the_overall_effect_where_every_step_may_have_an_interval(cells_of, study_of, prepared):
    of = prepared(cells_of(drawn(3, n_units=34)), study_of(TWO))
    path = path_of(of)
    for part, study in enumerate(path.studies):
        assert study.value[study.n_pre:] @ path.contrast == pytest.approx(of.overall.value[0, part])


def test_covariance_and_degrees_of_freedom_are_those_of_cr2_at_its_weakest_step(cells_of, study_of, prepared):
    of = prepared(cells_of(drawn(3, n_units=34)), study_of(TWO))
    by_time = aggregate(of.att_gt, "event_time")
    found = covariance(by_time.regression, by_time.contrasts)
    study = path_of(of).studies[0]
    assert study.covariance == pytest.approx(found.matrix[0])
    assert found.df.max() > found.df.min() + 1
    assert study.df == pytest.approx(found.df.min())


def test_years_left_out_move_no_base_and_keep_their_distance(cells_of, study_of, prepared):
    """Without 2003 the cohort of 2004 goes from 2002, two periods, and that of 2005 from 2004, one."""
    study = with_specification(study_of(TWO, events=BREAK), exclude_events=("storm",))
    path = path_of(prepared(cells_of(drawn(3, n_units=34)), study))
    found = path.studies[0]
    # steps -2 (2005's 2001), -1 (2004's 2001, 2005's 2002), then 1, 2 and 3 (2004 alone)
    assert found.event_time == pytest.approx([-3.0, -1.5, 1.5, 2.5, 4.0])
    assert (found.n_pre, found.base) == (2, 0)
    assert path.contrast == pytest.approx([12 / 30, 12 / 30, 6 / 30])


def test_break_periods_that_stay_in_the_design_are_in_no_event_study(cells_of, study_of, prepared):
    cells = cells_of(drawn(3, n_units=34))
    kept, left_out = (path_of(prepared(cells, study)) for study in (
        study_of(TWO, events=BREAK), with_specification(study_of(TWO, events=BREAK), exclude_events=("storm",))))
    assert kept.studies[0].event_time == pytest.approx(left_out.studies[0].event_time)
    assert kept.studies[0].value == pytest.approx(left_out.studies[0].value)
    assert kept.studies[0].covariance == pytest.approx(left_out.studies[0].covariance)


def test_a_period_of_anticipation_lies_after_the_base_and_has_no_weight(cells_of, study_of, prepared):
    path = path_of(prepared(cells_of(drawn(3, n_units=34)), with_specification(study_of(EIGHT), anticipation=1)))
    assert path.studies[0].event_time.tolist() == [-1, 1, 2, 3, 4]
    assert path.contrast == pytest.approx([0, 1 / 3, 1 / 3, 1 / 3])


@pytest.mark.parametrize(("starts", "changes", "n_units", "reason"), [
    (EIGHT, {"base": "varying"}, 30, "varying_base"),
    ({f"ia-{i}": 2002 for i in range(10, 18)}, {}, 30, "no_pre_period"),
    ({"ia-10": 2004, "ia-11": 2004}, {}, 18, "few_clusters"),
    ({f"ia-{i}": 2004 for i in range(10, 13)}, {}, 6, "deficient_rank"),
])
def test_where_there_is_no_event_study_a_row_says_why(cells_of, study_of, prepared, starts, changes, n_units, reason):
    of = prepared(cells_of(drawn(4, n_units=n_units)), with_specification(study_of(starts), **changes))
    rows = table(of, "breakdowns", breakdowns(of))
    assert len(rows) == 6
    assert set(rows["undefined"]) == {reason}
    assert rows["breakdown"].isna().all()
    assert sensitivity(of) == []


def test_where_the_gate_withholds_the_interval_no_robust_one_is_given(steady):
    def gate(estimate, i, method, level):
        return Achieved(0.8, 0.79, 0.94, is_allowed=False, simulated=None)

    of = replace(steady, gate=gate)
    assert sensitivity(of) == []
    assert {row["undefined"] for row in breakdowns(of)} == {"low_coverage"}
    assert detectable_effects(of)[0]["detectable"] is None
    assert {row["verdict"] for row in leave_one_out(of)} == {"cannot_tell"}
    assert "cannot_tell" not in {row["verdict"] for row in leave_one_out(steady)}


def test_only_confirmatory_results_are_asked(cells_of, study_of, prepared):
    of = prepared(cells_of(drawn(2, n_units=30)), study_of(EIGHT, plan=PLAN))
    assert sensitivity(of) == []
    assert breakdowns(of) == []
