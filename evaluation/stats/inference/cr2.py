"""Cluster-robust variance with few clusters: CR2, Satterthwaite degrees of freedom, the joint HTZ test; and CR1.

Working model: within the regression, observations are independent with variance in inverse proportion to their
weight, as if a row of weight n were n rows. With cell means and weights n this is the model of independent students.
clubSandwich's default for a weighted `lm` keeps an identity working model on the cells, and its inverse-variance option
takes the matrix root before whitening, not after: same estimate, other se and df.

Sources: Bell & McCaffrey 2002; Pustejovsky & Tipton 2018.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

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


def cr2(regression: Regression, contrasts: Floats) -> Robust:
    """CR2 standard errors and Satterthwaite df of contrasts (m, k).

    se² = Σ_g (c'f(A_g)s_g)², f(x) = (1 − x)^−½, and df = tr(P)² / ‖P‖² with
    P_gh = δ_gh c'f²(A_g)A_g c − (B_g c)'(B_h c), B_g = f(A_g)A_g. df is NaN where P is zero.
    """
    return cr2_of(blocks_of(regression, contrasts))


def cr2_of(blocks: Blocks) -> Robust:
    """CR2 of blocks already made."""
    return Robust(np.sqrt((blocks.scores(_adjustment(blocks)) ** 2).sum(axis=0)), _satterthwaite(blocks))


def covariance(regression: Regression, contrasts: Floats) -> Covariance:
    """CR2 covariance of contrasts (m, k) in each part: Σ_g (c_s'f s_g)(c_t'f s_g); its diagonal is `cr2`'s se²."""
    of = blocks_of(regression, contrasts)
    return Covariance(_covariance(of), _satterthwaite(of))


def cr1(regression: Regression, contrasts: Floats, *, n_absorbed: int | None = None) -> Robust:
    """CR1: Σ_g (c'Ms_g)² × G/(G−1) × (N−1)/(N−K), with df G − 1; only to reproduce published tables.

    NaN of one cluster, or where nothing is left over.
    K is the number of regressors plus `n_absorbed` (default: the regression's own); effects nested in clusters are
    counted by some programs only.
    """
    of = blocks_of(regression, contrasts)
    clusters, n = len(of.cluster), regression.n_obs
    k = regression.x.shape[1] + (regression.n_absorbed if n_absorbed is None else n_absorbed)
    factor = clusters / (clusters - 1) * (n - 1) / (n - k) if clusters > 1 and n > k else np.nan
    score = of.scores(np.ones(len(of.eigenvalue)))
    return Robust(np.sqrt(factor * (score**2).sum(axis=0)), np.full(len(contrasts), clusters - 1.0))


def joint_htz(regression: Regression, contrasts: Floats) -> tuple[JointTest, ...]:
    """Test per part that all contrasts (q, k) are zero (approximate Hotelling T², method HTZ).

    F = (η − q + 1)/(ηq) · β'V⁻¹β with df (q, η − q + 1); η = q(q + 1) / Σ_st Var(D_st), D = Ω^−½VΩ^−½,
    Ω the expectation of V under the working model.
    """
    q, of = len(contrasts), blocks_of(regression, contrasts)
    parts: int = regression.residual.shape[1]
    b = _images(of)
    omega = of.load * (_adjustment(of) ** 2 * of.eigenvalue) @ of.load.T - np.einsum("gsk,gtk->st", b, b, optimize=True)
    values, vectors = np.linalg.eigh(omega)
    if q == 0 or values.min() <= SATURATED * values.max():
        return (JointTest(None, q, None, None),) * parts
    turn = vectors / np.sqrt(values) @ vectors.T
    turned = replace(of, contrast=turn @ of.contrast)
    eta = q * (q + 1) / _total_variance(turned)
    beta, variance = turn @ of.value, _covariance(turned)
    return tuple(_hotelling(beta[:, p], variance[p], eta) for p in range(parts))


def _hotelling(beta: Floats, variance: Floats, eta: float) -> JointTest:
    q = len(beta)
    df2 = eta - q + 1
    if df2 <= 0 or np.linalg.matrix_rank(variance, hermitian=True) < q:
        return JointTest(None, q, None, None)
    statistic = float(df2 / (eta * q) * beta @ np.linalg.solve(variance, beta))
    return JointTest(statistic, q, float(df2), float(stats.f.sf(statistic, q, df2)))


def _total_variance(of: Blocks) -> float:
    """Σ_st Σ_gh (P_ss P_tt + P_st P_ts)_gh under the working model, P_st,gh = δ_gh c_s'C_g c_t − (B_g c_s)'(B_h c_t).

    Over g ≠ h it is made of the sums over clusters of products of images, so nothing is as large as G × G.
    """
    b, weight = _images(of), _adjustment(of) ** 2 * of.eigenvalue
    b = b[:, :, b.any(axis=(0, 1))]
    q, k = b.shape[1:]
    flat = b.reshape(len(b), q * k)
    sums = (flat.T @ flat).reshape(q, k, q, k)
    shared = np.einsum("gsk,gtk->gst", b, b, optimize=True)
    own = np.stack([of.total(weight * of.load[s], of.load.T) for s in range(q)], axis=1) - shared
    trace, shared_trace = np.einsum("gss->g", own), np.einsum("gss->g", shared)
    apart = (sums**2).sum() - (shared_trace**2).sum() + np.einsum("sitj,tisj->", sums, sums) - (shared**2).sum()
    return float((trace**2).sum() + (own**2).sum() + apart)


def _satterthwaite(of: Blocks) -> Floats:
    """(m,): tr(P)² / ‖P‖², where Σ_{g≠h} P_gh² = ‖B'B‖² − Σ_g |B_g c|⁴."""
    weight, df = _adjustment(of), np.full(len(of.contrast), np.nan)
    for i, load in enumerate(of.load):
        b = of.total(weight * load * of.eigenvalue, of.eigenvector)
        b = b[:, b.any(axis=0)]
        length = (b**2).sum(axis=1)
        own = of.total((weight * load) ** 2, of.eigenvalue[:, None])[:, 0] - length
        size = (own**2).sum() + ((b.T @ b) ** 2).sum() - (length**2).sum()
        if size > 0:
            df[i] = own.sum() ** 2 / size
    return df


def _adjustment(of: Blocks) -> Floats:
    """(D,): f(A_g) = I + V(f(λ) − 1)V', and s_g lies in V; f := 0 at eigenvalue 1, which only cluster g speaks of."""
    return np.where(of.is_free, 1 / np.sqrt(np.where(of.is_free, 1 - of.eigenvalue, 1)), 0)


def _covariance(of: Blocks) -> Floats:
    score = of.scores(_adjustment(of))
    found: Floats = np.einsum("gsp,gtp->pst", score, score, optimize=True)
    return found


def _images(of: Blocks) -> Floats:
    """(G, m, k): B_g c = f(A_g)A_g c."""
    factor = _adjustment(of) * of.eigenvalue
    found = [of.total(factor * load, of.eigenvector) for load in of.load]
    return np.array(found).reshape(len(found), len(of.cluster), of.contrast.shape[1]).swapaxes(0, 1)
