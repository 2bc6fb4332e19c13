"""The overall effect without a district, and without a cohort."""

import pytest

from evaluation.design import build
from evaluation.diagnose.leave_one_out import leave_one_out
from evaluation.stats.aggregate import aggregate
from evaluation.stats.estimators.group_time_att import group_time_att
from evaluation.stats.inference.infer import infer
from tests.diagnose.drawn import STARTS, drawn, table, with_specification


def gap_rows(of):
    rows = table(of, "leave_one_out", leave_one_out(of))
    return rows[rows["part"] == "gap"].set_index(["left_out_kind", "left_out"])


def without(cells, study, gone):
    rest = cells[~cells["unit_id"].isin(gone)].reset_index(drop=True)
    design = build(rest, study, study.specifications[0], "rate_pct", study.gaps[0])
    return aggregate(group_time_att(design, comparison="not_yet", base="universal"), "overall")


@pytest.mark.parametrize(("kind", "name", "gone"), [
    ("district", "ia-20", {"ia-20"}),
    ("district", "ia-11", {"ia-11"}),
    ("cohort", "2005", {"ia-15", "ia-16", "ia-17"}),
])
def test_leaving_out_is_estimating_without_the_cells(cells_of, study_of, prepared, kind, name, gone):
    cells, study = cells_of(drawn(2)), study_of(STARTS)
    row = gap_rows(prepared(cells, study)).loc[(kind, name)]
    expected = without(cells, study, gone)
    assert row["value"] == pytest.approx(expected.value[0, 0], abs=1e-10)
    assert row["se"] == pytest.approx(infer(expected)[0][0].se, rel=1e-9)


def test_every_district_and_cohort_behind_the_effect_leaves_once(cells_of, study_of, prepared):
    cells = cells_of(drawn(2))
    found = gap_rows(prepared(cells, study_of(STARTS))).index
    lone = {"ia-10"}
    assert {name for kind, name in found if kind == "district"} == set(cells["unit_id"]) - lone
    assert {name for kind, name in found if kind == "cohort"} == {"2004", "2005"}


def test_without_the_only_cohort_there_is_no_row(cells_of, study_of, prepared):
    found = gap_rows(prepared(cells_of(drawn(2)), study_of({f"ia-{i}": 2004 for i in range(10, 15)})))
    assert set(found.index.get_level_values(0)) == {"district"}


def test_an_adjustment_that_a_district_s_leaving_makes_impossible_is_no_error(cells_of, study_of, prepared):
    study = with_specification(study_of({f"ia-{i}": 2004 for i in range(10, 14)}), adjustment="regression",
                               covariates=("gap", "level"))
    of = prepared(cells_of(drawn(2, n_units=8)), study)
    rows = leave_one_out(of)
    assert {row["left_out"] for row in rows} < set(of.districts) | {"2004"}
