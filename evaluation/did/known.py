"""What each estimator compares with, and which choices it knows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, get_args

from evaluation.contracts.choices import Comparison, EstimatorName

Choice = Literal["comparison", "base", "adjustment", "sampling"]
CHOICES: tuple[Choice, ...] = get_args(Choice)
KNOWN: Mapping[EstimatorName, tuple[Choice, ...]] = {
    "group_time_att": CHOICES, "triple_difference": ("comparison", "base", "adjustment"), "etwfe": ("comparison",),
    "stacked": ("comparison",)}
"""Choices by estimator; one that is not here makes none."""
DEFAULTS: Mapping[Choice, str] = {"comparison": "not_yet", "base": "universal", "adjustment": "none",
                                  "sampling": "panel"}
_CHOSEN: Mapping[str, str] = {"never": "units that never start", "not_yet": "units not (yet) in the program"}
_WEIGHTED = "a weighted mean of units that stay out of the program"
_FIXED: Mapping[EstimatorName, str] = {
    "twfe": "all other units, those already in the program among them",
    "event_study": "all other units, those already in the program among them",
    "imputation": _CHOSEN["not_yet"], "etwfe_poisson": _CHOSEN["not_yet"],
    "synthetic_did": _WEIGHTED, "synthetic_control": _WEIGHTED}


def knowing(choice: Choice) -> tuple[EstimatorName, ...]:
    """Return the estimators that know a choice."""
    return tuple(name for name, known in KNOWN.items() if choice in known)


def compared_with(name: EstimatorName, comparison: Comparison | None, *, has_never: bool) -> str:
    """Return in words whom the estimator compares with; `has_never`: some units never start."""
    if name == "sun_abraham":
        return _CHOSEN["never"] if has_never else "the cohort that starts last, before it starts"
    return _CHOSEN[comparison] if comparison else _FIXED[name]
