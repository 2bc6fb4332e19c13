"""The truth table of verdicts; an effect is written as its interval, None where there is none."""

from itertools import product

import pytest

from evaluation.contracts import VERDICTS
from evaluation.params.plan import NO_SUCCESS
from evaluation.stats.records import Inference
from evaluation.stats.verdict import verdict

UP, DOWN, UNCLEAR, NONE = (1.0, 3.0), (-3.0, -1.0), (-1.0, 1.0), None


def effect(interval):
    if interval is None:
        return Inference(0.0, 4, no_interval="low_df")
    low, high = interval
    return Inference((low + high) / 2, 20, ci_low=low, ci_high=high)


def of(gap, focal, reference, *, counterfactual=10.0, better="lower", margin=0.5):
    return verdict(effect(gap), effect(focal), effect(reference), counterfactual_gap=counterfactual, better=better,
                   margin=margin)


@pytest.mark.parametrize(("gap", "focal", "reference", "expected"), [
    (NONE, DOWN, DOWN, "cannot_tell"),
    (UNCLEAR, DOWN, DOWN, "both_improved"),
    (UNCLEAR, UP, UP, "both_worsened"),
    (UNCLEAR, DOWN, UP, "cannot_tell"),
    (UNCLEAR, DOWN, UNCLEAR, "cannot_tell"),
    (UNCLEAR, NONE, NONE, "cannot_tell"),
    (UP, UP, UNCLEAR, "widened"),
    (UP, UNCLEAR, DOWN, "widened"),
    (DOWN, DOWN, (-1.0, 0.4), "narrowed_focal_improvement"),
    (DOWN, DOWN, (-1.0, 0.5), "narrowed"),
    (DOWN, DOWN, UNCLEAR, "narrowed"),
    (DOWN, DOWN, NONE, "narrowed"),
    (DOWN, UNCLEAR, (-1.0, 0.4), "narrowed"),
    (DOWN, NONE, NONE, "narrowed"),
    (DOWN, DOWN, DOWN, "narrowed_both_improved"),
    (DOWN, UNCLEAR, UP, "narrowed_levelling_down"),
    (DOWN, DOWN, (0.1, 0.4), "narrowed_levelling_down"),
    (DOWN, UP, UNCLEAR, "narrowed_focal_worse"),
    (DOWN, UP, DOWN, "narrowed_focal_worse"),
    (DOWN, UP, UP, "narrowed_levelling_down"),
])
def test_a_positive_gap_where_lower_is_better(gap, focal, reference, expected):
    assert of(gap, focal, reference) == expected


def turned(interval):
    return None if interval is None else (-interval[1], -interval[0])


@pytest.mark.parametrize("gap", [NONE, UNCLEAR, UP, DOWN])
@pytest.mark.parametrize("focal", [NONE, UNCLEAR, UP, DOWN])
@pytest.mark.parametrize("reference", [NONE, UNCLEAR, UP, DOWN, (-1.0, 0.4)])
@pytest.mark.parametrize("counterfactual", [10.0, 2.0, -10.0])
def test_an_outcome_turned_around_has_the_same_verdict(gap, focal, reference, counterfactual):
    turned_around = of(turned(gap), turned(focal), turned(reference), counterfactual=-counterfactual, better="higher")
    assert turned_around == of(gap, focal, reference, counterfactual=counterfactual)


@pytest.mark.parametrize(("counterfactual", "expected"), [
    (3.5, "narrowed_both_improved"), (1.5, "narrowed_both_improved"), (1.01, "narrowed_both_improved"),
    (1.0, "overshot"), (0.5, "overshot")])
def test_overshot_where_the_gap_is_no_smaller_than_without_the_program(counterfactual, expected):
    assert of(DOWN, DOWN, DOWN, counterfactual=counterfactual) == expected


def test_overshot_where_the_whole_interval_lies_beyond_zero():
    precise = (-2.2, -1.8)
    assert of(precise, DOWN, DOWN, counterfactual=1.7) == "overshot"
    assert of(precise, DOWN, DOWN, counterfactual=1.9) == "narrowed_both_improved"


@pytest.mark.parametrize(("focal", "reference", "expected"), [
    (UNCLEAR, UP, "overshot_levelling_down"), (DOWN, UP, "overshot_levelling_down"),
    (NONE, UP, "overshot_levelling_down"), (UP, UP, "overshot_levelling_down"), (UP, DOWN, "overshot_focal_worse"),
    (UP, UNCLEAR, "overshot_focal_worse"), (DOWN, UNCLEAR, "overshot"), (DOWN, DOWN, "overshot"),
    (UNCLEAR, UNCLEAR, "overshot"), (NONE, NONE, "overshot")])
@pytest.mark.parametrize("counterfactual", [0.5, 1.0])
def test_passing_zero_because_a_group_did_worse_says_so(focal, reference, expected, counterfactual):
    assert of(DOWN, focal, reference, counterfactual=counterfactual) == expected


def test_no_group_clearly_does_worse_in_what_a_plan_may_call_success():
    for gap, focal, reference, counterfactual in product((NONE, UNCLEAR, UP, DOWN), (NONE, UNCLEAR, UP, DOWN),
                                                         (NONE, UNCLEAR, UP, DOWN), (10.0, 0.5, -0.5, -10.0)):
        said = of(gap, focal, reference, counterfactual=counterfactual)
        assert said in VERDICTS
        assert said in NO_SUCCESS or UP not in (focal, reference)


def test_a_negative_gap_that_rises_narrows():
    assert of(UP, UNCLEAR, DOWN, counterfactual=-10.0) == "narrowed"
    assert of(DOWN, UNCLEAR, UNCLEAR, counterfactual=-10.0) == "widened"


def test_a_gap_made_where_there_was_none_is_widened():
    assert of(DOWN, DOWN, UNCLEAR, counterfactual=0.0) == "widened"


def test_without_a_level_nothing_is_said():
    assert of(DOWN, DOWN, DOWN, counterfactual=float("nan")) == "cannot_tell"
