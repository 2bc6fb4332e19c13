"""Extended two-way Poisson regression (Wooldridge 2023): effects under parallel trends of growth, not of levels."""

from __future__ import annotations

from functools import partial
from typing import Literal

import numpy as np

from evaluation.stats.cohorts import effect_at
from evaluation.stats.estimators.poisson_cells import Cell, cells_of, grid_of, means_by_cohort, refuse_zeros
from evaluation.stats.estimators.poisson_units import means_by_unit, told_by_unit
from evaluation.stats.records import Design, Estimate, Floats, Influence, Integers

Effects = Literal["unit", "cohort"]
Scale = Literal["outcome", "log"]


def etwfe_poisson(design: Design, *, effects: Effects = "unit", scale: Scale = "outcome") -> Estimate:
    """Effect on each cohort g in each period t from g on, if without the program its mean had grown as others'.

    E[y] = exp(α + γ_ts + β_gts in the program), by Poisson quasi-likelihood under the design's weights: period ×
    stratum effects γ and one coefficient per cohort × period × stratum in the program. Over the cohort's cells in t,
    with μ1 the fitted mean and μ0 that without β,

        ATT(g, t) = Σ w (μ1 − μ0) / Σ w                     scale `outcome`
        log(Σ w μ1 / Σ w μ0)                                scale `log`; with one stratum the coefficient β_gt

    Whoever is outside the program is comparison, before their own start too (not yet). Cells of a later cohort in a
    break period are left out of the fit, where they would serve as its base. Only the mean is modelled: the outcome
    need be neither a count nor Poisson.

    Parameters
    ----------
    effects : `unit`: α of each unit, so that a unit missing in some periods is not taken for growth; `cohort`: α of
        cohort × stratum. The same where every unit is seen in every period.
    scale : of the effects, as above

    Returns
    -------
    Estimate
        Kind att_gt, periods in the program only, with influence by the delta method, the sampling of units included;
        not linear in the outcome, so without weights, and no gap among its parts: each column is fitted by itself, the
        gap of a stacked design by `combine.gap_of`. Effects that the cells do not tell are not among the estimands.
        Comparison clusters are those seen outside the program in t in the cohort's strata.

    Raises
    ------
    ValueError
        Negative outcomes (with their number); a cohort before its start, or a period outside the program, of which
        every value is zero, or zeros that separate otherwise; on the scale `log` an effect whose values are all zero.
    """
    _refuse_negative(design)
    grid = grid_of(design)
    is_told = told_by_unit(design, grid) if effects == "unit" else grid.is_told[grid.group]
    cells = tuple(cells_of(design, is_told))
    codes, cluster = np.unique(design.cluster, return_inverse=True)
    m, parts = len(cells), len(design.parts)
    value, of_cluster = np.zeros((m, parts)), np.zeros((len(codes), m, parts))
    for k in range(parts if m else 0):
        refuse_zeros(design, grid, k)
        found = (means_by_unit if effects == "unit" else means_by_cohort)(design, grid, cells, k)
        if scale == "log":
            _refuse_no_logarithm(design, cells, found.mean[:, 0], k)
        slope = np.array([1.0, -1.0]) * (1 / found.mean if scale == "log" else np.ones((m, 2)))
        value[:, k] = (np.log(found.mean) if scale == "log" else found.mean) @ [1, -1]
        np.add.at(of_cluster[:, :, k], cluster, (found.pull * slope).sum(axis=2))
    beside = [np.flatnonzero(np.isin(design.stratum, design.stratum[c.units]) & grid.is_outside[:, c.period])
              for c in cells]
    return Estimate(
        design=design,
        estimator=partial(etwfe_poisson, effects=effects, scale=scale),
        estimands=tuple(effect_at(design, c.cohort, c.period) for c in cells),
        parts=design.parts,
        value=value,
        program_clusters=tuple(np.unique(design.cluster[c.units]) for c in cells),
        comparison_clusters=tuple(np.unique(design.cluster[units]) for units in beside),
        lone_program=np.array([_is_lone(design, c.units) for c in cells], dtype=bool),
        lone_comparison=np.array([_is_lone(design, units) for units in beside], dtype=bool),
        left_out_cohorts=((),) * m,
        influence=Influence(codes, of_cluster),
    )


def _refuse_negative(design: Design) -> None:
    for k, part in enumerate(design.parts):
        n_negative = int((design.outcome[..., k] < 0).sum())
        if n_negative:
            raise ValueError(f"{n_negative:,} of {int(design.present.sum()):,} values of `{part}` are negative: a "
                             "Poisson regression models a mean of 0 or more; use `etwfe`, and for a gap a stacked "
                             "design")


def _refuse_no_logarithm(design: Design, cells: tuple[Cell, ...], mean: Floats, k: int) -> None:
    for cell in (cells[j] for j in np.flatnonzero(mean == 0)):
        raise ValueError(f"all {len(cell.units):,} values of `{design.parts[k]}` of cohort {cell.cohort} in period "
                         f"{design.periods[cell.period]} are zero: the effect on the log scale is not defined; use "
                         "scale `outcome`")


def _is_lone(design: Design, units: Integers) -> bool:
    """Some stratum has one cluster only."""
    pairs = np.unique(np.column_stack([design.stratum[units], design.cluster[units]]), axis=0)
    return bool((np.unique(pairs[:, 0], return_counts=True)[1] < 2).any())
