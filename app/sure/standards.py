"""What the standards of evidence make of a result: effect size, equivalence before the program, rating, ESSA tier."""

from __future__ import annotations

import re
from collections.abc import Mapping

import pandas as pd

from app import text
from app.labels import SUPPRESSION
from app.sure import templates
from app.theme import Theme
from app.topic import Topic
from app.views import Figure, titled

NOT_VERIFIED = "not verified against the handbook"
EQUIVALENT, ADJUSTABLE = 0.05, 0.25
EFFECT, BEFORE, DISTRICTS = "Effect", "Before, students", "Before, district means"
RULES: Mapping[str, str] = {
    "two_units_per_condition": "at least two districts on each side; one is an N = 1 confound",
    "baseline_holds": "a difference before the program of at most 0.05 SD counts as none",
    "baseline_adjust": "a difference before the program up to 0.25 SD needs an analysis that adjusts for it",
    "attrition_boundary": "few students lost, and alike on both sides (randomized designs only)",
    "outcome_reliability": "the scale measures consistently enough",
    "collected_alike": "the outcome is collected in the same way on both sides",
    "randomized_low_attrition": "randomized, with few lost",
    "equivalent_sample": "both sides alike before the program",
    "cluster_correction": "effect sizes corrected for clusters",
    "significant_positive": "a favourable effect with p below 0.05",
    "no_overriding_negative": "no unfavourable finding of equal rigor",
    "large_sample": "at least 350 students",
    "multi_site": "at least two districts",
    "controls_for_selection": "controls for who was selected",
    "has_rationale": "a stated logic model",
    "scale_invariance": "the scale does not fail to measure the same in both groups",
}
"""What each rule asks for, in words."""
UNKNOWN: Mapping[str, str] = {
    "students_not_known": "numbers and spread of students: not published, or all alike",
    "reliability_not_known": "how consistently the scale measures",
}
"""What may be unknown, in words."""
VERIFIED = frozenset({"scale_invariance"})
"""Rules whose source was read: this project's own."""
OPEN: Mapping[str, tuple[str, ...]] = {"students_not_known": ("equivalent_sample", "large_sample"),
                                       "reliability_not_known": ("outcome_reliability",)}
"""Rules that nobody can tell where something is unknown."""
EQUIVALENCE = {
    "satisfied": "alike", "satisfied_with_adjustment": "alike enough, because the analysis adjusts",
    "not_satisfied": "too different to be compared by these standards", "not_known": "not known",
}
RATINGS = {
    "meets_without_reservations": "meets the standards without reservations",
    "meets_with_reservations": "meets the standards with reservations",
    "does_not_meet": "does not meet the standards", "not_eligible": "is not eligible for review",
    "not_known": "cannot be rated",
}
TIERS = {"strong": "strong evidence (tier 1)", "moderate": "moderate evidence (tier 2)",
         "promising": "promising evidence (tier 3)", "rationale": "a rationale only (tier 4)", "none": "no tier",
         "not_known": "no tier can be given"}
_SIZES = {"g_gap": ("Gap", EFFECT), "g_focal": ("focal", EFFECT), "g_reference": ("reference", EFFECT),
          "baseline_g_focal": ("focal", BEFORE), "baseline_g_reference": ("reference", BEFORE),
          "baseline_g_focal_districts": ("focal", DISTRICTS),
          "baseline_g_reference_districts": ("reference", DISTRICTS)}


def sentence(row: text.Row | None, topic: Topic) -> str:
    """Return effect size, equivalence, rating and tier in words (a row of `public_standards`)."""
    if row is None:
        return "Effect sizes and ratings were not worked out for this result."
    if row["suppression"] != "none":
        return f"Effect sizes and ratings are not shown: {SUPPRESSION[str(row['suppression'])]}."
    size = ("The effect on the gap in standard deviations of students is not known"
            if text.is_missing(row["g_gap"]) else
            f"The effect on the gap is {text.signed(row['g_gap'], 2)} standard deviations of students (Hedges g)")
    index = "" if text.is_missing(row["improvement_index"]) else (
        f"; it moves the middle of {topic.labels.students(topic.gap, 'focal')} by "
        f"{text.signed(row['improvement_index'])} percentile points (plus is better)")
    alike = f" Before the program both sides were {EQUIVALENCE[str(row['equivalence'])]}."
    if row["equivalence"] == "not_known":
        alike = " Whether both sides were alike before the program is not known."
    return (f"{size}{index}.{alike} By the rules at hand the finding {RATINGS[str(row['rating'])]}: "
            f"{TIERS[str(row['essa_tier'])]}. These rules are {NOT_VERIFIED}, and a reviewer judges more "
            "than numbers can.")


def has_sizes(row: text.Row | None) -> bool:
    """Say whether there is an effect size or a difference to draw."""
    return row is not None and not all(text.is_missing(row[column]) for column in _SIZES)


def figure(row: text.Row, rows: pd.DataFrame, topic: Topic, theme: Theme, alt: str) -> Figure:
    """Effect sizes beside differences before the program; rules at the limits of equivalence."""
    found = [(_row_name(place, topic), series, row[column]) for column, (place, series) in _SIZES.items()]
    data = pd.DataFrame(found, columns=["row", "series", "value"])
    data["value"] = pd.array([None if text.is_missing(v) else v for v in data["value"]], dtype="Float64")
    ends = {EFFECT: "effect", BEFORE: "before", DISTRICTS: "before, districts"}
    data["row"] = [f"{name}, {ends[series]}" for name, series in zip(data["row"], data["series"], strict=True)]
    data = data.assign(order=range(len(data)), symbol=["–" if text.is_missing(v) else "" for v in data["value"]],
                       shown=[text.signed(v, 2) or "–" for v in data["value"]], ci95="–", ci80="–",
                       **dict.fromkeys(("ci_low", "ci_high", "ci80_low", "ci80_high"), float("nan")))
    table = pd.DataFrame({"What": data["row"], "In SD of students": data["shown"]})
    rules = (0.0, -ADJUSTABLE, -EQUIVALENT, EQUIVALENT, ADJUSTABLE)
    chart = templates.rows(theme, (EFFECT, BEFORE, DISTRICTS), rules=rules)
    spec = titled(chart, "Standard deviations of students", topic.labels,
                  "Dashed: ±0.05 and ±0.25, for differences before")
    return Figure(spec, data, table, rows, alt)


def reasons(row: text.Row) -> pd.DataFrame:
    """Return what is not known and the rules that are not met, in order, each rule with its mark."""
    codes = [] if text.is_missing(row["rating_reasons"]) else re.findall(r"[a-z_]+", str(row["rating_reasons"]))
    open_rules = {rule for code in codes for rule in OPEN.get(code, ())}
    return pd.DataFrame([
        {"What the rating rests on": UNKNOWN[code], "Finding": "not known", "Source": "–"} if code in UNKNOWN else
        {"What the rating rests on": RULES[code], "Finding": "not known" if code in open_rules else "not met",
         "Source": "this project's rule" if code in VERIFIED else NOT_VERIFIED}
        for code in codes], columns=["What the rating rests on", "Finding", "Source"])


def _row_name(place: str, topic: Topic) -> str:
    return topic.labels.group(topic.gap, place) if place in {"focal", "reference"} else place
