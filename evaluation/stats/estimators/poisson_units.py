"""Means of an extended Poisson regression with effects of units, which are conditioned out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evaluation.stats.estimators.poisson_cells import (
    ROUNDING,
    Cell,
    Grid,
    Means,
    less_own_mean,
    separated,
    share_of,
    span,
)
from evaluation.stats.glm import Likelihood, climb
from evaluation.stats.records import Booleans, Design, Floats, Integers
from evaluation.stats.regression import within

_LARGE = 300.0
"""A linear predictor beyond any that could be fitted, and within what can be computed."""


@dataclass(frozen=True)
class _Columns:
    """Dummies of every cell (U, T): of its period × stratum, and in the program of its group and period, else −1."""

    period: Integers
    program: Integers
    n: int

    def of(self, unit: Integers, period: Integers, *, is_program: bool) -> Floats:
        """(N, J): regressors of these cells, with the program as it was or without."""
        x: Floats = np.eye(self.n)[self.period[unit, period]]
        if is_program:
            mine = self.program[unit, period]
            x = x + np.eye(self.n)[mine] * (mine >= 0)[:, None]
        return x


@dataclass(frozen=True)
class _Fitted:
    """What follows from the coefficients for each unit: its level, its mean regressors (U, J) and its pull (U, J)."""

    basis: Floats
    coefficient: Floats
    level: Floats
    mean: Floats
    pull: Floats


def told_by_unit(design: Design, grid: Grid) -> Booleans:
    """(U, T): the cells of units seen at other times too tell the effect on the cell's group in the period."""
    columns, used = _columns(design, grid), _used(design, grid)
    unit, period = np.nonzero(used)
    basis = span(within(columns.of(unit, period, is_program=True), unit))
    is_told = np.linalg.norm(np.eye(columns.n) - basis.T @ basis, axis=1) < ROUNDING
    return np.asarray(used & (columns.program >= 0) & is_told[columns.program])


def means_by_unit(design: Design, grid: Grid, cells: tuple[Cell, ...], k: int) -> Means:
    """Fit column k with effects of units: Σ_i w_i Σ_t y_it log(p_it) is greatest, p_it = e^η_it / Σ_s e^η_is.

    A unit's level is its total over Σ_s e^η, 0 where all its values are zero. A cohort in a period and stratum that has
    only zeros in the program has the mean 0 there, and its cells say nothing else.
    """
    columns = _columns(design, grid)
    y = np.nan_to_num(design.outcome[..., k])
    is_zero = _is_zero(columns, y)
    fitted = _fit(design, columns, _used(design, grid) & ~is_zero, k)
    mean, pull = np.zeros((len(cells), 2)), np.zeros((len(y), len(cells), 2))
    for j, cell in enumerate(cells):
        share, period = share_of(design, cell), np.full(len(cell.units), cell.period)
        for arm in range(2):
            z = columns.of(cell.units, period, is_program=arm == 0) @ fitted.basis.T
            value = fitted.level[cell.units] * np.exp(z @ fitted.coefficient)
            if arm == 0:
                value = np.where(is_zero[cell.units, cell.period], 0, value)
            mean[j, arm] = share @ value
            pull[:, j, arm] = fitted.pull @ ((share * value) @ (z - fitted.mean[cell.units]))
            pull[cell.units, j, arm] += share * less_own_mean(grid, cell, share, value)
    return Means(mean, pull)


def _fit(design: Design, columns: _Columns, used: Booleans, k: int) -> _Fitted:
    unit, period = np.nonzero(used)
    y, n_units = design.outcome[unit, period, k], len(design.unit_ids)
    rows = columns.of(unit, period, is_program=True)
    basis = span(within(rows, unit))
    x = rows @ basis.T
    total = np.bincount(unit, y, minlength=n_units)
    w = design.weight

    def likelihood(coefficient: Floats) -> Likelihood:
        eta = x @ coefficient
        growth = np.exp(np.clip(eta, -_LARGE, _LARGE))
        sums = np.bincount(unit, growth, minlength=n_units)
        expected = (w * total)[unit] * growth / sums[unit]
        mean = _sums(unit, (growth / sums[unit])[:, None] * x, n_units)
        value = float((w[unit] * y) @ (eta - np.log(sums[unit])))
        information = x.T @ (expected[:, None] * x) - mean.T @ ((w * total)[:, None] * mean)
        return Likelihood(value, x.T @ (w[unit] * y - expected), information)

    found = climb(likelihood, np.zeros(x.shape[1]), within(x, unit))
    if found is None:
        raise ValueError(separated(design.parts[k]))
    coefficient, inverse = found
    growth = np.exp(x @ coefficient)
    sums = np.bincount(unit, growth, minlength=n_units)
    level = np.divide(total, sums, out=np.zeros(n_units), where=sums > 0)
    mean = _sums(unit, (growth / sums[unit])[:, None] * x, n_units)
    score = w[:, None] * _sums(unit, (y - level[unit] * growth)[:, None] * x, n_units)
    return _Fitted(basis, coefficient, level, mean, score @ inverse)


def _columns(design: Design, grid: Grid) -> _Columns:
    n_periods = len(design.periods)
    strata, stratum = np.unique(design.stratum, return_inverse=True)
    key = np.where(design.in_program, grid.group[:, None] * n_periods + np.arange(n_periods), -1)
    found, program = np.unique(key, return_inverse=True)
    first = len(strata) * n_periods
    column = np.where(design.in_program, program.reshape(key.shape) + first, -1)
    return _Columns(stratum[:, None] * n_periods + np.arange(n_periods), column, first + len(found))


def _used(design: Design, grid: Grid) -> Booleans:
    """(U, T): cells outside the program, and in it those of units that start after the first period."""
    is_always = design.in_program[:, :1]
    return np.asarray(grid.is_outside | (design.present & design.in_program & ~is_always))


def _is_zero(columns: _Columns, y: Floats) -> Booleans:
    """(U, T): cells in the program whose group has no other value than zero in the period."""
    of_column = np.bincount(columns.program.clip(min=0).ravel(), (y * (columns.program >= 0)).ravel(), columns.n)
    return np.asarray((columns.program >= 0) & (of_column[columns.program] == 0))


def _sums(unit: Integers, values: Floats, n_units: int) -> Floats:
    """(U, J): sums of values (N, J) over each unit's rows."""
    out = np.zeros((n_units, values.shape[1]))
    np.add.at(out, unit, values)
    return out
