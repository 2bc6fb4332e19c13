"""One effect to diagnose, with everything a diagnostic may ask about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from evaluation.design import NO_SUMS, StudentSums, Topic, build, districts, topics
from evaluation.design.estimator import estimator_of
from evaluation.errors import EstimationError
from evaluation.params import Study
from evaluation.stats.aggregate import aggregate
from evaluation.stats.inference.rules import Gate
from evaluation.stats.reading import on_used_dummies
from evaluation.stats.records import Design, Estimate

Row = dict[str, Any]
Cells = Mapping[tuple[str, str], pd.DataFrame]
"""Cells by outcome and dimension."""


@dataclass(frozen=True)
class Diagnosed:
    """A topic with its design and its effects in the three parts.

    Attributes
    ----------
    cells : of every outcome and dimension
    att_gt : effects by cohort and period
    overall : their average over the program, without lone cohorts
    districts : district of each unit of the design
    gate : what is known of coverage; None withholds no interval by it
    sums : student moments of the study
    """

    cells: Cells
    study: Study
    topic: Topic
    design: Design
    att_gt: Estimate
    overall: Estimate
    districts: pd.Series
    gate: Gate | None = None
    sums: StudentSums = NO_SUMS

    @property
    def own_cells(self) -> pd.DataFrame:
        """Cells of the topic's outcome and dimension."""
        return cells_of(self.cells, self.topic)

    @property
    def is_confirmatory(self) -> bool:
        """Whether the study's plan calls the result confirmatory: only these are asked how much they bear."""
        topic = self.topic
        return self.study.plan.standing(topic.specification.id, topic.outcome.id, topic.gap.id) == "confirmatory"


def diagnosable(study: Study) -> tuple[Topic, ...]:
    """Return the topics of group-time effects whose gap and parts share their units and weights."""
    return tuple(t for t in topics(study) if t.specification.estimator == "group_time_att"
                 and t.specification.sample == "same" and t.specification.weights != "own")


def prepare(cells: Cells, study: Study, topic: Topic, *, gate: Gate | None = None,
            sums: StudentSums = NO_SUMS) -> Diagnosed:
    """Estimate a topic.

    Raises
    ------
    EstimationError
        There is no effect to diagnose.
    """
    own = cells_of(cells, topic)
    design = build(own, study, topic.specification, topic.outcome.id, topic.gap)
    try:
        att_gt = estimator_of(topic.specification)(design)
    except ValueError as error:
        raise EstimationError(f"{error}.") from None
    overall = overall_of(att_gt)
    if overall is None:
        raise EstimationError("no program unit is observed before and in the program beside a comparison unit.")
    return Diagnosed(cells, study, topic, design, att_gt, overall, districts(own, design), gate, sums)


def cells_of(cells: Cells, topic: Topic) -> pd.DataFrame:
    """Return the cells of a topic's outcome and dimension; none where there are none."""
    found = cells.get((topic.outcome.id, topic.gap.dimension))
    return next(iter(cells.values())).iloc[:0] if found is None else found


def overall_of(att_gt: Estimate) -> Estimate | None:
    """Return the overall effect; None where there is none."""
    overall = aggregate(att_gt, "overall")
    if not overall.estimands:
        return None
    return overall if overall.regression is None else on_used_dummies(overall)
