"""What an estimator says of a design: every estimand it has, averages included."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from evaluation.design.estimator import estimator_of
from evaluation.errors import EstimationError
from evaluation.estimate.group_time import averages, by_district
from evaluation.estimate.two_way import fit_two_way
from evaluation.params import Program, Specification
from evaluation.stats.records import Design, Estimate


def fitted(design: Design, specification: Specification, program: Program) -> Iterator[Estimate]:
    """Yield the estimates of a specification on one design.

    Effects by cohort and period come with all their averages; an estimator that has one number, or effects by event
    time, yields these.

    Raises
    ------
    EstimationError
        Nothing can be estimated on this design; the message says why and what to do.
    """
    if specification.estimator == "twfe":
        yield fit_two_way(design)
        return
    try:
        made = estimator_of(specification)(design)
    except ValueError as error:
        raise EstimationError(f"{error}.") from None
    if any(e.kind == "att_gt" for e in made.estimands):
        yield averages(made, program)
        return
    if not made.estimands:
        raise EstimationError("no program unit is observed before and in the program beside a comparison unit; use a "
                              "wider `within`, another comparison or more periods.")
    yield made
    if specification.estimator == "stacked":
        yield estimator_of(specification, effects="event_time")(design)


def fitted_by_district(design: Design, districts: pd.Series, specification: Specification) -> Iterator[Estimate]:
    """Yield the overall effect of every program district under the headline's estimator; none under others."""
    if specification.estimator == "group_time_att" and specification.adjustment == "none":
        yield from by_district(design, districts, estimator_of(specification))
