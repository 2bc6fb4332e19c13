"""Would gaps as large as the program's have shrunk by themselves? Two designs that answer from different sides."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from evaluation.diagnose.diagnosed import Diagnosed
from evaluation.stats.records import Booleans, Design, Floats, Integers

MATCHES = 3
"""Comparison units nearest in the gap before, per program unit."""
TIE = 1e-9


@dataclass(frozen=True)
class _Window:
    """Selected where the gap is large in `early` (T,); the effect is that of the periods `late` (T,).

    `cohorts` are those whose program units say how large; None: all.
    """

    early: Booleans
    late: Booleans
    cohorts: float | None


def regression_to_mean(of: Diagnosed) -> Iterator[tuple[str, str, Design]]:
    """Yield placebo, detail and design of both checks; the estimator is the topic's own."""
    design, anticipation = of.design, of.topic.specification.anticipation
    nearest = matched(design, anticipation=anticipation)
    if nearest is not None:
        yield "regression_to_mean_matched", f"{MATCHES} nearest in the gap before", nearest
    worse: Literal[1, -1] = 1 if of.topic.outcome.better == "lower" else -1
    same = _pretended(design, list(_of_cohorts(design, anticipation)), worse)
    if same is not None:
        yield "regression_to_mean_window", "in the program's periods", same
    for window in _before_any(design, anticipation):
        before = _pretended(design, [window], worse)
        if before is not None:
            yield "regression_to_mean_window", _said(design, window), before


def matched(design: Design, *, matches: int = MATCHES, anticipation: int = 0) -> Design | None:
    """Return the program's units beside never-program units with such gaps before; None where there are none.

    Cohort by cohort and stratum by stratum, each program unit takes the `matches` never-program units whose mean gap
    over the design's periods before the start (less `anticipation`) is nearest, ties included, and shares its weight
    equally among them. A never-program unit weighs the sum of its shares; one that serves several cohorts is a unit of
    each, in one cluster. Units without a gap before leave. Cohorts that are not yet in the program are no comparison.
    """
    taken: list[tuple[Integers, Floats]] = []
    for cohort in _cohorts(design):
        gap = _mean_gap(design, _before(design, cohort, anticipation))
        for stratum in np.unique(design.stratum):
            known = (design.stratum == stratum) & ~np.isnan(gap)
            program, never = np.flatnonzero(known & (design.cohort == cohort)), np.flatnonzero(
                known & design.never_program)
            if len(program) and len(never):
                share = _nearest(gap[program], gap[never], matches)
                weight = design.weight[program] @ share
                taken.append((np.concatenate([program, never[weight > 0]]),
                              np.concatenate([design.weight[program], weight[weight > 0]])))
    if not taken:
        return None
    unit, weight = (np.concatenate(parts) for parts in zip(*taken, strict=True))
    group = np.repeat(np.arange(len(taken)), [len(units) for units, _ in taken])
    return replace(_of_units(design, unit, group), weight=weight)


def _nearest(program: Floats, never: Floats, matches: int) -> Floats:
    """(P, N): each program unit's equal shares of those nearest to it."""
    distance = np.abs(program[:, None] - never[None, :])
    reach = np.sort(distance, axis=1)[:, min(matches, len(never)) - 1]
    is_near = distance <= reach[:, None] + TIE
    share: Floats = is_near / is_near.sum(axis=1, keepdims=True)
    return share


def _pretended(design: Design, windows: Sequence[_Window], worse: Literal[1, -1]) -> Design | None:
    """Return never-program units alone, those with large gaps in the early periods as if in the program in the late.

    Large: at least the median of the program's units of the same stratum, in the same periods. Window by window and
    stratum by stratum; a stratum needs units of both kinds.
    """
    designs = []
    for i, window in enumerate(windows):
        gap = worse * _mean_gap(design, window.early)
        is_measure = ~design.never_program if window.cohorts is None else design.cohort == window.cohorts
        for stratum in np.unique(design.stratum):
            known = (design.stratum == stratum) & ~np.isnan(gap)
            measure, unit = gap[known & is_measure], np.flatnonzero(known & design.never_program)
            if not len(measure) or not len(unit):
                continue
            is_large = gap[unit] >= np.median(measure) - TIE
            if is_large.all() or not is_large.any():
                continue
            start = float(design.periods[window.late][0])
            one = _of_units(design, unit, np.full(len(unit), i * (design.stratum.max() + 1) + stratum))
            seen = window.early | window.late
            designs.append(replace(one, cohort=np.where(is_large, start, np.nan),
                                   outcome=np.where(seen[None, :, None], one.outcome, np.nan)))
    return _together(designs) if designs else None


def _of_cohorts(design: Design, anticipation: int) -> Iterator[_Window]:
    """Yield each cohort's own periods before its start and from its start on."""
    for cohort in _cohorts(design):
        early = _before(design, cohort, anticipation)
        yield _Window(early, design.periods >= cohort, cohort)


def _before_any(design: Design, anticipation: int) -> Iterator[_Window]:
    """Yield the periods before the earliest cohort in two halves, the early one longer; none of a single period."""
    before = np.flatnonzero(_before(design, min(_cohorts(design), default=-np.inf), anticipation))
    half = (len(before) + 1) // 2
    if len(before) > 1:
        index = np.arange(len(design.periods))
        yield _Window(np.isin(index, before[:half]), np.isin(index, before[half:]), None)


def _said(design: Design, window: _Window) -> str:
    early, late = ("–".join(str(p) for p in dict.fromkeys((ends[0], ends[-1])))
                   for ends in (design.periods[window.early], design.periods[window.late]))
    return f"large in {early}, effect in {late}"


def _cohorts(design: Design) -> list[float]:
    """Cohorts that start within the design's periods, not in the first."""
    found = np.unique(design.cohort[~design.never_program])
    return [float(g) for g in found if design.periods[0] < g <= design.periods[-1]]


def _before(design: Design, cohort: float, anticipation: int) -> Booleans:
    """(T,): periods more than `anticipation` periods before the cohort's start."""
    start = design.position[np.searchsorted(design.periods, cohort).clip(max=len(design.periods) - 1)]
    return np.asarray((design.periods < cohort) & (design.position < start - anticipation))


def _mean_gap(design: Design, periods: Booleans) -> Floats:
    """(U,): mean gap over the periods in which the unit has one; NaN where it has none."""
    gap = design.outcome[:, periods, design.parts.index("gap")]
    counted = (~np.isnan(gap)).sum(axis=1)
    mean: Floats = np.nansum(gap, axis=1) / np.where(counted > 0, counted, np.nan)
    return mean


def _of_units(design: Design, unit: Integers, stratum: Integers) -> Design:
    """Return the design of the units at these indices (N,), possibly several times, in these strata (N,)."""
    return replace(
        design, unit_ids=tuple(f"{design.unit_ids[u]}/{s}" for u, s in zip(unit, stratum, strict=True)),
        outcome=design.outcome[unit], cluster=design.cluster[unit], stratum=stratum.astype(np.int64),
        cohort=design.cohort[unit], weight=design.weight[unit], covariates=design.covariates[unit])


def _together(designs: Sequence[Design]) -> Design:
    names = ("outcome", "cluster", "stratum", "cohort", "weight", "covariates")
    return replace(designs[0], unit_ids=tuple(u for d in designs for u in d.unit_ids),
                   **{name: np.concatenate([getattr(d, name) for d in designs]) for name in names})
