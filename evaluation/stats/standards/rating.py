"""What a finding is worth by the standards: a rating and an ESSA tier, with the outcome of every rule.

The rating follows rules of the handbook that numbers can decide. Face validity, overalignment of the measure with the
program and other confounding factors need a reviewer and are not judged here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from evaluation.stats.standards.attrition import Attrition
from evaluation.stats.standards.equivalence import Equivalence
from evaluation.stats.standards.handbook import Handbook

Assignment = Literal["randomized", "comparison_group", "correlational"]
Grade = Literal["meets_without_reservations", "meets_with_reservations", "does_not_meet", "not_eligible"]
Tier = Literal["strong", "moderate", "promising", "rationale", "none"]


@dataclass(frozen=True)
class Finding:
    """What is known of one result.

    Attributes
    ----------
    assignment : {"randomized", "comparison_group", "correlational"}
    n_program_units, n_comparison_units : int
        Units of assignment (districts) in each condition.
    attrition : Attrition
    equivalence : tuple of Equivalence
        Of every group the finding is about, at both levels; empty where no baseline was measured.
    is_adjusted : bool
        The analysis adjusts for the baseline measure (a difference-in-differences does).
    reliability : float or None
        Internal consistency of the scale; None where the outcome is no scale.
    invariance : {"holds", "partial", "fails", "cannot_tell"} or None
        Of the scale across the groups of the gap; None where the outcome is no scale or there is no gap.
    is_collected_alike : bool
    gain : float
        The effect, positive where it is favourable.
    p_value : float or None
        Two-sided; None where no interval may be given.
    n_students, n_districts : int
    has_overriding_negative : bool
        Another study of at least the same rigor found an unfavourable effect.
    has_rationale : bool
        A logic model with a stated rationale exists.
    """

    assignment: Assignment
    n_program_units: int
    n_comparison_units: int
    attrition: Attrition
    equivalence: tuple[Equivalence, ...]
    is_adjusted: bool
    reliability: float | None
    invariance: Literal["holds", "partial", "fails", "cannot_tell"] | None
    is_collected_alike: bool
    gain: float
    p_value: float | None
    n_students: int
    n_districts: int
    has_overriding_negative: bool
    has_rationale: bool


@dataclass(frozen=True)
class Reason:
    """The outcome of one rule; `is_met` is None where the rule does not apply."""

    rule: str
    is_met: bool | None
    sentence: str


@dataclass(frozen=True)
class Rating:
    """Grade and tier of a finding, with the outcome of every rule in the order they were asked."""

    grade: Grade
    tier: Tier
    reasons: tuple[Reason, ...]
    handbook_version: str


def rate(finding: Finding, *, handbook: Handbook) -> Rating:
    """Rate a finding.

    `not_eligible`: a condition with one unit of assignment, a correlational design, an outcome that is not reliable,
    not collected alike, or a scale that fails to measure the same in both groups. Else `meets_without_reservations`:
    randomized with low attrition; `meets_with_reservations`: every group equivalent at every level, adjusted where
    that is asked for; else `does_not_meet`.
    """
    reasons = tuple(Reason(rule, is_met, said) for rule, is_met, said in (*_eligible(finding, handbook),
                                                                          *_internal(finding, handbook),
                                                                          *_evidence(finding, handbook)))
    met = {reason.rule: reason.is_met for reason in reasons}
    grade = _grade(finding, met)
    return Rating(grade, _tier(grade, met), reasons, handbook.version)


_Outcome = tuple[str, bool | None, str]


def _eligible(finding: Finding, handbook: Handbook) -> tuple[_Outcome, ...]:
    smallest = min(finding.n_program_units, finding.n_comparison_units)
    is_single = smallest < handbook.number("two_units_per_condition")
    reliability, needed = finding.reliability, handbook.number("outcome_reliability")
    return (
        ("two_units_per_condition", not is_single,
         "One district per condition is an N = 1 confound and not eligible." if is_single
         else f"The smaller condition has {smallest} units of assignment."),
        ("collected_alike", finding.is_collected_alike,
         "The outcome is collected " + ("alike." if finding.is_collected_alike else "differently between conditions.")),
        ("outcome_reliability", None if reliability is None else reliability >= needed,
         "The outcome is no scale." if reliability is None
         else f"Internal consistency is {reliability:.2f}; at least {needed:g} is asked for."),
        ("scale_invariance", None if finding.invariance in (None, "cannot_tell") else finding.invariance != "fails",
         {None: "No gap on a scale.", "holds": "The scale measures the same in both groups.",
          "partial": "Some items work differently between the groups; the gap carries a warning.",
          "fails": "The scale does not measure the same in both groups.",
          "cannot_tell": "Too few answers to tell whether the scale measures the same in both groups.",
          }[finding.invariance]),
    )


def _internal(finding: Finding, handbook: Handbook) -> tuple[_Outcome, ...]:
    is_randomized = finding.assignment == "randomized"
    attrition = finding.attrition
    is_low = attrition.level == "low" if is_randomized else None
    return (
        ("attrition_boundary", is_low, attrition.reason),
        ("randomized_low_attrition", is_randomized and bool(is_low),
         "Units were assigned at random." if is_randomized else "Units were not assigned at random."),
        ("equivalent_sample", *_equivalent(finding)),
        ("controls_for_selection", finding.assignment != "correlational" or finding.is_adjusted,
         "The analysis " + ("adjusts" if finding.is_adjusted else "does not adjust") + " for the baseline measure."),
    )


def _equivalent(finding: Finding) -> tuple[bool, str]:
    """Whether all groups are equivalent at all levels; what stands against it, else what holds."""
    if not finding.equivalence:
        return False, "No baseline was measured."
    for one in finding.equivalence:
        if one.category == "not_satisfied" or (one.category == "satisfied_with_adjustment" and not finding.is_adjusted):
            return False, f"{one.group}, {one.level} level: {one.reason}"
    return True, f"Equivalent at baseline in all {len(finding.equivalence)} comparisons."


def _evidence(finding: Finding, handbook: Handbook) -> tuple[_Outcome, ...]:
    alpha, students, sites = (handbook.number(rule) for rule in ("significant_positive", "large_sample", "multi_site"))
    p = finding.p_value
    return (
        ("significant_positive", p is not None and p < alpha and finding.gain > 0,
         "No p-value may be given." if p is None
         else f"The effect is {'favourable' if finding.gain > 0 else 'not favourable'}, p = {p:.3f}."),
        ("no_overriding_negative", not finding.has_overriding_negative,
         f"{'An' if finding.has_overriding_negative else 'No'} unfavourable effect is known of equal rigor."),
        ("large_sample", finding.n_students >= students,
         f"{finding.n_students:,} students; {students:,.0f} are asked for."),
        ("multi_site", finding.n_districts >= sites, f"{finding.n_districts} districts; {sites:.0f} are asked for."),
        ("has_rationale", finding.has_rationale,
         "A logic model exists." if finding.has_rationale else "No logic model is given."),
    )


def _grade(finding: Finding, met: dict[str, bool | None]) -> Grade:
    asked = ("two_units_per_condition", "collected_alike", "outcome_reliability", "scale_invariance")
    if finding.assignment == "correlational" or any(met[rule] is False for rule in asked):
        return "not_eligible"
    if met["randomized_low_attrition"]:
        return "meets_without_reservations"
    return "meets_with_reservations" if met["equivalent_sample"] else "does_not_meet"


def _tier(grade: Grade, met: dict[str, bool | None]) -> Tier:
    """`promising` asks for no size; a finding with an N = 1 confound or an unfit outcome has a rationale at most."""
    fit = ("two_units_per_condition", "collected_alike", "outcome_reliability", "scale_invariance")
    works = bool(met["significant_positive"] and met["no_overriding_negative"])
    is_large = bool(met["large_sample"] and met["multi_site"])
    if works and is_large and grade == "meets_without_reservations":
        return "strong"
    if works and is_large and grade == "meets_with_reservations":
        return "moderate"
    if works and met["controls_for_selection"] and all(met[rule] is not False for rule in fit):
        return "promising"
    return "rationale" if met["has_rationale"] else "none"
