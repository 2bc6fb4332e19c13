"""Cohort × period cells of group-time effects: their base period, and the units on either side of each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from evaluation.stats.cohorts import effect_at, last_before
from evaluation.stats.records import Booleans, Design, Estimand, Integers
from evaluation.stats.regression import combinations

Comparison = Literal["never", "not_yet"]
Base = Literal["universal", "varying"]
PROGRAM, COMPARISON = 0, 1


@dataclass(frozen=True)
class Plan:
    """Who is compared with whom, since when: options of the estimator, in its words."""

    comparison: Comparison
    base: Base
    anticipation: int


@dataclass(frozen=True)
class Cell:
    """One cohort in one period: indices of the period and of its base period."""

    cohort: int
    period: int
    base: int


@dataclass(frozen=True)
class Layout:
    """The rows of every effect, sorted into columns: estimand × stratum × arm, PROGRAM before COMPARISON.

    Attributes
    ----------
    estimands : m
    cell, unit, period, base, column, arm : (N,)
        Position of the row's estimand, its unit, the indices of its period and base period, its column, its arm.
    cell_of_column : (J,)
        Position of each column's estimand.
    program_clusters, comparison_clusters : m arrays of cluster codes
    lone_program, lone_comparison : (m,)
        A column of that arm has fewer than two clusters.
    """

    estimands: tuple[Estimand, ...]
    cell: Integers
    unit: Integers
    period: Integers
    base: Integers
    column: Integers
    arm: Integers
    cell_of_column: Integers
    program_clusters: tuple[Integers, ...]
    comparison_clusters: tuple[Integers, ...]
    lone_program: Booleans
    lone_comparison: Booleans


def layout(design: Design, plan: Plan) -> Layout:
    """Lay out unit differences: a unit enters where seen at the period and at its base, in strata with both arms."""
    found: list[Integers] = [np.empty((6, 0), dtype=np.int64)]
    cells, present = cells_of(design, plan), design.present
    for j, cell in enumerate(cells):
        seen = present[:, cell.period] & present[:, cell.base]
        program, against = (seen & arm for arm in arms(design, cell, plan))
        both = np.intersect1d(design.stratum[program], design.stratum[against])
        unit = np.flatnonzero((program | against) & np.isin(design.stratum, both))
        fixed = np.broadcast_to(np.array([[j], [cell.period], [cell.base]]), (3, len(unit)))
        found.append(np.vstack([fixed, unit, design.stratum[unit], np.where(program[unit], PROGRAM, COMPARISON)]))
    number, period, base, unit, stratum, arm = np.hstack(found)
    _, column = combinations(number, stratum, arm)
    return _frame(design, cells, (number, unit, period, base, column, arm))


def layout_of_cross_sections(design: Design, plan: Plan) -> Layout:
    """Lay out cells themselves: a unit enters wherever it is seen; per column there is one more at the base period.

    Column order: estimand × stratum × arm × moment, the period before its base; rows at the base have `period` at it.
    """
    found: list[Integers] = [np.empty((7, 0), dtype=np.int64)]
    cells, present = cells_of(design, plan), design.present
    for j, cell in enumerate(cells):
        sides = [arm & present[:, t] for arm in arms(design, cell, plan) for t in (cell.period, cell.base)]
        shared = design.stratum[sides[0]]
        for side in sides[1:]:
            shared = np.intersect1d(shared, design.stratum[side])
        for k, side in enumerate(sides):
            unit = np.flatnonzero(side & np.isin(design.stratum, shared))
            at = np.array([[j], [cell.base if k % 2 else cell.period], [cell.base], [k // 2], [k % 2]])
            j_, t, base, arm, moment = np.broadcast_to(at, (5, len(unit)))
            found.append(np.vstack([j_, t, base, unit, design.stratum[unit], arm, moment]))
    number, period, base, unit, stratum, arm, moment = np.hstack(found)
    _, column = combinations(number, stratum, arm, moment)
    return _frame(design, cells, (number, unit, period, base, column, arm))


def cells_of(design: Design, plan: Plan) -> tuple[Cell, ...]:
    """Return every cohort and period that has a base period; the base itself is not among them.

    The base is the last period more than `anticipation` periods before the cohort that is no break; with `varying`, a
    period before that has the last such period before it.
    """
    return tuple(_cells(design, plan))


def _cells(design: Design, plan: Plan) -> Iterator[Cell]:
    before = last_before(design)
    for cohort in np.unique(design.cohort[~design.never_program]):
        first = int(np.searchsorted(design.periods, cohort))
        if first == 0 or cohort > design.periods[-1]:
            continue
        touched = int(np.searchsorted(design.position, design.position[first] - plan.anticipation))
        for period in range(len(design.periods)):
            base = int(before[period if plan.base == "varying" and period < touched else touched])
            if base >= 0 and period != base:
                yield Cell(int(cohort), period, base)


def arms(design: Design, cell: Cell, plan: Plan) -> tuple[Booleans, Booleans]:
    """Program and comparison units (U,) of a cell, whether seen there or not.

    Not yet in the program: those that start more than `anticipation` periods after both periods of the cell. A cohort
    that starts after the last period is taken to start right after it.
    """
    program = design.cohort == cell.cohort
    against = design.never_program.copy()
    if plan.comparison == "not_yet":
        ends = np.append(design.position, design.position[-1] + 1)
        start = ends[np.searchsorted(design.periods, design.cohort)]
        last = design.position[max(cell.period, cell.base)]
        against |= ~design.never_program & (start - plan.anticipation > last) & ~program
    return program, against


def _frame(design: Design, cells: tuple[Cell, ...], rows: tuple[Integers, ...]) -> Layout:
    number, unit, period, base, column, arm = rows
    kept, cell = np.unique(number, return_inverse=True)
    m = len(kept)
    first = np.unique(column, return_index=True)[1]
    n_clusters = np.bincount(column[combinations(column, design.cluster[unit])[0]])
    lone = [np.bincount(cell[first], (n_clusters < 2) & (arm[first] == side), minlength=m) > 0
            for side in (PROGRAM, COMPARISON)]
    behind = [tuple(np.unique(design.cluster[unit[(cell == j) & (arm == side)]]) for j in range(m))
              for side in (PROGRAM, COMPARISON)]
    return Layout(
        estimands=tuple(effect_at(design, cells[j].cohort, cells[j].period) for j in kept),
        cell=cell, unit=unit, period=period, base=base, column=column, arm=arm, cell_of_column=cell[first],
        program_clusters=behind[PROGRAM], comparison_clusters=behind[COMPARISON],
        lone_program=lone[PROGRAM], lone_comparison=lone[COMPARISON])
