"""What an estimator says of a design: every estimand it has, averages included."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import pandas as pd

from evaluation.design.estimator import estimator_of
from evaluation.errors import EstimationError
from evaluation.estimate.group_time import NOBODY, averages, by_district
from evaluation.estimate.two_way import fit_two_way
from evaluation.params import Program, Specification
from evaluation.stats.records import Design, Estimate


def fits(specification: Specification, program: Program) -> tuple[Callable[[Design], Estimate], ...]:
    """Return what is fitted under a specification, each a function of a design.

    Effects by cohort and period come with all their averages. Each function raises EstimationError where nothing can be
    estimated on a design; the message says why and what to do.
    """
    if specification.estimator == "twfe":
        return (fit_two_way,)
    kinds = ("overall", "event_time") if specification.estimator == "stacked" else ("overall",)
    return tuple(partial(_fit, estimator_of(specification, effects=kind), program) for kind in kinds)


def _fit(estimator: Callable[[Design], Estimate], program: Program, design: Design) -> Estimate:
    try:
        made = estimator(design)
    except ValueError as error:
        raise EstimationError(f"{error}.") from None
    if any(e.kind == "att_gt" for e in made.estimands):
        return averages(made, program)
    if not made.estimands:
        raise EstimationError(NOBODY)
    return made


def fitted_by_district(design: Design, districts: pd.Series, specification: Specification) -> Iterator[Estimate]:
    """Yield the overall effect of every program district under the headline's estimator; none under others."""
    if specification.estimator == "group_time_att" and specification.adjustment == "none":
        yield from by_district(design, districts, estimator_of(specification))
