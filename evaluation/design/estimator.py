"""A specification's estimator with its choices."""

from __future__ import annotations

from collections.abc import Callable

from evaluation.params import Specification
from evaluation.stats.estimators.registry import Choices, bind
from evaluation.stats.records import Design, Estimate


def estimator_of(specification: Specification, *, effects: str = "overall") -> Callable[[Design], Estimate]:
    """Return the specification's estimator with its choices."""
    s = specification
    return bind(s.estimator, Choices(
        comparison=s.comparison, base=s.base, adjustment=s.adjustment, anticipation=s.anticipation,
        effects="event_time" if effects == "event_time" else "overall"))
