import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evaluation.contracts import conform
from evaluation.design import build
from evaluation.diagnose.bounds import limits_of, suppression_bounds
from evaluation.diagnose.effects import overall_effect

HIDDEN = (None, None, "suppressed")
STARTS = {"ia-10": 2003, "ia-11": 2003}
UNITS = ("ia-10", "ia-11", "ia-12", "ia-13")


def panel(seed=0, units=UNITS):
    rng = np.random.default_rng(seed)
    return {(u, p, g): (rng.uniform(20, 40), 20) for u in units for p in range(2001, 2005)
            for g in ("black", "white")}


def rows_of(of):
    rows = pd.DataFrame([{**of.topic.columns(), **row} for row in suppression_bounds(of)])
    return conform(rows, "suppression_bounds").set_index("part")


def study_until_2004(study_of, **changes):
    return study_of(STARTS, last=2004, **changes)


def test_without_hidden_cells_both_ends_are_the_value(cells_of, study_of, prepared):
    of = prepared(cells_of(panel()), study_until_2004(study_of))
    rows = rows_of(of)
    for part, value in zip(of.overall.parts, of.overall.value[0], strict=True):
        assert rows.loc[part, ["low", "high"]].tolist() == pytest.approx([value, value])
    assert rows["cells_hidden"].tolist() == [0, 0, 0]
    assert rows.loc["gap", "cells_used"] == 2 * rows.loc["focal", "cells_used"] == 24


def test_units_that_the_result_leaves_out_keep_their_say_in_its_weights(cells_of, study_of, prepared):
    starts = {"ia-10": 2002, **{f"ia-{u}": 2004 for u in range(11, 14)}}
    rng = np.random.default_rng(1)
    units = tuple(f"ia-{u}" for u in range(10, 20))
    values = {k: (v[0], int(rng.integers(10, 60))) for k, v in panel(units=units).items()}
    study = study_of(starts, last=2004)
    focal = study.specifications[0].model_copy(update={"weights": "focal"})
    of = prepared(cells_of(values), study.model_copy(update={"specifications": (focal,)}))
    assert of.overall.left_out_cohorts == ((2002,),)
    assert rows_of(of).loc["gap", ["low", "high"]].tolist() == pytest.approx([of.overall.value[0, 0]] * 2)


def test_a_hidden_cell_moves_the_effect_by_its_weight_over_the_scale(cells_of, study_of, prepared):
    values = panel()
    values["ia-10", 2004, "black"] = HIDDEN
    of = prepared(cells_of(values), study_until_2004(study_of))
    rows = rows_of(of)
    weight = 1 / 4
    assert (rows["high"] - rows["low"]).to_dict() == pytest.approx(
        {"gap": 100 * weight, "focal": 100 * weight, "reference": 0.0})
    assert rows["cells_hidden"].to_dict() == {"gap": 1, "focal": 1, "reference": 0}
    full = panel()
    for value, end in ((0.0, "low"), (100.0, "high")):
        full["ia-10", 2004, "black"] = (value, 20)
        design = build(cells_of(full), of.study, of.topic.specification, "rate_pct", of.topic.gap)
        effect = overall_effect(design, of.topic.specification).value[0]
        assert rows.loc["gap", end] == pytest.approx(effect[0])
        assert rows.loc["focal", end] == pytest.approx(effect[1])


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 1000), n_hidden=st.integers(1, 12), fill=st.randoms(use_true_random=False))
def test_any_filling_of_hidden_cells_lies_between_the_ends(cells_of, study_of, prepared, seed, n_hidden, fill):
    values, units = panel(seed, units=tuple(f"ia-{u}" for u in range(10, 17))), ("ia-11", "ia-12", "ia-16")
    hidden = fill.sample([k for k in values if k[0] in units and k[1] in (2003, 2004)], n_hidden)
    study = study_until_2004(study_of)
    of = prepared(cells_of({**values, **dict.fromkeys(hidden, HIDDEN)}), study)
    behind = {u for u, used in zip(of.design.unit_ids, (of.overall.weights[0] != 0).any(axis=1), strict=True) if used}
    filled = {**values, **{k: (fill.choice([0.0, 100.0, fill.uniform(0, 100)]), 20) if k[0] in behind else HIDDEN
                           for k in hidden}}
    design = build(cells_of(filled), study, of.topic.specification, "rate_pct", of.topic.gap)
    value = overall_effect(design, of.topic.specification).value[0]
    rows = rows_of(of)
    for part, found in zip(of.overall.parts, value, strict=True):
        assert rows.loc[part, "low"] - 1e-9 <= found <= rows.loc[part, "high"] + 1e-9


def test_a_unit_that_is_never_shown_stays_out(cells_of, study_of, prepared):
    values = panel(units=(*UNITS, "ia-14"))
    values |= {k: HIDDEN for k in values if k[0] == "ia-14"}
    of = prepared(cells_of(values), study_until_2004(study_of))
    rows = rows_of(of)
    assert rows["cells_hidden"].tolist() == [0, 0, 0]
    assert rows.loc["gap", "low"] == pytest.approx(of.overall.value[0, 0])


def with_everybody(cells_of, values, mean_of_all, n_black=10, n_white=30):
    """Groups of known numbers, and the mean of all students where `mean_of_all` (unit, period) gives one."""
    sized = {k: (v[0], n_black if k[2] == "black" else n_white, *v[2:]) for k, v in values.items()}
    everybody = {(u, p, "all"): (mean, n_black + n_white) for (u, p), mean in mean_of_all.items()}
    cells = cells_of(sized)
    return pd.concat([cells, cells_of(everybody, dimension="all")], ignore_index=True) if everybody else cells


def test_the_mean_of_all_students_tells_a_single_hidden_group_up_to_rounding(cells_of, study_of, prepared):
    values = panel()
    black, white = values["ia-10", 2004, "black"][0], values["ia-10", 2004, "white"][0]
    cells = with_everybody(cells_of, {**values, ("ia-10", 2004, "black"): HIDDEN},
                           {("ia-10", 2004): (10 * black + 30 * white) / 40})
    rows, full = rows_of(prepared(cells, study_until_2004(study_of))), prepared(
        cells_of(values), study_until_2004(study_of)).overall.value[0]
    off = 0.05 * (40 + 30) / 10 / 4
    assert rows.loc["gap", ["low", "high"]].tolist() == pytest.approx([full[0] - off, full[0] + off])
    assert rows.loc["reference", ["low", "high"]].tolist() == pytest.approx([full[2], full[2]])


def test_two_hidden_groups_are_tied_by_the_mean_of_all(cells_of, study_of, prepared):
    values = panel()
    values |= dict.fromkeys([("ia-10", 2004, "black"), ("ia-10", 2004, "white")], HIDDEN)
    study = study_until_2004(study_of)
    free = rows_of(prepared(with_everybody(cells_of, values, {}), study))
    tied = rows_of(prepared(with_everybody(cells_of, values, {("ia-10", 2004): 30.0}), study))
    assert free.loc["gap", "high"] - free.loc["gap", "low"] == pytest.approx(200 / 4)
    # black = 100, white = (30.05 · 40 − 1000) / 30 at one end; black = 0, white = 30.05 · 40 / 30 at the other
    least = (100 - (29.95 * 40 - 1000) / 30, 0 - 30.05 * 40 / 30)
    assert tied.loc["gap", "high"] - tied.loc["gap", "low"] == pytest.approx((least[0] - least[1]) / 4)


@pytest.mark.parametrize("change", [{"n_students": 25}, {"mean": 99.0}])
def test_a_mean_of_all_that_does_not_fit_is_not_used(cells_of, study_of, prepared, change):
    values = {**panel(), ("ia-10", 2004, "black"): HIDDEN}
    study, cells = study_until_2004(study_of), with_everybody(cells_of, values, {("ia-10", 2004): 30.0})
    for name, value in change.items():
        cells.loc[cells["dimension"] == "all", name] = value
    free = rows_of(prepared(with_everybody(cells_of, values, {}), study))
    pd.testing.assert_frame_equal(rows_of(prepared(cells, study)), free)


def test_a_count_has_no_upper_end_where_something_is_hidden(cells_of, study_of, prepared):
    outcome = {**study_of(STARTS).outcomes[0].model_dump(), "kind": "count"}
    values = panel()
    values["ia-10", 2004, "black"] = HIDDEN
    rows = rows_of(prepared(cells_of(values), study_until_2004(study_of, outcomes=[outcome])))
    assert pd.isna(rows.loc["gap", "high"])
    assert np.isfinite(rows.loc["gap", "low"])
    assert np.isfinite(rows.loc["reference", "high"])


def test_a_score_lies_on_its_scale(study_of):
    outcome = {**study_of(STARTS).outcomes[0].model_dump(), "kind": "score", "measure": "scale_score", "parameters": {
        "items": ["a", "b"], "reversed": [], "low": 1, "high": 5, "min_items": 2}}
    study = study_of(STARTS, outcomes=[outcome])
    assert limits_of(study.outcomes[0]) == (1.0, 5.0)
    assert limits_of(study.outcomes[0].model_copy(update={"parameters": {}})) == (-np.inf, np.inf)


def test_an_adjusted_effect_has_no_bounds(cells_of, study_of, prepared):
    study = study_of({f"ia-{u}": 2003 for u in range(10, 15)}, last=2004)
    adjusted = study.specifications[0].model_copy(update={"adjustment": "regression", "covariates": ("gap",)})
    cells = cells_of(panel(units=tuple(f"ia-{u}" for u in range(10, 22))))
    assert suppression_bounds(prepared(cells, study.model_copy(update={"specifications": (adjusted,)}))) == []
