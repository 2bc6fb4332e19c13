"""Schools that merged, split or moved a boundary are one unit before and after: sums add up, nothing else moves."""

import pandas as pd
import pytest

from evaluation.contracts import TABLES, conform
from evaluation.design import one_program_unit, one_unit, survivors
from evaluation.errors import StudyError
from evaluation.params import Merger, Study


def cell(unit, period, n, total, **changed):
    return {"unit": "school", "unit_id": unit, "district_id": unit.rsplit("-", 1)[0], "grade_band": "middle",
            "period_kind": "school_year", "period": period, "dimension": "race_ethnicity", "group_id": "black",
            "outcome_id": "rate_pct", "n_students": n, "n_obs": n, "n_eligible": None, "total": total,
            "total_sq": total, "mean": None if n is None else 100 * total / n, "status": "reported"} | changed


def cells(*rows):
    return conform(pd.DataFrame(list(rows), columns=list(TABLES["cells"].columns)), "cells")


def lineage(*boundaries, **merged):
    rows = [{"school_id": s.replace("_", "-"), "district_id": "ia-1", "merged_into": t, "school_year": 2002}
            for s, t in merged.items()]
    rows += [{"school_id": s, "district_id": "ia-1", "feeder_from": f, "school_year": 2003} for s, f in boundaries]
    return conform(pd.DataFrame(rows, columns=list(TABLES["school_lineage"].columns)), "school_lineage")


@pytest.fixture
def study(study_of) -> Study:
    found = study_of({"ia-10": 2003})
    return found.model_copy(update={"unit": "school"})


def test_a_merged_school_is_part_of_its_survivor_before_and_after(study):
    given = cells(cell("ia-1-a", 2001, 10, 2), cell("ia-1-b", 2001, 30, 12), cell("ia-1-a", 2002, 50, 10),
                  cell("ia-1-c", 2001, 7, 1))
    found = one_unit(given, survivors(lineage(ia_1_b="ia-1-a"), study), study)
    by_unit = found.set_index(["unit_id", "period"])
    assert by_unit.loc[("ia-1-a", 2001), ["n_students", "total", "total_sq"]].tolist() == [40, 14, 14]
    assert by_unit.loc[("ia-1-a", 2001), "mean"] == 35.0
    assert by_unit.loc[("ia-1-a", 2002), "mean"] == 20.0
    assert set(found["unit_id"]) == {"ia-1-a", "ia-1-c"}
    assert found["n_students"].sum() == given["n_students"].sum()


def test_units_without_a_merger_do_not_move(study):
    given = cells(cell("ia-1-a", 2001, 10, 2), cell("ia-1-c", 2001, 7, 1))
    assert one_unit(given, survivors(lineage(), study), study) is given
    pd.testing.assert_frame_equal(one_unit(given, {"ia-1-x": "ia-1-y"}, study), given)


def test_a_school_that_merged_again_is_followed_and_a_circle_is_refused(study):
    assert survivors(lineage(ia_1_a="ia-1-b", ia_1_b="ia-1-c"), study) == {"ia-1-a": "ia-1-c", "ia-1-b": "ia-1-c"}
    with pytest.raises(StudyError, match="circle"):
        survivors(lineage(ia_1_a="ia-1-b", ia_1_b="ia-1-a"), study)


def test_the_study_overrules_the_school_lists(study):
    stated = study.model_copy(update={"lineage": (Merger(id="ia-1-a", merged_into=None),
                                                  Merger(id="ia-1-b", merged_into="ia-1-d"))})
    assert survivors(lineage(ia_1_a="ia-1-b", ia_1_b="ia-1-c"), stated) == {"ia-1-b": "ia-1-d"}


def test_a_school_that_split_off_is_one_unit_with_the_one_it_left_before_and_after(study):
    """c opens in 2002 with 20 of a's 50 students: the unit's mean stays, 10 of 50, though each school's moves."""
    given = cells(cell("ia-1-a", 2001, 50, 10), cell("ia-1-a", 2002, 30, 3), cell("ia-1-c", 2002, 20, 7))
    found = one_unit(given, survivors(lineage(("ia-1-c", "ia-1-a")), study), study)
    assert found[["unit_id", "period", "n_students", "total", "mean"]].to_numpy().tolist() == [
        ["ia-1-a", 2001, 50, 10, 20.0], ["ia-1-a", 2002, 50, 10, 20.0]]


def test_schools_linked_by_boundaries_and_mergers_are_one_unit_under_one_name(study):
    """d took in students of b, and of c, which merged into e; a merged into b."""
    linked = lineage(("ia-1-d", "ia-1-b"), ("ia-1-d", "ia-1-c"), ia_1_c="ia-1-e", ia_1_a="ia-1-b")
    assert survivors(linked, study) == dict.fromkeys(("ia-1-a", "ia-1-c", "ia-1-d", "ia-1-e"), "ia-1-b")


def test_a_boundary_between_schools_of_which_one_merged_into_the_other_is_no_circle(study):
    assert survivors(lineage(("ia-1-c", "ia-1-a"), ia_1_a="ia-1-c"), study) == {"ia-1-a": "ia-1-c"}


@pytest.mark.parametrize("apart", ["ia-1-a", "ia-1-c"])
def test_the_study_leaves_schools_apart_whose_boundary_moved(study, apart):
    stated = study.model_copy(update={"lineage": (Merger(id=apart, merged_into=None),)})
    assert survivors(lineage(("ia-1-c", "ia-1-a")), stated) == {}


def test_districts_do_not_merge_with_their_schools(study):
    assert survivors(lineage(ia_1_a="ia-1-b"), study.model_copy(update={"unit": "district"})) == {}


def test_a_hidden_part_hides_the_whole(study):
    hidden = cell("ia-1-b", 2001, None, None, total_sq=None, mean=None, status="suppressed")
    found = one_unit(cells(cell("ia-1-a", 2001, 10, 2), hidden), {"ia-1-b": "ia-1-a"}, study)
    assert found[["unit_id", "status"]].to_numpy().tolist() == [["ia-1-a", "suppressed"]]
    assert found[["n_students", "total", "mean"]].isna().all(axis=None)


def test_cohorts_follow_and_schools_of_two_cohorts_are_not_one_unit(study):
    program = study.programs[0]
    cohort = program.cohorts[0].model_copy(update={"districts": (), "schools": ("ia-1-a", "ia-1-b")})
    both = study.model_copy(update={"programs": (program.model_copy(update={"cohorts": (cohort,)}),)})
    assert one_program_unit(both, {"ia-1-a": "ia-1-b"}).programs[0].cohorts[0].schools == ("ia-1-b",)
    with pytest.raises(StudyError, match="not in one cohort"):
        one_program_unit(both, {"ia-1-a": "ia-1-c"})
