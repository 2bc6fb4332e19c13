"""What is shown of an estimate: the aggregate that was asked for, its average, and effects by cohort and period."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

from evaluation.contracts.choices import EstimatorName
from evaluation.stats.aggregate import Aggregation, aggregate, average
from evaluation.stats.combine import select
from evaluation.stats.records import Estimate

View = Callable[[Estimate], Estimate]
Aggregate = Literal["overall", "cohort", "event", "calendar"]
KIND: Mapping[Aggregate, Aggregation] = {"overall": "overall", "cohort": "cohort", "event": "event_time",
                                         "calendar": "calendar"}
ASKED_OF: Mapping[EstimatorName, tuple[Aggregate, ...]] = {
    "twfe": ("overall",), **dict.fromkeys(("event_study", "stacked", "synthetic_did", "synthetic_control"),
                                          ("overall", "event"))}
"""Estimators without effects by cohort and period, and what they can be asked for."""


def _of_kind(kind: Aggregation) -> View:
    """Return what an estimate says by this kind: its own estimands, else averages of its effects by cohort and period.

    An estimator that has effects by event time alone has their average as `overall`.
    """

    def view(estimate: Estimate) -> Estimate:
        own = [i for i, e in enumerate(estimate.estimands) if e.kind == kind]
        kinds = {e.kind for e in estimate.estimands}
        if not own and "att_gt" in kinds:
            return aggregate(estimate, kind)
        return average(estimate) if not own and kind == "overall" and "event_time" in kinds else select(estimate, own)

    return view


def _average_of(kind: Aggregation) -> View:
    return lambda estimate: average(_of_kind(kind)(estimate))


def _by_cohort_and_period(estimate: Estimate) -> Estimate:
    return select(estimate, [i for i, e in enumerate(estimate.estimands) if e.kind == "att_gt"])


VIEWS: Mapping[Aggregate, tuple[View, ...]] = {
    "overall": (_of_kind("overall"), _by_cohort_and_period),
    "cohort": (_of_kind("cohort"), _average_of("cohort"), _by_cohort_and_period),
    "event": (_of_kind("event_time"), _average_of("event_time"), _by_cohort_and_period),
    "calendar": (_of_kind("calendar"), _average_of("calendar"), _by_cohort_and_period),
}
