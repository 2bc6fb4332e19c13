"""Cluster-robust variance with few clusters: CR2, Satterthwaite degrees of freedom, the joint HTZ test; and CR1.

Working model: within the regression, observations are independent with variance in inverse proportion to their
weight, as if a row of weight n were n rows. With cell means and weights n this is the model of independent students.
clubSandwich's default for a weighted `lm` keeps an identity working model on the cells, and its inverse-variance option
takes the matrix root before whitening, not after: same estimate, other se and df.

Sources: Bell & McCaffrey 2002; Pustejovsky & Tipton 2018.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from evaluation.stats.inference.blocks import SATURATED, Blocks, blocks_of
from evaluation.stats.records import Floats, Regression


@dataclass(frozen=True)
class Robust:
    """Standard errors (m, K) and degrees of freedom (m,) of m contrasts in K parts."""

    se: Floats
    df: Floats


@dataclass(frozen=True)
class Covariance:
    """Covariance (K, m, m) of m contrasts in K parts, and their degrees of freedom (m,), the same in every part."""

    matrix: Floats
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
    return cr2_of(blocks_of(regression, contrasts))


def cr2_of(blocks: Blocks) -> Robust:
    """CR2 of blocks already made."""
    of = _loadings(blocks)
    return Robust(np.sqrt((of.score**2).sum(axis=0)), _satterthwaite(of))


def covariance(regression: Regression, contrasts: Floats) -> Covariance:
    """CR2 covariance of contrasts (m, k) in each part: Σ_g (c_s'f s_g)(c_t'f s_g); its diagonal is `cr2`'s se²."""
    of = _loadings(blocks_of(regression, contrasts))
    return Covariance(np.einsum("gsp,gtp->pst", of.score, of.score, optimize=True), _satterthwaite(of))


def cr1(regression: Regression, contrasts: Floats, *, n_absorbed: int | None = None) -> Robust:
    """CR1: Σ_g (c'Ms_g)² × G/(G−1) × (N−1)/(N−K), with df G − 1; only to reproduce published tables.

    K is the number of regressors plus `n_absorbed` (default: the regression's own); effects nested in clusters are
    counted by some programs only.
    """
    of = blocks_of(regression, contrasts)
    clusters, n = len(of.cluster), regression.n_obs
    k = regression.x.shape[1] + (regression.n_absorbed if n_absorbed is None else n_absorbed)
    score = np.einsum("mk,gkp->gmp", of.contrast, of.score, optimize=True)
    factor = clusters / (clusters - 1) * (n - 1) / (n - k)
    return Robust(np.sqrt(factor * (score**2).sum(axis=0)), np.full(len(contrasts), clusters - 1.0))


def joint_htz(regression: Regression, contrasts: Floats) -> tuple[JointTest, ...]:
    """Test per part that all contrasts (q, k) are zero (approximate Hotelling T², method HTZ).

    F = (η − q + 1)/(ηq) · β'V⁻¹β with df (q, η − q + 1); η = q(q + 1) / Σ_st Var(D_st), D = Ω^−½VΩ^−½,
    Ω the expectation of V under the working model.
    """
    q = len(contrasts)
    of = _loadings(blocks_of(regression, contrasts))
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


def _satterthwaite(of: _Loadings) -> Floats:
    every = range(of.c.shape[1])
    p = _covariance(of, np.einsum("gmm->mg", of.c), every, every)
    trace = np.einsum("mgg->m", p)
    size = np.einsum("mgh,mgh->m", p, p)
    df: Floats = np.divide(trace**2, size, out=np.full(len(trace), np.nan), where=size > 0)
    return df


def _loadings(of: Blocks) -> _Loadings:
    """f(A_g) = I + V(f(λ) − 1)V', and s_g lies in V; f := 0 at eigenvalue 1, which only cluster g speaks of."""
    clusters, m, k = len(of.cluster), *of.contrast.shape
    score, b, c = np.zeros((clusters, m, of.score.shape[2])), np.zeros((clusters, m, k)), np.zeros((clusters, m, m))
    for i, (a, v) in enumerate(zip(of.eigenvalue, of.eigenvector, strict=True)):
        free = a < 1 - SATURATED
        f = np.where(free, 1 / np.sqrt(np.where(free, 1 - a, 1)), 0)
        load = of.contrast @ v.T * f
        score[i] = load @ (v @ of.score[i])
        b[i] = load * a @ v
        c[i] = load * a @ load.T
    return _Loadings(score, b, c)
