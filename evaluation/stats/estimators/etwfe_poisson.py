"""Extended two-way Poisson regression (Wooldridge 2023): effects under parallel trends of growth, not of levels."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np

from evaluation.stats.estimators.group_time_cells import estimand_of
from evaluation.stats.glm import maximize
from evaluation.stats.records import Booleans, Design, Estimate, Floats, Influence, Integers
from evaluation.stats.regression import TOLERANCE

Scale = Literal["outcome", "log"]
_ROUNDING = 1e-8


def etwfe_poisson(design: Design, *, scale: Scale = "outcome") -> Estimate:
    """Effect on each cohort g in each period t from g on, if without the program its mean had grown as others'.

    E[y] = exp(α_gs + γ_ts + β_gts in the program), by Poisson quasi-likelihood under the design's weights: effects of
    cohort × stratum and period × stratum, one coefficient per cohort × period × stratum in the program. Those
    coefficients are saturated, so that α and γ are fitted to the cells outside the program alone and, w over the
    cohort's cells in t,

        ATT(g, t) = Σ w (y − exp(α + γ)) / Σ w              scale `outcome`
        log(Σ w y / Σ w exp(α + γ))                         scale `log`; with one stratum the coefficient β_gt

    Whoever is outside the program is comparison, before their own start too (not yet). Cells of a later cohort in a
    break period are left out of the fit, where they would serve as its base. Only the mean is modelled: the outcome
    need be neither a count nor Poisson.

    Returns
    -------
    Estimate
        Kind att_gt, periods in the program only, with influence by the delta method; not linear in the outcome, so
        without weights, and no gap among its parts: each column is fitted by itself, the gap of a stacked design by
        `combine.gap_of`. Effects whose α + γ the cells outside the program do not tell are not among the estimands.
        Comparison clusters are those seen outside the program in t in the cohort's strata.

    Raises
    ------
    ValueError
        Negative outcomes (with their number); a cohort before its start, or a period outside the program, of which
        every value is zero, or zeros that separate otherwise; on the scale `log` an effect whose values are all zero.
    """
    _refuse_negative(design)
    grid = _grid(design)
    cells = tuple(_cells(design, grid))
    codes, cluster = np.unique(design.cluster, return_inverse=True)
    m, parts = len(cells), len(design.parts)
    value, of_cluster = np.zeros((m, parts)), np.zeros((len(codes), m, parts))
    for k in range(parts if m else 0):
        fitted = _fit(design, grid, k)
        for j, cell in enumerate(cells):
            (mean, pull), (mean0, pull0) = _means(design, grid, cell, k), _means_without(design, grid, cell, fitted)
            if scale == "log" and mean == 0:
                raise ValueError(f"all {len(cell.units):,} values of `{design.parts[k]}` of cohort {cell.cohort} in "
                                 f"period {design.periods[cell.period]} are zero: the effect on the log scale is not "
                                 "defined; use scale `outcome`")
            value[j, k] = mean - mean0 if scale == "outcome" else np.log(mean / mean0)
            np.add.at(of_cluster[:, j, k], cluster,
                      pull - pull0 if scale == "outcome" else pull / mean - pull0 / mean0)
    beside = [np.flatnonzero(np.isin(design.stratum, design.stratum[c.units]) & grid.is_fitted[:, c.period])
              for c in cells]
    return Estimate(
        design=design,
        estimator=partial(etwfe_poisson, scale=scale),
        estimands=tuple(estimand_of(design, c.cohort, c.period) for c in cells),
        parts=design.parts,
        value=value,
        program_clusters=tuple(np.unique(design.cluster[c.units]) for c in cells),
        comparison_clusters=tuple(np.unique(design.cluster[units]) for units in beside),
        lone_program=np.array([_is_lone(design, c.units) for c in cells], dtype=bool),
        lone_comparison=np.array([_is_lone(design, units) for units in beside], dtype=bool),
        left_out_cohorts=((),) * m,
        influence=Influence(codes, of_cluster),
    )


@dataclass(frozen=True)
class _Grid:
    """R groups (cohort × stratum) × T periods, on each of which the mean without the program is constant.

    Attributes
    ----------
    group : (U,)
        Group of each unit.
    is_fitted : (U, T)
        Cells outside the program that α and γ are fitted to.
    x : (R, T, J)
        Regressors: coordinates of the dummies in the space the fitted cells span.
    is_told : (R, T)
        That space holds the dummies of the group and period: their sum is identified.
    """

    group: Integers
    is_fitted: Booleans
    x: Floats
    is_told: Booleans


@dataclass(frozen=True)
class _Cell:
    """Program units, as indices, in the period of one effect."""

    cohort: int
    period: int
    units: Integers


@dataclass(frozen=True)
class _Fitted:
    """The mean without the program (R, T), and how far each unit pulls the coefficients (U, J)."""

    mean: Floats
    pull: Floats


def _refuse_negative(design: Design) -> None:
    for k, part in enumerate(design.parts):
        n_negative = int((design.outcome[..., k] < 0).sum())
        if n_negative:
            raise ValueError(f"{n_negative:,} of {int(design.present.sum()):,} values of `{part}` are negative: a "
                             "Poisson regression models a mean of 0 or more; use `etwfe`, and for a gap a stacked "
                             "design")


def _grid(design: Design) -> _Grid:
    """Dummies of both kinds, of the groups and periods outside the program; later cohorts not in break periods."""
    _, group = np.unique(np.column_stack([np.nan_to_num(design.cohort, nan=np.inf), design.stratum]), axis=0,
                         return_inverse=True)
    group = group.ravel()
    is_fitted = design.present & ~design.in_program & (design.never_program[:, None] | ~design.is_break[None, :])
    n_groups, n_periods = group.max(initial=-1) + 1, len(design.periods)
    strata, stratum = np.unique(design.stratum, return_inverse=True)
    of_group = np.zeros(n_groups, dtype=np.int64)
    of_group[group] = stratum
    dummies = np.zeros((n_groups, n_periods, n_groups + len(strata) * n_periods))
    dummies[np.arange(n_groups), :, np.arange(n_groups)] = 1
    for t in range(n_periods):
        dummies[np.arange(n_groups), t, n_groups + of_group * n_periods + t] = 1
    fitted = dummies[_by_group(group, is_fitted.astype(np.float64), n_groups) > 0]
    _, size, basis = np.linalg.svd(fitted, full_matrices=False)
    basis = basis[size > TOLERANCE * size.max(initial=1)]
    x = dummies @ basis.T
    return _Grid(group, is_fitted, x, np.linalg.norm(dummies - x @ basis, axis=2) < _ROUNDING)


def _by_group(group: Integers, values: Floats, n_groups: int) -> Floats:
    """(R, T): sums of values (U, T) over the units of each group."""
    out = np.zeros((n_groups, values.shape[1]))
    np.add.at(out, group, values)
    return out


def _cells(design: Design, grid: _Grid) -> Iterator[_Cell]:
    for cohort in np.unique(design.cohort[~design.never_program]):
        for period in np.flatnonzero(design.periods >= cohort):
            mine = (design.cohort == cohort) & design.present[:, period] & grid.is_told[grid.group, period]
            if mine.any():
                yield _Cell(int(cohort), int(period), np.flatnonzero(mine))


def _fit(design: Design, grid: _Grid, k: int) -> _Fitted:
    """α and γ of one column: cells of a group and period have one mean, so their sums are enough."""
    n_groups = len(grid.x)
    y, w = np.nan_to_num(design.outcome[..., k]), design.weight[:, None] * grid.is_fitted
    weight, total = _by_group(grid.group, w, n_groups), _by_group(grid.group, w * y, n_groups)
    _refuse_zeros(design, grid, total, design.parts[k])
    used = weight > 0
    fitted = maximize(grid.x[used], total[used], weight[used], link="log")
    if fitted is None:
        raise ValueError(f"the zeros of `{design.parts[k]}` outside the program leave no finite growth between some "
                         "cohorts and periods: leave out the cohort, period or outcome that is nearly always zero")
    mean = np.exp(grid.x @ fitted.coefficient)
    score = np.einsum("ut,utj->uj", w * (y - mean[grid.group]), grid.x[grid.group])
    return _Fitted(mean, score @ fitted.inverse)


def _refuse_zeros(design: Design, grid: _Grid, total: Floats, part: str) -> None:
    for r in range(len(total)):
        mine = grid.group == r
        if grid.is_fitted[mine].any() and total[r].sum() == 0:
            cohort = design.cohort[mine][0]
            who = "the never-program units" if np.isnan(cohort) else f"cohort {int(cohort)} before its start"
            raise ValueError(f"all {int(grid.is_fitted[mine].sum()):,} values of `{part}` of {who} in stratum "
                             f"{design.stratum[mine][0]} are zero: their growth is not defined; leave them out")
    for s in np.unique(design.stratum):
        mine = design.stratum == s
        for t in np.flatnonzero(grid.is_fitted[mine].any(axis=0)):
            if total[np.unique(grid.group[mine]), t].sum() == 0:
                raise ValueError(f"all {int(grid.is_fitted[mine, t].sum()):,} values of `{part}` outside the program "
                                 f"in period {design.periods[t]} and stratum {s} are zero: growth to it is not "
                                 "defined; leave the period out")


def _means(design: Design, grid: _Grid, cell: _Cell, k: int) -> tuple[float, Floats]:
    """Mean of a cell, and how far each unit (U,) pulls it."""
    y, share = design.outcome[cell.units, cell.period, k], _share(design, cell)
    pull = np.zeros(len(design.unit_ids))
    pull[cell.units] = share * (y - _mean_of_own(grid.group[cell.units], share, y))
    return float(share @ y), pull


def _means_without(design: Design, grid: _Grid, cell: _Cell, fitted: _Fitted) -> tuple[float, Floats]:
    """Mean of a cell without the program, and how far each unit (U,) pulls it."""
    group = grid.group[cell.units]
    without = _share(design, cell) * fitted.mean[group, cell.period]
    return float(without.sum()), fitted.pull @ (without @ grid.x[group, cell.period])


def _share(design: Design, cell: _Cell) -> Floats:
    share: Floats = design.weight[cell.units] / design.weight[cell.units].sum()
    return share


def _mean_of_own(group: Integers, share: Floats, y: Floats) -> Floats:
    """Mean of y within each unit's group: shares of strata are fixed."""
    _, code = np.unique(group, return_inverse=True)
    mean: Floats = (np.bincount(code, share * y) / np.bincount(code, share))[code]
    return mean


def _is_lone(design: Design, units: Integers) -> bool:
    """Some stratum has one cluster only."""
    pairs = np.unique(np.column_stack([design.stratum[units], design.cluster[units]]), axis=0)
    return bool((np.unique(pairs[:, 0], return_counts=True)[1] < 2).any())
