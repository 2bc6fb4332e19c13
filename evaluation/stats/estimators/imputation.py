"""Imputation estimator (Borusyak, Jaravel & Spiess 2024), which is two-stage DiD (Gardner 2022)."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from evaluation.stats.cohorts import effect_at
from evaluation.stats.estimators.etwfe import etwfe
from evaluation.stats.estimators.two_way_effects import ROUND_OFF, clusters_of, join
from evaluation.stats.records import Booleans, Design, Estimate, Floats, Influence, Integers
from evaluation.stats.regression import TOLERANCE

SAME = 1e-9
"""Share of the largest weight to which two estimators' weights must agree to be the same estimator."""


@dataclass(frozen=True)
class _Told:
    """Unit and period × stratum effects fitted on the cells without the program, period effects as weights.

    Attributes
    ----------
    cells : (U, T) the cells
    n : (U,) how many each unit has
    code : (U, T) number of the period × stratum effect
    mean : (U, J) mean of the unit's dummies over its cells
    unit, period : (N,) of the cells
    inverse : (J, J) of the period effects' equations, up to what the cells do not tell
    load : (N, J) load' × outcome = period effects, up to that
    unknown : (J, d) directions that the cells do not tell
    """

    cells: Booleans
    n: Integers
    code: Integers
    mean: Floats
    unit: Integers
    period: Integers
    inverse: Floats
    load: Floats
    unknown: Floats


@dataclass(frozen=True)
class _Imputed:
    """Unit and period (N,) of the cells in the program that are imputed; their dummy less the unit's mean (N, J)."""

    unit: Integers
    period: Integers
    away: Floats


def imputation(design: Design) -> Estimate:
    """Effect on each cohort in each period of the program: observed less imputed outcome.

    Unit and period × stratum effects are fitted on the cells without the program, never or not yet; they impute what
    the other cells would have had, and att_gt is the mean of the differences under the design's weights. Linear in the
    outcome whatever cells are absent.

    Returns
    -------
    Estimate
        Kind att_gt, in the program only. A cell counts when its unit is seen without the program and some unit of its
        stratum tells the period effect; units always in the program never do. Where all weights are those of the
        extended two-way regression (`etwfe`, not_yet), as when no cell is absent, its regression comes with the
        estimate; else the influence of each cluster does, Σ weight × residual, where residuals in the program are
        deviations from the mean effect of cohort × period × stratum.

    Notes
    -----
    Source: Borusyak, Jaravel & Spiess (2024), *Revisiting event-study designs*; Gardner (2022). A dummy per cell in the
    program is an exact regression too, but leaves those cells without residual, so no variance can be read off it. The
    paper centres residuals with squared weights; here with weights, so that they sum to zero in each cell.
    """
    told = _told(design)
    at = _imputable(design, told)
    cells, cell = np.unique(np.column_stack([design.cohort[at.unit], at.period, design.stratum[at.unit]]), axis=0,
                            return_inverse=True)
    cell = cell.ravel()
    names, of = np.unique(cells[:, :2], axis=0, return_inverse=True)
    of, m = of.ravel(), len(names)
    j, w = of[cell], design.weight[at.unit]
    taken = _taken(told, at, j, w / np.bincount(j, w, minlength=m)[j], m)
    weights = _weights(told, at, j, w / np.bincount(j, w, minlength=m)[j], taken)
    program = clusters_of(design, cell, at.unit)
    against = tuple(np.unique(design.cluster[told.cells[:, int(t)] & (design.stratum == s)]) for _, t, s in cells)
    found = Estimate(
        design=design,
        estimator=imputation,
        estimands=tuple(effect_at(design, g, int(t)) for g, t in names),
        parts=design.parts,
        value=np.tensordot(weights, np.nan_to_num(design.outcome), axes=2),
        program_clusters=join(program, of),
        comparison_clusters=join(against, of),
        lone_program=_has_lone(program, of),
        lone_comparison=_has_lone(against, of),
        left_out_cohorts=((),) * m,
        weights=weights,
    )
    if _may_agree(design, told, at, cell, taken):
        same = etwfe(replace(design, covariates=np.empty((0, 0))), comparison="not_yet")
        if same.estimands == found.estimands and _agree(same, found):
            return replace(found, regression=same.regression, contrasts=same.contrasts)
    return replace(found, influence=_influence(design, told, at, cell, weights))


def _told(design: Design) -> _Told:
    """What the cells without the program tell of the effects."""
    cells = design.present & ~design.in_program
    n, periods = cells.sum(axis=1), len(design.periods)
    _, stratum = np.unique(design.stratum, return_inverse=True)
    code = stratum[:, None] * periods + np.arange(periods)
    unit, period = np.nonzero(cells)
    mean = np.zeros((len(n), int(stratum.max(initial=-1) + 1) * periods))
    mean[unit, code[unit, period]] = 1 / n[unit]
    inside = np.eye(mean.shape[1])[code[unit, period]] - mean[unit]
    w = design.weight[unit]
    size, vectors = np.linalg.eigh(inside.T @ (w[:, None] * inside))
    is_told = size > TOLERANCE * size.max(initial=0)
    inverse = vectors[:, is_told] / size[is_told] @ vectors[:, is_told].T
    return _Told(cells, n, code, mean, unit, period, inverse, w[:, None] * inside @ inverse, vectors[:, ~is_told])


def _imputable(design: Design, told: _Told) -> _Imputed:
    """The cells in the program whose effects of unit and period the other cells tell."""
    unit, period = np.nonzero(design.present & design.in_program & (told.n > 0)[:, None])
    away = np.eye(told.mean.shape[1])[told.code[unit, period]] - told.mean[unit]
    is_told = np.abs(away @ told.unknown).max(axis=1, initial=0) < np.sqrt(TOLERANCE)
    return _Imputed(unit[is_told], period[is_told], away[is_told])


def _taken(told: _Told, at: _Imputed, j: Integers, share: Floats, m: int) -> tuple[Floats, Floats]:
    """What the imputed values of each effect take: means of units (m, U), and period effects away from them (m, J)."""
    own, away = np.zeros((m, len(told.n))), np.zeros((m, told.mean.shape[1]))
    np.add.at(own, (j, at.unit), share)
    np.add.at(away, j, share[:, None] * at.away)
    return own, away


def _weights(told: _Told, at: _Imputed, j: Integers, share: Floats, taken: tuple[Floats, Floats]) -> Floats:
    """(m, U, T): share of the cell itself, less what its imputed value takes from the cells without the program.

    Imputed: mean of the unit's cells + (period effect − mean of the period effects of those cells).
    """
    own, away = taken
    weights = np.zeros((len(own), *told.cells.shape))
    weights[j, at.unit, at.period] = share
    found = own[:, told.unit] / told.n[told.unit] + away @ told.load.T
    found[np.abs(found) <= ROUND_OFF * np.abs(found).max(axis=1, initial=0, keepdims=True)] = 0
    weights[:, told.unit, told.period] = -found
    return weights


def _may_agree(design: Design, told: _Told, at: _Imputed, cell: Integers, taken: tuple[Floats, Floats]) -> bool:
    """Tell whether the weights can be those of the regression, before it is fitted.

    Weights of a regression, by unit of weight, are sums of a number per unit, per period × stratum and per dummy; so
    units that share a dummy have the same number, as the cells of a dummy weigh the same.
    """
    own, away = taken
    of_unit = (own / (np.maximum(told.n, 1) * design.weight) - away @ told.inverse @ told.mean.T)[:, at.unit]
    _, first = np.unique(cell, return_index=True)
    apart = np.abs(of_unit - of_unit[:, first[cell]]).max(initial=0)
    return bool(apart <= np.sqrt(SAME) * np.abs(of_unit).max(initial=0))


def _has_lone(clusters: tuple[Integers, ...], of: Integers) -> Booleans:
    """(m,): one of the estimand's cells has fewer than two clusters."""
    is_lone = np.array([len(c) < 2 for c in clusters], dtype=np.float64)
    return np.asarray(np.bincount(of, is_lone, minlength=of.max(initial=-1) + 1) > 0)


def _agree(a: Estimate, b: Estimate) -> bool:
    """Both put the same weights on all cells."""
    if a.weights is None or b.weights is None:
        return False
    return bool(np.abs(a.weights - b.weights).max(initial=0) <= SAME * np.abs(b.weights).max(initial=0))


def _influence(design: Design, told: _Told, at: _Imputed, cell: Integers, weights: Floats) -> Influence:
    """Weight × residual, summed by cluster."""
    outcome = design.outcome
    before = np.where(told.cells[:, :, None], np.nan_to_num(outcome), 0).sum(axis=1) / np.maximum(told.n, 1)[:, None]
    effect = told.load.T @ outcome[told.unit, told.period]
    residual = np.zeros_like(outcome)
    fitted = before[told.unit] + effect[told.code[told.unit, told.period]] - told.mean[told.unit] @ effect
    residual[told.unit, told.period] = outcome[told.unit, told.period] - fitted
    change = outcome[at.unit, at.period] - before[at.unit] - at.away @ effect
    w = design.weight[at.unit]
    mean = np.zeros((cell.max(initial=-1) + 1, outcome.shape[2]))
    np.add.at(mean, cell, change * (w / np.bincount(cell, w)[cell])[:, None])
    residual[at.unit, at.period] = change - mean[cell]
    codes, g = np.unique(design.cluster, return_inverse=True)
    of_cluster = np.zeros((len(codes), len(weights), outcome.shape[2]))
    np.add.at(of_cluster, g, np.einsum("mut,utk->umk", weights, residual))
    used = np.isin(codes, design.cluster[(weights != 0).any(axis=(0, 2))])
    return Influence(codes[used], of_cluster[used])
