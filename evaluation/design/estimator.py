"""A specification's estimator with its choices."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from evaluation.errors import EstimationError
from evaluation.params import Specification
from evaluation.stats.estimators.registry import Choices, bind
from evaluation.stats.estimators.twfe import leaving_lone_out
from evaluation.stats.records import Design, Estimate

ONE_REGRESSION = ("twfe", "event_study", "stacked")


def estimator_of(specification: Specification, *, effects: str = "overall") -> Callable[[Design], Estimate]:
    """Return the specification's estimator with its choices.

    Those that put all cohorts into one regression leave lone cohorts out, so that every estimator speaks of the same.

    Raises
    ------
    EstimationError
        The estimator does not read cells.
    """
    s = specification
    if s.estimator == "student_panel":
        raise EstimationError("the student panel is read from student moments, not from cells.")
    made = bind(s.estimator, Choices(
        comparison=s.comparison, base=s.base, adjustment=s.adjustment, anticipation=s.anticipation,
        effects="event_time" if effects == "event_time" else "overall"))
    return partial(leaving_lone_out, made) if s.estimator in ONE_REGRESSION else made
