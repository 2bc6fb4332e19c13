"""Effects read off a two-way regression: what event study, Sun–Abraham, extended two-way and stacked have in common."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from evaluation.stats.cohorts import effect_at
from evaluation.stats.lone import lone_arms
from evaluation.stats.records import Booleans, Design, Estimand, Estimate, Floats, Integers, Regression
from evaluation.stats.regression import fit_within, row_weights, seen_twice

ROUND_OFF = 1e-13
"""Share of an estimand's largest weight below which a weight is zero: aggregates count cells with weight."""


def estimate_of(design: Design, estimator: Callable[[Design], Estimate], estimands: tuple[Estimand, ...], *,
                regression: Regression, contrasts: Floats, weights: Floats,
                program: tuple[Integers, ...], comparison: tuple[Integers, ...]) -> Estimate:
    """Put an estimate together: contrasts (m, k) of a regression, their weights (m, U, T), the clusters behind them.

    Lone is an estimand that the regression cannot tell without some one cluster.
    """
    none = np.zeros(0, dtype=bool)
    lone_program, lone_comparison = lone_arms(regression, contrasts, program) if estimands else (none, none)
    return Estimate(
        design=design,
        estimator=estimator,
        estimands=estimands,
        parts=design.parts,
        value=contrasts @ regression.coefficient,
        program_clusters=program,
        comparison_clusters=comparison,
        lone_program=lone_program,
        lone_comparison=lone_comparison,
        left_out_cohorts=((),) * len(estimands),
        weights=weights,
        regression=regression,
        contrasts=contrasts,
    )


def cell_weights(design: Design, regression: Regression, contrasts: Floats, unit: Integers, period: Integers) -> Floats:
    """(m, U, T): what each cell's outcome adds to each contrast; rows of one cell (N,) add up."""
    load = row_weights(regression, contrasts)
    load[np.abs(load) <= ROUND_OFF * np.abs(load).max(axis=0, initial=0)] = 0
    weights = np.zeros((*design.present.shape, load.shape[1]))
    np.add.at(weights, (unit, period), load)
    return np.moveaxis(weights, 2, 0)


def clusters_of(design: Design, code: Integers, unit: Integers) -> tuple[Integers, ...]:
    """Return the clusters of the units (N,) of each code 0, 1, … (N,)."""
    return tuple(np.unique(design.cluster[unit[code == j]]) for j in range(code.max(initial=-1) + 1))


@dataclass(frozen=True)
class Rows:
    """Rows of a two-way regression.

    Attributes
    ----------
    unit, period : (N,) index of the cell
    w : (N,) weight, constant within a unit effect
    unit_effect, period_effect : (N,) codes of the effects beside the coefficients
    """

    unit: Integers
    period: Integers
    w: Floats
    unit_effect: Integers
    period_effect: Integers


def fit_by_code(design: Design, estimator: Callable[[Design], Estimate], rows: Rows, *, has: Booleans, code: Integers,
                estimands: tuple[Estimand, ...], comparison: Integers) -> Estimate:
    """Fit one coefficient per code 0, 1, … of the rows that `has` (N,), shared by all cohorts and strata.

    Each is an estimand, but for those that the effects explain.
    """
    columns = np.zeros((len(rows.unit), len(estimands)))
    columns[has, code] = 1
    regression, is_known = fit_within(columns, design.outcome[rows.unit, rows.period], rows.w,
                                      unit=rows.unit_effect, effect=rows.period_effect,
                                      cluster=design.cluster[rows.unit])
    known = np.flatnonzero(is_known)
    contrasts = np.eye(len(known), regression.x.shape[1])
    clusters = clusters_of(design, code, rows.unit[has])
    return estimate_of(design, estimator, tuple(estimands[j] for j in known), regression=regression,
                       contrasts=contrasts, program=tuple(clusters[j] for j in known),
                       comparison=(comparison,) * len(known),
                       weights=cell_weights(design, regression, contrasts, rows.unit, rows.period))


def join(clusters: tuple[Integers, ...], of: Integers) -> tuple[Integers, ...]:
    """Return the clusters behind each estimand 0, 1, …, from those of its cells; `of` (C,) is a cell's estimand."""
    return tuple(np.unique(np.concatenate([clusters[c] for c in np.flatnonzero(of == i)]))
                 for i in range(of.max(initial=-1) + 1))


def fit_by_cohort_and_period(design: Design, estimator: Callable[[Design], Estimate], *, used: Booleans,
                             dummy: Booleans, comparison: Booleans, moderators: Floats | None = None) -> Estimate:
    """Fit one dummy per cohort × period × stratum beside unit and period × stratum effects.

    Strata that have the dummy and can tell it from the effects are joined by program weight.

    Parameters
    ----------
    used : (U, T) cells of the regression
    dummy : (U, T) cells with a dummy, of cohort × period × stratum
    comparison : (U, T) cells that stand for "without the program"
    moderators : (U, C) baseline values whose trend is adjusted for: × period, and × every dummy, where they are
        deviations from their mean in cohort × stratum, so that effects are those at the cohort's means
    """
    unit, period = seen_twice(design, among=used)
    w, stratum = design.weight[unit], design.stratum[unit]
    has = dummy[unit, period]
    key = np.column_stack([design.cohort[unit], period, stratum])[has]
    cells, cell = np.unique(key, axis=0, return_inverse=True)
    cell = cell.ravel()
    columns = np.zeros((len(unit), len(cells)))
    columns[has, cell] = 1
    extra = np.empty((len(unit), 0)) if moderators is None else _moderated(design, moderators, unit, period, has)
    regression, is_known = fit_within(np.hstack([columns, extra]), design.outcome[unit, period], w, unit=unit,
                                      effect=period + len(design.periods) * stratum, cluster=design.cluster[unit])
    known = np.flatnonzero(is_known[: len(cells)])
    names, j = np.unique(cells[known, :2], axis=0, return_inverse=True)
    j = j.ravel()
    size = np.bincount(cell, w[has], minlength=len(cells))[known]
    contrasts = np.zeros((len(names), regression.x.shape[1]))
    contrasts[j, np.arange(len(known))] = size / np.bincount(j, size, minlength=len(names))[j]
    weights = cell_weights(design, regression, contrasts, unit, period)
    of_cell = clusters_of(design, cell, unit[has])
    program = tuple(of_cell[c] for c in known)
    against = tuple(_against(design, comparison, cells[c], unit, period) for c in known)
    estimands = tuple(effect_at(design, g, int(t)) for g, t in names)
    return estimate_of(design, estimator, estimands, regression=regression, contrasts=contrasts, weights=weights,
                       program=join(program, j), comparison=join(against, j))


def _against(design: Design, comparison: Booleans, cell: Floats, unit: Integers, period: Integers) -> Integers:
    """Clusters of the comparison cells of a cell's stratum and period, never of its own cohort."""
    cohort, t, stratum = cell
    chosen = (period == t) & (design.stratum[unit] == stratum) & comparison[unit, period]
    found: Integers = np.unique(design.cluster[unit[chosen & (design.cohort[unit] != cohort)]])
    return found


def _moderated(design: Design, moderators: Floats, unit: Integers, period: Integers, has: Booleans) -> Floats:
    """(N, J): baseline values × period, and their deviations from the cohort's means × cohort × period."""
    seen = np.unique(unit)
    group = np.unique(np.column_stack([np.nan_to_num(design.cohort[seen], nan=-1), design.stratum[seen]]), axis=0,
                      return_inverse=True)[1].ravel()
    w = design.weight[seen]
    mean = np.zeros((group.max(initial=-1) + 1, moderators.shape[1]))
    np.add.at(mean, group, moderators[seen] * w[:, None])
    deviation = np.zeros_like(moderators)
    deviation[seen] = moderators[seen] - (mean / np.bincount(group, w)[:, None])[group]
    cells, cell = np.unique(np.column_stack([design.cohort[unit], period])[has], axis=0, return_inverse=True)
    is_cell = np.zeros((len(unit), len(cells)))
    is_cell[has, cell.ravel()] = 1
    is_period = np.eye(len(design.periods))[period]
    parts = [(is_period[:, :, None] * moderators[unit][:, None, :]).reshape(len(unit), -1),
             (is_cell[:, :, None] * deviation[unit][:, None, :]).reshape(len(unit), -1)]
    return np.hstack(parts)
