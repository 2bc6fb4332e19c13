"""Effect sizes, baseline equivalence, rating and ESSA tier of a topic, from sums of cells."""

from typing import get_args

import numpy as np
import pandas as pd
import pytest

from evaluation.contracts import TABLES, conform
from evaluation.design import topics
from evaluation.diagnose.diagnosed import prepare
from evaluation.diagnose.samples import baseline_of, clusters_of, in_program, students_of
from evaluation.diagnose.standards import standards
from evaluation.diagnose.together import Published, Together, key_of
from evaluation.stats.standards.effect_size import Sample, gap_effect_sizes, improvement_index, pooled_sd, standardize
from evaluation.stats.standards.handbook import handbook
from evaluation.stats.standards.rating import Grade, Tier
from tests.diagnose.drawn import with_specification

STARTS = {f"ia-{i}": 2002 for i in (10, 11, 12)}
UNITS = [f"ia-{i}" for i in range(10, 16)]
RESULT = ("headline", "rate_pct", "black_white")
GROUPS = ("black", "white")
NARROWED = Published(0.01, "narrowed_focal_improvement")


def events(*, before, during, n=20):
    """Events of n students by (unit, group): the same before for all but what is named, and during the program."""
    return {(u, p, g): ((before if p == 2001 else during).get((u, g), (before if p == 2001 else during)[g]), n, "total")
            for u in UNITS for p in (2001, 2002) for g in GROUPS}


EVEN = {"black": 10, "white": 5}
LESS = {**EVEN, **{(u, "black"): k for u, k in zip(STARTS, (4, 6, 5), strict=True)}, ("ia-13", "black"): 12,
        ("ia-14", "black"): 8}


@pytest.fixture
def rated(cells_of, study_of):
    def make(values, *, said=NARROWED, version="4.0", study=None, starts=STARTS,
             scales=None):
        found = study or study_of(starts, first=2001, last=2002)
        cells = values if isinstance(values, pd.DataFrame) else cells_of(values)
        of = prepare({(found.outcomes[0].id, "race_ethnicity"): cells}, found, topics(found)[0])
        whole = Together(found, {key_of(of): of}, {key_of(of): said}, scales or {}, handbook(version))
        rows = pd.DataFrame(standards(whole)).reindex(columns=list(TABLES["standards"].columns))
        return of, conform(rows, "standards").iloc[0]

    return make


def students(values, units, period, group, n=20):
    """Outcomes of single students, 0 or 100."""
    return np.concatenate([np.repeat([100.0, 0.0], [values[u, period, group][0], n - values[u, period, group][0]])
                           for u in units])


def sample(x):
    return Sample(x.mean(), x.std(ddof=1), len(x))


def test_effect_sizes_are_those_of_the_students(rated):
    values = events(before=EVEN, during=LESS)
    of, row = rated(values)
    both = [[sample(students(values, units, 2002, g)) for units in (UNITS[:3], UNITS[3:])] for g in GROUPS]
    # alike before and of one size: the difference in differences is that of the means after
    expected = gap_effect_sizes(*map(tuple, both))
    assert of.overall.value[0] == pytest.approx([-25, -25, 0])
    assert row["g_gap"] == pytest.approx(expected.gap.value)
    assert row["g_focal"] == pytest.approx(expected.focal.value)
    assert row["g_reference"] == pytest.approx(0, abs=1e-12)
    assert row["improvement_index"] == pytest.approx(improvement_index(-row["g_focal"]))
    assert row["improvement_index"] > 0


def test_from_4_1_on_effect_sizes_carry_the_correction_for_districts(rated):
    values = events(before=EVEN, during=LESS)
    of, row = rated(values, version="5.0")
    cells = [mine for _, mine in in_program(of)]
    found = clusters_of(students_of(of), cells, 40)
    # W and B of the four samples by hand: only the black ones differ between districts
    n, share = 20.0, {g: [[values[u, 2002, g][0] / 20 for u in units] for units in (UNITS[:3], UNITS[3:])]
                      for g in GROUPS}
    between = sum(n * sum((p - np.mean(side)) ** 2 for p in side) for g in GROUPS for side in share[g]) / 8
    within = sum(n * p * (1 - p) for g in GROUPS for side in share[g] for p in side) / (240 - 12)
    assert found.icc == pytest.approx(max((between - within) / (between + 19 * within), 0))
    sd = pooled_sd([sample(students(values, units, 2002, g)) for units in (UNITS[:3], UNITS[3:]) for g in GROUPS])
    assert row["g_gap"] == pytest.approx(standardize(-25, sd=sd, n=238, clusters=found).value)


def test_the_gap_s_effect_size_is_the_difference_of_its_parts(rated):
    _, row = rated(events(before=EVEN, during={**LESS, ("ia-10", "white"): 7}), version="5.0")
    assert row["g_reference"] != 0
    assert row["g_gap"] == pytest.approx(row["g_focal"] - row["g_reference"])


def test_baseline_differences_among_students_and_among_districts(rated):
    before = {**EVEN, ("ia-10", "black"): 11, ("ia-11", "black"): 12}
    values = events(before=before, during=LESS)
    of, row = rated(values)
    x, y = (students(values, units, 2001, "black") for units in (UNITS[:3], UNITS[3:]))
    sd = pooled_sd((sample(x), sample(y)))
    found = baseline_of(of, students_of(of), 0)
    assert (found.program.mean, found.comparison.mean) == pytest.approx((x.mean(), y.mean()))
    assert (found.program.n, found.comparison.n) == (60, 60)
    assert row["baseline_g_focal"] == pytest.approx((1 - 3 / (4 * 120 - 9)) * (x.mean() - y.mean()) / sd)
    assert row["baseline_g_focal_districts"] == pytest.approx((55 - 50) / sd)
    assert row["baseline_g_reference"] == 0
    assert row["equivalence"] == "satisfied_with_adjustment"
    assert row["rating"] == "meets_with_reservations"


@pytest.mark.parametrize(("moved", "equivalence", "rating"), [
    (0, "satisfied", "meets_with_reservations"), (8, "not_satisfied", "does_not_meet")])
def test_the_worst_group_and_level_decide_equivalence(rated, moved, equivalence, rating):
    before = {**EVEN, ("ia-10", "white"): 5 + moved}
    _, row = rated(events(before=before, during={**LESS, ("ia-10", "white"): 5 + moved}))
    assert (row["equivalence"], row["rating"]) == (equivalence, rating)


def test_an_outcome_that_nobody_has_at_baseline_leaves_equivalence_unknown(rated):
    _, row = rated(events(before={"black": 0, "white": 0}, during=LESS))
    assert (row["equivalence"], row["rating"]) == ("not_known", "not_known")
    assert "students_not_known" in row["rating_reasons"]


def test_cohorts_are_compared_at_their_own_base(cells_of, study_of, rated):
    """Levels rise by 10 points a year everywhere: pooled over cohorts' years this is no difference before."""
    starts = {**{f"ia-{i}": 2002 for i in (10, 11)}, **{f"ia-{i}": 2003 for i in (12, 13)}}
    values = {(f"ia-{u}", p, g): (4 + 2 * (p - 2001), 20, "total")
              for u in range(10, 17) for p in (2001, 2002, 2003) for g in GROUPS}
    _, row = rated(values, study=study_of(starts, first=2001, last=2003))
    assert row["baseline_g_focal"] == pytest.approx(0, abs=1e-12)
    assert row["baseline_g_focal_districts"] == pytest.approx(0, abs=1e-12)


def test_over_cohorts_students_weigh_by_students_and_districts_by_districts(cells_of, study_of, rated):
    """Cohort 2002 has one district of 60 students, 10 points above; cohort 2003 has three of 20, as the others."""
    starts = {"ia-10": 2002, **{f"ia-{i}": 2003 for i in (11, 12, 13)}}
    n = {"ia-10": 60}
    values = {(f"ia-{u}", p, g): ((6 if u == 10 else 5) * n.get(f"ia-{u}", 20) // 10, n.get(f"ia-{u}", 20), "total")
              for u in range(10, 18) for p in (2001, 2002, 2003) for g in GROUPS}
    cells, study = cells_of(values), study_of(starts, first=2001, last=2003)
    of = prepare({("rate_pct", "race_ethnicity"): cells}, study, topics(study)[0])
    assert baseline_of(of, students_of(of), 0).program.mean == pytest.approx(50)
    # the district alone in its cohort is no part of the overall effect; with a second one it is
    starts["ia-14"] = 2002
    study = study_of(starts, first=2001, last=2003)
    of = prepare({("rate_pct", "race_ethnicity"): cells}, study, topics(study)[0])
    found = baseline_of(of, students_of(of), 0)
    assert found.program.mean == pytest.approx((80 * (60 * 60 + 20 * 50) / 80 + 60 * 50) / 140)
    assert found.program_mean == pytest.approx((2 * 55 + 3 * 50) / 5)
    assert (found.program.n, found.comparison.n) == (140, 20 * 6)


def test_one_district_in_a_condition_is_not_eligible_whatever_else(rated):
    _, row = rated(events(before=EVEN, during=LESS), starts={"ia-10": 2002}, said=Published(None, "cannot_tell"))
    assert (row["rating"], row["essa_tier"]) == ("not_eligible", "none")
    assert row["rating_reasons"].startswith("two_units_per_condition, randomized_low_attrition")


def test_nothing_randomized_is_rated_without_reservations_and_reasons_are_rules_not_met(rated):
    values = events(before=EVEN, during={**LESS}, n=100)
    _, row = rated(values)
    assert (row["rating"], row["essa_tier"]) == ("meets_with_reservations", "moderate")
    assert row["rating_reasons"] == "randomized_low_attrition, has_rationale"


@pytest.mark.parametrize(("said", "is_favourable"), [
    (NARROWED, True), (Published(0.01, "narrowed_levelling_down"), False),
    (Published(0.01, "overshot_levelling_down"), False),
    (Published(0.2, "cannot_tell"), False), (Published(None, "cannot_tell"), False)])
def test_levelling_down_is_no_favourable_effect(rated, said, is_favourable):
    _, row = rated(events(before=EVEN, during=LESS, n=100), said=said)
    assert ("significant_positive" not in row["rating_reasons"].split(", ")) == is_favourable


def test_the_adjusted_p_value_counts_where_there_is_a_family(rated, study_of):
    family = {"id": "rate", "label": "Rate", "adjustment": "benjamini_hochberg", "alpha": 0.05,
              "results": [{"specifications": ["headline"]}]}
    gaps = [{"id": f"{g}_white", "label": "Gap", "dimension": "race_ethnicity", "focal": g, "reference": "white"}
            for g in ("black", "hispanic")]
    groups = {"black": "Black", "hispanic": "Hispanic", "white": "White"}
    study = study_of(STARTS, first=2001, last=2002, gaps=gaps,
                     dimensions=[{"id": "race_ethnicity", "label": "Race", "groups": groups}],
                     plan={"confirmatory": [{"specifications": ["headline"]}], "families": [family]})
    study = with_specification(study, gaps=("black_white", "hispanic_white"))
    values = events(before=EVEN, during=LESS, n=100)
    _, alone = rated(values, said=Published(0.03, "narrowed_focal_improvement"), study=study)
    assert alone["essa_tier"] == "moderate"
    of, _ = rated(values, study=study)
    said = {RESULT: Published(0.03, "narrowed_focal_improvement"),
            ("headline", "rate_pct", "hispanic_white"): Published(0.9, "cannot_tell")}
    row = standards(Together(study, {RESULT: of}, said, {}, handbook("5.0")))[0]
    assert "significant_positive" in row["rating_reasons"]


def test_without_numbers_of_students_nothing_is_guessed(cells_of, rated):
    values = {key: (5.0 * total, None) for key, (total, *_) in events(before=EVEN, during=LESS).items()}
    _, row = rated(values)
    assert row[["g_gap", "g_focal", "improvement_index", "baseline_g_focal", "baseline_g_focal_districts"]].isna().all()
    assert (row["equivalence"], row["rating"], row["essa_tier"]) == ("not_known", "not_known", "not_known")
    assert row["rating_reasons"] == "students_not_known, randomized_low_attrition, has_rationale"


def with_squares(frame, scale):
    """A score of 2, 3 or 4 points per student: half of the students off the mean by one point."""
    points = frame["total"].astype("Float64")
    total = (frame["n_students"] * 3 * scale + points * 0).astype("Int64")
    squares = (frame["n_students"] * 9 + frame["n_students"] / 2).astype("Float64") * scale**2
    return frame.assign(total=total + (points * scale / 10).astype("Int64"), total_sq=squares.astype("Int64"))


def test_the_spread_of_a_score_comes_from_its_squares_alone(cells_of, study_of, rated):
    study = study_of(STARTS, first=2001, last=2002)
    score = study.outcomes[0].model_copy(update={"kind": "score", "better": "higher"})
    study = study.model_copy(update={"outcomes": (score,)})
    cells = with_squares(cells_of(events(before=EVEN, during=LESS)), 1_000_000)
    scales = {"scale_reliability": [
        {"outcome_id": "rate_pct", "grade_band": "all", "dimension": "race_ethnicity", "group_id": g, "alpha": a}
        for g, a in (("black", 0.8), ("white", 0.4))]}
    _, row = rated(cells, study=study, scales=scales)
    assert row["g_focal"] < 0
    assert row["improvement_index"] < 0
    assert row["rating"] == "not_eligible"
    assert "outcome_reliability" in row["rating_reasons"]
    _, row = rated(cells.assign(total_sq=cells["total_sq"].where(cells["total"] < 0)), study=study)
    assert pd.isna(row["g_focal"])
    assert row["rating_reasons"].startswith("students_not_known, reliability_not_known")


def test_a_scale_that_fails_in_the_gap_s_groups_is_not_eligible(cells_of, study_of, rated):
    study = study_of(STARTS, first=2001, last=2002)
    score = study.outcomes[0].model_copy(update={"kind": "score"})
    study = study.model_copy(update={"outcomes": (score,)})
    said = [{"outcome_id": "rate_pct", "grade_band": "all", "gap_id": "black_white", "compared": c, "invariance": i}
            for c, i in (("groups", "holds"), ("groups_and_waves", "fails"))]
    _, row = rated(with_squares(cells_of(events(before=EVEN, during=LESS)), 1_000_000), study=study,
                   scales={"measurement_invariance": said})
    assert row["rating"] == "not_eligible"
    assert "scale_invariance" in row["rating_reasons"]


@pytest.mark.parametrize(("values", "column"), [(Grade, "rating"), (Tier, "essa_tier")])
def test_values_of_the_contract_are_those_of_the_rules(values, column):
    assert {*get_args(values), "not_known"} == set(TABLES["standards"].column(column).allowed)
