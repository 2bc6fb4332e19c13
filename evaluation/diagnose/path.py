"""The event study that pre-trend power and sensitivity read: averages of effects by step from each cohort's base."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from evaluation.contracts import NoBreakdown
from evaluation.diagnose.diagnosed import Diagnosed
from evaluation.stats.aggregate import aggregate
from evaluation.stats.combine import select
from evaluation.stats.inference.cr2 import covariance
from evaluation.stats.inference.infer import infer, no_interval
from evaluation.stats.reading import on_used_dummies
from evaluation.stats.records import Booleans, Estimate, Floats, Integers
from evaluation.stats.regression import regression_of
from evaluation.stats.sensitivity.event_study import EventStudy


@dataclass(frozen=True)
class Path:
    """An event study per part, on the base period, and the contrast (n_post,) of its effects that is its average."""

    studies: tuple[EventStudy, ...]
    contrast: Floats


def since_base(att_gt: Estimate) -> tuple[Integers, Integers]:
    """Return of m effects by cohort and period how far their period lies from their base, negative before it.

    In periods of the study's list, and in steps: periods of the design that are no break. The base is where the
    effect's weights on its cohort are negative.
    """
    design, weights = att_gt.design, att_gt.weights
    if weights is None:
        raise ValueError("the base period of an effect is read from its weights, and this estimator has none")
    own = design.cohort[None, :] == np.array([e.cohort for e in att_gt.estimands], dtype=float)[:, None]
    base = np.einsum("mu,mut->mt", own, weights).argmin(axis=1)
    at = np.searchsorted(design.periods, np.array([e.period for e in att_gt.estimands], dtype=np.int64))
    step = np.cumsum(~design.is_break)
    return design.position[at] - design.position[base], np.asarray(step[at] - step[base], dtype=np.int64)


def mean_distance(att_gt: Estimate) -> Floats:
    """(q,): mean distance in periods to the base behind each average by event time, by the weights of the average."""
    distance, _ = since_base(att_gt)
    return aggregate(_of_numbers(att_gt, distance[:, None]), "event_time").value[:, 0]


def path_of(of: Diagnosed) -> Path | NoBreakdown:
    """Return the event study of a topic, or why there is none.

    Effects are averaged by their step from the base of their own cohort, so that years left out, which lie at another
    event time in every cohort, move no base. The time of a step is the mean number of periods since the base: a bound
    per period that holds in every cohort then holds for the averages. Lone cohorts and break periods are left out, and
    steps with too few clusters for an interval. Where the overall effect may have no interval, a robust one may not be
    given either. The contrast weighs steps in the program as the overall effect does.
    """
    if of.topic.specification.base == "varying":
        return "varying_base"
    if of.att_gt.regression is None:
        return "no_regression"
    withheld = infer(of.overall, gate=of.gate)[0][0].no_interval
    if withheld is not None:
        return "low_coverage" if withheld == "low_coverage" else "few_clusters"
    by_step, time, share = _by_step(of.att_gt)
    step = np.array([e.event_time for e in by_step.estimands], dtype=np.int64)
    found = covariance(*regression_of(by_step))
    kept = np.array([no_interval(by_step, i, float(df)) is None for i, df in enumerate(found.df)], dtype=bool)
    reason = _refused(step, time, share, kept)
    if reason is not None:
        return reason
    n_pre, df = int((step[kept] < 0).sum()), float(found.df[kept].min())
    contrast = share[kept][n_pre:] / share[kept].sum()
    try:
        return Path(tuple(EventStudy(value[kept], matrix[np.ix_(kept, kept)], time[kept], n_pre, 0, df)
                          for value, matrix in zip(by_step.value.T, found.matrix, strict=True)), contrast)
    except ValueError:
        return "deficient_rank"


def _refused(step: Integers, time: Floats, share: Floats, kept: Booleans) -> NoBreakdown | None:
    if not (step < 0).any():
        return "no_pre_period"
    if not (kept & (step < 0)).any() or not share[kept].sum() > 0:
        return "few_clusters"
    return None if (np.diff(np.append(time[kept], np.inf)) > 0).all() else "composition"


def _by_step(att_gt: Estimate) -> tuple[Estimate, Floats, Floats]:
    """Averages (q) by step, the mean distance of each to its base, and its share of the overall effect."""
    design = att_gt.design
    usual = set(design.periods[~design.is_break].tolist())
    kept = select(att_gt, [i for i, e in enumerate(att_gt.estimands) if e.period in usual])
    distance, step = since_base(kept)
    stepped = replace(kept, estimands=tuple(replace(e, event_time=int(s))
                                            for e, s in zip(kept.estimands, step, strict=True)))
    averages = aggregate(stepped, "event_time")
    time = aggregate(_of_numbers(stepped, distance[:, None]), "event_time").value[:, 0]
    is_at = step[:, None] == np.array([e.event_time for e in averages.estimands], dtype=np.int64)
    share = aggregate(_of_numbers(stepped, is_at), "overall").value
    return on_used_dummies(averages), time, share[0] if len(share) else np.zeros(len(time))


def _of_numbers(att_gt: Estimate, numbers: Floats | Integers | Booleans) -> Estimate:
    """Return an estimate with other numbers (m, J) in place of its values, to be averaged as they would be."""
    return replace(att_gt, value=np.asarray(numbers, dtype=float))
