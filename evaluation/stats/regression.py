"""Weighted least squares, as cluster-robust inference needs it."""

from __future__ import annotations

import numpy as np
from scipy.linalg import qr, solve_triangular

from evaluation.stats.inference.blocks import blocks_of
from evaluation.stats.records import Booleans, Design, Estimate, Floats, Influence, Integers, Regression

TOLERANCE = 1e-9
"""Share of a regressor's norm below which it counts as a combination of the others."""


def fit(x: Floats, y: Floats, w: Floats, cluster: Integers, *, n_obs: int | None = None,
        n_absorbed: int = 0) -> Regression:
    """Fit y (N, K) on x (N, k) by least squares with weights w (N,).

    Parameters
    ----------
    n_obs : observations behind the rows; N by default
    n_absorbed : effects taken out of x and y before

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
    return Regression(x, w, cluster, y - x @ coefficient, coefficient, len(x) if n_obs is None else n_obs, n_absorbed)


def fit_means(column: Integers, y: Floats, w: Floats, cluster: Integers, *, n_obs: int) -> Regression:
    """Fit y (N, K) on a dummy per column 0, 1, … (N,), each of which has rows: means, so nothing is decomposed."""
    weight = np.bincount(column, w)
    total = np.zeros((len(weight), y.shape[1]))
    np.add.at(total, column, y * w[:, None])
    coefficient = total / weight[:, None]
    x = np.zeros((len(column), len(weight)))
    x[np.arange(len(column)), column] = 1
    return Regression(x, w, cluster, y - coefficient[column], coefficient, n_obs)


def regression_of(estimate: Estimate) -> tuple[Regression, Floats]:
    """Return the regression of an estimate and the contrasts (m, k) that are its estimands.

    Raises
    ------
    ValueError
        The estimator has no regression.
    """
    if estimate.regression is None or estimate.contrasts is None:
        raise ValueError("this estimator has no regression: use cv3, which estimates anew without each cluster")
    return estimate.regression, estimate.contrasts


def influence_of(estimate: Estimate) -> Influence | None:
    """Return the influence of each cluster; from a regression c'(X'WX)⁻¹X_g'Wu_g; None under placebo inference."""
    if estimate.regression is None:
        return estimate.influence
    of = blocks_of(*regression_of(estimate))
    return Influence(of.cluster, of.scores(np.ones(len(of.eigenvalue))))


def row_weights(regression: Regression, contrasts: Floats) -> Floats:
    """(N, m): what each row's outcome adds to each contrast, WX(X'WX)⁻¹c."""
    z, r = regression.orthonormal
    load: Floats = z @ solve_triangular(r, contrasts.T, trans="T") * np.sqrt(regression.w)[:, None]
    return load


def seen_twice(design: Design, *, among: Booleans | None = None) -> tuple[Integers, Integers]:
    """Return unit and period (N,) of the cells of units seen in two or more periods; others have no change to tell.

    Parameters
    ----------
    among : (U, T) the only cells that count; all by default
    """
    seen = design.present if among is None else design.present & among
    unit, period = np.nonzero(seen & (seen.sum(axis=1) >= 2)[:, None])
    return unit, period


def within(values: Floats, unit: Integers) -> Floats:
    """Deviations of values (N, J) from their unit's mean; weights are constant within a unit and cancel."""
    n = np.bincount(unit)
    sums = np.zeros((len(n), values.shape[1]))
    np.add.at(sums, unit, values)
    return values - sums[unit] / n[unit, None]


def combinations(*codes: Integers) -> tuple[Integers, Integers]:
    """Return a row of each combination of codes seen (J,), in their order, and the combination of each row (N,)."""
    joint = np.zeros(len(codes[0]), dtype=np.int64)
    for code in codes:
        values, place = np.unique(code, return_inverse=True)
        joint = joint * len(values) + place
    _, first, of = np.unique(joint, return_index=True, return_inverse=True)
    return first, of


def dummies(*codes: Integers) -> Floats:
    """(N, J): one column per combination of codes seen."""
    first, of = combinations(*codes)
    found: Floats = np.eye(len(first))[of]
    return found


def independent(x: Floats, w: Floats) -> Floats:
    """The columns of x (N, J) that are needed to span all of them."""
    root = np.sqrt(w)[:, None]
    _, r, order = qr(x * root, mode="economic", pivoting=True)
    size = np.abs(np.diag(r))
    rank = int((size > TOLERANCE * size.max(initial=0)).sum())
    return x[:, np.sort(order[:rank])]


def period_effects(design: Design, unit: Integers, period: Integers) -> Floats:
    """(N, J): period × stratum effects less unit effects, of full column rank under the design's weights."""
    return independent(within(dummies(design.stratum[unit], period), unit), design.weight[unit])


def fit_within(columns: Floats, y: Floats, w: Floats, *, unit: Integers, effect: Integers,
               cluster: Integers) -> tuple[Regression, Booleans]:
    """Fit y (N, K) on columns (N, J) beside effects by the codes `unit` and `effect` (N,).

    Unit effects are taken out, so w must be constant within a unit.

    Returns
    -------
    Regression
        Its first coefficients are those of the known columns.
    (J,) booleans
        The column is known: no combination with it is explained by the effects and the other columns. What unknown
        columns span stays among the regressors, without coefficients of its own.
    """
    effects = independent(within(dummies(effect), unit), w)
    inside = within(columns, unit)
    size = np.linalg.norm(inside * np.sqrt(w)[:, None], axis=0)
    scaled = inside / np.where(size > 0, size, 1.0)
    alone = fit(effects, scaled, w, cluster).residual
    is_known, rest = _known(alone, w)
    x = np.hstack([inside[:, is_known], rest, effects])
    return fit(x, within(y, unit), w, cluster, n_absorbed=len(np.unique(unit))), is_known


def _known(x: Floats, w: Floats) -> tuple[Booleans, Floats]:
    """(J,): the columns no combination with which vanishes; and a basis (N, d) of what the others span."""
    root = np.sqrt(w)[:, None]
    _, size, vt = np.linalg.svd(np.linalg.qr(x * root, mode="r"))
    rank = int((size > TOLERANCE).sum())
    is_known = np.asarray(np.abs(vt[rank:]).max(axis=0, initial=0) < np.sqrt(TOLERANCE))
    u, size, _ = np.linalg.svd(x[:, ~is_known] * root, full_matrices=False)
    return is_known, (u / root)[:, size > TOLERANCE]
