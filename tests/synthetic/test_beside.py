import pandas as pd
import pytest

from evaluation.synthetic.beside import truth_of


def weights(*rows):
    """(unit, period, group, weight) of one overall estimate."""
    about = {"specification": "headline", "outcome_id": "rate_pct", "gap_id": "black_white", "estimand": "overall",
             "cohort": None, "phase": None, "period": None, "event_time": None, "district_id": None}
    return pd.DataFrame([{**about, "unit_id": u, "cell_period": p, "group_id": g, "weight": w} for u, p, g, w in rows])


def truth(*rows):
    """(unit, period, group, n, total_y0, total_y1)."""
    names = ["unit_id", "period", "group_id", "n_students", "total_y0", "total_y1"]
    return pd.DataFrame(rows, columns=names).assign(dimension="race_ethnicity", outcome_id="rate_pct")


WEIGHTS = weights(("ia-1", 2002, "black", 1.0), ("ia-1", 2002, "white", -1.0), ("ia-2", 2002, "black", -1.0),
                  ("ia-2", 2002, "white", 1.0))


def test_the_truth_is_the_weighted_difference_of_potential_means(study_of):
    cells = truth(("ia-1", 2002, "black", 20, 10, 6), ("ia-1", 2002, "white", 50, 10, 9),
                  ("ia-2", 2002, "black", 20, 3, 3), ("ia-2", 2002, "white", 20, 4, 4))
    found = truth_of(WEIGHTS, cells, study_of({"ia-1": 2002}, last=2002)).iloc[0]
    assert (found["truth_focal"], found["truth_reference"]) == (-20, -2)
    assert found["truth"] == pytest.approx(-18)


def test_rows_of_merged_schools_under_one_name_add_up(study_of):
    cells = truth(("ia-1", 2002, "black", 15, 10, 6), ("ia-1", 2002, "black", 5, 0, 0),
                  ("ia-1", 2002, "white", 50, 10, 9),
                  ("ia-2", 2002, "black", 20, 3, 3), ("ia-2", 2002, "white", 20, 4, 4))
    assert truth_of(WEIGHTS, cells, study_of({"ia-1": 2002}, last=2002)).iloc[0]["truth_focal"] == -20


def test_a_weighted_cell_without_truth_leaves_the_truth_missing(study_of):
    cells = truth(("ia-1", 2002, "black", 20, 10, 6))
    assert truth_of(WEIGHTS, cells, study_of({"ia-1": 2002}, last=2002))["truth"].isna().all()


def test_another_dimension_with_the_same_group_is_not_counted(study_of):
    cells = truth(*[(u, 2002, g, 10, 5, 5) for u in ("ia-1", "ia-2") for g in ("black", "white")])
    other = cells.assign(dimension="other", total_y1=9)
    found = truth_of(WEIGHTS, pd.concat([cells, other]), study_of({"ia-1": 2002}, last=2002))
    assert found["truth"].tolist() == [0]
