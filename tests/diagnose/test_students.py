"""The student panel beside the headline."""

import pandas as pd
import pytest

from evaluation.design import NO_SUMS, build_students, topics
from evaluation.diagnose.diagnosed import prepare
from evaluation.diagnose.students import COUNTS, NO_STUDENTS, student_panel_checks
from evaluation.stats.aggregate import aggregate
from evaluation.stats.estimators.student_panel import student_panel
from evaluation.stats.inference.infer import infer
from tests.panel.student_tables import STARTS, YEARS, band_of, draw_student_years, make, small_study

HEADLINE = {"id": "headline", "label": "Headline", "program": "dile", "estimator": "group_time_att", "weights": "unit",
            "outcomes": ["oss_per_100"], "gaps": ["black_white"]}


@pytest.fixture(scope="module")
def years():
    return draw_student_years(3)


@pytest.fixture
def prepared(study_of, cells_of, years):
    """The headline, its cells of middle schools, and the moments of the students."""

    def make_it(standing="confirmatory", *, sums=None):
        study = small_study(study_of, starts=dict.fromkeys(STARTS, 2004))
        plan = {"confirmatory": [], "exploratory": [], standing: [{"specifications": ["headline"]}]}
        study = type(study).model_validate({**study.model_dump(), "specifications": [HEADLINE], "plan": plan})
        middle = sorted(s for s in years["school_id"].unique() if band_of(s) == "middle")
        cells = cells_of({(s, p, g): (10.0 + len(s), 20) for s in middle for p in YEARS for g in ("black", "white")},
                         unit="school", grade_band="middle", outcome_id="oss_per_100")
        found = make(study, years).sums if sums is None else sums
        return prepare({("oss_per_100", "race_ethnicity"): cells}, study, topics(study)[0], sums=found)

    return make_it


def test_it_is_the_overall_effect_of_the_student_panel_with_the_students_counted(prepared):
    of = prepared()
    (row,) = student_panel_checks(of)
    design, moments = build_students(of.sums, of.own_cells, of.study, of.topic)
    overall = aggregate(student_panel(design, moments=moments, part="gap", effect="att_gt"), "overall")
    inferred = infer(overall)[0][0]
    assert (row["value"], row["se"], row["df"]) == pytest.approx((inferred.value, inferred.se, inferred.df))
    homes = of.sums.homes
    mine = homes[(homes["outcome_id"] == "oss_per_100") & (homes["student_covariate"] == "none")
                 & (homes["student_weight"] == "none") & homes["unit_id"].isin(design.unit_ids)]
    assert {name: row[name] for name in COUNTS} == {name: mine[name].sum() for name in COUNTS}
    assert row["n_students"] > row["n_spanning"] > 0
    assert min(row["n_entered_later"], row["n_left"], row["n_in_two_districts"]) > 0


def test_without_student_rows_the_row_says_so(prepared):
    assert student_panel_checks(prepared(sums=NO_SUMS)) == [{"undefined": NO_STUDENTS}]


def test_of_an_exploratory_result_there_is_no_row(prepared):
    assert student_panel_checks(prepared("exploratory")) == []


def test_where_the_moments_have_no_program_student_the_row_says_why(prepared):
    of = prepared()
    left = of.sums.moments[of.sums.moments["district_id"] > "ia-15"]
    (row,) = student_panel_checks(prepared(sums=type(of.sums)(pd.DataFrame(left), of.sums.homes)))
    assert "no program home school" in row["undefined"]
