"""Triple difference (Ortiz-Villavicencio & Sant'Anna 2025): a program that reaches only the eligible of a place."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np

from evaluation.stats.cohorts import effect_at
from evaluation.stats.estimators.group_time_adjusted import Adjustment, baseline_covariates
from evaluation.stats.estimators.group_time_cells import Base, Cell, Comparison, Plan, arms, cells_of
from evaluation.stats.estimators.triple_difference_cells import Contrast, comparison_cohorts, contrast, quarters
from evaluation.stats.estimators.two_by_two import Method
from evaluation.stats.records import Booleans, Design, Estimate, Floats, Influence, Integers


def triple_difference(design: Design, *, comparison: Comparison, base: Base, anticipation: int = 0,
                      adjustment: Adjustment = "none") -> Estimate:
    """Effect on eligible units of cohort g in period t, less what moved the ineligible of g and of places to come.

    For each comparison cohort c by itself, with Δy = y_t − y_base and DR one adjusted difference-in-differences:

        ATT_c(g, t) = DR[(g,1) vs (g,0)] + DR[(g,1) vs (c,1)] − DR[(g,1) vs (c,0)]

    joined as Σ_c w_c ATT_c, w = Ω⁻¹1/(1'Ω⁻¹1), part by part; then over strata by the weight of eligible program units.
    Two periods and one cohort are the plain triple difference. Comparison cohorts are never pooled: they may differ in
    trends and in their share of eligible units, and the pooled difference then finds effects where there are none.

    Parameters
    ----------
    design : `is_eligible` says whom the program reaches, in places of all cohorts; `cohort` is the place's start
    comparison, base, anticipation : as for `group_time_att`
    adjustment : how the other three are made alike to eligible program units in `design.covariates` (`two_by_two`)

    Returns
    -------
    Estimate
        Kind att_gt, by cohort and period, with influence per cluster. A cell needs, in a stratum, eligible and other
        units of g and of one comparison cohort, seen at t and at the base. `weights` exist, shared by the parts, where
        every cell has one comparison cohort per stratum; joined cohorts have weights that know the outcome, so
        gap = focal − reference is not claimed there. A cohort (or the comparison) is lone where its eligible or its
        other units are of one cluster; such comparison cohorts are left out while there are others.

    Raises
    ------
    ValueError
        The design does not say who is eligible; what `group_time_att` refuses of covariates.

    Notes
    -----
    ψ of each ATT_c is summed over units, not averaged over a subsample, so that all have one scale. R's triplediff
    0.2.4 scales it by the units of the cell instead of all, and takes the standard error of joined cohorts from it: too
    small with three or more cohorts, where a cell leaves some out. diff-diff 3.13 does the same.
    """
    if len(design.is_eligible) != len(design.unit_ids):
        raise ValueError("a triple difference compares units the program reaches with others of the same places: "
                         "say which units are eligible")
    n_units = len(design.unit_ids)
    covariates = np.empty((n_units, 0)) if adjustment == "none" else baseline_covariates(design)
    adjusted = replace(design, covariates=covariates)
    method: Method = "regression" if adjustment == "none" else adjustment
    plan = Plan(comparison, base, anticipation)
    found = [(cell, contrasts) for cell in cells_of(design, plan)
             if (contrasts := _contrasts(adjusted, cell, plan, method))]
    return _estimate(design, found, partial(triple_difference, comparison=comparison, base=base,
                                            anticipation=anticipation, adjustment=adjustment))


def _contrasts(design: Design, cell: Cell, plan: Plan, method: Method) -> list[Contrast]:
    """One per stratum that has all it takes."""
    found = []
    exposed, against = arms(design, cell, plan)
    for stratum in np.unique(design.stratum[exposed]):
        here = design.stratum == stratum
        program = quarters(design, cell, exposed & here)
        candidates = (quarters(design, cell, units) for units in comparison_cohorts(design, against & here))
        comparison = tuple(c for c in candidates if c.has_both())
        if program.has_both() and comparison:
            try:
                found.append(contrast(design, cell, program, comparison, method))
            except ValueError as error:
                period = int(design.periods[cell.period])
                raise ValueError(f"cohort {cell.cohort} in period {period}, stratum {stratum}: {error}") from error
    return found


def _estimate(design: Design, found: list[tuple[Cell, list[Contrast]]], estimator: partial[Estimate]) -> Estimate:
    m, shape = len(found), design.outcome.shape
    value, of_unit = np.zeros((m, shape[2])), np.zeros((shape[0], m, shape[2]))
    weights: Floats | None = np.zeros((m, *shape[:2]))
    for j, (cell, contrasts) in enumerate(found):
        size = np.array([design.weight[c.program.eligible].sum() for c in contrasts])
        for share, c in zip(size / size.sum(), contrasts, strict=True):
            value[j] += share * c.value
            of_unit[:, j] += share * c.influence
            if weights is not None and c.weight is not None:
                weights[j, :, cell.period] += share * c.weight
                weights[j, :, cell.base] -= share * c.weight
            else:
                weights = None
    codes, code = np.unique(design.cluster, return_inverse=True)
    of_cluster = np.zeros((len(codes), m, shape[2]))
    np.add.at(of_cluster, code, of_unit)
    return Estimate(
        design=design,
        estimator=estimator,
        estimands=tuple(effect_at(design, cell.cohort, cell.period) for cell, _ in found),
        parts=design.parts,
        value=value,
        program_clusters=tuple(_clusters(design, [c.program.both for c in contrasts]) for _, contrasts in found),
        comparison_clusters=tuple(_clusters(design, [q.both for c in contrasts for q in c.comparison])
                                  for _, contrasts in found),
        lone_program=np.array([any(c.program.is_lone(design.cluster) for c in contrasts) for _, contrasts in found],
                              dtype=bool),
        lone_comparison=np.array([any(c.is_lone_comparison for c in contrasts) for _, contrasts in found], dtype=bool),
        left_out_cohorts=((),) * m,
        weights=weights,
        influence=Influence(codes, of_cluster),
    )


def _clusters(design: Design, units: list[Booleans]) -> Integers:
    return np.unique(design.cluster[np.any(units, axis=0)])
