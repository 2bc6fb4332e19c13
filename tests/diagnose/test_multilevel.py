"""A multilevel model of the headline's cells: its effect, and where students differ."""

from dataclasses import replace

import numpy as np
import pytest

from evaluation.diagnose.multilevel import NOT_KNOWN, _variances, _within_cells, multilevel_checks
from evaluation.diagnose.samples import Students
from evaluation.stats.components import Variances
from evaluation.stats.estimators.multilevel import multilevel
from evaluation.stats.inference.infer import infer
from tests.diagnose.drawn import STARTS, drawn, table

ALL_OF_TWO = {**{f"ia-{i}": 2004 for i in range(10, 14)}, **{f"ia-{i}": 2005 for i in range(14, 18)}}


@pytest.fixture
def counted(cells_of):
    """Cells of shares with their sums, as stage `panel` writes them."""

    def make(means, seed=0):
        cells = cells_of(means)
        n = np.random.default_rng(seed).integers(30, 90, len(cells))
        total = np.rint(cells["mean"].to_numpy(dtype=float) / 100 * n).astype(int)
        return cells.assign(n_students=n, total=total, total_sq=total, mean=100 * total / n)

    return make


def row_of(of):
    (row,) = table(of, "multilevel_checks", multilevel_checks(of)).to_dict("records")
    return row


def test_the_variance_within_cells_is_pooled_by_hand():
    # focal: students 0, 10 in one cell and 4, 4, 10 in the other; reference: 1, 3 and 5, 5, 5
    n = np.array([[[2.0, 2.0], [3.0, 3.0]]])
    total = np.array([[[10.0, 4.0], [18.0, 15.0]]])
    squares = np.array([[[100.0, 10.0], [132.0, 75.0]]])
    found = _within_cells(Students(n, total, squares, np.zeros(1, dtype=int)), np.ones((1, 2), dtype=bool))
    # (50 + 24) / (1 + 2) and (2 + 0) / (1 + 2)
    assert found == pytest.approx([74 / 3, 2 / 3])


def test_a_cell_that_is_absent_is_not_in_the_variance():
    n, total = np.array([[[2.0, 2.0], [np.nan, 2.0]]]), np.array([[[10.0, 4.0], [np.nan, 9.0]]])
    squares = np.array([[[100.0, 10.0], [np.nan, 50.0]]])
    found = _within_cells(Students(n, total, squares, np.zeros(1, dtype=int)), np.array([[True, False]]))
    assert found == pytest.approx([50, 2])


def test_shares_of_variance_by_hand():
    found = _variances(Variances(district=2.0, school=3.0, school_gap=4.0), 14.0)
    # a student of either group: 2 + 3 + 4 · (½)² + 14 = 20
    assert (found["intraclass_district"], found["intraclass_school"]) == (pytest.approx(0.1), pytest.approx(0.2))


def test_it_is_the_multilevel_model_of_the_design_with_inference_by_district(counted, study_of, prepared):
    of = prepared(counted(drawn(1)), study_of(ALL_OF_TWO))
    row, cells = row_of(of), of.own_cells
    p = cells["total"] / cells["n_students"]
    pooled = {g: (1e4 * cells["n_students"] * p * (1 - p))[cells["group_id"] == g].sum()
              / (cells["n_students"] - 1)[cells["group_id"] == g].sum() for g in ("black", "white")}
    at = cells.set_index(["unit_id", "period", "group_id"])["n_students"]
    variance = np.array([[[pooled[g] / at[u, t, g] for g in ("black", "white")] for t in of.design.periods]
                         for u in of.design.unit_ids])
    found = multilevel(of.design, variance=variance)
    inferred = infer(found.gap)[0][0]
    assert row["value"] == pytest.approx(found.gap.value[0, 0])
    assert (row["se"], row["df"], row["p_value"]) == pytest.approx((inferred.se, inferred.df, inferred.p_value))
    assert row["variance_school_gap"] == pytest.approx(found.variances.school_gap, abs=1e-6)
    assert row["variance_student"] == pytest.approx(np.mean(list(pooled.values())))


def test_one_effect_for_all_is_found(counted, study_of, prepared):
    level = {(f"ia-{u}", p, g): (30.0 + u % 7 - 10.0 * (g == "black" and p >= ALL_OF_TWO.get(f"ia-{u}", 9999)), 20)
             for u in range(10, 34) for p in range(2001, 2007) for g in ("black", "white")}
    row = row_of(prepared(counted(level), study_of(ALL_OF_TWO)))
    assert row["value"] == pytest.approx(-10, abs=0.5)
    assert row["ci_low"] < -10 < row["ci_high"]


def test_a_cohort_of_one_district_is_left_out_as_in_the_headline(counted, study_of, prepared):
    cells, moved = drawn(2), drawn(2)
    for key, (mean, n) in cells.items():
        moved[key] = (mean + 40 * (key[0] == "ia-10" and key[1] >= 2003), n)
    rows = [row_of(prepared(counted(c), study_of(STARTS))) for c in (cells, moved)]
    # 2003 is the cohort of ia-10 alone; its cells have no part even in the variance
    assert rows[0]["value"] == rows[1]["value"]
    assert rows[0]["variance_student"] == rows[1]["variance_student"]


def test_without_numbers_of_students_the_row_says_why(cells_of, study_of, prepared):
    cells = cells_of(drawn(3)).assign(n_students=None, total=None)
    assert multilevel_checks(prepared(cells, study_of(ALL_OF_TWO))) == [{"undefined": NOT_KNOWN}]


def test_an_exploratory_result_has_no_row(counted, study_of, prepared):
    study = study_of(ALL_OF_TWO, plan={"confirmatory": [], "exploratory": [{"specifications": ["headline"]}]})
    assert multilevel_checks(prepared(counted(drawn(1)), study)) == []


def test_where_the_program_cannot_be_told_from_cohorts_the_row_says_why(counted, study_of, prepared):
    of = prepared(counted(drawn(1)), study_of(ALL_OF_TWO))
    (row,) = multilevel_checks(replace(of, design=of.design.subset(of.design.never_program)))
    assert "cannot tell the program" in row["undefined"]
