"""Cluster-robust variance with few clusters: CR2, Satterthwaite degrees of freedom, the joint HTZ test; and CR1.

Working model: within the regression, observations are independent with variance in inverse proportion to their
weight, as if a row of weight n were n rows. With cell means and weights n this is the model of independent students.
clubSandwich's default for a weighted `lm` keeps an identity working model on the cells, and its inverse-variance option
takes the matrix root before whitening, not after: same estimate, other se and df.

The regressors are first made orthonormal, so that M = (X'WX)⁻¹ = I and every formula reads in A_g and s_g alone:
A_g = Z_g'Z_g, s_g = Z_g'u_g with Z = W^½XR, and contrasts c become R'c. The results do not depend on the choice of R.
Sources: Bell & McCaffrey 2002; Pustejovsky & Tipton 2018.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats
from scipy.linalg import solve_triangular

from evaluation.stats.records import Floats, Regression

SATURATED = 1e-9
"""An eigenvalue of A_g this close to 1 is a direction only cluster g speaks of: f := 0, it adds no variance."""


@dataclass(frozen=True)
class Robust:
    """Standard errors (m, K) and degrees of freedom (m,) of m contrasts in K parts."""

    se: Floats
    df: Floats


@dataclass(frozen=True)
class JointTest:
    """A test that q contrasts are all zero, in one part; None where the clusters are too few for it."""

    statistic: float | None
    df1: int
    df2: float | None
    p_value: float | None


@dataclass(frozen=True)
class _Loadings:
    """What CR2 needs of every contrast: c'f s_g (G, m, K), B_g c (G, m, k) and c'C_g c' (G, m, m)."""

    score: Floats
    b: Floats
    c: Floats


def cr2(regression: Regression, contrasts: Floats) -> Robust:
    """CR2 standard errors and Satterthwaite df of contrasts (m, k).

    se² = Σ_g (c'f(A_g)s_g)², f(x) = (1 − x)^−½, and df = tr(P)² / ‖P‖² with
    P_gh = δ_gh c'f²(A_g)A_g c − (B_g c)'(B_h c), B_g = f(A_g)A_g. df is NaN where P is zero.
    """
    of = _loadings(regression, contrasts)
    own = np.einsum("gmm->mg", of.c)
    p = _covariance(of, own, range(len(contrasts)), range(len(contrasts)))
    trace = np.einsum("mgg->m", p)
    size = np.einsum("mgh,mgh->m", p, p)
    df = np.divide(trace**2, size, out=np.full(len(contrasts), np.nan), where=size > 0)
    return Robust(np.sqrt((of.score**2).sum(axis=0)), df)


def cr1(regression: Regression, contrasts: Floats, *, n_absorbed: int | None = None) -> Robust:
    """CR1: Σ_g (c'Ms_g)² × G/(G−1) × (N−1)/(N−K), with df G − 1; only to reproduce published tables.

    K is the number of regressors plus `n_absorbed` (default: the regression's own); effects nested in clusters are
    counted by some programs only.
    """
    z, r = _orthonormal(regression)
    codes, g = np.unique(regression.cluster, return_inverse=True)
    n, clusters = regression.n_obs, len(codes)
    k = z.shape[1] + (regression.n_absorbed if n_absorbed is None else n_absorbed)
    u = regression.residual * np.sqrt(regression.w)[:, None]
    load = z @ solve_triangular(r, contrasts.T, trans="T")
    score = np.zeros((clusters, load.shape[1], u.shape[1]))
    np.add.at(score, g, load[:, :, None] * u[:, None, :])
    factor = clusters / (clusters - 1) * (n - 1) / (n - k)
    return Robust(np.sqrt(factor * (score**2).sum(axis=0)), np.full(len(contrasts), clusters - 1.0))


def joint_htz(regression: Regression, contrasts: Floats) -> tuple[JointTest, ...]:
    """Test per part that all contrasts (q, k) are zero (approximate Hotelling T², method HTZ).

    F = (η − q + 1)/(ηq) · β'V⁻¹β with df (q, η − q + 1); η = q(q + 1) / Σ_st Var(D_st), D = Ω^−½VΩ^−½,
    Ω the expectation of V under the working model.
    """
    q = len(contrasts)
    of = _loadings(regression, contrasts)
    omega = of.c.sum(axis=0) - np.einsum("gsk,gtk->st", of.b, of.b)
    parts: int = regression.residual.shape[1]
    values, vectors = np.linalg.eigh(omega)
    if q == 0 or values.min() <= SATURATED * values.max():
        return (JointTest(None, q, None, None),) * parts
    turn = vectors / np.sqrt(values) @ vectors.T
    turned = _Loadings(np.einsum("st,gtp->gsp", turn, of.score), np.einsum("st,gtk->gsk", turn, of.b),
                       turn @ of.c @ turn)
    eta = q * (q + 1) / _total_variance(turned)
    beta = turn @ contrasts @ regression.coefficient
    variance = np.einsum("gsp,gtp->pst", turned.score, turned.score)
    return tuple(_hotelling(beta[:, p], variance[p], eta) for p in range(parts))


def _hotelling(beta: Floats, variance: Floats, eta: float) -> JointTest:
    q = len(beta)
    df2 = eta - q + 1
    if df2 <= 0 or np.linalg.matrix_rank(variance, hermitian=True) < q:
        return JointTest(None, q, None, None)
    statistic = float(df2 / (eta * q) * beta @ np.linalg.solve(variance, beta))
    return JointTest(statistic, q, float(df2), float(stats.f.sf(statistic, q, df2)))


def _total_variance(of: _Loadings) -> float:
    """Σ_st Σ_gh (P_ss P_tt + P_st P_ts)_gh under the working model."""
    q = of.c.shape[1]
    p = np.array([_covariance(of, of.c[:, s].T, [s] * q, range(q)) for s in range(q)])
    own = p[range(q), range(q)]
    return float(np.einsum("sgh,tgh->", own, own) + np.einsum("stgh,tsgh->", p, p))


def _covariance(of: _Loadings, own: Floats, left: range | list[int], right: range | list[int]) -> Floats:
    """(m, G, G): P_gh = δ_gh c_s'C_g c_t − (B_g c_s)'(B_h c_t) for each pair (s, t) of left and right."""
    p: Floats = -np.einsum("gmk,hmk->mgh", of.b[:, list(left)], of.b[:, list(right)], optimize=True)
    i = np.arange(p.shape[1])
    p[:, i, i] += own
    return p


def _orthonormal(regression: Regression) -> tuple[Floats, Floats]:
    z, r = np.linalg.qr(regression.x * np.sqrt(regression.w)[:, None])
    return z, r


def _loadings(regression: Regression, contrasts: Floats) -> _Loadings:
    """One thin decomposition per cluster: Z_g = U S V' gives f(A_g) = I + V(f(S²) − 1)V', and s_g lies in V."""
    z, r = _orthonormal(regression)
    u = regression.residual * np.sqrt(regression.w)[:, None]
    turned = solve_triangular(r, contrasts.T, trans="T").T
    codes = np.unique(regression.cluster)
    m, k, parts = len(contrasts), z.shape[1], u.shape[1]
    score, b, c = np.zeros((len(codes), m, parts)), np.zeros((len(codes), m, k)), np.zeros((len(codes), m, m))
    for i, code in enumerate(codes):
        rows = regression.cluster == code
        _, s, vt = np.linalg.svd(z[rows], full_matrices=False)
        free = s**2 < 1 - SATURATED
        f = np.where(free, 1 / np.sqrt(np.where(free, 1 - s**2, 1)), 0)
        load = turned @ vt.T
        score[i] = (load * f) @ (vt @ (z[rows].T @ u[rows]))
        b[i] = (load * f * s**2) @ vt
        c[i] = (load * (f * s) ** 2) @ load.T
    return _Loadings(score, b, c)
