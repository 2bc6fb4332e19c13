"""The rules results are rated by, each with its number, its source and whether that source was read for it.

The handbook's version is a parameter. Its text was not at hand when this was written: numbers come from programs and
papers that quote it, so every rule of it bears the mark `NOT_VERIFIED`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import get_args

from evaluation.contracts.choices import HandbookVersion

NOT_VERIFIED = "not verified against the handbook"


@dataclass(frozen=True)
class Rule:
    """One rule: what it asks for, its number, where it comes from.

    Attributes
    ----------
    id : str
        Code by which results name the rule.
    sentence : str
    number : float or None
        The limit, in the unit the sentence names; None where the rule has none.
    source : str
    is_verified : bool
        The source itself was read for this number.
    """

    id: str
    sentence: str
    number: float | None
    source: str
    is_verified: bool

    @property
    def citation(self) -> str:
        """The source, with the mark where it was not read."""
        return self.source if self.is_verified else f"{self.source} ({NOT_VERIFIED})"


@dataclass(frozen=True)
class Handbook:
    """The rules of one version, and its attrition boundaries.

    Attributes
    ----------
    version : {"4.0", "4.1", "5.0"}
    rules : tuple of Rule
    cautious, optimistic : 58 numbers
        Largest differential attrition that is low, in percentage points, at overall attrition of 0, 1, … 57 percent.
    """

    version: HandbookVersion
    rules: tuple[Rule, ...]
    cautious: tuple[float, ...]
    optimistic: tuple[float, ...]

    def rule(self, rule_id: str) -> Rule:
        """Return the rule called `rule_id`."""
        return next(rule for rule in self.rules if rule.id == rule_id)

    def number(self, rule_id: str) -> float:
        """Return the limit of a rule that has one."""
        number = self.rule(rule_id).number
        if number is None:
            raise ValueError(f"rule {rule_id} of handbook {self.version} has no number.")
        return number


def handbook(version: HandbookVersion) -> Handbook:
    """Return the rules of one version of the What Works Clearinghouse handbook, and of the ESSA tiers.

    The versions differ here in one point: the cluster correction of effect sizes came with the supplement to 4.1.

    Raises
    ------
    ValueError
        The version is not known.
    """
    if version not in get_args(HandbookVersion):
        known = ", ".join(get_args(HandbookVersion))
        raise ValueError(f"handbook version {version!r} is not known; choose one of {known}.")
    name = f"WWC Standards Handbook {version}"
    rules = [Rule(rule_id, sentence, number, name, is_verified=False) for rule_id, sentence, number in _WWC]
    if version != "4.0":
        rules.append(Rule("cluster_correction", "Effect sizes of cluster designs carry the factor "
                          "√(1 − 2(n − 1)ρ/(N − 2)), and ω from the degrees of freedom h.", None,
                          f"{name}, appendix E (supplement to 4.1)", is_verified=False))
    rules += [Rule(rule_id, sentence, number, _ESSA_SOURCE, is_verified=False) for rule_id, sentence, number in _ESSA]
    rules += [Rule(rule_id, sentence, None, "this project", is_verified=True) for rule_id, sentence in _OWN]
    return Handbook(version, tuple(rules), _CAUTIOUS, _OPTIMISTIC)


_WWC = (
    ("two_units_per_condition", "Each condition has at least this many units of assignment; with one, the program "
     "cannot be told from the unit (N = 1 confound).", 2.0),
    ("baseline_holds", "A baseline difference of at most this size, in student-level standard deviations, is "
     "equivalence.", 0.05),
    ("baseline_adjust", "A baseline difference above the former and of at most this size is equivalence only if the "
     "analysis adjusts for the baseline measure; above it nothing helps.", 0.25),
    ("attrition_boundary", "Attrition is low where the differential attrition is at most the boundary at the overall "
     "attrition; it counts for randomized designs only.", None),
    ("outcome_reliability", "A scale has an internal consistency of at least this.", 0.5),
    ("collected_alike", "The outcome is collected in the same way in both conditions.", None),
    ("randomized_low_attrition", "A randomized design with low attrition meets the standards without reservations.",
     None),
    ("equivalent_sample", "Any other eligible design meets them, with reservations, if the analytic sample is "
     "equivalent at baseline.", None),
)
_ESSA_SOURCE = "US Department of Education, Using Evidence to Strengthen Education Investments (2016)"
_ESSA = (
    ("significant_positive", "The effect is favourable, with a two-sided p-value below this.", 0.05),
    ("no_overriding_negative", "No other study of at least the same rigor found an unfavourable effect.", None),
    ("large_sample", "The sample has at least this many students.", 350.0),
    ("multi_site", "The sample has at least this many districts.", 2.0),
    ("controls_for_selection", "The study is experimental, quasi-experimental, or correlational with statistical "
     "controls for selection.", None),
    ("has_rationale", "A logic model with a stated rationale exists.", None),
)
_OWN = (("scale_invariance", "A gap on a scale is rated only where the scale does not fail to measure the same thing "
         "in both groups."),)
_CAUTIOUS = (
    5.7, 5.8, 5.9, 5.9, 6.0, 6.1, 6.2, 6.3, 6.3, 6.3, 6.3, 6.2, 6.2, 6.1, 6.0, 5.9, 5.9, 5.8, 5.7, 5.5, 5.4, 5.3, 5.2,
    5.1, 4.9, 4.8, 4.7, 4.5, 4.4, 4.3, 4.1, 4.0, 3.8, 3.6, 3.5, 3.3, 3.2, 3.1, 2.9, 2.8, 2.6, 2.5, 2.3, 2.1, 2.0, 1.8,
    1.6, 1.5, 1.3, 1.2, 1.0, 0.9, 0.7, 0.6, 0.4, 0.3, 0.2, 0.0)
_OPTIMISTIC = (
    10.0, 10.1, 10.2, 10.3, 10.4, 10.5, 10.7, 10.8, 10.9, 10.9, 10.9, 10.9, 10.9, 10.9, 10.8, 10.8, 10.7, 10.6, 10.5,
    10.3, 10.2, 10.0, 9.9, 9.7, 9.5, 9.4, 9.2, 9.0, 8.8, 8.6, 8.4, 8.2, 8.0, 7.8, 7.6, 7.4, 7.2, 7.0, 6.7, 6.5, 6.3,
    6.0, 5.8, 5.6, 5.3, 5.1, 4.9, 4.6, 4.4, 4.2, 3.9, 3.7, 3.5, 3.2, 3.0, 2.8, 2.6, 2.3)
