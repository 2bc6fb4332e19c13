"""Group-time ATT (Callaway & Sant'Anna 2021), within strata: the headline."""

from __future__ import annotations

from functools import partial
from typing import Literal

import numpy as np

from evaluation.stats.estimators.group_time_adjusted import Adjustment, adjusted
from evaluation.stats.estimators.group_time_cells import (
    Base,
    Comparison,
    Layout,
    Plan,
    layout,
    layout_of_cross_sections,
)
from evaluation.stats.records import Design, Estimate, Floats
from evaluation.stats.regression import combinations, fit_means

__all__ = ["Adjustment", "Base", "Comparison", "Sampling", "group_time_att"]

Sampling = Literal["panel", "repeated_cross_sections"]


def group_time_att(design: Design, *, comparison: Comparison, base: Base, anticipation: int = 0,
                   adjustment: Adjustment = "none", sampling: Sampling = "panel") -> Estimate:
    """Effect on each cohort g in each period t: mean change since the base period, program less comparison units.

    ATT(g, t) = Σ_s share_s [mean_w(Δy | g, s) − mean_w(Δy | comparison, s)], Δy = y_t − y_base, over the strata s that
    have both, share_s their program weight; mean_w under the design's weights.

    Parameters
    ----------
    comparison : `never` compares with never-program units; `not_yet` adds cohorts that start more than `anticipation`
        periods after max(t, base)
    base : the last period of the design more than `anticipation` periods before g that is no break; with `varying`, a
        period before that has the last such period before it as base. Where all earlier periods are breaks, the last.
    anticipation : periods before g, in the study's list, in which units may already respond
    adjustment : how comparison units are made alike in `design.covariates`, stratum by stratum (`two_by_two`):
        `regression` of the change on the covariates, `ipw` by the standardised odds of the propensity score, `dr` both
    sampling : `panel` follows units; `repeated_cross_sections` compares the periods' own means, each cell with weight
        `design.n` whatever the unit's weight, and needs no unit to be seen twice: an effect on whoever is there at the
        time, another estimand. Shares of strata are the program units' n in period t.

    Returns
    -------
    Estimate
        Kind att_gt, by cohort and period; cells without a program or a comparison unit are not among the estimands,
        nor is the base period itself. In a panel a unit enters when observed at t and at the base, so units in the
        program from the first period on never do. `event_time` is missing where g is not a period of the design.
        Without adjustment the regression is saturated (one dummy per cell × stratum × arm, in cross-sections × moment);
        rows of one cluster in one dummy are combined, which changes neither estimate, CR2, df nor HTZ. Adjusted effects
        have influence instead. Either way the parts share their weights. A dummy with one cluster adds no variance: it
        is marked lone.

    Raises
    ------
    ValueError
        Anticipation below 0; covariates, or n, missing where they are needed; covariates with cross-sections; an effect
        whose covariates separate the program from its comparison units or are too many for them.
    """
    if anticipation < 0:
        raise ValueError(f"anticipation is a number of periods, 0 or more; {anticipation} was given")
    plan = Plan(comparison, base, anticipation)
    made = partial(group_time_att, comparison=comparison, base=base, anticipation=anticipation, adjustment=adjustment,
                   sampling=sampling)
    if sampling == "panel":
        of = layout(design, plan)
        return adjusted(design, of, adjustment, made) if adjustment != "none" else _saturated(design, of, made)
    if adjustment != "none":
        raise ValueError("repeated cross-sections have no change of a unit to adjust: leave the covariates out, or "
                         "follow units (sampling `panel`)")
    if design.n.shape != design.present.shape or not (design.n[design.present] > 0).all():
        raise ValueError("repeated cross-sections weigh every cell by its number of students (or rows): give a "
                         "positive n for each cell that is present")
    return _cross_sections(design, layout_of_cross_sections(design, plan), made)


def _saturated(design: Design, of: Layout, made: partial[Estimate]) -> Estimate:
    m, w = len(of.estimands), design.weight[of.unit]
    column_weight = np.bincount(of.column, w).astype(np.float64)
    contrasts = np.zeros((m, len(column_weight)))
    _put_shares(contrasts, of, column_weight, step=2)
    part = w / column_weight[of.column] * contrasts[of.cell, of.column]
    weights = np.zeros((m, *design.present.shape))
    weights[of.cell, of.unit, of.period] = part
    weights[of.cell, of.unit, of.base] = -part
    difference = design.outcome[of.unit, of.period] - design.outcome[of.unit, of.base]
    return _estimate(design, of, made, (w, difference, contrasts, weights))


def _cross_sections(design: Design, of: Layout, made: partial[Estimate]) -> Estimate:
    m, n = len(of.estimands), design.n[of.unit, of.period]
    column_n = np.bincount(of.column, n).astype(np.float64)
    contrasts = np.zeros((m, len(column_n)))
    _put_shares(contrasts, of, column_n, step=4)
    contrasts[:, 1::2] = -contrasts[:, ::2]
    weights = np.zeros((m, *design.present.shape))
    weights[of.cell, of.unit, of.period] = n / column_n[of.column] * contrasts[of.cell, of.column]
    return _estimate(design, of, made, (n, design.outcome[of.unit, of.period], contrasts, weights))


def _put_shares(contrasts: Floats, of: Layout, column_weight: Floats, *, step: int) -> None:
    """Write each stratum's share of its effect: + at the first of its `step` columns (program), − at the middle one."""
    program = np.arange(0, len(column_weight), step)
    cell, weight = of.cell_of_column[program], column_weight[program]
    share = weight / np.bincount(cell, weight, minlength=len(contrasts))[cell]
    contrasts[cell, program] = share
    contrasts[cell, program + step // 2] = -share


def _estimate(design: Design, of: Layout, made: partial[Estimate],
              numbers: tuple[Floats, Floats, Floats, Floats]) -> Estimate:
    w, y, contrasts, weights = numbers
    first, row = combinations(of.column, design.cluster[of.unit])
    weight, total = np.bincount(row, w).astype(np.float64), np.zeros((len(first), y.shape[1]))
    np.add.at(total, row, y * w[:, None])
    regression = fit_means(of.column[first], total / weight[:, None], weight, design.cluster[of.unit[first]],
                           n_obs=len(w))
    return Estimate(
        design=design,
        estimator=made,
        estimands=of.estimands,
        parts=design.parts,
        value=contrasts @ regression.coefficient,
        program_clusters=of.program_clusters,
        comparison_clusters=of.comparison_clusters,
        lone_program=of.lone_program,
        lone_comparison=of.lone_comparison,
        left_out_cohorts=((),) * len(of.estimands),
        weights=weights,
        regression=regression,
        contrasts=contrasts,
    )
