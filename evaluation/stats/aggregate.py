"""Averages of group-time effects: overall, by cohort, phase, event time and calendar period."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from evaluation.stats.averages import Aggregation, Effects, averages_of, members, shares
from evaluation.stats.combine import combine
from evaluation.stats.records import Booleans, Design, Estimand, Estimate, Floats

__all__ = ["Aggregated", "Aggregation", "Averaged", "aggregate", "average", "is_averaged"]


@dataclass(frozen=True)
class Aggregated:
    """The estimator of an aggregate: `aggregate` of what another makes of a design."""

    inner: Callable[[Design], Estimate]
    kind: Aggregation
    phase_of: Mapping[int, str]

    def __call__(self, design: Design) -> Estimate:
        """Estimate the aggregate anew."""
        return aggregate(self.inner(design), self.kind, phase_of=self.phase_of)


@dataclass(frozen=True)
class Averaged:
    """The estimator of an average: `average` of what another makes of a design."""

    inner: Callable[[Design], Estimate]

    def __call__(self, design: Design) -> Estimate:
        """Estimate the average anew."""
        return average(self.inner(design))


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
    phases = phase_of or {}
    found, matrix = averages_of(Effects(att_gt.estimands, _program_weight(att_gt), att_gt.lone_program,
                                        np.ones(len(att_gt.estimands), dtype=bool)), kind, phases)
    of_member = dict(members(att_gt.estimands, kind, phases))
    estimable = np.flatnonzero(matrix.any(axis=1))
    estimands = tuple(found[i] for i in estimable)
    left_out = tuple(_cohorts(att_gt.estimands, of_member[found[i]] & (matrix[i] == 0)) for i in estimable)
    return combine(att_gt, matrix[estimable], estimands, left_out, Aggregated(att_gt.estimator, kind, phases))


def average(found: Estimate) -> Estimate:
    """Average an aggregate into one number, `overall`: the one R's did prints beside its table.

    Over event times from 0 on and over calendar periods the plain mean; over cohorts by the weight of their units (of
    the eligible, where the program reaches only them). None where nothing is in the program.
    """
    size = np.array([1.0 if e.cohort is None else _size(found.design, e.cohort) for e in found.estimands])
    weight = np.where(is_averaged(found.estimands), size, 0.0)[None, :]
    weight = shares(weight[weight.any(axis=1)])
    left_out = tuple(sorted({c for out in found.left_out_cohorts for c in out}))
    return combine(found, weight, (Estimand("overall"),) * len(weight), (left_out,) * len(weight),
                   Averaged(found.estimator))


def _size(design: Design, cohort: int) -> float:
    """Weight of a cohort's units; of the eligible ones where it has such."""
    mine = design.cohort == cohort
    reached = mine & design.is_eligible if len(design.is_eligible) else mine
    return float(design.weight[reached if reached.any() else mine].sum())


def is_averaged(estimands: tuple[Estimand, ...]) -> Booleans:
    """(m,): `average` counts it, being no event time before the program."""
    return np.array([e.event_time is None or e.event_time >= 0 for e in estimands], dtype=bool)


def _cohorts(estimands: tuple[Estimand, ...], chosen: Booleans) -> tuple[int, ...]:
    return tuple(sorted({e.cohort for e, is_in in zip(estimands, chosen, strict=True)
                         if is_in and e.cohort is not None}))


def _program_weight(att_gt: Estimate) -> Floats:
    """(m,) weight of the program units behind each effect: of its cohort, seen in its period, not left out of it.

    Where the program reaches only the eligible of a cohort's units, of those.
    """
    design = att_gt.design
    cohort, period = (np.array([getattr(e, name) for e in att_gt.estimands], dtype=np.float64)
                      for name in ("cohort", "period"))
    column = np.searchsorted(design.periods, period.astype(np.int64))
    in_cohort = design.cohort[None, :] == cohort[:, None]
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
