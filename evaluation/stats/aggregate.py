"""Averages of group-time effects: overall, by cohort, phase, event time and calendar period."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Literal

import numpy as np

from evaluation.stats.records import Booleans, Design, Estimand, Estimate, Floats, Integers

Aggregation = Literal["overall", "cohort", "phase", "event_time", "calendar"]


def aggregate(
    att_gt: Estimate, design: Design, kind: Aggregation, *, phase_of: Mapping[int, str] | None = None
) -> Estimate:
    """Average the group-time effects of a design.

    overall, phase, calendar: post-program effects, each by its program weight (`simple` and `calendar` of R's did);
    event_time: effects at the same distance to the start, by program weight, before the start too (`dynamic`);
    cohort: plain mean of the cohort's post-program effects (`group`).

    A cohort of one cluster would add its effect but no variance. Such cohorts leave every kind but `cohort`, and are
    named in `left_out_cohorts`; they stay, marked lone, where nothing else is left of the design, or of a phase.

    Parameters
    ----------
    att_gt : from `group_time_att` of the same design
    phase_of : cohort -> phase; needed for `phase`, where cohorts without one are in none
    """
    size = _program_weight(att_gt, design)
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
    return _combine(att_gt, np.array(rows).reshape(len(rows), len(size)), tuple(estimands), tuple(left_out))


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


def _combine(
    att_gt: Estimate, matrix: Floats, estimands: tuple[Estimand, ...], left_out: tuple[tuple[int, ...], ...]
) -> Estimate:
    """Linear combinations (r, m) of m effects: value, weights and contrasts by the same matrix."""
    used = matrix > 0
    return replace(
        att_gt,
        estimands=estimands,
        value=matrix @ att_gt.value,
        weights=np.tensordot(matrix, att_gt.weights, axes=1),
        contrasts=matrix @ att_gt.contrasts,
        program_clusters=tuple(_union(att_gt.program_clusters, row) for row in used),
        comparison_clusters=tuple(_union(att_gt.comparison_clusters, row) for row in used),
        lone_program=np.asarray((used & att_gt.lone_program).any(axis=1)),
        lone_comparison=np.asarray((used & att_gt.lone_comparison).any(axis=1)),
        left_out_cohorts=left_out,
    )


def _union(clusters: tuple[Integers, ...], used: Booleans) -> Integers:
    return np.unique(np.concatenate([clusters[j] for j in np.flatnonzero(used)]))


def _coordinate(att_gt: Estimate, name: Literal["cohort", "period", "event_time"]) -> Floats:
    """(m,) coordinate of each effect; NaN where it has none."""
    found = [getattr(e, name) for e in att_gt.estimands]
    return np.array([np.nan if value is None else value for value in found], dtype=np.float64)


def _program_weight(att_gt: Estimate, design: Design) -> Floats:
    """(m,) weight of the program units behind each effect."""
    column = np.searchsorted(design.periods, _coordinate(att_gt, "period").astype(np.int64))
    at_period = att_gt.weights[np.arange(len(column)), :, column]
    in_cohort = design.cohort[None, :] == _coordinate(att_gt, "cohort")[:, None]
    weight: Floats = ((at_period > 0) & in_cohort) @ design.weight
    return weight


def _lone_cohorts(att_gt: Estimate, post: Booleans) -> Booleans:
    """(m,) the effect's cohort rests on a lone cluster in every one of its effects in the program, or of all it has."""
    cohort = _coordinate(att_gt, "cohort")
    judged = [(cohort == g) & (post if (post & (cohort == g)).any() else True) for g in cohort]
    return np.array([att_gt.lone_program[mine].all() for mine in judged], dtype=bool)
