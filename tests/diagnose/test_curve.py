from itertools import product

import numpy as np
import pandas as pd
import pytest

from evaluation.contracts import TABLES, conform
from evaluation.contracts.diagnostics import CHOICES
from evaluation.design import build
from evaluation.diagnose.curve import DIMENSIONS, specification_curve
from evaluation.diagnose.effects import overall_effect
from evaluation.stats.inference.infer import infer

STARTS = {"ia-10": 2003, **{f"ia-{i}": 2004 for i in range(11, 15)}, **{f"ia-{i}": 2005 for i in range(15, 18)}}
N_COMBINATIONS = sum(len(known) for known in DIMENSIONS.estimator.values())
BREAK = [{"id": "storm", "label": "Storm", "kind": "break", "periods": [2002]}]


def drawn(seed, units=tuple(f"ia-{u}" for u in range(10, 28)), n=20):
    rng = np.random.default_rng(seed)
    return {(u, p, g): (rng.uniform(5, 30), n and int(rng.integers(10, 40)))
            for u in units for p in range(2001, 2007) for g in ("black", "white")}


def curve_of(of):
    rows = pd.DataFrame([{**of.topic.columns(), **row} for row in specification_curve(of)])
    return conform(rows.reindex(columns=list(TABLES["specification_curve"].columns)), "specification_curve")


def two_states():
    return drawn(1, units=(*(f"ia-{u}" for u in range(10, 22)), *(f"oh-{u}" for u in range(10, 22))))


def changed(study, **update):
    return study.model_copy(update={"specifications": (study.specifications[0].model_copy(update=update),)})


def test_the_planned_specification_is_on_the_curve_once_with_its_own_effect(cells_of, study_of, prepared):
    of = prepared(cells_of(drawn(1)), study_of(STARTS))
    rows = curve_of(of)
    (headline,) = rows[rows["is_headline"]].to_dict("records")
    assert headline["value"] == pytest.approx(of.overall.value[0, 0], abs=1e-12)
    assert headline["se"] == pytest.approx(infer(of.overall)[0][0].se, rel=1e-10)
    assert (headline["estimator"], headline["weights"], headline["comparison_pool"]) == (
        "group_time_att", "unit", "all")
    assert headline["n_program_districts"] == 7


def test_every_combination_is_there_once_where_each_makes_a_design_of_its_own(cells_of, study_of, prepared):
    starts = {f"{state}-{u}": 2004 for state in ("ia", "oh") for u in range(10, 14)}
    districts = [{"id": d, "name": d, "state": d[:2], "role": "implement"} for d in starts]
    districts += [{"id": d, "name": d, "state": "ia", "role": "observe"} for d in ("ia-20", "ia-21")]
    study = study_of(starts, events=BREAK, districts=districts)
    rows = curve_of(prepared(cells_of(two_states()), study))
    assert len(rows) == N_COMBINATIONS * 2 * 2 * 2 * 2
    assert set(rows["comparison_pool"]) == {"all", "no_network"}
    assert set(rows["compared_within"]) == {"state/grade_band", "pooled"}
    assert set(rows["events"]) == {"excluded", "included"}


def test_each_row_is_the_effect_of_the_specification_it_names(cells_of, study_of, prepared):
    starts = {f"{state}-{u}": 2004 + (u > 11) for state in ("ia", "oh") for u in range(10, 14)}
    study, cells = study_of(starts, events=BREAK), cells_of(two_states())
    rows = curve_of(prepared(cells, study)).set_index(list(CHOICES))
    for key in product(("group_time_att", "twfe"), ("not_yet",), ("focal", "unit"),
                       ("state/grade_band", "pooled"), ("excluded", "included"), ("all",)):
        asked = study.specifications[0].model_copy(update={
            "estimator": key[0], "weights": key[2], "within": () if key[3] == "pooled" else ("state", "grade_band"),
            "exclude_events": ("storm",) if key[4] == "excluded" else ()})
        design = build(cells, study, asked, "rate_pct", study.gaps[0])
        assert rows.loc[key, "value"] == pytest.approx(overall_effect(design, asked).value[0, 0], abs=1e-9)


def test_a_choice_that_changes_nothing_makes_no_further_specification(cells_of, study_of, prepared):
    rows = curve_of(prepared(cells_of(drawn(2)), study_of(STARTS)))
    assert len(rows) == N_COMBINATIONS * 2
    assert set(rows["comparison_pool"]) == {"all"}
    assert set(rows["compared_within"]) == {"state/grade_band"}
    assert set(rows["events"]) == {"included"}


def test_the_plans_choice_names_what_others_share_with_it(cells_of, study_of, prepared):
    study = changed(study_of(STARTS), within=(), comparison_pool="other_districts", base="varying", comparison="never")
    rows = curve_of(prepared(cells_of(drawn(2)), study))
    (headline,) = rows[rows["is_headline"]].to_dict("records")
    assert (headline["compared_within"], headline["comparison_pool"], headline["comparison"]) == (
        "pooled", "other_districts", "never")
    assert len(rows) == N_COMBINATIONS * 2


def test_what_cannot_be_estimated_says_why(cells_of, study_of, prepared):
    values = drawn(3, units=tuple(STARTS), n=None)
    rows = curve_of(prepared(cells_of(values), study_of(STARTS)))
    refused = rows[rows["weights"] == "focal"]
    assert refused["undefined"].str.contains("no number of students").all()
    assert refused["value"].isna().all()
    never = rows[(rows["weights"] == "unit") & (rows["comparison"] == "never")]
    assert set(never["undefined"]) == {"there is no never-program unit to compare with."}
    assert rows.loc[rows["is_headline"], "undefined"].isna().all()


def test_adjustment_stays_with_the_plans_estimator(cells_of, study_of, prepared):
    starts = {f"ia-{u}": 2004 for u in range(10, 16)}
    plain = curve_of(prepared(cells_of(drawn(4)), study_of(starts))).set_index(list(CHOICES))["value"]
    study = changed(study_of(starts), adjustment="regression", covariates=("gap",))
    adjusted = curve_of(prepared(cells_of(drawn(4)), study)).set_index(list(CHOICES))["value"]
    is_same = (adjusted - plain).abs() < 1e-9
    assert not is_same[is_same.index.get_level_values("estimator") == "group_time_att"].any()
    assert is_same[is_same.index.get_level_values("estimator") != "group_time_att"].all()


def test_an_exploratory_result_has_no_curve(cells_of, study_of, prepared):
    study = study_of(STARTS, plan={"confirmatory": [], "exploratory": [{"specifications": ["headline"]}]})
    assert specification_curve(prepared(cells_of(drawn(5)), study)) == []


def test_a_partnership_with_every_choice_has_nearly_two_hundred_specifications(cells_of, study_of, prepared):
    starts = {f"{state}-{u}": 2004 + (u > 13) for state in ("ia", "oh") for u in range(10, 18)}
    districts = [{"id": d, "name": d, "state": d[:2], "role": "implement"} for d in starts]
    districts += [{"id": "ia-50", "name": "x", "state": "ia", "role": "observe"}]
    units = tuple(f"{state}-{u}-{s}" for state in ("ia", "oh") for u in (*range(10, 31), 50) for s in (1, 2))
    program = {"id": "dile", "label": "x", "grade_band": "all", "cohorts": [
        {"start": start, "phase": "test", "schools": [f"{d}-1" for d, s in starts.items() if s == start]}
        for start in (2004, 2005)]}
    of = prepared(cells_of(drawn(6, units=units), unit="school"),
                  study_of(starts, events=BREAK, districts=districts, programs=[program]))
    rows = specification_curve(of)
    assert len(rows) == N_COMBINATIONS * 24
