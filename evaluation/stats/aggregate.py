"""Averages of group-time effects: overall, by cohort, phase, event time and calendar period."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal

import numpy as np

from evaluation.stats.combine import combine
from evaluation.stats.records import Booleans, Estimand, Estimate, Floats

Aggregation = Literal["overall", "cohort", "phase", "event_time", "calendar"]


def aggregate(att_gt: Estimate, kind: Aggregation, *, phase_of: Mapping[int, str] | None = None) -> Estimate:
    """Average group-time effects.

    overall, phase, calendar: post-program effects, each by its program weight (`simple` and `calendar` of R's did);
    event_time: effects at the same distance to the start, by program weight, before the start too (`dynamic`);
    cohort: plain mean of the cohort's post-program effects (`group`).

    A cohort of one cluster would add its effect but no variance. Such cohorts leave every kind but `cohort`, and are
    named in `left_out_cohorts`; they stay, marked lone, where nothing else is left of the design, or of a phase.

    Parameters
    ----------
    att_gt : of any estimator that has effects by cohort and period
    phase_of : cohort -> phase; needed for `phase`, where cohorts without one are in none
    """
    size = _program_weight(att_gt)
    post = _coordinate(att_gt, "period") >= _coordinate(att_gt, "cohort")
    lone = _lone_cohorts(att_gt, post)
    is_spared = kind == "cohort" or bool(lone[post].all())
    rows, estimands, left_out = [], [], []
    for estimand, member in _members(att_gt, kind, post, phase_of or {}):
        kept = member if is_spared else member & ~lone
        if not kept.any() and kind == "phase":
            kept = member
        if not kept.any():
            continue
        weight = kept * (1.0 if kind == "cohort" else size)
        rows.append(weight / weight.sum())
        estimands.append(estimand)
        left_out.append(tuple(sorted({e.cohort for e, out in zip(att_gt.estimands, member & ~kept, strict=True)
                                      if out and e.cohort is not None})))
    inner = att_gt.estimator
    return combine(att_gt, np.array(rows).reshape(len(rows), len(size)), tuple(estimands), tuple(left_out),
                   lambda other: aggregate(inner(other), kind, phase_of=phase_of))


def average(found: Estimate) -> Estimate:
    """Average an aggregate into one number, `overall`: the one R's did prints beside its table.

    Over event times from 0 on and over calendar periods the plain mean; over cohorts by the weight of their units.
    None where nothing is in the program.
    """
    design = found.design
    is_in = np.array([e.event_time is None or e.event_time >= 0 for e in found.estimands], dtype=bool)
    size = np.array([1.0 if e.cohort is None else design.weight[design.cohort == e.cohort].sum()
                     for e in found.estimands])
    weight = np.where(is_in, size, 0.0)[None, :][: int(is_in.any())]
    left_out = tuple(sorted({c for out in found.left_out_cohorts for c in out}))
    inner = found.estimator
    return combine(found, weight / weight.sum(axis=1, keepdims=True), (Estimand("overall"),) * len(weight),
                   (left_out,) * len(weight), lambda other: average(inner(other)))


def _members(
    att_gt: Estimate, kind: Aggregation, post: Booleans, phase_of: Mapping[int, str]
) -> Iterator[tuple[Estimand, Booleans]]:
    """Each aggregate with the group-time effects (m,) that belong to it."""
    cohort, period = _coordinate(att_gt, "cohort"), _coordinate(att_gt, "period")
    if kind == "overall" and post.any():
        yield Estimand("overall"), post
    if kind == "cohort":
        for g in np.unique(cohort[post]):
            yield Estimand("cohort", cohort=int(g)), post & (cohort == g)
    if kind == "phase":
        for phase in dict.fromkeys(phase_of.values()):
            member = post & np.isin(cohort, [g for g, p in phase_of.items() if p == phase])
            if member.any():
                yield Estimand("phase", phase=phase), member
    if kind == "event_time":
        distance = _coordinate(att_gt, "event_time")
        for e in np.unique(distance[~np.isnan(distance)]):
            yield Estimand("event_time", event_time=int(e)), distance == e
    if kind == "calendar":
        for t in np.unique(period[post]):
            yield Estimand("calendar", period=int(t)), post & (period == t)


def _coordinate(att_gt: Estimate, name: Literal["cohort", "period", "event_time"]) -> Floats:
    """(m,) coordinate of each effect; NaN where it has none."""
    found = [getattr(e, name) for e in att_gt.estimands]
    return np.array([np.nan if value is None else value for value in found], dtype=np.float64)


def _program_weight(att_gt: Estimate) -> Floats:
    """(m,) weight of the program units behind each effect: of its cohort, seen in its period, not left out of it.

    Where the program reaches only the eligible of a cohort's units, of those.
    """
    design = att_gt.design
    column = np.searchsorted(design.periods, _coordinate(att_gt, "period").astype(np.int64))
    in_cohort = design.cohort[None, :] == _coordinate(att_gt, "cohort")[:, None]
    if att_gt.weights is None:
        counted = design.present.T[column]
    else:
        counted = att_gt.weights[np.arange(len(column)), :, column] > 0
    counted = counted & in_cohort
    if len(design.is_eligible):
        reached = counted & design.is_eligible
        counted = np.where(reached.any(axis=1)[:, None], reached, counted)
    weight: Floats = counted @ design.weight
    return weight


def _lone_cohorts(att_gt: Estimate, post: Booleans) -> Booleans:
    """(m,) the effect's cohort rests on a lone cluster in every one of its effects in the program, or of all it has."""
    cohort = _coordinate(att_gt, "cohort")
    judged = [(cohort == g) & (post if (post & (cohort == g)).any() else True) for g in cohort]
    return np.array([att_gt.lone_program[mine].all() for mine in judged], dtype=bool)
