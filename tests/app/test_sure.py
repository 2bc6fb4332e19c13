"""What the page How sure are we? says and shows, word by word."""

from __future__ import annotations

from typing import get_args

import pandas as pd
import pytest

from app import measurement, text
from app.labels import ADJUSTMENTS, ESTIMATORS, INFERENCE, Labels
from app.sure import bounds, checks, curve, models, plan, standards, templates, trends
from app.topic import Topic
from evaluation import params, released
from evaluation.contracts import COLUMNS, TABLES
from evaluation.contracts.choices import AnyEstimator
from evaluation.stats.standards.handbook import NOT_VERIFIED, handbook

LABELS = Labels(params.study("partnership").model_dump(mode="json"))
TOPIC = Topic("headline_dile", "chronic_absence_pct", "black_white", LABELS)
PLANNED = dict(zip(curve.CHOICES, ("group_time_att", "not_yet", "state/grade_band", "focal", "excluded", "all"),
                   strict=True))


def specification(value, *, estimator="group_time_att", **changed):
    low, high = (value - 1, value + 1) if value is not None else (None, None)
    return {**PLANNED, "estimator": estimator, "value": value, "ci_low": low, "ci_high": high, "ci80_low": low,
            "ci80_high": high, "p_value": 0.1, "no_interval": None, "suppression": "none", "is_headline": False,
            "undefined": None} | changed


def test_the_curve_counts_signs_and_clear_intervals_without_the_reference():
    rows = pd.DataFrame([
        specification(-2.0, is_headline=True), specification(-0.5), specification(0.4),
        specification(-3.0, ci_low=None, ci_high=None, no_interval="low_df"), specification(9.0, estimator="twfe"),
        specification(None, undefined="no comparison."), specification(None, suppression="primary")])
    assert curve.sentence(rows, TOPIC) == (
        "In 3 of 4 reasonable specifications the effect on the gap has the headline's sign; 1 of 3 intervals exclude "
        "0; 1 has no interval. Estimates run from −3.0 to +0.4 percentage points (median −1.2, headline −2.0). Two-way "
        "fixed effects stands beside them as a reference and is not counted: it can be wrong where places start in "
        "different years. 1 could not be estimated and 1 is withheld, [c]; the table says why.")


def test_a_curve_without_headline_says_why():
    rows = pd.DataFrame([specification(None, is_headline=True, suppression="primary")])
    assert curve.sentence(rows, TOPIC).startswith("There is no headline to compare other specifications with: it is "
                                                  "withheld.")
    alone = pd.DataFrame([specification(-2.0, is_headline=True, ci_low=None, ci_high=None, no_interval="low_df")])
    assert "headline's sign; none has an interval." in curve.sentence(alone, TOPIC)
    assert curve.sentence(rows.head(0), TOPIC) == "No other specification was estimated for this result."


def test_the_headline_has_a_shape_and_a_word_of_its_own():
    spec = templates.curve("light", ("Estimator:", "Group-time effects"), 3)
    upper = spec["layer"][0]["layer"]
    shapes = next(layer["encoding"]["shape"]["scale"] for layer in upper if "shape" in layer["encoding"])
    assert shapes == {"domain": ["Headline", "Other", "Two-way (reference)"], "range": ["diamond", "circle", "square"]}
    assert [layer["mark"]["text"] for layer in upper if layer["mark"]["type"] == "text"] == ["headline"]


@pytest.mark.parametrize("study", ["partnership", "connecticut"])
def test_the_curve_holds_no_more_than_its_rows(releases, study):
    release = released.current(study, releases)
    labels = Labels(release.labels)
    code = labels.headline(next(iter(labels.programs)))
    topic = Topic(code, labels.specifications[code]["outcomes"][0], labels.specifications[code]["gaps"][0], labels)
    rows = topic.of(release.table("public_specification_curve"))
    figure = curve.figure(rows, topic, "light", "words")
    for column in ("value", "ci_low", "ci80_high"):
        assert set(figure.data[column].dropna()) <= set(rows[column].dropna())
    effects, dots = figure.data[figure.data["choice"].isna()], figure.data[figure.data["choice"].notna()]
    assert len(effects) == rows["value"].notna().sum()
    assert (dots.groupby("place").size() == sum(rows[c].nunique() > 1 for c in curve.CHOICES)).all()
    assert effects["value"].is_monotonic_increasing
    assert len(figure.table) == len(rows)


def breakdown(restriction, value, undefined=None, suppression="none"):
    return {"restriction": restriction, "breakdown": value, "undefined": undefined, "suppression": suppression}


def test_breakdown_values_are_words():
    rows = pd.DataFrame([breakdown("smoothness", None, "not_clear"), breakdown("relative_magnitude", 0.61234)])
    assert bounds.sentence(rows, TOPIC) == (
        "Relative magnitudes: the effect on the gap stays clear of 0 as long as no change from year to year after the "
        "start, other than the program's, is more than 0.61 times the largest one before it (breakdown value). "
        "Smoothness: there is no breakdown value, because the interval holds zero even without any departure.")
    assert "whatever the departure" in bounds.sentence(pd.DataFrame([breakdown("smoothness", float("inf"))]), TOPIC)
    assert "not shown" in bounds.sentence(pd.DataFrame([breakdown("smoothness", None, None, "primary")]), TOPIC)
    assert bounds.sentence(rows.head(0), TOPIC).startswith("No bounds were worked out")


def test_bounds_say_which_interval_excludes_zero_by_shape_and_word():
    rows = pd.DataFrame([
        {"restriction": "smoothness", "m": m, "ci_low": -2.0, "ci_high": high, "suppression": "none"}
        for m, high in ((0.0, -0.5), (1.0, 0.5), (2.0, float("inf")))])
    figure = bounds.figure(rows, "smoothness", TOPIC, "light", "words")
    assert figure.data["series"].tolist() == [templates.CLEAR, templates.UNCLEAR]
    assert figure.table["95 % interval"].tolist() == ["−2.0 to −0.5", "−2.0 to +0.5", "−2.0 to no bound"]
    assert figure.table["Excludes 0"].tolist() == ["yes", "no", "no"]


def diagnosed(part, **changed):
    return {"specification": TOPIC.specification, "outcome_id": TOPIC.outcome, "gap_id": TOPIC.gap, "part": part,
            "p_value": 0.32, "n_pre_periods": 3, "slope_50": 0.64, "slope_80": 0.972, "detectable": 2.345} | changed


def test_a_pre_trend_test_is_read_beside_the_drift_it_would_have_found():
    rows = pd.DataFrame([diagnosed("gap"), diagnosed("focal", p_value=0.0412), diagnosed("reference", p_value=None)])
    assert trends.sentence(rows, TOPIC).endswith(
        "The same test of each group alone: Black students p = 0.041. Had the gap drifted steadily by ±0.64 percentage "
        "points a year, the test would have found it in 50 of 100 cases, by ±0.97 in 80; a smaller drift would mostly "
        "have gone unseen (3 earlier years).")
    assert trends.sentence(rows.head(0), TOPIC).endswith("The overall effect is withheld or was not estimated.")


def test_an_effect_below_the_detectable_one_is_not_called_none():
    rows = pd.DataFrame([diagnosed("gap")])
    gap = pd.DataFrame([diagnosed("gap") | {"value": -1.04, "ci_low": -2.0, "ci_high": 0.1}])
    assert trends.detectable(rows, gap, TOPIC) == (
        "An effect of ±2.3 percentage points on the gap would have been found with 80 % power (5 %, two-sided). The "
        "estimate, −1.0, is smaller: an effect of that size would more likely be missed than an effect of the "
        "detectable size, so “unclear” does not mean “none”.")
    assert "tend to overstate it" in trends.detectable(rows, gap.assign(ci_low=-2.0, ci_high=-0.1), TOPIC)
    assert "could not be worked out" in trends.detectable(rows.assign(detectable=None), gap, TOPIC)


def lock(n, **changed):
    return {"change": "lock", "lock": n, "key": "lock", "planned": None, "run": None, "locked_on": "2026-01-02",
            "locked_commit": "0123456789abcdef", "is_dirty": False, "had_results": False, "plan_sha256": "ab" * 32,
            "amended_because": None} | changed


def test_the_lock_of_the_plan_and_every_difference_are_said():
    rows = pd.DataFrame([lock(1), lock(2, amended_because="A typing error", had_results=True),
                         lock(2, change="difference", key="periods.last", planned="2025", run="2026")])
    assert plan.standing("confirmatory", rows) == (
        "Confirmatory: the study's plan names this result. The plan was locked on 2026-01-02 (commit 0123456789ab, "
        "SHA-256 abababababab…), when results already lay in the folder, after 1 earlier lock. It was amended because: "
        "“A typing error”. The run differs from it in 1 point, listed below.")
    assert plan.changes(rows)["Where"].tolist() == [
        "commit 0123456789ab", "commit 0123456789ab: A typing error", "periods.last"]


def test_a_plan_that_was_never_locked_proves_nothing():
    rows = pd.DataFrame([lock(0, change="no_lock", locked_on=None, locked_commit=None)])
    assert "never locked, so nothing shows that it came before the results" in plan.standing("exploratory", rows)


def decided(**changed):
    return {"family": "dile_absence", "adjustment": "benjamini_hochberg", "p_value": 0.0234, "adjusted_p_value": 0.0468,
            "alpha_level": 0.05, "decision": "success", "suppression": "none"} | changed


def test_the_adjusted_p_value_and_the_plans_rule_are_said():
    assert plan.decision(decided(), TOPIC, 2).startswith(
        "In its family “DILE, chronic absence” (2 results tested, Benjamini–Hochberg) p = 0.023, adjusted p = 0.047, "
        "at a level of 0.05; by the plan's rule this is a success. The rule: The gap in chronic absence narrowed")
    untested = decided(p_value=None, adjusted_p_value=None, decision="cannot_tell")
    assert "it is not tested, because no interval is given; by the plan's rule it cannot be told yet" in plan.decision(
        untested, TOPIC, 1)
    assert plan.decision(None, TOPIC, 0).startswith("This result is in no family of the plan")


def check(**changed):
    return {"value": -1.0, "ci_low": -2.0, "ci_high": 1.0, "ci80_low": -1.5, "ci80_high": 0.5, "p_value": 0.3,
            "no_interval": None, "suppression": "none"} | changed


def test_placebos_that_find_nothing_and_those_that_warn():
    rows = pd.DataFrame([check(placebo="time", detail="1 period earlier"),
                         check(placebo="time", detail="2 periods earlier", ci_low=None, no_interval="low_df")])
    assert checks.placebos(rows, TOPIC) == (
        "In 0 of 1 placebo with an interval it excludes 0: none was found where there should be none. 1 has no "
        "interval.")
    assert "is a warning" in checks.placebos(rows.head(1).assign(ci_high=-0.5), TOPIC)
    assert "cannot be told" in checks.placebos(rows.tail(1), TOPIC)


def test_a_placebo_in_another_unit_is_listed_and_not_drawn():
    rows = pd.DataFrame([check(placebo="outcome", detail="belonging_1to5")])
    headline = pd.DataFrame([check()])
    figure = checks.forest(rows, headline, TOPIC, "light", "words", title="Placebos")
    assert figure.data["row"].tolist() == ["Headline"]
    assert figure.table["Note"].tolist() == ["another unit, not drawn"]


def test_regression_to_the_mean_without_interval_is_not_called_unclear_nor_clear():
    window = check(placebo="regression_to_mean_window", detail="gaps of 2017–2018, effect in 2019")
    bare = pd.DataFrame([window | {"ci_low": None, "ci_high": None, "no_interval": "low_coverage"}])
    said = checks.regression_to_mean(bare, TOPIC)
    assert "without an interval, so that chance cannot be told from more: −1.0" in said
    assert "did not clearly move" in checks.regression_to_mean(pd.DataFrame([window]), TOPIC)
    assert "moved clearly" in checks.regression_to_mean(pd.DataFrame([window | {"ci_high": -0.5}]), TOPIC)


def test_hidden_values_that_could_turn_the_sign_say_so():
    row = {"suppression": "none", "cells_hidden": 12, "cells_used": 345, "low": -2.0, "high": 0.4}
    assert checks.hidden_cells(row, TOPIC).endswith(
        "lies between −2.0 and +0.4 percentage points, so they could turn its sign.")
    assert checks.hidden_cells(row | {"high": -0.4}, TOPIC).endswith("so its sign does not rest on them.")
    assert "nothing limits" in checks.hidden_cells(row | {"low": None}, TOPIC)


def test_numbers_of_students_are_told_in_percent():
    rows = pd.DataFrame([check(composition="log_students_focal", value=-0.02, ci_low=-0.1, ci_high=0.05)])
    assert checks.composition_table(rows, TOPIC)["Change"].tolist() == ["−2.0 %"]
    assert "No clear change" in checks.composition(rows, TOPIC)
    assert "Number of Black students moved clearly" in checks.composition(rows.assign(ci_high=-0.01), TOPIC)


ESTIMATED = {"value": -1.4, "ci_low": -3.0, "ci_high": 0.2, "ci80_low": -2.5, "ci80_high": -0.3, "no_interval": None,
             "suppression": "none", "undefined": None}
TWO_WAY = {**ESTIMATED, "weight_program_never": 0.7, "weight_earlier_later": 0.1, "weight_later_earlier": 0.15,
           "weight_program_always": 0.05, "program_cells": 200, "negative_cells": 5, "negative_weight": -0.0123}
MULTILEVEL = {**ESTIMATED, "variance_district": 0.0, "variance_school": 4.0, "variance_school_gap": 16.0,
              "variance_student": 1600.0, "intraclass_district": 0.0, "intraclass_school": 8 / 1608}
FOLLOWED = {**ESTIMATED, "n_students_rounded": 1240, "n_spanning_rounded": 610, "n_projected_rounded": 0,
            "n_in_two_districts_rounded": 20, "n_left_rounded": 130, "n_entered_later_rounded": 350}


def test_two_way_fixed_effects_say_why_they_are_not_the_headline():
    assert models.TWO_WAY.sentence(TWO_WAY, {"value": -2.0}, TOPIC) == (
        "Two-way fixed effects, the usual single regression, would say −1.4 percentage points (95 % interval −3.0 to "
        "+0.2), where the headline says −2.0. That is not the headline, because it weighs places and years by what "
        "suits the regression, and takes places already in the program as a comparison though their own effects may "
        "still grow: it need not be an average of the effects. Here 20.0 % of its weight is such comparisons, and 5 of "
        "200 program cells (2.5 %) enter with a negative weight.")
    unbalanced = {**TWO_WAY, **dict.fromkeys(models.COMPARED), "negative_cells": 0}
    said = models.TWO_WAY.sentence(unbalanced, None, TOPIC)
    assert "cannot be told, since some places miss a year, and none of 200 program cells (0.0 %)" in said
    assert "headline says" not in said
    compared = models.TWO_WAY.detail(TWO_WAY, TOPIC)
    assert compared["Share of the estimate"].tolist() == ["70.0 %", "10.0 %", "15.0 %", "5.0 %"]
    assert models.TWO_WAY.detail(unbalanced, TOPIC).empty


def test_a_multilevel_model_says_where_students_differ_and_that_it_is_a_check():
    said = models.MULTILEVEL.sentence(MULTILEVEL, {"value": -2.0}, TOPIC)
    assert "says −1.4 percentage points (95 % interval −3.0 to +0.2), where the headline says −2.0. Of the" in said
    assert "0.0 % lies between districts and 0.5 % between their schools" in said
    assert said.endswith("it is a check, never the headline.")
    assert models.MULTILEVEL.detail(MULTILEVEL, TOPIC).iloc[:, 1].tolist() == ["0.00", "2.00", "4.00", "40.00"]
    without = {**MULTILEVEL, "ci_low": None, "ci_high": None, "no_interval": "low_df"}
    assert "(no interval: " in models.MULTILEVEL.sentence(without, None, TOPIC)


def test_a_model_that_was_not_fitted_says_why():
    assert models.TWO_WAY.sentence({**TWO_WAY, "suppression": "primary", "value": None}, None, TOPIC).startswith(
        "The two-way estimate is not shown: [c]")
    undefined = {**MULTILEVEL, "value": None, "undefined": "numbers are not published.", "variance_student": None}
    assert models.MULTILEVEL.sentence(undefined, None, TOPIC) == (
        "There is no estimate by a multilevel model: numbers are not published.")
    assert models.MULTILEVEL.detail(undefined, TOPIC).empty
    assert models.MULTILEVEL.sentence(None, None, TOPIC) == (
        "A multilevel model was fitted to confirmatory results only.")


def test_the_same_students_say_their_effect_and_who_they_are():
    said = models.STUDENTS.sentence(FOLLOWED, {"value": -2.0}, TOPIC)
    assert "say −1.4 percentage points (95 % interval −3.0 to +0.2), where the headline says −2.0. They" in said
    assert models.STUDENTS.detail(FOLLOWED, TOPIC).iloc[:, 1].tolist() == ["1,240", "610", "0", "20", "130", "350"]
    undefined = {**FOLLOWED, "value": None, "undefined": "the study has no student rows.", "n_students_rounded": None}
    assert models.STUDENTS.sentence(undefined, None, TOPIC) == (
        "There is no estimate by the student panel: the study has no student rows.")
    assert models.STUDENTS.detail(undefined, TOPIC).empty
    assert models.STUDENTS.sentence(None, None, TOPIC) == (
        "The same students were followed for confirmatory results only.")


def test_a_rating_says_that_its_rules_are_not_verified():
    row = {"suppression": "none", "g_gap": -0.123, "improvement_index": 5.96, "equivalence": "not_satisfied",
           "rating": "does_not_meet", "essa_tier": "promising",
           "rating_reasons": "students_not_known, baseline_adjust, scale_invariance"}
    assert standards.sentence(row, TOPIC) == (
        "The effect on the gap is −0.12 standard deviations of students (Hedges g); it moves the middle of Black "
        "students by +6.0 percentile points (plus is better). Before the program both sides were too different to be "
        "compared by these standards. By the rules at hand the finding does not meet the standards: promising evidence "
        "(tier 3). These rules are not verified against the handbook, and a reviewer judges more than numbers can.")
    assert standards.reasons(row)["Source"].tolist() == ["–", NOT_VERIFIED, "this project's rule"]


def test_a_rule_that_nobody_can_tell_is_not_called_unmet():
    row = {"rating_reasons": "students_not_known, equivalent_sample, has_rationale"}
    assert standards.reasons(row)["Finding"].tolist() == ["not known", "not known", "not met"]


def test_the_marks_of_the_rules_are_those_of_the_handbook():
    rules = handbook("5.0").rules
    assert set(standards.RULES) == {rule.id for rule in rules}
    assert {rule.id for rule in rules if rule.is_verified} == standards.VERIFIED
    assert standards.NOT_VERIFIED == NOT_VERIFIED


def test_every_code_of_the_contract_has_words():
    def allowed(column):
        return set(COLUMNS[column].allowed)

    assert set(ESTIMATORS) == set(get_args(AnyEstimator))
    assert set(INFERENCE) == allowed("inference")
    assert set(ADJUSTMENTS) == allowed("adjustment")
    assert set(plan.DECISIONS) == allowed("decision")
    assert set(plan.CHANGES) == allowed("change")
    assert set(bounds.RESTRICTIONS) == allowed("restriction")
    assert set(measurement.WORDS) == allowed("invariance")
    assert set(measurement.REASONS) == set(measurement.IN_BRIEF) == allowed("invariance_reason")
    assert set(standards.RATINGS) == allowed("rating")
    assert set(standards.TIERS) == allowed("essa_tier")
    assert set(standards.EQUIVALENCE) == allowed("equivalence")
    for column in curve.CHOICES:
        assert set(curve.CHOICES[column][1]) >= allowed(column), column
    assert set(checks._COMPOSITION) == allowed("composition")
    assert {*models.COMPARED, *models.VARIANCES} < {*TABLES["two_way_reference"].columns,
                                                    *TABLES["multilevel_checks"].columns}
    assert set(models.FOLLOWED) < set(TABLES["public_student_panel_checks"].columns)
    assert set(TABLES["specification_curve"].key) > set(curve.CHOICES)


def test_the_page_asks_its_questions_in_order(open_page):
    app = open_page("how_sure", study="partnership")
    assert [h.value for h in app.header] == [
        "Was it planned?", "Would other choices change it?", "Did the gap move alike before the start?",
        "How far may trends differ?", "What could have been found?", "Further checks",
        "Does the scale measure the same?", "What would the standards say?", "As a difference and as a ratio"]
    words = [chart.proto.alt for chart in app.get("vega_lite_chart") + app.get("arrow_vega_lite_chart")]
    assert len(set(words)) == len(words) == 14
    said = " ".join(m.value for m in app.markdown)
    assert all(alt.split(": ")[0][:40] in said for alt in words)


def test_what_was_not_worked_out_has_a_sentence(open_page):
    app = open_page("how_sure", study="partnership", program="dile", gap="disability")
    said = " ".join(m.value for m in app.markdown)
    assert "Exploratory: " in said
    assert "This result is in no family of the plan" in said
    assert "A relative effect is not defined here: a mean without the program is 0 or less." in said


@pytest.mark.parametrize(("p", "words"), [(0.3212, "p = 0.32"), (0.0234, "p = 0.023"), (0.0004, "p < 0.001"),
                                          (pd.NA, "no p-value")])
def test_a_p_value_is_words_without_stars(p, words):
    assert text.p_value(p) == words
