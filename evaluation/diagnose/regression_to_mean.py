"""Would gaps as large as the program's have shrunk by themselves? Two designs that answer from different sides."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from evaluation.diagnose.diagnosed import Diagnosed
from evaluation.stats.records import Booleans, Design, Floats, Integers

MATCHES = 3
"""Comparison units nearest in the gap before, per program unit."""
TIE = 1e-9


@dataclass(frozen=True)
class Window:
    """Gaps are compared in the periods `early` (T,); the effect is that of the periods `late` (T,).

    `cohort` is the one whose program units say how large; None: all.
    """

    early: Booleans
    late: Booleans
    cohort: float | None


def regression_to_mean(of: Diagnosed) -> Iterator[tuple[str, str, Design]]:
    """Yield placebo, detail and design of both checks; the estimator is the topic's own."""
    design, anticipation = of.design, of.topic.specification.anticipation
    nearest = matched(design, anticipation=anticipation)
    if nearest is not None:
        yield "regression_to_mean_matched", f"{MATCHES} nearest in the gap before", nearest
    same = pretended(design, list(_of_cohorts(design, anticipation)))
    if same is not None:
        yield "regression_to_mean_window", "in the program's periods", same
    for window in _before_any(design, anticipation):
        before = pretended(design, [window])
        if before is not None:
            yield "regression_to_mean_window", _said(design, window), before


def matched(design: Design, *, matches: int = MATCHES, anticipation: int = 0) -> Design | None:
    """Return the program's units beside never-program units with such gaps before; None where there are none.

    Cohort by cohort and stratum by stratum, each program unit takes the `matches` never-program units whose mean gap
    over the design's periods before the start (less `anticipation`) is nearest, ties included, and shares its weight
    equally among them. A never-program unit weighs the sum of its shares; one that serves several cohorts is a unit of
    each, in one cluster. Units without a gap before leave. Cohorts that are not yet in the program are no comparison.
    """
    found = [_beside(design, near.program, near.like, near.weight, i)
             for i, near in enumerate(near for window in _of_cohorts(design, anticipation)
                                      for near in _near(design, window, matches))]
    return _together(found) if found else None


def pretended(design: Design, windows: Sequence[Window], *, matches: int = MATCHES) -> Design | None:
    """Return never-program units alone, those with gaps like the program's as if in the program in the late periods.

    They are found as in `matched`, by the gap in the early periods, weigh the same, and are compared with all
    never-program units of their stratum, themselves among them, under the design's weights. Where the program's gaps
    were like those of others, nothing is to be seen; where they were large, large gaps shrink by chance.
    """
    found: list[Design] = []
    for window in windows:
        start, seen = float(design.periods[window.late][0]), window.early | window.late
        for near in _near(design, window, matches):
            one = _beside(design, near.never, near.like, near.weight, len(found))
            cohort = np.where(np.arange(len(one.cohort)) < len(near.never), np.nan, start)
            found.append(replace(one, cohort=cohort, outcome=np.where(seen[None, :, None], one.outcome, np.nan)))
    return _together(found) if found else None


@dataclass(frozen=True)
class _Near:
    """Indices of the program's and all never-program units of a stratum, and of those like the program's.

    `weight` is that of the latter, of the program units that they are like.
    """

    program: Integers
    never: Integers
    like: Integers
    weight: Floats


def _near(design: Design, window: Window, matches: int) -> Iterator[_Near]:
    """Yield each stratum that has program units and never-program units with a known gap in the early periods."""
    gap = _mean_gap(design, window.early)
    is_program = ~design.never_program if window.cohort is None else design.cohort == window.cohort
    for stratum in np.unique(design.stratum):
        known = (design.stratum == stratum) & ~np.isnan(gap)
        program, never = np.flatnonzero(known & is_program), np.flatnonzero(known & design.never_program)
        if len(program) and len(never):
            weight = design.weight[program] @ _nearest(gap[program], gap[never], matches)
            yield _Near(program, never, never[weight > 0], weight[weight > 0])


def _nearest(program: Floats, never: Floats, matches: int) -> Floats:
    """(P, N): each program unit's equal shares of those nearest to it."""
    distance = np.abs(program[:, None] - never[None, :])
    reach = np.sort(distance, axis=1)[:, min(matches, len(never)) - 1]
    is_near = distance <= reach[:, None] + TIE
    share: Floats = is_near / is_near.sum(axis=1, keepdims=True)
    return share


def _of_cohorts(design: Design, anticipation: int) -> Iterator[Window]:
    """Yield each cohort's own periods before its start and from its start on."""
    for cohort in _cohorts(design):
        early = _before(design, cohort, anticipation)
        yield Window(early, design.periods >= cohort, cohort)


def _before_any(design: Design, anticipation: int) -> Iterator[Window]:
    """Yield the periods before the earliest cohort in two halves, the early one longer; none of a single period."""
    before = np.flatnonzero(_before(design, min(_cohorts(design), default=-np.inf), anticipation))
    half = (len(before) + 1) // 2
    if len(before) > 1:
        index = np.arange(len(design.periods))
        yield Window(np.isin(index, before[:half]), np.isin(index, before[half:]), None)


def _said(design: Design, window: Window) -> str:
    early, late = ("–".join(str(p) for p in dict.fromkeys((ends[0], ends[-1])))
                   for ends in (design.periods[window.early], design.periods[window.late]))
    return f"gaps of {early}, effect in {late}"


def _cohorts(design: Design) -> list[float]:
    """Cohorts that start within the design's periods, not in the first."""
    found = np.unique(design.cohort[~design.never_program])
    return [float(g) for g in found if design.periods[0] < g <= design.periods[-1]]


def _before(design: Design, cohort: float, anticipation: int) -> Booleans:
    """(T,): periods more than `anticipation` periods before the cohort's start."""
    start = design.position[np.searchsorted(design.periods, cohort).clip(max=len(design.periods) - 1)]
    return np.asarray(design.position < start - anticipation)


def _mean_gap(design: Design, periods: Booleans) -> Floats:
    """(U,): mean gap over the periods in which the unit has one; NaN where it has none."""
    gap = design.outcome[:, periods, design.parts.index("gap")]
    counted = (~np.isnan(gap)).sum(axis=1)
    mean: Floats = np.nansum(gap, axis=1) / np.where(counted > 0, counted, np.nan)
    return mean


def _beside(design: Design, own: Integers, like: Integers, weight: Floats, stratum: int) -> Design:
    """Return units under their own weight, and after them units under another, as one stratum."""
    unit, code = np.concatenate([own, like]), np.full(len(own) + len(like), stratum)
    return replace(
        design, unit_ids=tuple(f"{design.unit_ids[u]}/{stratum}/{i}" for i, u in enumerate(unit)),
        outcome=design.outcome[unit], cluster=design.cluster[unit], stratum=code.astype(np.int64),
        cohort=design.cohort[unit], weight=np.concatenate([design.weight[own], weight]),
        covariates=design.covariates[unit])


def _together(designs: Sequence[Design]) -> Design:
    names = ("outcome", "cluster", "stratum", "cohort", "weight", "covariates")
    arrays: dict[str, Any] = {name: np.concatenate([getattr(d, name) for d in designs]) for name in names}
    return replace(designs[0], unit_ids=tuple(u for d in designs for u in d.unit_ids), **arrays)
