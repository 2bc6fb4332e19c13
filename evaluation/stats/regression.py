"""Weighted least squares, as cluster-robust inference needs it."""

from __future__ import annotations

import numpy as np
from scipy.linalg import qr, solve_triangular

from evaluation.stats.records import Design, Estimate, Floats, Influence, Integers, Regression

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
    r, contrasts = regression_of(estimate)
    root = np.sqrt(r.w)[:, None]
    q, triangle = np.linalg.qr(r.x * root)
    load = q @ solve_triangular(triangle, contrasts.T, trans="T")
    codes, g = np.unique(r.cluster, return_inverse=True)
    of_cluster = np.zeros((len(codes), load.shape[1], r.residual.shape[1]))
    np.add.at(of_cluster, g, load[:, :, None] * (r.residual * root)[:, None, :])
    return Influence(codes, of_cluster)


def seen_twice(design: Design) -> tuple[Integers, Integers]:
    """Return unit and period (N,) of the cells of units seen in two or more periods; others have no change to tell."""
    unit, period = np.nonzero(design.present & (design.present.sum(axis=1) >= 2)[:, None])
    return unit, period


def within(values: Floats, unit: Integers) -> Floats:
    """Deviations of values (N, J) from their unit's mean; weights are constant within a unit and cancel."""
    n = np.bincount(unit)
    sums = np.zeros((len(n), values.shape[1]))
    np.add.at(sums, unit, values)
    return values - sums[unit] / n[unit, None]


def dummies(*codes: Integers) -> Floats:
    """(N, J): one column per combination of codes seen."""
    _, code = np.unique(np.column_stack(codes), axis=0, return_inverse=True)
    found: Floats = np.eye(code.max(initial=-1) + 1)[code.ravel()]
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
