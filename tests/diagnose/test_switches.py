import pandas as pd
import pytest

from evaluation.contracts import conform
from evaluation.diagnose.switches import definition_switches

STARTS = {f"ia-{i}": 2004 for i in range(10, 14)}
UNITS = tuple(f"ia-{u}" for u in range(10, 22))


def panel(effect):
    return {(u, p, g): (30.0 + int(u[3:]) % 5 + (p % 2) * (int(u[3:]) % 3) / 10
                        + effect * (u in STARTS and p >= 2004 and g == "black"), 20)
            for u in UNITS for p in range(2001, 2007) for g in ("black", "white")}


def two(study_of, **changes):
    first = study_of(STARTS).outcomes[0].model_dump()
    return study_of(STARTS, outcomes=[first, {**first, "id": "strict_pct", **changes}])


def both(cells_of, effect, other):
    return pd.concat([cells_of(panel(effect)), cells_of(panel(other), outcome_id="strict_pct")], ignore_index=True)


def rows_of(of):
    rows = pd.DataFrame([{**of.topic.columns(), **row} for row in definition_switches(of)])
    return conform(rows, "definition_switches").set_index(["variant", "part"])


def test_a_variant_has_the_effect_of_its_own_cells_under_the_same_specification(cells_of, study_of, prepared):
    rows = rows_of(prepared(both(cells_of, -6.0, -2.0), two(study_of, variant_of="rate_pct")))
    assert rows["value"].to_dict() == pytest.approx(
        {("strict_pct", "gap"): -2.0, ("strict_pct", "focal"): -2.0, ("strict_pct", "reference"): 0.0})
    assert (rows["outcome_id"] == "rate_pct").all()


def test_the_verdict_is_that_of_the_variants_direction(cells_of, study_of, prepared):
    cells = both(cells_of, -6.0, 6.0)
    cells.loc[cells["group_id"] == "black", "mean"] -= 10.0
    lower = rows_of(prepared(cells, two(study_of, variant_of="rate_pct")))
    higher = rows_of(prepared(cells, two(study_of, variant_of="rate_pct", better="higher")))
    assert set(lower["verdict"]) == {"narrowed_focal_worse"}
    assert set(higher["verdict"]) == {"narrowed_focal_improvement"}


def test_an_outcome_that_is_no_variant_of_it_has_no_row(cells_of, study_of, prepared):
    assert definition_switches(prepared(both(cells_of, -6.0, -2.0), two(study_of))) == []


def test_a_variant_without_cells_has_no_row(cells_of, study_of, prepared):
    of = prepared(cells_of(panel(-6.0)), two(study_of, variant_of="rate_pct"))
    assert definition_switches(of) == []
