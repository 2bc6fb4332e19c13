"""What the parameters of an outcome may hold."""

import pytest

from evaluation.params.measures import broken_parameters

ABSENCE = {"threshold_pct": 10.0, "min_days_enrolled": 45.0, "count_oss_days": "yes"}
SCALE = {"items": ("a", "b", "c"), "reversed": ("b",), "low": 1.0, "high": 5.0, "min_items": 2.0}


@pytest.mark.parametrize(("measure", "given"), [
    ("chronic_absence", ABSENCE), ("any_action", {"actions": ("ISS", "OSS")}), ("scale_score", SCALE),
    ("scale_score", SCALE | {"reversed": ()}), ("published_rate", {})])
def test_what_a_measure_takes_is_whole(measure, given):
    assert list(broken_parameters(measure, given)) == []


@pytest.mark.parametrize(("measure", "given", "said"), [
    ("chronic_absence", {"threshold_pct": 10.0}, "takes the parameters: threshold_pct, min_days_enrolled"),
    ("chronic_absence", ABSENCE | {"count_oss_days": 0.0}, "in quotes"),  # as YAML's bare `no` comes
    ("chronic_absence", ABSENCE | {"count_oss_days": "maybe"}, "`count_oss_days`"),
    ("chronic_absence", ABSENCE | {"threshold_pct": "ten"}, "`threshold_pct`"),
    ("chronic_absence", ABSENCE | {"threshold_pct": 0.0}, "`threshold_pct`"),
    ("chronic_absence", ABSENCE | {"min_days_enrolled": -5.0}, "`min_days_enrolled`"),
    ("any_action", {"actions": ("OOS",)}, "ODR, ISS, OSS"),
    ("action_count", {"actions": ()}, "`actions`"),
    ("action_count", {"actions": "OSS"}, "`actions`"),
    ("scale_score", SCALE | {"items": ()}, "`items`"),
    ("scale_score", SCALE | {"items": ("a", "a")}, "`items`"),
    ("scale_score", SCALE | {"reversed": ("B",)}, "`reversed`"),
    ("scale_score", SCALE | {"min_items": 0.0}, "1 to 3"),
    ("scale_score", SCALE | {"min_items": 4.0}, "1 to 3"),
    ("scale_score", SCALE | {"low": 1.5}, "`low` and `high`"),
    ("scale_score", SCALE | {"low": 5.0}, "`low` and `high`")])
def test_what_a_measure_cannot_use_is_said(measure, given, said):
    (what,) = broken_parameters(measure, given)
    assert said in what
