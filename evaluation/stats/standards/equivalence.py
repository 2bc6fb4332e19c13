"""Were program and comparison alike before the program? Per group, among students and among clusters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from evaluation.stats.standards.effect_size import Clusters, Sample, hedges_g
from evaluation.stats.standards.handbook import Handbook

Category = Literal["satisfied", "satisfied_with_adjustment", "not_satisfied"]
Level = Literal["student", "cluster"]
_ROUNDING = 1e-12
"""A difference of exactly the limit is within it, whatever the last binary digit."""


@dataclass(frozen=True)
class Equivalence:
    """Whether one group was equivalent at baseline, at one level.

    Attributes
    ----------
    group : str
    level : {"student", "cluster"}
    g : float
        Baseline difference program − comparison in standard deviations of students.
    category : {"satisfied", "satisfied_with_adjustment", "not_satisfied"}
    rule : str
        Id of the handbook's rule that decided.
    reason : str
    """

    group: str
    level: Level
    g: float
    category: Category
    rule: str
    reason: str


def classify(g: float, *, handbook: Handbook) -> Category:
    """Return what a baseline difference of `g` standard deviations means: |g| ≤ .05, .05–.25, above."""
    if abs(g) <= handbook.number("baseline_holds") + _ROUNDING:
        return "satisfied"
    return "satisfied_with_adjustment" if abs(g) <= handbook.number("baseline_adjust") + _ROUNDING else "not_satisfied"


def assess_students(group: str, program: Sample, comparison: Sample, *, handbook: Handbook,
                    clusters: Clusters | None = None) -> Equivalence:
    """Assess equivalence of one group's students from baseline means, by Hedges g."""
    return _assess(group, "student", hedges_g(program, comparison, clusters=clusters).value, handbook)


def assess_clusters(group: str, program_mean: float, comparison_mean: float, *, sd: float,
                    handbook: Handbook) -> Equivalence:
    """Assess equivalence of one group's clusters from the plain means of its cluster means.

    `sd` is that of students, in outcome units: the spread of cluster means is smaller and would make every difference
    look large. No small-sample factor: it would shrink the difference most where clusters are fewest.
    """
    if not sd > 0:
        raise ValueError("equivalence of clusters needs the students' standard deviation, which is positive.")
    return _assess(group, "cluster", (program_mean - comparison_mean) / sd, handbook)


def _assess(group: str, level: Level, g: float, handbook: Handbook) -> Equivalence:
    category = classify(g, handbook=handbook)
    low, high = handbook.number("baseline_holds"), handbook.number("baseline_adjust")
    rule, reason = {
        "satisfied": ("baseline_holds", f"|g| = {abs(g):.3f} is at most {low:g}."),
        "satisfied_with_adjustment": (
            "baseline_adjust", f"|g| = {abs(g):.3f} is above {low:g} and at most {high:g}: the analysis must adjust "
            "for the baseline measure."),
        "not_satisfied": ("baseline_adjust", f"|g| = {abs(g):.3f} is above {high:g}: no adjustment makes up for it."),
    }[category]
    return Equivalence(group, level, g, category, rule, reason)
