import numpy as np
import pandas as pd
import pytest

from evaluation.contracts import conform
from evaluation.diagnose.composition import composition

STARTS = {f"ia-{i}": 2004 for i in range(10, 14)}
UNITS = tuple(f"ia-{u}" for u in range(10, 20))


def counted(cells_of, n, eligible=None):
    """Cells with n(unit, period, group) students, and of a survey eligible(unit, period, group) who could answer."""
    cells = cells_of({(u, p, g): (20.0, n(u, p, g)) for u in UNITS for p in range(2001, 2007)
                      for g in ("black", "white")})
    if eligible is not None:
        rows = zip(cells["unit_id"], cells["period"], cells["group_id"], strict=True)
        cells["n_eligible"] = pd.array([eligible(*row) for row in rows], dtype="Int64")
    return cells


def rows_of(of):
    rows = pd.DataFrame([{**of.topic.columns(), **row} for row in composition(of)])
    return conform(rows, "composition").set_index("composition")["value"]


def in_program(u, p):
    return u in STARTS and p >= 2004


def test_twice_as_many_focal_students_are_log_two_and_a_larger_share(cells_of, study_of, prepared):
    cells = counted(cells_of, lambda u, p, g: 40 if in_program(u, p) and g == "black" else 20)
    rows = rows_of(prepared(cells, study_of(STARTS)))
    assert rows["log_students_focal"] == pytest.approx(np.log(2))
    assert rows["log_students_reference"] == pytest.approx(0)
    assert rows["focal_share"] == pytest.approx(100 * (2 / 3 - 1 / 2))
    assert set(rows.index) == {"log_students_focal", "log_students_reference", "focal_share"}


def test_growth_that_both_sides_share_is_no_effect(cells_of, study_of, prepared):
    cells = counted(cells_of, lambda u, p, g: (10 + int(u[3:])) * 2 ** (p - 2001))
    assert rows_of(prepared(cells, study_of(STARTS))).abs().max() == pytest.approx(0, abs=1e-10)


def test_a_cell_of_no_student_is_absent(cells_of, study_of, prepared):
    def n(u, p, g):
        return 0 if (u, p, g) == ("ia-10", 2005, "white") else 40 if in_program(u, p) and g == "black" else 20

    rows = rows_of(prepared(counted(cells_of, n), study_of(STARTS)))
    assert rows["log_students_focal"] == pytest.approx(np.log(2))


def test_of_a_survey_the_enrolled_are_those_who_could_answer(cells_of, study_of, prepared):
    cells = counted(cells_of, lambda u, p, g: 30 if in_program(u, p) and g == "black" else 20,
                    eligible=lambda u, p, g: 40)
    rows = rows_of(prepared(cells, study_of(STARTS)))
    assert rows["response_focal"] == pytest.approx(25)
    assert rows["response_reference"] == pytest.approx(0)
    assert rows[["log_students_focal", "log_students_reference", "focal_share"]].abs().max() < 1e-10


def test_every_unit_counts_once_and_without_adjustment_whatever_the_plan_says(cells_of, study_of, prepared):
    cells = counted(cells_of, lambda u, p, g: int(u[3:]) * (2 if in_program(u, p) and u == "ia-10" else 1))
    study = study_of(STARTS)
    focal = study.specifications[0].model_copy(update={
        "weights": "focal", "adjustment": "regression", "covariates": ("log_students",)})
    of = prepared(cells, study.model_copy(update={"specifications": (focal,)}))
    assert rows_of(of)["log_students_focal"] == pytest.approx(np.log(2) / 4)


def test_without_numbers_of_students_nothing_is_said(cells_of, study_of, prepared):
    assert composition(prepared(counted(cells_of, lambda u, p, g: None), study_of(STARTS))) == []
