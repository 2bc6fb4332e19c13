import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evaluation import store
from evaluation.contracts import conform
from evaluation.design import build, topics
from evaluation.errors import EstimationError
from evaluation.estimate.__main__ import main
from evaluation.estimate.one import estimate
from evaluation.estimate.planned import with_standing
from evaluation.estimate.two_way import fit_two_way
from evaluation.panel.lineage import no_lineage
from evaluation.panel.moments import no_homes, no_moments
from evaluation.stats.estimators.twfe import twfe, without_cohorts
from evaluation.stats.inference.coverage import Achieved
from evaluation.stats.inference.rules import Gates

ROOT = Path(__file__).parents[2]
UNITS = tuple(f"ia-{i}" for i in range(10, 24))
STARTS = {"ia-10": 2003, "ia-11": 2004, "ia-12": 2004, "ia-13": 2004, "ia-14": 2005, "ia-15": 2005}


def drawn(seed, *, scale=1.0, units=UNITS, hidden=0.03):
    """Means of both groups at random; a few cells hidden."""
    rng = np.random.default_rng(seed)
    values = {}
    for unit in units:
        for period in range(2001, 2007):
            for group in ("black", "white"):
                values[unit, period, group] = (scale * rng.uniform(5, 30), int(rng.integers(10, 60)))
                if rng.uniform() < hidden:
                    values[unit, period, group] = (None, None, "suppressed")
    return values


def found(cells, study):
    made = estimate(cells, study, topics(study)[0])
    rows = with_standing(pd.DataFrame(made.estimates), study, ())
    return conform(rows, "estimates"), pd.concat(made.weights, ignore_index=True)


def specified(study, **changes):
    return study.model_copy(update={"specifications": (study.specifications[0].model_copy(update=changes),)})


def at(rows, **coordinates):
    for column, value in coordinates.items():
        rows = rows[rows[column] == value]
    assert len(rows) == 1
    return rows.iloc[0]


def test_two_by_two_by_hand(cells_of, study_of):
    means = {("ia-1", "black"): (40, 28), ("ia-1", "white"): (20, 15), ("ia-2", "black"): (30, 29),
             ("ia-2", "white"): (10, 11), ("ia-3", "black"): (50, 45), ("ia-3", "white"): (20, 20)}
    cells = cells_of({(u, 2001 + t, g): (float(m), 10 * (t + 1)) for (u, g), pair in means.items()
                      for t, m in enumerate(pair)})
    rows, weights = found(cells, study_of({"ia-1": 2002}, last=2002))
    overall = rows[rows["estimand"] == "overall"]
    # focal: −12 − mean(−1, −5) = −9; reference: −5 − mean(1, 0) = −5.5; gap: −3.5
    assert at(overall, part="focal")["value"] == pytest.approx(-9)
    assert at(overall, part="reference")["value"] == pytest.approx(-5.5)
    gap = at(overall, part="gap")
    assert gap["value"] == pytest.approx(-3.5)
    assert gap["level"] == pytest.approx(13)
    assert (gap["no_interval"], gap["inference"], gap["verdict"]) == ("lone_cohort_cluster", "none", "cannot_tell")
    assert (gap["n_units"], gap["n_program_units"], gap["n_program_districts"], gap["n_comparison_districts"]) == (
        3, 1, 1, 2)
    assert gap["n_students"] == 120
    assert at(overall, part="focal")["n_students"] == 60
    own = weights[(weights["estimand"] == "overall") & (weights["unit_id"] == "ia-1")]
    assert own.set_index(["group_id", "cell_period"])["weight"].to_dict() == {
        ("black", 2001): -1, ("black", 2002): 1, ("white", 2001): 1, ("white", 2002): -1}


@pytest.mark.parametrize("estimator", ["group_time_att", "twfe"])
@pytest.mark.parametrize("weights", ["focal", "unit"])
def test_the_gap_is_focal_less_reference_and_every_number_its_weighted_cells(cells_of, study_of, estimator, weights):
    cells, study = cells_of(drawn(1)), specified(study_of(STARTS), estimator=estimator, weights=weights)
    rows, weight = found(cells, study)
    key = ["estimand", "cohort", "phase", "period", "event_time", "district_id"]
    wide = rows.astype(dict.fromkeys(key, object)).pivot(index=key, columns="part", values="value").astype(float)
    np.testing.assert_allclose(wide["gap"], wide["focal"] - wide["reference"], atol=1e-10, rtol=0)
    cell = ["unit_id", "cell_period", "group_id"]
    joined = weight.merge(cells.rename(columns={"period": "cell_period"})[[*cell, "mean"]], on=cell)
    sums = (joined["weight"] * joined["mean"].astype(float)).groupby(
        [joined[k].astype(object).where(joined[k].notna(), None) for k in key], dropna=False).sum()
    expected = wide["gap"][wide.index.get_level_values("estimand").isin(sums.index.get_level_values("estimand"))]
    assert len(sums) == len(expected) > 0
    np.testing.assert_allclose(np.sort(sums), np.sort(expected), atol=1e-10, rtol=0)
    if estimator == "group_time_att":
        assert set(rows["estimand"]) == {"att_gt", "overall", "cohort", "phase", "event_time", "calendar", "district"}


WIDE = tuple(f"ia-{i}" for i in range(10, 34))


@pytest.mark.parametrize(("is_allowed", "in_band"), [(True, {0, 1, 2, 3}), (False, set())])
def test_event_times_in_the_program_carry_their_band_where_coverage_lets_it(cells_of, study_of, is_allowed, in_band):
    def achieved(*asked):
        return Achieved(0.95, 0.95, 0.94, True, None)

    def joint(*asked):
        return Achieved(0.9, 0.9, 0.94, is_allowed, None)

    cells = cells_of(drawn(8, units=WIDE, hidden=0))
    study = study_of({unit: 2003 if i < 6 else 2004 for i, unit in enumerate(WIDE[:12])})
    made = estimate(cells, study, topics(study)[0], gates=Gates(achieved, joint))
    rows = conform(with_standing(pd.DataFrame(made.estimates), study, ()), "estimates")
    banded = rows[rows["band_low"].notna()]
    assert set(banded["estimand"]) == ({"event_time"} if in_band else set())
    assert set(banded["event_time"]) == in_band
    assert set(banded["part"]) == ({"gap", "focal", "reference"} if in_band else set())
    assert (banded["band_low"] < banded["ci_low"]).all()
    assert (banded["band_high"] > banded["ci_high"]).all()
    assert rows.loc[rows["estimand"] == "event_time", "ci_low"].notna().all()


def test_where_no_interval_may_be_given_there_is_no_band(cells_of, study_of):
    rows, _ = found(cells_of(drawn(2)), study_of({"ia-10": 2003, "ia-11": 2004}))
    assert rows[["ci_low", "band_low", "band_high"]].isna().all(axis=None)
    own, _ = found(cells_of(drawn(2)), specified(study_of(STARTS), inference="cr1"))
    assert own[["band_low", "band_high"]].isna().all(axis=None)


def test_a_cohort_of_one_district_leaves_the_overall_effect_and_is_shown_apart(cells_of, study_of):
    rows, _ = found(cells_of(drawn(2)), study_of(STARTS))
    assert at(rows, estimand="overall", part="gap")["left_out_cohorts"] == "2003"
    assert at(rows, estimand="overall", part="gap")["p_value"] > 0
    assert at(rows, estimand="cohort", cohort=2003, part="gap")["no_interval"] == "lone_cohort_cluster"
    assert at(rows, estimand="phase", phase="develop", part="gap")["no_interval"] == "lone_cohort_cluster"


def test_a_cohort_without_data_before_its_start_is_named_in_every_average_it_belongs_to(cells_of, study_of):
    values = drawn(2, hidden=0)
    for period in range(2001, 2005):
        for unit in ("ia-14", "ia-15"):
            values[unit, period, "white"] = (None, None, "suppressed")
    rows, _ = found(cells_of(values), study_of(STARTS))
    gap = rows[rows["part"] == "gap"]
    dropped = {k: at(gap, **k2)["dropped_cohorts"] for k, k2 in {
        "overall": {"estimand": "overall"}, "2004": {"estimand": "calendar", "period": 2004},
        "2006": {"estimand": "calendar", "period": 2006}, "pilot": {"estimand": "phase", "phase": "develop"},
        "expansion": {"estimand": "phase", "phase": "expansion"}, "at 1": {"estimand": "event_time", "event_time": 1},
        "at 2": {"estimand": "event_time", "event_time": 2}, "at −2": {"estimand": "event_time", "event_time": -2},
    }.items()}
    assert {k for k, v in dropped.items() if not pd.isna(v)} == {"overall", "2006", "expansion", "at 1", "at −2"}
    assert at(gap, estimand="overall")["dropped_cohorts"] == "2005"
    assert at(gap, estimand="overall")["left_out_cohorts"] == "2003"


def test_where_every_cohort_is_used_none_is_dropped(cells_of, study_of):
    for estimator in ("group_time_att", "twfe"):
        rows, _ = found(cells_of(drawn(2, hidden=0)), specified(study_of(STARTS), estimator=estimator))
        assert rows["dropped_cohorts"].isna().all()


def test_every_program_district_stands_alone_without_interval(cells_of, study_of):
    rows, _ = found(cells_of(drawn(3, hidden=0)), study_of(STARTS))
    alone = rows[(rows["estimand"] == "district") & (rows["part"] == "gap")]
    assert set(alone["district_id"]) == set(STARTS)
    assert (alone["no_interval"] == "lone_cohort_cluster").all()
    assert (alone["n_program_districts"] == 1).all()
    own = at(alone, district_id="ia-10")["value"]
    assert own == pytest.approx(at(rows, estimand="cohort", cohort=2003, part="gap")["value"])


@pytest.mark.parametrize("weights", ["focal", "unit"])
@pytest.mark.parametrize("within", [(), ("state",)])
def test_linearmodels_and_the_core_agree_on_two_way_fixed_effects(cells_of, study_of, weights, within):
    cells = cells_of(drawn(4, units=(*UNITS, "oh-1", "oh-2", "oh-3", "oh-4")))
    study = specified(study_of({**STARTS, "oh-1": 2003}), weights=weights, within=within, estimator="twfe")
    design = build(cells, study, study.specifications[0], "rate_pct", study.gaps[0])
    made = fit_two_way(design)
    expected = twfe(without_cohorts(design, made.left_out_cohorts[0]))
    np.testing.assert_allclose(made.value, expected.value, atol=1e-9, rtol=0)


def test_two_way_fixed_effects_leave_the_cohort_of_one_district_out_as_the_headline_does(cells_of, study_of):
    values = drawn(2, hidden=0)
    rows, weights = found(cells_of(values), specified(study_of(STARTS), estimator="twfe"))
    gap = at(rows, part="gap")
    assert gap["left_out_cohorts"] == "2003"
    assert pd.isna(gap["no_interval"])
    assert "ia-10" not in set(weights["unit_id"])
    others = {unit: start for unit, start in STARTS.items() if unit != "ia-10"}
    values = {k: v for k, v in values.items() if k[0] != "ia-10"}
    without, _ = found(cells_of(values), specified(study_of(others), estimator="twfe"))
    assert gap["value"] == pytest.approx(at(without, part="gap")["value"], abs=1e-9)


def test_two_way_fixed_effects_of_lone_cohorts_only_have_no_interval(cells_of, study_of):
    rows, _ = found(cells_of(drawn(2)), specified(study_of({"ia-10": 2003, "ia-11": 2004, "ia-12": 2005}),
                                                 estimator="twfe"))
    gap = at(rows, part="gap")
    assert (gap["n_program_districts"], gap["no_interval"]) == (3, "lone_cohort_cluster")
    assert pd.isna(gap["left_out_cohorts"])


def test_no_number_of_a_library_by_default_is_shown(cells_of, study_of):
    rows, _ = found(cells_of(drawn(5)), specified(study_of(STARTS), estimator="twfe", inference="cr1", sample="own"))
    assert set(rows["inference"]) == {"cr1"}
    assert rows["p_value"].isna().all()
    assert (rows["verdict"] == "cannot_tell").all()
    assert not {"pvalue", "tstat", "p", "t", "std_error"} & set(rows.columns)


def test_own_samples_use_cells_the_other_group_lacks(cells_of, study_of):
    values = drawn(6)
    for period in range(2001, 2007):
        values["ia-20", period, "white"] = (None, None, "suppressed")
    rows, _ = found(cells_of(values), specified(study_of(STARTS), estimator="twfe", sample="own"))
    by_part = rows.set_index("part")["n_units"]
    assert by_part["focal"] == by_part["gap"] + 1 == by_part["reference"] + 1


@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 10**6), st.floats(0.1, 3))
def test_a_scaled_outcome_scales_the_effect(cells_of, study_of, seed, factor):
    study = study_of(STARTS)
    one, many = (found(cells_of(drawn(seed, scale=s)), study)[0] for s in (1.0, factor))
    np.testing.assert_allclose(many["value"].astype(float), factor * one["value"].astype(float), atol=1e-8)
    np.testing.assert_allclose(many["df"].astype(float), one["df"].astype(float), atol=1e-6)


def test_students_of_a_used_cell_that_are_unknown_leave_the_count_missing(cells_of, study_of):
    values = drawn(7)
    values["ia-11", 2003, "black"] = (10.0, None)
    rows, _ = found(cells_of(values), study_of(STARTS))
    assert pd.isna(at(rows, estimand="overall", part="gap")["n_students"])
    assert at(rows, estimand="overall", part="reference")["n_students"] > 0


def test_a_program_that_nobody_can_be_compared_with_is_refused(cells_of, study_of):
    cells = cells_of(drawn(8, units=("ia-10", "ia-11")))
    with pytest.raises(EstimationError, match="beside a comparison unit"):
        found(cells, study_of({"ia-10": 2003, "ia-11": 2003}))
    with pytest.raises(EstimationError, match="no unit changes status"):
        found(cells, specified(study_of({"ia-10": 2003, "ia-11": 2003}), estimator="twfe"))


def test_the_stage_lists_what_it_refuses_and_repeats_its_bytes(cells_of, study_of, tmp_path, monkeypatch, capsys):
    study = specified(study_of(STARTS), gaps=("black_white", "no_cells"))
    content = study.model_dump(mode="json")
    content["dimensions"].append({"id": "sex", "label": "Sex", "groups": {"female": "F", "male": "M"}})
    content["gaps"].append({"id": "no_cells", "label": "n", "dimension": "sex", "focal": "female", "reference": "male"})
    monkeypatch.chdir(tmp_path)
    shutil.copy(ROOT / "dvc.yaml", tmp_path)
    (tmp_path / "studies").mkdir()
    (tmp_path / "studies/small.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
    store.write(cells_of(drawn(9)), "cells", "small")
    store.write(no_lineage(), "school_lineage", "small")
    store.write(no_moments(), "student_moments", "small")
    store.write(no_homes(), "home_students", "small")
    main("small")
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "headline, rate_pct, no_cells" in shown.err
    refused = store.read("refusals", "small")
    assert refused["gap_id"].tolist() == ["no_cells"]
    assert "no cell of rate_pct by sex" in refused["reason"][0]
    first = {p.name: p.read_bytes() for p in store.folder("unreleased", "estimate", "small").iterdir()}
    assert set(first) == {f"{table}.parquet" for table in (
        "estimates", "relative_effects", "gap_splits", "estimate_weights", "refusals", "plan_differences")}
    (store.folder("unreleased", "estimate", "small") / ".estimates.parquet.tmp").write_bytes(b"half")
    main("small")
    assert {name: (store.folder("unreleased", "estimate", "small") / name).read_bytes() for name in first} == first
