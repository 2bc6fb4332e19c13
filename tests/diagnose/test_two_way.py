"""What two-way fixed effects would say of a result, and what that number averages."""

from dataclasses import replace

import numpy as np
import pytest

from evaluation.diagnose.curve import specification_curve
from evaluation.diagnose.two_way import KINDS, NOT_IDENTIFIED, two_way_reference
from evaluation.stats.estimators.bacon import bacon
from tests.diagnose.drawn import STARTS, drawn, table

EARLY_LATE = {"ia-10": 2002, "ia-11": 2002, "ia-12": 2007, "ia-13": 2007}


def staggered(effect):
    """Districts of two cohorts in eight years, none else; a focal mean moves by `effect`(years since the start)."""
    return {(u, p, g): (50.0 + (effect(p - s) if g == "black" and p >= s else 0.0), 20)
            for u, s in EARLY_LATE.items() for p in range(2001, 2009) for g in ("black", "white")}


def row_of(of):
    (row,) = table(of, "two_way_reference", two_way_reference(of)).to_dict("records")
    return row


def test_two_cohorts_by_hand(cells_of, study_of, prepared):
    # two districts start in 2002, two in 2007, of eight years: shares in the program D = 7/8 and 2/8
    row = row_of(prepared(cells_of(staggered(lambda since: -2.0)), study_of(EARLY_LATE, last=2008)))
    # weights in proportion to (D₁ − D₂)(1 − D₁) = 5/64 and D₂(D₁ − D₂) = 10/64
    assert row["weight_earlier_later"] == pytest.approx(1 / 3)
    assert row["weight_later_earlier"] == pytest.approx(2 / 3)
    assert row["weight_program_never"] == row["weight_program_always"] == 0
    # D̃ = D − D_u − D_t + D̄, D̄ = 9/16, D_t = 1/2 from 2002 on and 1 in 2007 and 2008
    d = {"early": 1 - 7 / 8 - 1 / 2 + 9 / 16, "early_last": 1 - 7 / 8 - 1 + 9 / 16, "late": 1 - 2 / 8 - 1 + 9 / 16}
    in_program = 2 * (5 * d["early"] + 2 * d["early_last"] + 2 * d["late"])
    assert (row["program_cells"], row["negative_cells"]) == (2 * (7 + 2), 2 * 2)
    assert row["negative_weight"] == pytest.approx(2 * 2 * d["early_last"] / in_program)
    assert row["value"] == pytest.approx(-2.0)


def test_effects_that_grow_turn_the_sign_of_the_two_way_effect_and_not_of_the_headline(cells_of, study_of, prepared):
    of = prepared(cells_of(staggered(lambda since: -(since**2))), study_of(EARLY_LATE, last=2008))
    # 2002 against 2007, 2002–2006: −(0 + 1 + 4 + 9 + 16) / 5; then 2007 against 2002: −½ − (−30.5 + 6)
    assert of.overall.value[0, 0] == pytest.approx(-6)
    assert row_of(of)["value"] == pytest.approx(-6 / 3 + 24 * 2 / 3)


def test_it_is_the_two_way_effect_of_the_specification_curve(cells_of, study_of, prepared):
    of = prepared(cells_of(drawn(3)), study_of(STARTS))
    planned = {"weights": "unit", "compared_within": "state/grade_band", "events": "included", "comparison_pool": "all"}
    (same,) = [r for r in specification_curve(of) if r["estimator"] == "twfe" and planned.items() <= r.items()]
    row = row_of(of)
    for column in ("value", "se", "df", "ci_low", "p_value"):
        assert row[column] == pytest.approx(same[column])


def test_shares_weigh_comparisons_that_average_to_the_effect(cells_of, study_of, prepared):
    of = prepared(cells_of(drawn(4)), study_of(STARTS))
    row, others = row_of(of), np.isin(of.design.cohort, [2003.0])
    assert sum(row[f"weight_{kind}"] for kind in KINDS) == pytest.approx(1)
    # the cohort of one district, 2003, is left out as in the headline
    parts = bacon(of.design.subset(~others))
    assert sum(c.weight * c.estimate[0] for c in parts) == pytest.approx(row["value"])


def test_where_a_district_misses_a_year_there_are_no_shares_but_an_effect(cells_of, study_of, prepared):
    cells = {key: cell for key, cell in drawn(5).items() if key[:2] != ("ia-20", 2002)}
    of = prepared(cells_of(cells), study_of(STARTS))
    (found,) = two_way_reference(of)
    assert not [kind for kind in KINDS if f"weight_{kind}" in found]
    assert np.isfinite(found["value"])
    assert found["program_cells"] > 0


def test_where_the_program_is_a_combination_of_effects_the_row_says_so(cells_of, study_of, prepared):
    of = prepared(cells_of(drawn(6)), study_of(STARTS))
    alone = replace(of, design=of.design.subset(of.design.cohort == 2004))
    assert two_way_reference(alone) == [{"undefined": NOT_IDENTIFIED}]
