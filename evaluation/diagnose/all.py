"""Which effects are diagnosed, and all diagnostics of one of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from evaluation.design import build, districts
from evaluation.diagnose.believe import Row, detectable_effects, leave_one_out, overall_of, pre_trends
from evaluation.errors import EstimationError
from evaluation.params import Gap, Outcome, Specification, Study
from evaluation.stats.group_time import group_time_att


@dataclass(frozen=True)
class Topic:
    """One specification × outcome × gap."""

    specification: Specification
    outcome: Outcome
    gap: Gap


def topics(study: Study) -> tuple[Topic, ...]:
    """Return the group-time effects of the study whose gap and parts share their units."""
    outcomes = {o.id: o for o in study.outcomes}
    gaps = {g.id: g for g in study.gaps}
    return tuple(Topic(s, outcomes[o], gaps[g]) for s in study.specifications
                 if s.estimator == "group_time_att" and s.sample == "same" for o in s.outcomes for g in s.gaps)


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
    about = {"specification": s.id, "program": s.program, "outcome_id": topic.outcome.id, "gap_id": topic.gap.id,
             "focal": topic.gap.focal, "reference": topic.gap.reference}
    found = {"pre_trends": pre_trends(design, att_gt), "detectable_effects": detectable_effects(overall),
             "leave_one_out": list(leave_one_out(design, overall, districts(cells, design), s, topic.outcome))}
    return {table: [about | row for row in rows] for table, rows in found.items()}
