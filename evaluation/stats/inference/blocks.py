"""A regression by cluster with its regressors made orthonormal: what every cluster-robust method reads."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.linalg import solve_triangular
from scipy.sparse import csr_array

from evaluation.stats.records import Booleans, Floats, Integers, Regression

SATURATED = 1e-9
"""An eigenvalue of A_g this close to 1 is a direction only cluster g speaks of."""
LOADS = 1e-6
"""Share of a contrast's length from which on it counts as having a part in a direction, or in a cluster."""


@dataclass(frozen=True)
class Blocks:
    """G clusters of a regression with M = (X'WX)⁻¹ = I, in which every formula reads in A_g and s_g alone.

    Z = W^½XR⁻¹ is orthonormal, A_g = Z_g'Z_g, s_g = Z_g'W^½u_g, contrasts c become R'⁻¹c. No result depends on the
    choice of R. The r_g eigenvectors of all clusters, cluster after cluster, are the D directions.

    Attributes
    ----------
    cluster : (G,)  sorted codes
    start : (G + 1,)  the directions of cluster g are start[g], …, start[g + 1] − 1
    eigenvalue, eigenvector : (D,) and (D, k)
        A_g = Σ eigenvalue · eigenvector eigenvector' over the directions of g, eigenvalues in [0, 1].
    score : (D, K)  eigenvector's_g per part; s_g lies in the span of its directions
    contrast : (m, k)
    value : (m, K)  the contrasts' estimates
    """

    cluster: Integers
    start: Integers
    eigenvalue: Floats
    eigenvector: Floats
    score: Floats
    contrast: Floats
    value: Floats

    @cached_property
    def load(self) -> Floats:
        """(m, D): how much of each contrast lies in each direction."""
        found: Floats = self.contrast @ self.eigenvector.T
        return found

    @cached_property
    def is_free(self) -> Booleans:
        """(D,): other clusters speak of the direction too."""
        return np.asarray(self.eigenvalue < 1 - SATURATED)

    def total(self, factor: Floats, values: Floats) -> Floats:
        """(G, J): sums over each cluster's directions of factor (D,) × values (D, J)."""
        used = np.flatnonzero(factor)
        shape, bounds = (len(self.cluster), len(factor)), np.searchsorted(used, self.start)
        found: Floats = csr_array((factor[used], used, bounds), shape=shape) @ values
        return found

    def scores(self, factor: Floats) -> Floats:
        """(G, m, K): c'V diag(factor) V's_g, V the directions of cluster g; c's_g where factor (D,) is one."""
        found = np.zeros((len(self.cluster), len(self.load), self.score.shape[1]))
        for i, load in enumerate(self.load):
            found[:, i] = self.total(factor * load, self.score)
        return found

    def image(self, i: int) -> Floats:
        """(G, k): A_g c of each cluster, c the i-th contrast."""
        return self.total(self.load[i] * self.eigenvalue, self.eigenvector)

    def has_part(self) -> Booleans:
        """(G, m): the contrast's estimate depends on the cluster (Z_g c ≠ 0)."""
        share = self.total(self.eigenvalue, self.load.T**2)
        return np.asarray(share > LOADS**2 * (self.contrast**2).sum(axis=1))

    def is_indispensable(self) -> Booleans:
        """(G, m): without the cluster the contrast cannot be estimated.

        It loads on an eigenvalue 1 of A_g. CR2 counts no variance in that direction, so no interval may be given.
        """
        length = np.sqrt((self.contrast**2).sum(axis=1))
        return np.asarray(self.total(np.where(self.is_free, 0.0, 1.0), np.abs(self.load.T) > LOADS * length) > 0)


def blocks_of(regression: Regression, contrasts: Floats) -> Blocks:
    """Return the blocks of a regression and of contrasts (m, k) of its coefficients."""
    value = contrasts @ regression.coefficient
    return (_of_dummies if regression.is_saturated else _of_regressors)(regression, contrasts, value)


def _of_dummies(regression: Regression, contrasts: Floats, value: Floats) -> Blocks:
    """Dummies need only be scaled; the directions of a cluster are those it has rows in."""
    column = np.nonzero(regression.x)[1]
    root = np.sqrt(regression.w)
    z = regression.x[np.arange(len(column)), column] * root
    length = np.sqrt(np.bincount(column, z**2, minlength=regression.x.shape[1]))
    z /= length[column]
    codes, g = np.unique(regression.cluster, return_inverse=True)
    key, of = np.unique(g * len(length) + column, return_inverse=True)
    score = np.zeros((len(key), regression.residual.shape[1]))
    np.add.at(score, of, regression.residual * (z * root)[:, None])
    owner, direction = np.divmod(key, len(length))
    vectors = np.zeros((len(key), len(length)))
    vectors[np.arange(len(key)), direction] = 1
    return Blocks(codes, np.searchsorted(owner, np.arange(len(codes) + 1)),
                  np.bincount(of, z**2).astype(np.float64), vectors, score, contrasts / length, value)


def _of_regressors(regression: Regression, contrasts: Floats, value: Floats) -> Blocks:
    """Decompose clusters of one size together."""
    root, order = np.sqrt(regression.w)[:, None], np.argsort(regression.cluster, kind="stable")
    q, r = regression.orthonormal
    z, u = q[order], (regression.residual * root)[order]
    codes, first, size = np.unique(regression.cluster[order], return_index=True, return_counts=True)
    start = np.concatenate([[0], np.cumsum(np.minimum(size, z.shape[1]))])
    values, vectors, score = np.zeros(start[-1]), np.zeros((start[-1], z.shape[1])), np.zeros((start[-1], u.shape[1]))
    for n in np.unique(size):
        rows = first[size == n, None] + np.arange(n)
        left, s, right = np.linalg.svd(z[rows], full_matrices=False)
        at = start[:-1][size == n, None] + np.arange(s.shape[1])
        values[at], vectors[at] = s**2, right
        score[at] = s[:, :, None] * (np.swapaxes(left, 1, 2) @ u[rows])
    return Blocks(codes, start, values, vectors, score, solve_triangular(r, contrasts.T, trans="T").T, value)
