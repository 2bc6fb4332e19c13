from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from evaluation.contracts import conform
from evaluation.design import build
from evaluation.diagnose.placebos import placebos, started_earlier

STARTS = {**{f"ia-{i}": 2005 for i in range(10, 14)}, **{f"ia-{i}": 2006 for i in range(14, 18)}}
UNITS = tuple(f"ia-{u}" for u in range(10, 30))
EARLIER = ["1 period earlier", "2 periods earlier", "3 periods earlier"]


def panel(gap, units=UNITS, last=2007, seed=None):
    """Reference mean 20, focal mean 20 + gap(unit, period) and noise of the same spread everywhere."""
    rng = np.random.default_rng(seed)
    noise = (lambda: 0.0) if seed is None else (lambda: rng.uniform(-5, 5))
    return {(u, p, g): (20.0 + (gap(u, p) if g == "black" else 0) + noise(), 20)
            for u in units for p in range(2001, last + 1) for g in ("black", "white")}


def rows_of(of, part="gap"):
    rows = conform(pd.DataFrame([{**of.topic.columns(), **row} for row in placebos(of)]), "placebos")
    return rows[rows["part"] == part].set_index(["placebo", "detail"])


def in_time(of, part="gap"):
    return rows_of(of, part).loc["time", "value"]


def after(u, p):
    return u in STARTS and p >= STARTS[u]


def test_an_effect_of_the_program_is_no_effect_before_it(cells_of, study_of, prepared):
    of = prepared(cells_of(panel(lambda u, p: -8.0 * after(u, p))), study_of(STARTS, last=2007))
    assert of.overall.value[0, 0] == pytest.approx(-8.0)
    for part in ("gap", "focal", "reference"):
        assert in_time(of, part).reindex(EARLIER).tolist() == pytest.approx([0.0, 0.0, 0.0])


def test_a_drift_before_the_program_is_found_in_gap_and_focal_part(cells_of, study_of, prepared):
    study = study_of(STARTS, last=2007)
    never = study.specifications[0].model_copy(update={"comparison": "never"})
    of = prepared(cells_of(panel(lambda u, p: 2.0 * (p - 2001) * (u in STARTS))),
                  study.model_copy(update={"specifications": (never,)}))
    assert in_time(of).reindex(EARLIER).tolist() == pytest.approx([2.0, 3.0, 4.0])
    assert in_time(of, "focal").reindex(EARLIER).tolist() == pytest.approx([2.0, 3.0, 4.0])
    assert in_time(of, "reference").reindex(EARLIER).tolist() == pytest.approx([0.0, 0.0, 0.0])


def test_cells_in_the_program_are_absent_and_units_without_a_period_before_leave(cells_of, study_of):
    study = study_of({"ia-10": 2003, "ia-11": 2005}, last=2006)
    cells = cells_of(panel(lambda u, p: 1.0, units=("ia-10", "ia-11", "ia-12"), last=2006))
    design = build(cells, study, study.specifications[0], "rate_pct", study.gaps[0])
    earlier = started_earlier(design, 2)
    assert earlier.unit_ids == ("ia-11", "ia-12")
    assert earlier.cohort[0] == 2003
    assert np.isnan(earlier.cohort[1])
    assert earlier.present.tolist() == [[True] * 4 + [False] * 2, [True] * 6]
    assert started_earlier(design, 1).cohort[:2].tolist() == [2002, 2004]
    touched = started_earlier(design, 1, anticipation=1)
    assert touched.present[1].tolist() == [True] * 3 + [False] * 3


def test_a_cohort_after_the_data_starts_right_after_them(cells_of, study_of):
    study = study_of({"ia-10": 2004, "ia-11": 2009}, last=2009)
    cells = cells_of(panel(lambda u, p: 1.0, units=("ia-10", "ia-11", "ia-12"), last=2006))
    design = build(cells, study, study.specifications[0], "rate_pct", study.gaps[0])
    seen = design.periods <= 2006
    design = replace(design, outcome=design.outcome[:, seen], periods=design.periods[seen],
                     position=design.position[seen], is_break=design.is_break[seen])
    earlier = started_earlier(design, 2)
    assert earlier.cohort[1] == 2005
    assert earlier.present[1].all()


def test_without_an_effect_placebos_in_time_cover_zero(cells_of, study_of, prepared):
    covered = []
    for seed in range(12):
        rows = rows_of(prepared(cells_of(panel(lambda u, p: 5.0, seed=seed)), study_of(STARTS, last=2007)))
        rows = rows.loc["time"]
        covered += list((rows["ci_low"] <= 0) & (rows["ci_high"] >= 0))
    assert np.mean(covered) > 0.9


def two_outcomes(study_of, **beside):
    first = study_of(STARTS).outcomes[0].model_dump()
    return study_of(STARTS, last=2007, outcomes=[first, {**first, "id": "beside_pct", **beside}])


def test_an_outcome_declared_as_placebo_is_put_through_the_same_specification(cells_of, study_of, prepared):
    cells = pd.concat([
        cells_of(panel(lambda u, p: -8.0 * after(u, p))),
        cells_of(panel(lambda u, p: 3.0 * after(u, p)), outcome_id="beside_pct")], ignore_index=True)
    rows = rows_of(prepared(cells, two_outcomes(study_of, placebo_for=["rate_pct"])))
    assert rows.loc[("outcome", "beside_pct"), "value"] == pytest.approx(3.0)
    assert "outcome" not in rows_of(prepared(cells, two_outcomes(study_of))).index.get_level_values(0)


def test_a_placebo_outcome_without_cells_has_no_row(cells_of, study_of, prepared):
    of = prepared(cells_of(panel(lambda u, p: 1.0)), two_outcomes(study_of, placebo_for=["rate_pct"]))
    assert "outcome" not in rows_of(of).index.get_level_values(0)
