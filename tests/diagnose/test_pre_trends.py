"""The joint pre-trend test and the slopes it would find."""

import numpy as np
import pytest
from scipy import stats

from evaluation.diagnose.path import mean_distance
from evaluation.diagnose.pre_trends import pre_trend_power, pre_trends
from evaluation.stats.aggregate import aggregate
from evaluation.stats.inference.cr2 import covariance, joint_htz
from tests.diagnose.drawn import STARTS, drawn, table, with_specification

TWELVE = {f"ia-{i}": 2004 for i in range(10, 22)}


def test_the_event_times_before_the_base_are_tested_together(cells_of, study_of, prepared):
    of = prepared(cells_of(drawn(5, n_units=40)), study_of(TWELVE))
    rows = table(of, "pre_trends", pre_trends(of)).set_index("part")
    by_time = aggregate(of.att_gt, "event_time")
    before = [i for i, e in enumerate(by_time.estimands) if e.event_time < 0]
    assert [by_time.estimands[i].event_time for i in before] == [-3, -2]
    expected = joint_htz(by_time.regression, by_time.contrasts[before])
    assert rows.loc["gap", "n_pre_periods"] == 2
    assert rows.loc["gap", "p_value"] == pytest.approx(expected[0].p_value)
    assert rows.loc["reference", "statistic"] == pytest.approx(expected[2].statistic)


def test_a_drift_before_the_program_is_found_in_gap_and_focal_part_only(cells_of, study_of, prepared):
    of = prepared(cells_of(drawn(6, n_units=40, drift=25.0)), study_of(STARTS))
    rows = table(of, "pre_trends", pre_trends(of)).set_index("part")
    assert rows.loc["gap", "p_value"] < 0.02
    assert rows.loc["focal", "p_value"] < 0.02
    assert rows.loc["reference", "p_value"] > 0.05


def test_too_few_program_districts_leave_test_and_slopes_missing(cells_of, study_of, prepared):
    of = prepared(cells_of(drawn(4)), study_of({"ia-10": 2004, "ia-11": 2004}))
    tests, power = table(of, "pre_trends", pre_trends(of)), table(of, "pre_trend_power", pre_trend_power(of))
    assert tests["p_value"].isna().all()
    assert power[["slope_50", "slope_80"]].isna().all(axis=None)
    assert (tests["n_pre_periods"] == 0).all()
    assert (power["n_pre_periods"] == 0).all()


def test_the_slope_is_found_by_the_test_with_the_power_it_names(cells_of, study_of, prepared):
    of = prepared(cells_of(drawn(5, n_units=40)), study_of(TWELVE))
    rows = table(of, "pre_trend_power", pre_trend_power(of)).set_index("part")
    by_time = aggregate(of.att_gt, "event_time")
    before = [i for i, e in enumerate(by_time.estimands) if e.event_time < 0]
    found = covariance(by_time.regression, by_time.contrasts[before])
    df2 = joint_htz(by_time.regression, by_time.contrasts[before])[0].df2
    # with one cohort the distance to the base is the event time's to -1
    departure = float(rows.loc["gap", "slope_80"]) * np.array([-2.0, -1.0])
    noncentrality = departure @ np.linalg.solve(found.matrix[0], departure)
    assert stats.ncf.sf(stats.f.isf(0.05, 2, df2), 2, df2, noncentrality) == pytest.approx(0.8, abs=1e-6)
    assert (rows["slope_50"] < rows["slope_80"]).all()


def test_distances_are_to_the_base_of_each_cohort(cells_of, study_of, prepared):
    """With 2003 left out, the cohort of 2004 has its base in 2002 and that of 2005 in 2004."""
    event = [{"id": "storm", "label": "Storm", "kind": "break", "periods": [2003]}]
    starts = {**{f"ia-{i}": 2004 for i in range(11, 15)}, **{f"ia-{i}": 2005 for i in range(15, 19)}}
    study = with_specification(study_of(starts, events=event), exclude_events=("storm",))
    of = prepared(cells_of(drawn(3, n_units=20)), study)
    by_time = aggregate(of.att_gt, "event_time")
    found = dict(zip([e.event_time for e in by_time.estimands], mean_distance(of.att_gt), strict=True))
    # -4: 2005's 2001, three before its base; -3: 2004's 2001, one before, and 2005's 2002, two before
    assert found == pytest.approx({-4: -3.0, -3: (4 * -1 + 4 * -2) / 8, 0: (4 * 2 + 4 * 1) / 8, 1: 2.5, 2: 4.0})


def test_with_a_varying_base_a_slope_is_one_period_s_change(cells_of, study_of, prepared):
    of = prepared(cells_of(drawn(5, n_units=40)), with_specification(study_of(TWELVE), base="varying"))
    assert mean_distance(of.att_gt).tolist() == [1.0, 1.0, 1.0, 2.0, 3.0]
    assert all(row["slope_80"] > 0 for row in pre_trend_power(of))
