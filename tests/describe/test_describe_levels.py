import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluation.contracts import conform
from evaluation.describe.levels import gap_levels, group_levels
from evaluation.describe.scopes import scopes

SCHOOLS = ("ia-1-1", "ia-1-2", "ia-2-1", "ia-3-1")


def school_study(study_of):
    cohorts = [{"start": 2002, "phase": "develop", "districts": ["ia-1"]},
               {"start": 2003, "phase": "test", "schools": ["ia-2-1"]}]
    return study_of({}, programs=[{"id": "dile", "label": "D", "grade_band": "all", "cohorts": cohorts}], last=2003)


def row(frame, **at):
    for column, value in at.items():
        frame = frame[frame[column] == value]
    assert len(frame) == 1
    return frame.iloc[0]


def test_every_unit_is_in_its_scopes(cells_of, study_of):
    cells = cells_of({(u, 2001, "black"): (1, 10, "total") for u in SCHOOLS}, unit="school")
    found = scopes(cells, school_study(study_of))
    ids = {(s, i): sorted(g["unit_id"]) for (s, i), g in found.groupby(["scope", "scope_id"])}
    assert ids == {
        ("district", "ia-1"): ["ia-1-1", "ia-1-2"], ("district", "ia-2"): ["ia-2-1"], ("district", "ia-3"): ["ia-3-1"],
        ("program", "dile"): ["ia-1-1", "ia-1-2", "ia-2-1"], ("comparison", "dile"): ["ia-3-1"],
        ("phase", "dile_develop"): ["ia-1-1", "ia-1-2"], ("phase", "dile_test"): ["ia-2-1"],
        ("cohort", "dile_2002"): ["ia-1-1", "ia-1-2"], ("cohort", "dile_2003"): ["ia-2-1"]}


def test_a_mean_is_over_students_where_sums_are_known(cells_of, study_of):
    study = school_study(study_of)
    cells = cells_of({("ia-1-1", 2001, "black"): (1, 10, "total"), ("ia-1-2", 2001, "black"): (15, 30, "total"),
                      ("ia-1-1", 2001, "white"): (2, 10, "total"), ("ia-1-2", 2001, "white"): (0, 0, "total")},
                     unit="school")
    members = scopes(cells, study)
    levels = conform(group_levels(cells, members, study), "group_levels")
    black = row(levels, scope="district", group_id="black")
    assert (black["mean"], black["n_students"], black["n_units"], black["n_districts"]) == (40.0, 40, 2, 1)
    gaps = conform(gap_levels(cells, members, study), "gap_levels")
    gap = row(gaps, scope="district")
    assert (gap["focal_mean"], gap["reference_mean"], gap["gap"], gap["n_units"]) == (10.0, 20.0, -10.0, 1)
    assert (gap["n_focal"], gap["n_reference"], gap["status"]) == (10, 10, "reported")


def test_published_means_without_students_count_once_per_unit(cells_of, study_of):
    study = study_of({"ia-1": 2003})
    values = {("ia-1", 2001, "black"): (10.0, None), ("ia-2", 2001, "black"): (20.0, None),
              ("ia-3", 2001, "black"): (60.0, 500)}
    cells = cells_of(values)
    levels = group_levels(cells, scopes(cells, study), study)
    comparison = row(levels, scope="comparison")
    assert comparison["mean"] == 40.0
    assert pd.isna(comparison["n_students"])


@pytest.mark.parametrize(("statuses", "expected"), [
    (("suppressed", "not_applicable"), "suppressed"), (("not_published", "not_applicable"), "not_published"),
    (("not_published", "suppressed"), "suppressed"), (("not_applicable", "not_applicable"), "not_applicable")])
def test_a_scope_without_a_usable_cell_keeps_the_reason(cells_of, study_of, statuses, expected):
    study = school_study(study_of)
    cells = cells_of({("ia-1-1", 2001, "black"): (None, None, statuses[0]),
                      ("ia-1-2", 2001, "black"): (None, None, statuses[1]),
                      ("ia-1-1", 2001, "white"): (1, 10, "total"), ("ia-1-2", 2001, "white"): (1, 10, "total")},
                     unit="school")
    members = scopes(cells, study)
    assert row(group_levels(cells, members, study), scope="district", group_id="black")["status"] == expected
    gap = row(gap_levels(cells, members, study), scope="district")
    assert gap["status"] == expected
    assert pd.isna(gap["gap"])


@settings(max_examples=15, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 30), st.integers(1, 30)), min_size=4, max_size=4))
def test_a_scope_mean_lies_between_its_units(values):
    from evaluation.describe.levels import _means

    rows = pd.DataFrame({"scope": "x", "district_id": list("aabb"), "rank": 0,
                         "total": [float(min(t, n)) for t, n in values], "n": [float(n) for _, n in values]})
    rows["value"] = rows["total"] / rows["n"]
    found = _means(rows, ["scope"]).iloc[0]
    assert rows["value"].min() - 1e-12 <= found["mean"] <= rows["value"].max() + 1e-12
    assert found["n_districts"] == 2
