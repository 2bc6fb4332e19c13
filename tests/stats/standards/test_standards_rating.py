from dataclasses import replace

import pytest

from evaluation.stats.standards.attrition import Flow, assess_attrition
from evaluation.stats.standards.equivalence import assess_clusters
from evaluation.stats.standards.handbook import handbook
from evaluation.stats.standards.rating import Finding, rate

BOOK = handbook("5.0")
LOW = assess_attrition(Flow(50, 48), Flow(50, 48), is_randomized=True, boundary="cautious", handbook=BOOK)
HIGH = assess_attrition(Flow(50, 20), Flow(50, 45), is_randomized=True, boundary="cautious", handbook=BOOK)
NO_ATTRITION = assess_attrition(Flow(50, 48), Flow(50, 48), is_randomized=False, boundary="cautious", handbook=BOOK)
ALIKE, NEAR, FAR = (assess_clusters("black", x, 0.0, sd=1.0, handbook=BOOK) for x in (0.04, 0.2, 0.3))
GOOD = Finding(assignment="comparison_group", n_program_units=8, n_comparison_units=10, attrition=NO_ATTRITION,
               equivalence=(ALIKE, NEAR), is_adjusted=True, reliability=0.8, invariance="holds",
               is_collected_alike=True, gain=0.2, p_value=0.01, n_students=5000, n_districts=18,
               has_overriding_negative=False, has_rationale=True)


def rated(**change):
    found = rate(replace(GOOD, **change), handbook=BOOK)
    return found.grade, found.tier


@pytest.mark.parametrize(("change", "grade", "tier"), [
    ({}, "meets_with_reservations", "moderate"),
    ({"assignment": "randomized", "attrition": LOW, "equivalence": ()}, "meets_without_reservations", "strong"),
    ({"assignment": "randomized", "attrition": HIGH}, "meets_with_reservations", "moderate"),
    ({"assignment": "randomized", "attrition": HIGH, "equivalence": ()}, "does_not_meet", "promising"),
    ({"equivalence": (ALIKE, FAR)}, "does_not_meet", "promising"),
    ({"is_adjusted": False}, "does_not_meet", "promising"),
    ({"is_adjusted": False, "equivalence": (ALIKE,)}, "meets_with_reservations", "moderate"),
    ({"n_program_units": 1}, "not_eligible", "rationale"),
    ({"n_comparison_units": 1, "has_rationale": False}, "not_eligible", "none"),
    ({"assignment": "correlational"}, "not_eligible", "promising"),
    ({"assignment": "correlational", "is_adjusted": False}, "not_eligible", "rationale"),
    ({"reliability": 0.4}, "not_eligible", "rationale"),
    ({"reliability": None, "invariance": None}, "meets_with_reservations", "moderate"),
    ({"invariance": "fails"}, "not_eligible", "rationale"),
    ({"invariance": "partial"}, "meets_with_reservations", "moderate"),
    ({"invariance": "cannot_tell"}, "meets_with_reservations", "moderate"),
    ({"is_collected_alike": False}, "not_eligible", "rationale"),
    ({"p_value": None}, "meets_with_reservations", "rationale"),
    ({"p_value": 0.05}, "meets_with_reservations", "rationale"),
    ({"gain": -0.2}, "meets_with_reservations", "rationale"),
    ({"n_students": 349}, "meets_with_reservations", "promising"),
    ({"n_districts": 1}, "meets_with_reservations", "promising"),
    ({"has_overriding_negative": True}, "meets_with_reservations", "rationale"),
])
def test_a_rating_follows_from_its_rules(change, grade, tier):
    assert rated(**change) == (grade, tier)


def test_one_district_per_condition_is_named_as_the_reason():
    found = rate(replace(GOOD, n_program_units=1), handbook=BOOK)
    reason = next(r for r in found.reasons if r.rule == "two_units_per_condition")
    assert not reason.is_met
    assert reason.sentence == "One district per condition is an N = 1 confound and not eligible."


def test_every_reason_is_a_rule_of_the_handbook_given():
    for version in ("4.0", "4.1", "5.0"):
        found = rate(GOOD, handbook=handbook(version))
        assert found.handbook_version == version
        assert {r.rule for r in found.reasons} <= {rule.id for rule in handbook(version).rules}
        assert len({r.rule for r in found.reasons}) == len(found.reasons) == 13


def test_what_stands_against_equivalence_is_said():
    found = rate(replace(GOOD, equivalence=(ALIKE, FAR)), handbook=BOOK)
    said = next(r.sentence for r in found.reasons if r.rule == "equivalent_sample")
    assert said.startswith("black, cluster level: |g| = 0.300")
