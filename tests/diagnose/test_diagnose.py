import numpy as np
import pandas as pd
import pytest

from evaluation.contracts import conform
from evaluation.design import build, topics
from evaluation.diagnose.all import diagnose
from evaluation.diagnose.diagnosed import diagnosable, overall_of, prepare
from evaluation.errors import EstimationError
from evaluation.stats.aggregate import aggregate
from evaluation.stats.estimators.group_time_att import group_time_att
from evaluation.stats.inference.cr2 import joint_htz
from evaluation.stats.inference.infer import infer

STARTS = {"ia-10": 2003, **{f"ia-{i}": 2004 for i in range(11, 15)}, **{f"ia-{i}": 2005 for i in range(15, 18)}}


def drawn(seed, *, n_units=18, drift=0.0):
    """Means at random; program units drift apart from the others by `drift` per year before they start."""
    rng = np.random.default_rng(seed)
    return {(f"ia-{u}", p, g): (rng.uniform(5, 30) + drift * (p - 2001) * (f"ia-{u}" in STARTS) * (g == "black"), 20)
            for u in range(10, 10 + n_units) for p in range(2001, 2007) for g in ("black", "white")}


def diagnosed(cells, study):
    of = prepare({("rate_pct", "race_ethnicity"): cells}, study, topics(study)[0])
    return {table: conform(pd.DataFrame(rows), table) for table, rows in diagnose(of).items()}


def test_the_reduced_regression_gives_the_same_interval(cells_of, study_of):
    study = study_of(STARTS)
    design = build(cells_of(drawn(1)), study, study.specifications[0], "rate_pct", study.gaps[0])
    att_gt = group_time_att(design, comparison="not_yet", base="universal")
    reduced = overall_of(att_gt)
    for one, other in zip(infer(reduced)[0], infer(aggregate(att_gt, "overall"))[0], strict=True):
        assert one.se == pytest.approx(other.se, rel=1e-10)
        assert one.df == pytest.approx(other.df, rel=1e-10)
    assert reduced.regression.x.shape[1] < att_gt.regression.x.shape[1]


def test_leaving_a_district_out_is_estimating_without_its_cells(cells_of, study_of):
    cells, study = cells_of(drawn(2)), study_of(STARTS)
    rows = diagnosed(cells, study)["leave_one_out"]
    rows = rows[rows["part"] == "gap"].set_index("left_out")
    lone = {"ia-10"}
    assert set(rows.index) == set(cells["unit_id"]) - lone
    rest = cells[cells["unit_id"] != "ia-20"].reset_index(drop=True)
    design = build(rest, study, study.specifications[0], "rate_pct", study.gaps[0])
    overall = aggregate(group_time_att(design, comparison="not_yet", base="universal"), "overall")
    assert rows.loc["ia-20", "value"] == pytest.approx(overall.value[0, 0], abs=1e-10)
    assert rows.loc["ia-20", "se"] == pytest.approx(infer(overall)[0][0].se, rel=1e-9)


def test_detectable_is_more_than_two_standard_errors(cells_of, study_of):
    rows = diagnosed(cells_of(drawn(3)), study_of(STARTS))["detectable_effects"]
    assert set(rows["part"]) == {"gap", "focal", "reference"}
    assert ((rows["detectable"] / rows["se"]).between(2.8, 5)).all()


def test_too_few_program_districts_leave_it_missing(cells_of, study_of):
    found = diagnosed(cells_of(drawn(4)), study_of({"ia-10": 2004, "ia-11": 2004}))
    assert found["detectable_effects"]["detectable"].isna().all()
    assert found["pre_trends"]["p_value"].isna().all()
    assert (found["pre_trends"]["n_pre_periods"] == 0).all()


def test_pre_trends_test_the_event_times_before_the_base_together(cells_of, study_of):
    cells, study = cells_of(drawn(5, n_units=40)), study_of({f"ia-{i}": 2004 for i in range(10, 22)})
    rows = diagnosed(cells, study)["pre_trends"].set_index("part")
    design = build(cells, study, study.specifications[0], "rate_pct", study.gaps[0])
    by_time = aggregate(group_time_att(design, comparison="not_yet", base="universal"), "event_time")
    before = [i for i, e in enumerate(by_time.estimands) if e.event_time < 0]
    assert [by_time.estimands[i].event_time for i in before] == [-3, -2]
    expected = joint_htz(by_time.regression, by_time.contrasts[before])
    assert rows.loc["gap", "n_pre_periods"] == 2
    assert rows.loc["gap", "p_value"] == pytest.approx(expected[0].p_value)
    assert rows.loc["reference", "statistic"] == pytest.approx(expected[2].statistic)


def test_a_drift_before_the_program_is_found_in_gap_and_focal_part_only(cells_of, study_of):
    rows = diagnosed(cells_of(drawn(6, n_units=40, drift=25.0)), study_of(STARTS))["pre_trends"].set_index("part")
    assert rows.loc["gap", "p_value"] < 0.02
    assert rows.loc["focal", "p_value"] < 0.02
    assert rows.loc["reference", "p_value"] > 0.05


def test_without_an_effect_there_is_nothing_to_diagnose(cells_of, study_of):
    with pytest.raises(EstimationError, match="beside a comparison unit"):
        diagnosed(cells_of(drawn(7, n_units=2)), study_of({"ia-10": 2004, "ia-11": 2004}))


def test_two_way_effects_are_not_diagnosed(study_of):
    study = study_of(STARTS)
    twfe = study.specifications[0].model_copy(update={"estimator": "twfe"})
    assert diagnosable(study.model_copy(update={"specifications": (twfe,)})) == ()
