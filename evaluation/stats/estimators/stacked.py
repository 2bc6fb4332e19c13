"""Stacked difference-in-differences: one clean comparison per cohort, all fitted together."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np

from evaluation.stats.cohorts import base_period, event_time, first_in_program, has_before
from evaluation.stats.estimators.group_time_att import Comparison
from evaluation.stats.estimators.two_way_effects import Rows, fit_by_code
from evaluation.stats.records import Booleans, Design, Estimand, Estimate, Floats, Integers

Weighting = Literal["plain", "corrective"]
Effects = Literal["overall", "event_time"]


@dataclass(frozen=True)
class _Stack:
    """Cells of one cohort's comparison, (N,) each; event time is the cohort's, for its comparison units too."""

    unit: Integers
    period: Integers
    is_program: Booleans
    time: Integers
    is_base: Booleans


def stacked(design: Design, *, effects: Effects, comparison: Comparison, weighting: Weighting,
            window: tuple[int, int] | None = None) -> Estimate:
    """Effect over a window around the start, cohort by cohort against units out of the program all the while.

    Each cohort makes a stack: its units, and comparison units of their strata, in the periods of the window.
    y = unit × stack + period × stratum × stack + effect, fitted on all stacks together, where a comparison unit is in
    as many stacks as it serves.

    Parameters
    ----------
    effects : `overall`: one coefficient of "in the program"; `event_time`: one per event time but the base
    comparison : `never`: never-program units; `not_yet`: also units that start after the stack's last period
    weighting : `plain`: least squares decides how stacks weigh (Cengiz et al. 2019), by size and by how even program
        and comparison are; `corrective`: comparison units of stack a and stratum s count
        (W_as/W)_program / (W_as/W)_comparison, so that stacks weigh as their program units (Wing et al. 2024)
    window : first and last event time, say (-3, 2); by default the widest that every cohort with a comparison unit has
        in the design's periods

    Returns
    -------
    Estimate
        Cohorts whose periods do not cover the window are not in it, nor those without a period before the start, or
        that are no period of the design. The base is the last period before the start that is no break; it belongs to
        the stack though a break put it outside the window. Lone is an estimand that the regression cannot tell without
        some one cluster. There is none where no stack has a comparison unit.

    Raises
    ------
    ValueError
        The window does not begin before 0 and end at 0 or later.

    Notes
    -----
    Source: Cengiz, Dube, Lindner & Zipperer (2019); Wing, Freedman & Hollingsworth (2024). Effects on comparison units
    before their own start are taken to be zero. Programs with event-time effects common to all stacks, without effects
    of stack, give the same corrective estimate when no cell of the window is absent.
    """
    if window is not None and not window[0] < 0 <= window[1]:
        raise ValueError(f"The window of event times {window[0]} to {window[1]} must begin before 0 and end at 0 or "
                         f"later.")
    stacks = list(_stacks(design, comparison, window))
    made = partial(stacked, effects=effects, comparison=comparison, weighting=weighting, window=window)
    number = np.repeat(np.arange(len(stacks)), [len(s.unit) for s in stacks])
    all_of = _Stack(*(np.concatenate([np.empty(0, dtype=kind), *(getattr(s, name) for s in stacks)])
                      for name, kind in (("unit", int), ("period", int), ("is_program", bool), ("time", int),
                                         ("is_base", bool))))
    unit, period = all_of.unit, all_of.period
    if effects == "overall":
        has, time = all_of.is_program & (all_of.time >= 0), np.zeros(len(unit), dtype=np.int64)
    else:
        has, time = all_of.is_program & ~all_of.is_base, all_of.time
    found, code = np.unique(time[has], return_inverse=True)
    w = design.weight[unit]
    if weighting == "corrective":
        w = w * _correction(design, all_of, number)
    strata, stratum = np.unique(design.stratum[unit], return_inverse=True)
    rows = Rows(unit, period, w, unit + len(design.unit_ids) * number,
                period + len(design.periods) * (stratum + len(strata) * number))
    return fit_by_code(
        design, made, rows, has=has, code=code, comparison=np.unique(design.cluster[unit[~all_of.is_program]]),
        estimands=tuple(Estimand("overall") if effects == "overall" else Estimand("event_time", event_time=int(e))
                        for e in found))


def _stacks(design: Design, comparison: Comparison, window: tuple[int, int] | None) -> Iterator[_Stack]:
    """The stacks whose periods cover the window."""
    times, first, base = event_time(design), first_in_program(design), base_period(design)
    starts = has_before(design) & ~np.isnan(times[:, 0])
    cohorts = [np.flatnonzero(starts & (design.cohort == g))[0] for g in np.unique(design.cohort[starts])]
    served = [u for u in cohorts if _clean(design, comparison, u, first[u]).any()]
    if window is None:
        window = (int(max((times[u].min() for u in served), default=0)),
                  int(min((times[u].max() for u in served), default=0)))
    for u in served:
        if times[u].min() > window[0] or times[u].max() < window[1]:
            continue
        is_in = (times[u] >= window[0]) & (times[u] <= window[1])
        is_in[base[u]] = True
        program = design.cohort == design.cohort[u]
        clean = _clean(design, comparison, u, int(np.flatnonzero(is_in)[-1]))
        cells = design.present & (program | clean)[:, None] & is_in
        both = np.intersect1d(design.stratum[program & cells.any(axis=1)], design.stratum[clean & cells.any(axis=1)])
        cells &= ((cells.sum(axis=1) >= 2) & np.isin(design.stratum, both))[:, None]
        unit, period = np.nonzero(cells)
        if len(unit):
            yield _Stack(unit, period, program[unit], times[u, period].astype(np.int64), period == base[u])


def _clean(design: Design, comparison: Comparison, of: int, until: int) -> Booleans:
    """(U,): units out of the program through the period of this index, in a stratum of this unit's cohort."""
    shared = np.isin(design.stratum, design.stratum[design.cohort == design.cohort[of]])
    out = design.never_program if comparison == "never" else first_in_program(design) > until
    return np.asarray(shared & out)


def _correction(design: Design, rows: _Stack, number: Integers) -> Floats:
    """(N,): 1 for program units; for comparison units the program's share of a stack × stratum over their own."""
    _, sub = np.unique(np.column_stack([number, design.stratum[rows.unit]]), axis=0, return_inverse=True)
    sub = sub.ravel()
    key, at = np.unique(np.column_stack([number, rows.unit]), axis=0, return_index=True)
    w, is_program, of = design.weight[key[:, 1]], rows.is_program[at], sub[at]
    n = sub.max(initial=-1) + 1
    program = np.bincount(of[is_program], w[is_program], minlength=n)
    against = np.bincount(of[~is_program], w[~is_program], minlength=n)
    share = (program / program.sum()) / (against / against.sum())
    return np.where(rows.is_program, 1.0, share[sub])
