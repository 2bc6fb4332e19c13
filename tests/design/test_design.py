import numpy as np
import pytest

from evaluation.design import assign, build, check_assignment, districts, students
from evaluation.errors import EstimationError, StudyError

EIGHT = ("ia-1", "ia-2", "ia-3", "ia-4")


def panel(values, units=EIGHT, periods=range(2001, 2007), n=20):
    return {(u, p, g): (values(u, p, g), n) for u in units for p in periods for g in ("black", "white")}


def built(cells, study, part=None, **changes):
    specification = study.specifications[0].model_copy(update=changes)
    return build(cells, study, specification, "rate_pct", study.gaps[0], part=part)


def test_parts_share_their_cells_and_the_gap_is_their_difference(cells_of, study_of):
    values = panel(lambda u, p, g: 30.0 if g == "black" else 12.5)
    values["ia-2", 2003, "white"] = (None, None, "suppressed")
    design = built(cells_of(values), study_of({"ia-1": 2004}))
    assert design.parts == ("gap", "focal", "reference")
    assert design.outcome.shape == (4, 6, 3)
    assert np.isnan(design.outcome[1, 2]).all()
    assert np.isnan(design.outcome).sum() == 3
    np.testing.assert_array_equal(design.outcome[0, 0], [17.5, 30.0, 12.5])
    assert design.cohort.tolist()[:1] == [2004.0]
    assert design.never_program.tolist() == [False, True, True, True]


def test_own_sample_keeps_cells_the_other_group_lacks(cells_of, study_of):
    values = panel(lambda u, p, g: 30.0)
    values["ia-2", 2003, "white"] = (None, None, "suppressed")
    cells, study = cells_of(values), study_of({"ia-1": 2004})
    assert built(cells, study, part="focal").present.sum() == 24
    assert built(cells, study, part="reference").present.sum() == 23
    assert built(cells, study, part="gap").present.sum() == 23


def test_a_cell_of_zero_students_is_absent_and_sums_become_percent(cells_of, study_of):
    values = dict.fromkeys(panel(lambda u, p, g: 0.0), (3, 12, "total"))
    values["ia-3", 2002, "black"] = (0, 0, "total")
    design = built(cells_of(values), study_of({"ia-1": 2004}))
    assert not design.present[2, 1]
    assert design.outcome[0, 0, 1] == 25.0


def test_excluded_events_leave_periods_but_not_positions_out(cells_of, study_of):
    event = {"id": "pandemic", "label": "P", "kind": "break", "periods": [2003, 2004]}
    study = study_of({"ia-1": 2005}, events=[event])
    design = built(cells_of(panel(lambda u, p, g: 1.0)), study, exclude_events=("pandemic",))
    assert design.periods.tolist() == [2001, 2002, 2005, 2006]
    assert design.position.tolist() == [0, 1, 4, 5]
    kept = built(cells_of(panel(lambda u, p, g: 1.0)), study)
    assert kept.is_break.tolist() == [False, False, True, True, False, False]


def test_focal_weight_is_the_mean_of_focal_students_before_the_first_cohort(cells_of, study_of):
    values = panel(lambda u, p, g: 10.0)
    for period, n in zip(range(2001, 2007), (10, 20, 90, 90, 90, 90), strict=True):
        values["ia-1", period, "black"] = (10.0, n)
    for period in (2001, 2002):
        values["ia-4", period, "black"] = (None, 0, "not_applicable")
    design = built(cells_of(values), study_of({"ia-1": 2003, "ia-2": 2005}), weights="focal")
    assert design.unit_ids == ("ia-1", "ia-2", "ia-3")
    assert design.weight.tolist() == [15.0, 20.0, 20.0]


def test_strata_without_a_program_unit_are_left_out_unless_pooled(cells_of, study_of):
    cells = cells_of(panel(lambda u, p, g: 1.0, units=("ia-1", "ia-2", "oh-1", "oh-2")))
    study = study_of({"ia-1": 2004})
    assert built(cells, study).unit_ids == ("ia-1", "ia-2")
    assert len(built(cells, study, within=()).unit_ids) == 4


def test_units_of_another_program_are_no_comparison(cells_of, study_of):
    program = {"label": "x", "grade_band": "all"}
    study = study_of({}, programs=[
        {"id": "dile", **program, "cohorts": [{"start": 2004, "phase": "test", "schools": ["ia-1-7"]}]},
        {"id": "mesa", **program, "cohorts": [{"start": 2005, "phase": "test", "schools": ["ia-2-1"]}]}])
    units = assign(cells_of(panel(lambda u, p, g: 1.0, units=("ia-1-7", "ia-1-8", "ia-2-1", "ia-2-2"))),
                   study.programs, "dile")
    assert units["unit_id"].tolist() == ["ia-1-7", "ia-1-8", "ia-2-2"]
    assert units["cohort"].fillna(0).tolist() == [2004, 0, 0]


@pytest.mark.parametrize(("cohort", "message"), [
    ({"schools": ["ia-1-7", "ia-1-99"]}, r"key programs.0.cohorts.0.schools: cohort 2004 lists `ia-1-99`"),
    ({"schools": ["ia-1-9"]}, "no unit of grade band middle"),
    ({"districts": ["ia-1", "ia-2"]}, r"cohorts.0.districts: cohort 2004 lists `ia-2`"),
])
def test_an_assignment_that_matches_no_unit_is_the_users_mistake(cells_of, study_of, cohort, message):
    import pandas as pd

    program = {"id": "dile", "label": "x", "grade_band": "middle", "cohorts": [
        {"start": 2004, "phase": "test", **cohort}]}
    cells = pd.concat([cells_of(panel(lambda u, p, g: 1.0, units=("ia-1-7", "ia-1-8")), grade_band="middle"),
                       cells_of(panel(lambda u, p, g: 1.0, units=("ia-1-9", "ia-2-1")), grade_band="high")])
    with pytest.raises(StudyError, match=message):
        check_assignment(cells, study_of({}, programs=[program]).programs, "small")


def test_a_district_that_sent_nothing_is_no_mistake_of_the_study(cells_of, study_of):
    program = {"id": "dile", "label": "x", "grade_band": "all", "cohorts": [
        {"start": 2004, "phase": "test", "districts": ["ia-1", "ia-5"], "schools": ["ia-6-1"]}]}
    cells = cells_of(panel(lambda u, p, g: 1.0, units=("ia-1-7", "ia-1-8")))
    check_assignment(cells, study_of({}, programs=[program]).programs, "small")


def test_cluster_is_the_district_of_a_school(cells_of, study_of):
    cells = cells_of(panel(lambda u, p, g: 1.0, units=("ia-1-7", "ia-1-8", "ia-2-1", "ia-2-2")), unit="school")
    design = built(cells, study_of({"ia-1": 2004}))
    assert design.cluster.tolist() == [0, 0, 1, 1]
    assert districts(cells, design).tolist() == ["ia-1", "ia-1", "ia-2", "ia-2"]


def test_students_of_unpublished_numbers_stay_unknown(cells_of, study_of):
    values = panel(lambda u, p, g: 1.0)
    values["ia-2", 2003, "white"] = (5.0, None)
    cells, study = cells_of(values), study_of({"ia-1": 2004})
    n = students(cells, study, study.specifications[0], built(cells, study), outcome_id="rate_pct", gap=study.gaps[0])
    assert np.isnan(n).sum() == 1
    assert n[0, 0].tolist() == [20, 20]


@pytest.mark.parametrize(("change", "message"), [
    ({"weights": "focal"}, "weights: unit"),
    ({"exclude_events": ("start",)}, "exclude_events"),
])
def test_a_specification_without_sense_is_refused_with_a_way_out(cells_of, study_of, change, message):
    study = study_of({"ia-1": 2004}, events=[{"id": "start", "label": "s", "kind": "break", "periods": [2004]}])
    cells = cells_of(panel(lambda u, p, g: 1.0, n=None))
    with pytest.raises(EstimationError, match=message):
        built(cells, study, **change)


def test_without_comparison_or_program_cells_the_counts_are_told(cells_of, study_of):
    values = panel(lambda u, p, g: 1.0, units=("ia-1", "ia-2"))
    with pytest.raises(EstimationError, match="no comparison unit is left of 2"):
        built(cells_of(values), study_of({"ia-1": 2004, "ia-2": 2004}), comparison="never")
    lost = {k: v if k[0] != "ia-1" or k[2] != "white" else (None, None, "suppressed") for k, v in values.items()}
    with pytest.raises(EstimationError, match=r"no program unit is left of 2 \(1 without cells of both groups"):
        built(cells_of(lost), study_of({"ia-1": 2004}))


def test_a_school_counts_while_it_is_in_the_programs_grade_band(cells_of, study_of):
    import pandas as pd

    program = {"id": "dile", "label": "x", "grade_band": "middle", "cohorts": [
        {"start": 2004, "phase": "test", "districts": ["ia-1"]}]}
    study = study_of({}, programs=[program])
    both = panel(lambda u, p, g: 1.0)
    moved = {k: v for k, v in both.items() if k[0] == "ia-2" and k[1] >= 2005}
    cells = pd.concat([cells_of({k: v for k, v in both.items() if k not in moved}, grade_band="middle"),
                       cells_of(moved, grade_band="high"), cells_of(
                           {k: v for k, v in both.items() if k[0] == "ia-3"}, grade_band="high")], ignore_index=True)
    design = built(cells, study)
    assert design.present[1].tolist() == [True] * 4 + [False] * 2
    assert design.present[2].all()
    n = students(cells, study, study.specifications[0], design, outcome_id="rate_pct", gap=study.gaps[0])
    assert np.isnan(n[1, 4:]).all()
    assert (n[1, :4] == 20).all()


def test_cells_that_are_there_twice_are_refused_as_such(cells_of, study_of):
    import pandas as pd

    cells = cells_of(panel(lambda u, p, g: 1.0))
    with pytest.raises(EstimationError, match="24 cells share unit, period and group; a cell may"):
        built(pd.concat([cells, cells], ignore_index=True), study_of({"ia-1": 2004}))


def test_a_unit_in_two_grade_bands_is_refused(cells_of, study_of):
    import pandas as pd

    values = panel(lambda u, p, g: 1.0)
    cells = pd.concat([cells_of(values), cells_of(values, grade_band="high")], ignore_index=True)
    with pytest.raises(EstimationError, match="two grade bands"):
        built(cells, study_of({"ia-1": 2004}))
