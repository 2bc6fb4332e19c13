"""Cells of an extended Poisson regression, and their means with effects of cohorts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from evaluation.stats.glm import maximize
from evaluation.stats.records import Booleans, Design, Floats, Integers
from evaluation.stats.regression import TOLERANCE

ROUNDING = 1e-8


@dataclass(frozen=True)
class Grid:
    """R groups (cohort × stratum) × T periods.

    Attributes
    ----------
    group : (U,)
        Group of each unit.
    is_outside : (U, T)
        Cells outside the program that the growth is fitted to.
    x : (R, T, J)
        Dummies of groups and of periods × stratum, as coordinates in the space that the cells outside span.
    is_told : (R, T)
        That space holds the group's dummy plus the period's: the mean without the program is identified.
    """

    group: Integers
    is_outside: Booleans
    x: Floats
    is_told: Booleans


@dataclass(frozen=True)
class Cell:
    """Program units, as indices, in the period (an index) of one effect."""

    cohort: int
    period: int
    units: Integers


@dataclass(frozen=True)
class Means:
    """Means of one column in m cells, with the program and without: (m, 2), and each unit's pull on them (U, m, 2)."""

    mean: Floats
    pull: Floats


def grid_of(design: Design) -> Grid:
    """Lay out groups and periods; cells of a later cohort in a break period are no base and left out."""
    key = np.column_stack([np.nan_to_num(design.cohort, nan=np.inf), design.stratum])
    group = np.unique(key, axis=0, return_inverse=True)[1].ravel()
    is_outside = design.present & ~design.in_program & (design.never_program[:, None] | ~design.is_break[None, :])
    n_groups, n_periods = group.max(initial=-1) + 1, len(design.periods)
    strata, stratum = np.unique(design.stratum, return_inverse=True)
    of_group = np.zeros(n_groups, dtype=np.int64)
    of_group[group] = stratum
    dummies = np.zeros((n_groups, n_periods, n_groups + len(strata) * n_periods))
    dummies[np.arange(n_groups), :, np.arange(n_groups)] = 1
    for t in range(n_periods):
        dummies[np.arange(n_groups), t, n_groups + of_group * n_periods + t] = 1
    basis = span(dummies[_by_group(group, is_outside.astype(np.float64), n_groups) > 0])
    x = dummies @ basis.T
    return Grid(group, is_outside, x, np.linalg.norm(dummies - x @ basis, axis=2) < ROUNDING)


def span(rows: Floats) -> Floats:
    """(J, k): an orthonormal basis of the space of rows (N, k)."""
    _, size, basis = np.linalg.svd(rows, full_matrices=False)
    found: Floats = basis[size > TOLERANCE * size.max(initial=1)]
    return found


def cells_of(design: Design, is_told: Booleans) -> Iterator[Cell]:
    """Return cohorts and periods in the program with their units whose mean without it is told (U, T)."""
    for cohort in np.unique(design.cohort[~design.never_program]):
        for period in np.flatnonzero(design.periods >= cohort):
            mine = (design.cohort == cohort) & design.present[:, period] & is_told[:, period]
            if mine.any():
                yield Cell(int(cohort), int(period), np.flatnonzero(mine))


def share_of(design: Design, cell: Cell) -> Floats:
    """Weights of a cell's units, summing to one."""
    share: Floats = design.weight[cell.units] / design.weight[cell.units].sum()
    return share


def less_own_mean(grid: Grid, cell: Cell, share: Floats, values: Floats) -> Floats:
    """Deviations of values of a cell's units from the mean of their group: the shares of strata are fixed."""
    _, code = np.unique(grid.group[cell.units], return_inverse=True)
    deviation: Floats = values - (np.bincount(code, share * values) / np.bincount(code, share))[code]
    return deviation


def means_by_cohort(design: Design, grid: Grid, cells: tuple[Cell, ...], k: int) -> Means:
    """Fit column k with effects of cohort × stratum: outside the program cells of a group and period have one mean."""
    n_groups = len(grid.x)
    y, w = np.nan_to_num(design.outcome[..., k]), design.weight[:, None] * grid.is_outside
    weight, total = _by_group(grid.group, w, n_groups), _by_group(grid.group, w * y, n_groups)
    used = weight > 0
    fitted = maximize(grid.x[used], total[used], weight[used], link="log")
    if fitted is None:
        raise ValueError(separated(design.parts[k]))
    without = np.exp(grid.x @ fitted.coefficient)
    lead = np.einsum("ut,utj->uj", w * (y - without[grid.group]), grid.x[grid.group]) @ fitted.inverse
    mean, pull = np.zeros((len(cells), 2)), np.zeros((len(y), len(cells), 2))
    for j, cell in enumerate(cells):
        group, share, own = grid.group[cell.units], share_of(design, cell), y[cell.units, cell.period]
        part = share * without[group, cell.period]
        mean[j] = share @ own, part.sum()
        pull[cell.units, j, 0] = share * less_own_mean(grid, cell, share, own)
        pull[:, j, 1] = lead @ (part @ grid.x[group, cell.period])
    return Means(mean, pull)


def separated(part: str) -> str:
    """Say that zeros leave no maximum."""
    return (f"the zeros of `{part}` leave no finite growth between some cohorts and periods: leave out the cohort, "
            "period or outcome that is nearly always zero")


def refuse_zeros(design: Design, grid: Grid, k: int) -> None:
    """Refuse a cohort before its start, or a period outside the program, of which every value is zero."""
    part, total = design.parts[k], np.where(grid.is_outside, design.outcome[..., k], 0)
    for r in range(len(grid.x)):
        mine = grid.group == r
        if grid.is_outside[mine].any() and not total[mine].any():
            cohort = design.cohort[mine][0]
            who = "the never-program units" if np.isnan(cohort) else f"cohort {int(cohort)} before its start"
            raise ValueError(f"all {int(grid.is_outside[mine].sum()):,} values of `{part}` of {who} in stratum "
                             f"{design.stratum[mine][0]} are zero: their growth is not defined; leave them out")
    for s in np.unique(design.stratum):
        mine = design.stratum == s
        for t in np.flatnonzero(grid.is_outside[mine].any(axis=0)):
            if not total[mine, t].any():
                raise ValueError(f"all {int(grid.is_outside[mine, t].sum()):,} values of `{part}` outside the program "
                                 f"in period {design.periods[t]} and stratum {s} are zero: growth to it is not "
                                 "defined; leave the period out")


def _by_group(group: Integers, values: Floats, n_groups: int) -> Floats:
    """(R, T): sums of values (U, T) over the units of each group."""
    out = np.zeros((n_groups, values.shape[1]))
    np.add.at(out, group, values)
    return out
