"""Which effects are diagnosed, and all diagnostics of one of them."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from evaluation.design import Topic, build, districts, topics
from evaluation.diagnose.believe import Row, detectable_effects, leave_one_out, overall_of, pre_trends
from evaluation.errors import EstimationError
from evaluation.params import Study
from evaluation.stats.estimators.group_time_att import group_time_att


def diagnosable(study: Study) -> tuple[Topic, ...]:
    """Return the topics of group-time effects whose gap and parts share their units."""
    return tuple(t for t in topics(study)
                 if t.specification.estimator == "group_time_att" and t.specification.sample == "same")


def diagnose(cells: pd.DataFrame, study: Study, topic: Topic) -> Mapping[str, list[Row]]:
    """Return the rows of `pre_trends`, `detectable_effects` and `leave_one_out` of one topic.

    Raises
    ------
    EstimationError
        There is no effect to diagnose.
    """
    s = topic.specification
    design = build(cells, study, s, topic.outcome.id, topic.gap)
    att_gt = group_time_att(design, comparison=s.comparison, base=s.base)
    overall = overall_of(design, att_gt)
    if overall is None:
        raise EstimationError("no program unit is observed before and in the program beside a comparison unit.")
    found = {"pre_trends": pre_trends(design, att_gt), "detectable_effects": detectable_effects(overall),
             "leave_one_out": list(leave_one_out(design, overall, districts(cells, design), s, topic.outcome))}
    return {table: [{**topic.columns(), **row} for row in rows] for table, rows in found.items()}
