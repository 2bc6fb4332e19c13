"""Estimands of a regression that rest on one cluster alone."""

from __future__ import annotations

import numpy as np
from scipy.linalg import solve_triangular

from evaluation.stats.inference.cr2 import SATURATED
from evaluation.stats.records import Booleans, Floats, Integers, Regression

LOADS = 1e-6
"""Share of a contrast's length on a direction only one cluster speaks of, from which it counts."""


def sole_clusters(regression: Regression, contrasts: Floats) -> tuple[Integers, Booleans]:
    """Return the cluster codes (G,) and (m, G): without this cluster the contrast could not be estimated.

    Such a cluster fits its direction without residual (an eigenvalue 1 of A_g): it adds nothing to CR2, so the
    estimand may have no interval. A − A_g is then singular along a direction the contrast loads on.
    """
    z, r = np.linalg.qr(regression.x * np.sqrt(regression.w)[:, None])
    turned = solve_triangular(r, contrasts.T, trans="T").T
    codes, g = np.unique(regression.cluster, return_inverse=True)
    is_sole = np.zeros((len(contrasts), len(codes)), dtype=bool)
    # no eigenvalue exceeds the trace, which is small for nearly all clusters
    for i in np.flatnonzero(np.bincount(g, (z**2).sum(axis=1), minlength=len(codes)) >= 1 - SATURATED):
        _, s, vt = np.linalg.svd(z[g == i], full_matrices=False)
        load = np.linalg.norm(turned @ vt[s**2 >= 1 - SATURATED].T, axis=1)
        is_sole[:, i] = load > LOADS * np.linalg.norm(turned, axis=1)
    return codes, is_sole


def lone_arms(regression: Regression, contrasts: Floats,
              program_clusters: tuple[Integers, ...]) -> tuple[Booleans, Booleans]:
    """Return (m,) twice: the contrast rests on one program cluster, or on one other cluster."""
    codes, is_sole = sole_clusters(regression, contrasts)
    is_program = np.array([np.isin(codes, mine) for mine in program_clusters], dtype=bool).reshape(is_sole.shape)
    return (is_sole & is_program).any(axis=1), (is_sole & ~is_program).any(axis=1)
