"""A regression by cluster with its regressors made orthonormal: what every cluster-robust method reads."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import solve_triangular

from evaluation.stats.records import Booleans, Floats, Integers, Regression

SATURATED = 1e-9
"""An eigenvalue of A_g this close to 1 is a direction only cluster g speaks of."""
LOADS = 1e-6
"""Share of a contrast's length from which on it counts as having a part in a direction, or in a cluster."""


@dataclass(frozen=True)
class Blocks:
    """G clusters of a regression with M = (X'WX)⁻¹ = I, in which every formula reads in A_g and s_g alone.

    Z = W^½XR⁻¹ is orthonormal, A_g = Z_g'Z_g, s_g = Z_g'W^½u_g, contrasts c become R'⁻¹c. No result depends on the
    choice of R.

    Attributes
    ----------
    cluster : (G,)  sorted codes
    eigenvalue, eigenvector : G arrays (r_g,) and (r_g, k)
        A_g = Σ_j eigenvalue_j · eigenvector_j eigenvector_j', eigenvalues in (0, 1]; s_g lies in their span.
    score : (G, k, K)  s_g per part
    contrast : (m, k)
    value : (m, K)  the contrasts' estimates
    """

    cluster: Integers
    eigenvalue: tuple[Floats, ...]
    eigenvector: tuple[Floats, ...]
    score: Floats
    contrast: Floats
    value: Floats

    def image(self, i: int) -> Floats:
        """(G, k): A_g c of each cluster, c the i-th contrast."""
        pairs = zip(self.eigenvalue, self.eigenvector, strict=True)
        return np.array([(v @ self.contrast[i] * a) @ v for a, v in pairs])

    def has_part(self) -> Booleans:
        """(G, m): the contrast's estimate depends on the cluster (Z_g c ≠ 0)."""
        pairs = zip(self.eigenvalue, self.eigenvector, strict=True)
        share = np.array([((self.contrast @ v.T) ** 2) @ a for a, v in pairs]).reshape(-1, len(self.contrast))
        return np.asarray(share > LOADS**2 * (self.contrast**2).sum(axis=1))

    def is_indispensable(self) -> Booleans:
        """(G, m): without the cluster the contrast cannot be estimated.

        It loads on an eigenvalue 1 of A_g. CR2 counts no variance in that direction, so no interval may be given.
        """
        length = np.sqrt((self.contrast**2).sum(axis=1))
        pairs = zip(self.eigenvalue, self.eigenvector, strict=True)
        own = [np.abs(self.contrast @ v[a >= 1 - SATURATED].T).max(axis=1, initial=0) for a, v in pairs]
        return np.asarray(np.array(own).reshape(-1, len(length)) > LOADS * length)


def blocks_of(regression: Regression, contrasts: Floats) -> Blocks:
    """Return the blocks of a regression and of contrasts (m, k) of its coefficients."""
    z, turned = _orthonormal(regression, contrasts)
    u = regression.residual * np.sqrt(regression.w)[:, None]
    codes, first = np.unique(np.sort(regression.cluster), return_index=True)
    order = np.argsort(regression.cluster, kind="stable")
    values, vectors = [], []
    score = np.zeros((len(codes), z.shape[1], u.shape[1]))
    for i, rows in enumerate(np.split(order, first[1:])):
        used = np.flatnonzero(z[rows].any(axis=0))
        _, s, vt = np.linalg.svd(z[np.ix_(rows, used)], full_matrices=False)
        vector = np.zeros((len(s), z.shape[1]))
        vector[:, used] = vt
        values.append(s**2)
        vectors.append(vector)
        score[i] = z[rows].T @ u[rows]
    return Blocks(codes, tuple(values), tuple(vectors), score, turned, contrasts @ regression.coefficient)


def _orthonormal(regression: Regression, contrasts: Floats) -> tuple[Floats, Floats]:
    """Z and the turned contrasts; the dummies of a saturated regression need only be scaled."""
    x = regression.x * np.sqrt(regression.w)[:, None]
    if is_saturated(regression):
        length = np.sqrt((x**2).sum(axis=0))
        return x / length, contrasts / length
    z, r = np.linalg.qr(x)
    return z, solve_triangular(r, contrasts.T, trans="T").T


def is_saturated(regression: Regression) -> bool:
    """Every row has one regressor, so the regressors are orthogonal."""
    return bool(((regression.x != 0).sum(axis=1) == 1).all())
