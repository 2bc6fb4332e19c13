"""Weights of averages of group-time effects, under one assignment of cohorts or under many."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from evaluation.stats.records import Booleans, Estimand, Floats

Aggregation = Literal["overall", "cohort", "phase", "event_time", "calendar"]


@dataclass(frozen=True)
class Effects:
    """What averages ask of m effects by cohort and period; leading axes are assignments of cohorts.

    Attributes
    ----------
    estimands : m
    size : (..., m)  weight of the program units behind each
    is_lone : (..., m)  a program cell of it has one cluster
    is_known : (..., m)  it can be estimated
    """

    estimands: tuple[Estimand, ...]
    size: Floats
    is_lone: Booleans
    is_known: Booleans


def averages_of(of: Effects, kind: Aggregation, phase_of: Mapping[int, str]) -> tuple[tuple[Estimand, ...], Floats]:
    """Return r averages of a kind and their weights (..., r, m), all 0 where an average has nothing to average.

    `aggregate` says which effects an average has and why lone cohorts leave it.
    """
    post = _coordinate(of.estimands, "period") >= _coordinate(of.estimands, "cohort")
    lone = _lone_cohorts(of, post)
    is_spared = np.asarray((lone | ~(post & of.is_known)).all(axis=-1) | (kind == "cohort"))[..., None]
    found = list(members(of.estimands, kind, phase_of))
    rows = np.zeros((*of.size.shape[:-1], len(found), len(of.estimands)))
    for r, (_, member) in enumerate(found):
        mine = member & of.is_known
        kept = mine & (is_spared | ~lone)
        if kind == "phase":
            kept = np.where(kept.any(axis=-1, keepdims=True), kept, mine)
        rows[..., r, :] = kept * (1.0 if kind == "cohort" else of.size)
    return tuple(estimand for estimand, _ in found), shares(rows)


def shares(weight: Floats) -> Floats:
    """Divide weights (..., m) by their sum; nothing stays nothing."""
    total = weight.sum(axis=-1, keepdims=True)
    out: Floats = np.divide(weight, total, out=np.zeros_like(weight), where=total > 0)
    return out


def members(estimands: tuple[Estimand, ...], kind: Aggregation,
            phase_of: Mapping[int, str]) -> Iterator[tuple[Estimand, Booleans]]:
    """Yield each average of a kind with the effects (m,) that belong to it."""
    cohort, period = _coordinate(estimands, "cohort"), _coordinate(estimands, "period")
    post = period >= cohort
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
        distance = _coordinate(estimands, "event_time")
        for e in np.unique(distance[~np.isnan(distance)]):
            yield Estimand("event_time", event_time=int(e)), distance == e
    if kind == "calendar":
        for t in np.unique(period[post]):
            yield Estimand("calendar", period=int(t)), post & (period == t)


def _coordinate(estimands: tuple[Estimand, ...], name: Literal["cohort", "period", "event_time"]) -> Floats:
    """(m,) coordinate of each effect; NaN where it has none."""
    found = [getattr(e, name) for e in estimands]
    return np.array([np.nan if value is None else value for value in found], dtype=np.float64)


def _lone_cohorts(of: Effects, post: Booleans) -> Booleans:
    """(..., m) the effect's cohort rests on a lone cluster in all of its effects in the program, or of all it has."""
    cohort = _coordinate(of.estimands, "cohort")
    lone = np.zeros(of.is_lone.shape, dtype=bool)
    for g in np.unique(cohort[~np.isnan(cohort)]):
        mine = (cohort == g) & of.is_known
        judged = np.where((mine & post).any(axis=-1, keepdims=True), mine & post, mine)
        lone |= (cohort == g) & (of.is_lone | ~judged).all(axis=-1, keepdims=True)
    return lone
