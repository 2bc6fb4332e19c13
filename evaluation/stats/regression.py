"""Weighted least squares and the two-way fixed-effects design, as cluster-robust inference needs them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.linalg import qr, solve_triangular

from evaluation.stats.records import Design, Estimand, Estimate, Floats, Integers, Regression

TOLERANCE = 1e-9
"""Share of a regressor's norm below which it counts as a combination of the others."""


def fit(x: Floats, y: Floats, w: Floats, cluster: Integers) -> Regression:
    """Fit y (N, K) on x (N, k) by least squares with weights w (N,).

    Raises
    ------
    ValueError
        x is not of full column rank.
    """
    root = np.sqrt(w)[:, None]
    q, r = np.linalg.qr(x * root)
    if x.shape[0] < x.shape[1] or (np.abs(np.diag(r)) <= TOLERANCE * np.linalg.norm(x * root, axis=0)).any():
        raise ValueError("the regressors are not of full column rank")
    coefficient: Floats = solve_triangular(r, q.T @ (y * root))
    return Regression(x, w, cluster, y - x @ coefficient, coefficient)


def two_way(design: Design) -> Estimate:
    """Two-way fixed effects: unit effects, period × stratum effects, one coefficient for "in the program".

    By Frisch–Waugh the coefficient is Σ wD̃y / Σ wD̃², D̃ the program indicator less both sets of effects; so cell
    (u, t) has weight wD̃ / Σ wD̃². Weights of program cells may be negative: under staggered starts with effects that
    differ this is no average of effects (Goodman-Bacon 2021), so it is a reference and never the headline.

    Returns
    -------
    Estimate
        One estimand, `overall`; none where the indicator is a combination of the effects. Units seen in fewer than
        two periods say nothing and are left out. Comparison clusters are those of units never in the program within
        the design's periods. No cell is saturated here, so nothing is marked lone.
    """
    unit, period = np.nonzero(design.present & (design.present.sum(axis=1) >= 2)[:, None])
    w = design.weight[unit]
    in_program = (design.periods[period] >= design.cohort[unit]).astype(np.float64)
    effects = _independent(_within(_dummies(design.stratum[unit], period), unit), w)
    y = _within(design.outcome[unit, period], unit)
    indicator = _within(in_program[:, None], unit)
    tilde = fit(effects, indicator, w, unit).residual[:, 0]
    is_identified = w @ tilde**2 > TOLERANCE * (w @ indicator[:, 0] ** 2)
    m = int(is_identified)
    regression = fit(np.hstack([indicator[:, :m], effects]), y, w, design.cluster[unit])
    weights = np.zeros((m, *design.present.shape))
    weights[:, unit, period] = w * tilde / (w @ tilde**2) if is_identified else 0.0
    program = np.unique(unit[in_program > 0])
    return Estimate(
        estimands=(Estimand("overall"),) * m,
        parts=design.parts,
        value=regression.coefficient[:m],
        weights=weights,
        regression=regression,
        contrasts=np.eye(m, regression.x.shape[1]),
        program_clusters=(np.unique(design.cluster[program]),) * m,
        comparison_clusters=(np.unique(design.cluster[np.setdiff1d(unit, program)]),) * m,
        lone_program=np.zeros(m, dtype=bool),
        lone_comparison=np.zeros(m, dtype=bool),
        left_out_cohorts=((),) * m,
    )


def lone_cohorts(design: Design) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the cohorts that are lone, and those that are not, of units seen both before and in the program.

    Lone is a cohort that has, in some stratum, one cluster only; the headline's averages leave it out.
    """
    in_program = design.periods[None, :] >= design.cohort[:, None]
    changes = (design.present & in_program).any(axis=1) & (design.present & ~in_program).any(axis=1)
    of: tuple[list[int], list[int]] = ([], [])
    for cohort in np.unique(design.cohort[changes]):
        mine = changes & (design.cohort == cohort)
        n_clusters = [len(np.unique(design.cluster[mine & (design.stratum == s)])) for s in design.stratum[mine]]
        of[min(n_clusters) > 1].append(int(cohort))
    return tuple(of[0]), tuple(of[1])


def without_cohorts(design: Design, cohorts: tuple[int, ...]) -> Design:
    """Return the design with the cells of these cohorts absent."""
    is_out = np.isin(design.cohort, cohorts)
    return replace(design, outcome=np.where(is_out[:, None, None], np.nan, design.outcome))


def _dummies(stratum: Integers, period: Integers) -> Floats:
    """(N, J): one column per period and stratum seen."""
    _, code = np.unique(np.column_stack([stratum, period]), axis=0, return_inverse=True)
    dummies: Floats = np.eye(code.max(initial=-1) + 1)[code.ravel()]
    return dummies


def _within(values: Floats, unit: Integers) -> Floats:
    """Deviations of values (N, J) from their unit's mean; weights are constant within a unit and cancel."""
    n = np.bincount(unit)
    sums = np.zeros((len(n), values.shape[1]))
    np.add.at(sums, unit, values)
    return values - sums[unit] / n[unit, None]


def _independent(x: Floats, w: Floats) -> Floats:
    """The columns of x (N, J) that are needed to span all of them."""
    root = np.sqrt(w)[:, None]
    _, r, order = qr(x * root, mode="economic", pivoting=True)
    size = np.abs(np.diag(r))
    rank = int((size > TOLERANCE * size.max(initial=0)).sum())
    return x[:, np.sort(order[:rank])]
