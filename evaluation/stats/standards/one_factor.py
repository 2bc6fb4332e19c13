"""One-factor models of several groups at once, fitted by maximum likelihood from item means and covariances."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy import optimize, stats

from evaluation.stats.records import Booleans, Floats, Integers

MIN_RESIDUAL = 0.005
"""Smallest residual variance, as a share of the item's pooled variance; a fit that ends there is not proper."""
MAX_GRADIENT = 1e-4


@dataclass(frozen=True)
class ItemMoments:
    """Moments of p items in G groups.

    Attributes
    ----------
    covariance : (G, p, p)
        n − 1 denominators, in squared points of the items.
    mean : (G, p)
    n : (G,)
        Respondents; with pairwise moments the smallest number any pair of items has.
    """

    covariance: Floats
    mean: Floats
    n: Integers


@dataclass(frozen=True)
class Equality:
    """Which items have the same loading, and the same intercept, in every group: (p,) each."""

    loading: Booleans
    intercept: Booleans


@dataclass(frozen=True)
class OneFactor:
    """A fitted model: item = intercept + loading × factor + residual.

    Attributes
    ----------
    loading, intercept, residual_variance : (G, p)
        In points of the items.
    factor_mean, factor_variance : (G,)
        0 and 1 in the first group, and in every group where nothing is held equal.
    chi_square, df : float, int
        Against the saturated means and covariances.
    is_proper : bool
        Converged, with every residual variance positive.
    """

    loading: Floats
    intercept: Floats
    residual_variance: Floats
    factor_mean: Floats
    factor_variance: Floats
    chi_square: float
    df: int
    is_proper: bool

    @property
    def p_value(self) -> float:
        """Of the test that the model holds exactly; NaN without degrees of freedom."""
        return float(stats.chi2.sf(self.chi_square, self.df)) if self.df > 0 else np.nan

    @property
    def implied_covariance(self) -> Floats:
        """(G, p, p)."""
        common = self.factor_variance[:, None, None] * self.loading[:, :, None] * self.loading[:, None, :]
        return np.asarray(common + np.eye(self.loading.shape[1]) * self.residual_variance[:, None, :])

    @property
    def implied_mean(self) -> Floats:
        """(G, p)."""
        return self.intercept + self.factor_mean[:, None] * self.loading


def check_moments(moments: ItemMoments) -> None:
    """Refuse moments no factor model can be fitted to.

    Raises
    ------
    ValueError
        Fewer than three items, no more respondents than items, or a covariance matrix that is not positive definite
        (an item nobody answers differently; pairwise moments that contradict each other).
    """
    p = moments.mean.shape[1]
    if p < 3:
        raise ValueError(f"a one-factor model needs three items; the scale has {p}.")
    if int(moments.n.min()) <= p:
        raise ValueError(f"a one-factor model needs more respondents than its {p} items in every group.")
    if not (np.linalg.eigvalsh(moments.covariance).min(axis=1) > 0).all():
        raise ValueError("an item covariance matrix is not positive definite: an item without spread, or pairwise "
                         "answers that contradict each other; leave the item out or use complete answers only.")


def fit_one_factor(moments: ItemMoments, equality: Equality) -> OneFactor:
    """Fit one factor to all groups, some loadings and intercepts held equal between them.

    Minimizes Σ_g n_g [log|Σ_g| + tr(S_g Σ_g⁻¹) − log|S_g| − p + (ȳ_g − μ_g)'Σ_g⁻¹(ȳ_g − μ_g)], S_g with n denominators;
    its minimum is the likelihood-ratio χ² (Jöreskog 1971). Answers are taken as continuous and normal.

    Other programs: lavaan's default is the same, with n denominators; with `likelihood = "wishart"` and in LISREL χ² is
    n − 1 times instead.

    Raises
    ------
    ValueError
        As `check_moments`.
    """
    check_moments(moments)
    scale = np.sqrt(np.einsum("gii->gi", moments.covariance).mean(axis=0))
    centre = moments.mean.mean(axis=0)
    n = moments.n.astype(float)
    shrink = ((n - 1) / n)[:, None, None]
    problem = _Problem(shrink * moments.covariance / np.outer(scale, scale), (moments.mean - centre) / scale,
                       n / n.sum(), equality)
    found = optimize.minimize(problem.loss, problem.start(), jac=True, method="L-BFGS-B", bounds=problem.bounds(),
                              options={"maxiter": 5000, "maxfun": 20000, "maxcor": 40, "ftol": 1e-15, "gtol": 1e-9})
    theta = problem.unpack(found.x)
    free = theta.residual > MIN_RESIDUAL * 1.001
    gradient = np.abs(problem.loss(found.x)[1]) * np.append(free.ravel(), np.ones(len(found.x) - free.size))
    is_proper = bool(free.all() and gradient.max() < MAX_GRADIENT)
    groups, p = moments.mean.shape
    return OneFactor(
        loading=theta.loading * scale, intercept=theta.intercept * scale + centre,
        residual_variance=theta.residual * scale**2, factor_mean=theta.factor_mean,
        factor_variance=theta.factor_variance, chi_square=float(max(n.sum() * found.fun, 0.0)),
        df=groups * (p * (p + 1) // 2 + p) - len(found.x), is_proper=is_proper)


@dataclass(frozen=True)
class _Theta:
    loading: Floats
    intercept: Floats
    residual: Floats
    factor_mean: Floats
    factor_variance: Floats


@dataclass(frozen=True)
class _Problem:
    """The model in one vector: log residuals, loadings, intercepts, log factor variances, factor means."""

    covariance: Floats
    mean: Floats
    weight: Floats
    equality: Equality

    def loss(self, x: Floats) -> tuple[float, Floats]:
        """Return the discrepancy per respondent and its gradient."""
        t = self.unpack(x)
        p = t.loading.shape[1]
        sigma = t.factor_variance[:, None, None] * t.loading[:, :, None] * t.loading[:, None, :]
        sigma = sigma + np.eye(p) * t.residual[:, None, :]
        inverse = np.linalg.inv(sigma)
        off = self.mean - t.intercept - t.factor_mean[:, None] * t.loading
        observed = self.covariance + off[:, :, None] * off[:, None, :]
        each = (np.linalg.slogdet(sigma)[1] + np.einsum("gij,gji->g", observed, inverse) - p
                - np.linalg.slogdet(self.covariance)[1])
        w = self.weight[:, None]
        slope = self.weight[:, None, None] * (inverse - inverse @ observed @ inverse)
        by_mean = -2 * w * np.einsum("gij,gj->gi", inverse, off)
        by_loading = np.einsum("gij,gj->gi", slope, t.loading)
        by_variance = np.einsum("gi,gi->g", t.loading, by_loading) * t.factor_variance
        gradient = self._pack(
            np.einsum("gii->gi", slope) * t.residual,
            2 * t.factor_variance[:, None] * by_loading + t.factor_mean[:, None] * by_mean, by_mean,
            by_variance, np.einsum("gi,gi->g", t.loading, by_mean))
        return float(self.weight @ each), gradient

    def start(self) -> Floats:
        """Loadings of the first principal component of each group, and half of each variance."""
        values, vectors = np.linalg.eigh(self.covariance)
        first = vectors[:, :, -1] * np.sign(vectors[:, :, -1].sum(axis=1, keepdims=True) + 1e-12)
        loading = 0.8 * first * np.sqrt(values[:, -1:])
        share = self.equality.loading
        loading[:, share] = loading[:, share].mean(axis=0)
        intercept = self.mean.copy()
        intercept[:, self.equality.intercept] = intercept[:, self.equality.intercept].mean(axis=0)
        groups = len(loading)
        return self._pack(np.log(0.5 * np.einsum("gii->gi", self.covariance)), loading / _repeats(share, groups),
                          intercept / _repeats(self.equality.intercept, groups), np.zeros(groups), np.zeros(groups))

    def bounds(self) -> list[tuple[float, float]]:
        """Keep residual and factor variances positive and finite."""
        size, free = self.mean.size, len(self.start())
        variances = len(self.mean) - 1 if self.equality.loading.any() else 0
        means = len(self.mean) - 1 if self.equality.intercept.any() else 0
        return ([(np.log(MIN_RESIDUAL), 10.0)] * size + [(-np.inf, np.inf)] * (free - size - variances - means)
                + [(-10.0, 10.0)] * variances + [(-np.inf, np.inf)] * means)

    def unpack(self, x: Floats) -> _Theta:
        groups, p = self.mean.shape
        blocks = self._blocks(x)
        residual = np.exp(next(blocks)).reshape(groups, p)
        loading, intercept = np.empty((groups, p)), np.empty((groups, p))
        for values, share in ((loading, self.equality.loading), (intercept, self.equality.intercept)):
            values[:, share] = next(blocks)
            values[:, ~share] = next(blocks).reshape(groups, -1)
        variance, mean = np.ones(groups), np.zeros(groups)
        if self.equality.loading.any():
            variance[1:] = np.exp(next(blocks))
        if self.equality.intercept.any():
            mean[1:] = next(blocks)
        return _Theta(loading, intercept, residual, mean, variance)

    def _blocks(self, x: Floats) -> Iterator[Floats]:
        groups, p = self.mean.shape
        sizes = [groups * p]
        for share in (self.equality.loading, self.equality.intercept):
            sizes += [int(share.sum()), groups * int((~share).sum())]
        sizes += [groups - 1] * (int(self.equality.loading.any()) + int(self.equality.intercept.any()))
        yield from np.split(x, np.cumsum(sizes)[:-1])

    def _pack(self, residual: Floats, loading: Floats, intercept: Floats, variance: Floats, mean: Floats) -> Floats:
        """Sum what groups share; the order of `_blocks`."""
        parts = [residual.ravel()]
        for values, share in ((loading, self.equality.loading), (intercept, self.equality.intercept)):
            parts += [values[:, share].sum(axis=0), values[:, ~share].ravel()]
        parts += [variance[1:]] if self.equality.loading.any() else []
        parts += [mean[1:]] if self.equality.intercept.any() else []
        return np.concatenate(parts)


def _repeats(share: Booleans, groups: int) -> Floats:
    """Return (p,): how many groups stand behind an item's number when shared ones are summed."""
    return np.where(share, float(groups), 1.0)
