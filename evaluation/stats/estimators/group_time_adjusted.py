"""Group-time effects with baseline covariates: one adjusted difference-in-differences per cell and stratum."""

from __future__ import annotations

from functools import partial
from typing import Literal

import numpy as np

from evaluation.stats.estimators.group_time_cells import PROGRAM, Layout
from evaluation.stats.estimators.two_by_two import TwoByTwo, two_by_two
from evaluation.stats.records import Design, Estimate, Floats, Influence, Integers

Adjustment = Literal["none", "regression", "ipw", "dr"]


def adjusted(design: Design, of: Layout, adjustment: Literal["regression", "ipw", "dr"],
             made: partial[Estimate]) -> Estimate:
    """Return the effects of a layout, adjusted within each stratum; strata are joined by their program weight.

    The change of each unit is integrated over the program units' covariates, under the design's weights, in every part:
    with focal weights the gap and both its parts stand on the focal students' distribution.
    """
    covariates = baseline_covariates(design)
    m, w = len(of.estimands), design.weight[of.unit]
    column_weight = np.bincount(of.column, w)
    codes = np.unique(design.cluster)
    value, weights = np.zeros((m, len(design.parts))), np.zeros((m, *design.present.shape))
    of_cluster = np.zeros((len(codes), m, len(design.parts)))
    total = np.bincount(of.cell_of_column[::2], column_weight[::2], minlength=m)
    for pair in range(len(column_weight) // 2):
        rows = np.flatnonzero(of.column // 2 == pair)
        j, unit = int(of.cell_of_column[2 * pair]), of.unit[rows]
        period, base = of.period[rows[0]], of.base[rows[0]]
        found = _fit(design, of, rows, covariates, adjustment)
        share = column_weight[2 * pair] / total[j]
        value[j] += share * found.value
        weights[j, unit, period] += share * found.weight
        weights[j, unit, base] -= share * found.weight
        np.add.at(of_cluster[:, j], np.searchsorted(codes, design.cluster[unit]), share * found.influence)
    return Estimate(
        design=design,
        estimator=made,
        estimands=of.estimands,
        parts=design.parts,
        value=value,
        program_clusters=of.program_clusters,
        comparison_clusters=of.comparison_clusters,
        lone_program=of.lone_program,
        lone_comparison=of.lone_comparison,
        left_out_cohorts=((),) * m,
        weights=weights,
        influence=Influence(codes, of_cluster),
    )


def _fit(design: Design, of: Layout, rows: Integers, covariates: Floats,
         adjustment: Literal["regression", "ipw", "dr"]) -> TwoByTwo:
    unit, period, base = of.unit[rows], of.period[rows[0]], of.base[rows[0]]
    try:
        return two_by_two(design.outcome[unit, period] - design.outcome[unit, base], of.arm[rows] == PROGRAM,
                          covariates[unit], design.weight[unit], method=adjustment)
    except ValueError as error:
        estimand = of.estimands[of.cell[rows[0]]]
        raise ValueError(f"cohort {estimand.cohort} in period {estimand.period}, stratum "
                         f"{design.stratum[unit[0]]}: {error}") from error


def baseline_covariates(design: Design) -> Floats:
    """Return the design's covariates (U, C).

    Raises
    ------
    ValueError
        There are none, or a unit has none.
    """
    n_units = len(design.unit_ids)
    if design.covariates.shape[0] != n_units or design.covariates.shape[1] == 0:
        raise ValueError("an adjusted estimate needs baseline covariates: give them with the design, or choose "
                         "adjustment `none`")
    n_missing = int((~np.isfinite(design.covariates)).any(axis=1).sum())
    if n_missing:
        raise ValueError(f"{n_missing:,} of {n_units:,} units have no value of a baseline covariate: leave them or the "
                         "covariate out")
    return design.covariates
