"""Group-time ATT (Callaway & Sant'Anna 2021), without covariates, within strata, as contrasts of one regression."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np

from evaluation.stats.records import Design, Estimand, Estimate, Floats, Integers
from evaluation.stats.regression import fit

Comparison = Literal["never", "not_yet"]
Base = Literal["universal", "varying"]
PROGRAM, COMPARISON = 0, 1


@dataclass(frozen=True)
class _Rows:
    """Unit differences, one row per att_gt and unit; `column` numbers the dummies cell × stratum × arm."""

    cell: Integers
    unit: Integers
    period: Integers
    base: Integers
    column: Integers
    arm: Integers


def group_time_att(design: Design, *, comparison: Comparison, base: Base) -> Estimate:
    """Effect on each cohort g in each period t: mean change since the base period, program less comparison units.

    ATT(g, t) = Σ_s share_s [mean_w(Δy | g, s) − mean_w(Δy | comparison, s)], Δy = y_t − y_base, over the strata s that
    have both, share_s their program weight; mean_w under the design's weights.

    Parameters
    ----------
    comparison : `never` compares with never-program units; `not_yet` adds cohorts that start after max(t, base)
    base : the last period of the design before g that is no break; with `varying`, a period before g has the last such
        period before it as base. Where all earlier periods are breaks, the last of them.

    Returns
    -------
    Estimate
        Kind att_gt, by cohort and period; cells without a program or a comparison unit are not among the estimands,
        nor is the base period itself. A unit enters when observed at t and at the base, so units in the program from
        the first period on never do. `event_time` is missing where g is not a period of the design. The regression is
        saturated (one dummy per cell × stratum × arm); rows of one cluster in one dummy are combined, which changes
        neither estimate, CR2, df nor HTZ. A dummy with one cluster adds no variance: it is marked lone.
    """
    cells = _cells(design, base)
    rows = _rows(design, cells, comparison)
    kept, cell = np.unique(rows.cell, return_inverse=True)
    m = len(kept)
    w = design.weight[rows.unit]
    column_weight = np.bincount(rows.column, w)
    cell_of_pair = cell[np.unique(rows.column, return_index=True)[1]][::2]
    share = column_weight[::2] / np.bincount(cell_of_pair, column_weight[::2], minlength=m)[cell_of_pair]
    contrasts = np.zeros((m, len(column_weight)))
    pair = np.arange(len(share))
    contrasts[cell_of_pair, 2 * pair] = share
    contrasts[cell_of_pair, 2 * pair + 1] = -share

    part = w / column_weight[rows.column] * contrasts[cell, rows.column]
    weights = np.zeros((m, *design.present.shape))
    weights[cell, rows.unit, rows.period] = part
    weights[cell, rows.unit, rows.base] = -part

    x, y, row_weight, cluster = _stacked(design, rows, w)
    regression = fit(x, y, row_weight, cluster, n_obs=len(w))
    is_lone = x.sum(axis=0) < 2
    lone = [np.bincount(cell_of_pair, is_lone[arm::2], minlength=m) > 0 for arm in (PROGRAM, COMPARISON)]
    behind = [tuple(np.unique(design.cluster[rows.unit[(cell == j) & (rows.arm == arm)]]) for j in range(m))
              for arm in (PROGRAM, COMPARISON)]
    return Estimate(
        design=design,
        estimator=partial(group_time_att, comparison=comparison, base=base),
        estimands=tuple(_estimand(design, *cells[j][:2]) for j in kept),
        parts=design.parts,
        value=contrasts @ regression.coefficient,
        program_clusters=behind[PROGRAM],
        comparison_clusters=behind[COMPARISON],
        lone_program=lone[PROGRAM],
        lone_comparison=lone[COMPARISON],
        left_out_cohorts=((),) * m,
        weights=weights,
        regression=regression,
        contrasts=contrasts,
    )


def _estimand(design: Design, cohort: int, period: int) -> Estimand:
    start = np.flatnonzero(design.periods == cohort)
    event_time = int(design.position[period] - design.position[start[0]]) if len(start) else None
    return Estimand("att_gt", cohort=cohort, period=int(design.periods[period]), event_time=event_time)


def _cells(design: Design, base: Base) -> list[tuple[int, int, int]]:
    """All (cohort, index of period, index of base period)."""
    cells = []
    for cohort in np.unique(design.cohort[~design.never_program]):
        first = int(np.searchsorted(design.periods, cohort))
        if first == 0 or cohort > design.periods[-1]:
            continue
        for period in range(len(design.periods)):
            start = _last_before(period if base == "varying" and period < first else first, design)
            if start >= 0 and period != start:
                cells.append((int(cohort), period, start))
    return cells


def _last_before(period: int, design: Design) -> int:
    """Index of the last period before this one that is no break, else of the last at all; −1 where there is none."""
    usual = np.flatnonzero(~design.is_break[:period])
    return int(usual[-1]) if len(usual) else period - 1


def _rows(design: Design, cells: list[tuple[int, int, int]], comparison: Comparison) -> _Rows:
    """The units of each cell, in strata that have both arms."""
    found: list[Integers] = [np.empty((6, 0), dtype=np.int64)]
    for j, (cohort, period, base) in enumerate(cells):
        seen = design.present[:, period] & design.present[:, base]
        program = seen & (design.cohort == cohort)
        against = design.never_program.copy()
        if comparison == "not_yet":
            against |= (design.cohort > max(design.periods[period], design.periods[base])) & (design.cohort != cohort)
        against &= seen
        both = np.intersect1d(design.stratum[program], design.stratum[against])
        unit = np.flatnonzero((program | against) & np.isin(design.stratum, both))
        fixed = np.broadcast_to(np.array([[j], [period], [base]]), (3, len(unit)))
        found.append(np.vstack([fixed, unit, design.stratum[unit], np.where(program[unit], PROGRAM, COMPARISON)]))
    cell, period, base, unit, stratum, arm = np.hstack(found)
    _, column = np.unique(np.column_stack([cell, stratum, arm]), axis=0, return_inverse=True)
    return _Rows(cell, unit, period, base, column.ravel(), arm)


def _stacked(design: Design, rows: _Rows, w: Floats) -> tuple[Floats, Floats, Floats, Integers]:
    """Dummies, mean differences, weights and clusters, one row per dummy and cluster."""
    difference = design.outcome[rows.unit, rows.period] - design.outcome[rows.unit, rows.base]
    key, row = np.unique(np.column_stack([rows.column, design.cluster[rows.unit]]), axis=0, return_inverse=True)
    weight, total = np.zeros(len(key)), np.zeros((len(key), difference.shape[1]))
    np.add.at(weight, row.ravel(), w)
    np.add.at(total, row.ravel(), difference * w[:, None])
    dummies: Floats = np.eye(key[:, 0].max(initial=-1) + 1)[key[:, 0]]
    cluster: Integers = key[:, 1]
    return dummies, total / weight[:, None], weight, cluster
