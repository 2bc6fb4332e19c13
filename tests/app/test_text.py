"""Sentences, word by word."""

from __future__ import annotations

import pandas as pd
import pytest

from app import effect_text, level_text, text
from app.labels import Labels
from evaluation import params

LABELS = Labels(params.study("partnership").model_dump(mode="json"))


def effect(**changes):
    row = {"specification": "headline_dile", "program": "dile", "outcome_id": "chronic_absence_pct",
           "gap_id": "black_white", "part": "gap", "estimand": "overall", "cohort": pd.NA, "phase": pd.NA,
           "value": -1.04, "ci_low": -3.5, "ci_high": 1.4, "no_interval": pd.NA, "verdict": "cannot_tell",
           "left_out_cohorts": pd.NA, "sample": "same", "suppression": "none",
           "n_program_districts": 8}
    return row | changes


def sentence(*rows, detectable=None, refusal=None):
    return effect_text.effect(pd.DataFrame(list(rows), columns=list(effect())), LABELS, detectable, refusal)


def test_an_unclear_change_says_what_would_have_been_found():
    assert sentence(effect(), detectable=3.4) == (
        "Across DILE schools, the Black–White gap in chronic absence did not clearly change: estimated change −1.0 "
        "percentage points (95 % interval −3.5 to +1.4). A change of ±3.4 percentage points would have been detectable "
        "(80 % power).")


def test_a_narrowing_names_both_groups_and_what_is_left_out():
    gap = effect(value=-2.0, ci_low=-3.0, ci_high=-1.0, verdict="narrowed_focal_improvement", left_out_cohorts="2019")
    rows = (gap,
            effect(part="focal", value=-2.6), effect(part="reference", value=-0.6))
    assert sentence(*rows, detectable=3.4) == (
        "Across DILE schools, the Black–White gap in chronic absence narrowed, with improvement for Black students: "
        "estimated change −2.0 percentage points (95 % interval −3.0 to −1.0); Black students −2.6, White students "
        "−0.6. Not included: the 2019 cohort, which is a single district and is listed apart.")


def test_the_change_of_a_single_district_is_coded_like_its_levels():
    said = sentence(effect(estimand="phase", phase="develop", value=-17.0, ci_low=pd.NA, ci_high=pd.NA,
                           no_interval="lone_cohort_cluster", n_program_districts=1))
    assert "changed by −17 percentage points" in said
    assert "cannot be told yet" in said


def test_levelling_down_is_not_called_success():
    assert "narrowed by levelling down, which is not success: White students did worse" in sentence(
        effect(verdict="narrowed_levelling_down"))
    assert "passed zero by levelling down, which is not success: White students did worse" in sentence(
        effect(verdict="overshot_levelling_down"))


def test_without_an_interval_the_reason_is_said():
    none = {"ci_low": pd.NA, "ci_high": pd.NA}
    assert sentence(effect(estimand="cohort", cohort=2022, no_interval="lone_cohort_cluster", **none)) == (
        "At DILE schools that started in 2022, the Black–White gap in chronic absence is estimated to have changed by "
        "−1.0 percentage points. No interval is given, because a cohort in it is a single district, so chance cannot "
        "be told from effect; whether it changed cannot be told yet.")


def test_a_withheld_effect_says_why():
    assert sentence(effect(estimand="phase", phase="develop", suppression="primary", value=pd.NA, verdict=pd.NA)) == (
        "At DILE schools in phase develop (pilot cohort), the change in the Black–White gap in chronic absence is not "
        "shown: it rests on a single program district or fewer than three program schools, and would describe them.")


def test_a_withheld_effect_of_one_district_says_why():
    said = sentence(effect(estimand="cohort", cohort=2019, suppression="primary", value=pd.NA, n_program_districts=1))
    assert said.endswith("it rests on a single program district, and one of its values is coded or hidden.")


def test_levels_under_the_program_stand_beside_the_parts():
    rows = [effect() | {"level": 8.0}, effect(part="focal", value=-2.6) | {"level": 29.04},
            effect(part="reference", value=-1.6) | {"level": 21.0}]
    assert "; Black students −2.6 (29 % under the program), White students −1.6 (21 % under the program)." in (
        effect_text.effect(pd.DataFrame(rows), LABELS))


def test_a_dropped_cohort_is_named():
    assert effect_text.effect(pd.DataFrame([effect() | {"dropped_cohorts": "2023"}]), LABELS).endswith(
        " Not included: the 2023 cohort, for which data of the base period, a comparison or weights are missing.")


def test_coded_values_are_counted_apart_from_hidden_ones():
    rows = pd.DataFrame([("none", "20", "10"), ("primary", "≤5", "10"), ("primary", None, "10")],
                        columns=["suppression", "focal_display", "reference_display"])
    assert text.hidden(rows) == (
        "1 of 3 values hidden: 1 [c] too few students or districts; 1 gap not given because one side is coded")


def test_the_base_year_is_named_and_is_no_break_year():
    assert effect_text.base(LABELS, "headline_dile", "dile", 2022) == "The base, with a change of zero, is 2019."


def test_a_refused_estimate_gives_the_reason():
    assert sentence(refusal="Only two districts have both groups.") == (
        "There is no estimate for this choice. Only two districts have both groups.")


def test_a_score_has_two_decimals():
    assert "+0.12 points on the 1–5 scale" in sentence(effect(outcome_id="belonging_1to5", value=0.1234))


@pytest.mark.parametrize(("verdict", "words"), [
    ("narrowed", "→← narrowed"), ("narrowed_focal_worse", "⇊ narrowed by doing worse"),
    ("narrowed_levelling_down", "⇊ narrowed by levelling down"), ("widened", "←→ widened"),
    ("overshot", "⇄ passed zero"), ("overshot_levelling_down", "⇊ passed zero by levelling down"),
    ("overshot_focal_worse", "⇊ passed zero by doing worse"), ("cannot_tell", "◇ unclear"),
    ("both_improved", "◇ unclear")])
def test_direction_is_a_shape_and_a_word(verdict, words):
    assert effect_text.direction(effect(verdict=verdict)) == words


def test_every_verdict_and_reason_has_words():
    from app.labels import SUPPRESSION
    from evaluation import contracts

    assert set(effect_text.VERDICTS) >= set(contracts.VERDICTS)
    assert set(contracts.TABLES["estimates"].column("no_interval").allowed) == set(contracts.REASONS)
    assert set(SUPPRESSION) == set(contracts.SUPPRESSIONS) - {"none"}


@pytest.mark.parametrize(("value", "words"), [(-1.25, "−1.2"), (0.04, "0.0"), (-0.04, "0.0"), (2, "+2.0"), (pd.NA, "")])
def test_numbers_have_a_sign_and_a_true_minus(value, words):
    assert text.signed(value) == words


def test_a_trend_names_both_groups_and_counts_what_is_hidden():
    shared = {"scope": "program", "scope_id": "dile", "outcome_id": "chronic_absence_pct", "gap_id": "black_white",
              "suppression": "none"}
    rows = pd.DataFrame([
        {**shared, "period": 2017, "gap": 11.0, "focal_display": "31", "reference_display": "20"},
        {**shared, "period": 2018, "gap": None, "focal_display": None, "reference_display": "20",
         "suppression": "primary"},
        {**shared, "period": 2019, "gap": 9.0, "focal_display": "27", "reference_display": "18"}])
    assert level_text.trend(rows, LABELS) == (
        "DILE schools: the Black–White gap in chronic absence was +9 percentage points in 2019 (Black students 27 %, "
        "White students 18 %); in 2017 it was +11. 1 of 3 values hidden: 1 [c] too few students or districts.")


def test_coverage_adds_up_in_words():
    rows = pd.DataFrame([{"district_id": "ia-1", "period": 2020, "outcome_id": "chronic_absence_pct", "cells": 10,
                          "cells_reported": 6, "cells_small": 2, "cells_source_suppressed": 1,
                          "cells_not_applicable": 1, "cells_not_published": 0, "cells_not_sent": 2}])
    assert level_text.coverage(rows, LABELS) == (
        "Of 10 expected values of chronic absence, one per school, group and year, 6 are reported (2 of them rest on "
        "fewer than 10 students and are not usable), 1 are hidden by the publisher, 2 were not sent, 0 are not "
        "published and 1 have no such students.")


def test_a_pre_trend_test_does_not_claim_parallel_trends():
    row = {"p_value": 0.3212, "n_pre_periods": 3}
    assert effect_text.pre_trend(row, LABELS) == (
        "Before the start, the gap did not clearly move differently at program and comparison schools (joint test of 3 "
        "earlier periods, p = 0.32). A test that finds nothing does not show that the two would have kept moving "
        "alike.")
