"""One-factor models of several groups at once, fitted by maximum likelihood from item means and covariances."""

from __future__ import annotations

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


class _Problem:
    """The model as a function of one vector.

    All numbers of all groups stand in a long vector: log residuals, loadings, intercepts (G × p each), log factor
    variances, factor means (G each). `index` says which entry of the short vector each of them is; the last, which
    does not exist there, is the constant 0.
    """

    def __init__(self, covariance: Floats, mean: Floats, weight: Floats, equality: Equality) -> None:
        self.covariance, self.mean, self.weight = covariance, mean, weight
        groups, p = self.shape = mean.shape
        self.saturated = np.linalg.slogdet(covariance)[1] + p
        of_item = np.arange(groups * p) % p
        own = np.arange(groups * p)
        labels = [own]
        for share in (equality.loading, equality.intercept):
            labels.append(np.where(share[of_item], of_item, p + own) + labels[-1].max() + 1)
        for share in (equality.loading, equality.intercept):
            free = np.arange(groups) + labels[-1].max() + 1
            labels.append(np.where((np.arange(groups) > 0) & share.any(), free, np.iinfo(np.int64).max))
        names, index = np.unique(np.concatenate(labels), return_inverse=True)
        self.size = len(names) - 1
        self.index: Integers = index

    def loss(self, x: Floats) -> tuple[float, Floats]:
        """Return the discrepancy per respondent and its gradient; Σ⁻¹ and |Σ| in closed form for one factor."""
        t = self.unpack(x)
        share = t.loading / t.residual
        common = 1 + t.factor_variance * (t.loading * share).sum(axis=1)
        inverse = -(t.factor_variance / common)[:, None, None] * share[:, :, None] * share[:, None, :]
        i = np.arange(self.shape[1])
        inverse[:, i, i] += 1 / t.residual
        off = self.mean - t.intercept - t.factor_mean[:, None] * t.loading
        observed = self.covariance + off[:, :, None] * off[:, None, :]
        each = np.log(t.residual).sum(axis=1) + np.log(common) + (observed * inverse).sum(axis=(1, 2)) - self.saturated
        slope = self.weight[:, None, None] * (inverse - inverse @ observed @ inverse)
        by_mean = -2 * self.weight[:, None] * (inverse @ off[:, :, None])[:, :, 0]
        by_loading = (slope @ t.loading[:, :, None])[:, :, 0]
        gradient = np.concatenate([
            (slope[:, i, i] * t.residual).ravel(),
            (2 * t.factor_variance[:, None] * by_loading + t.factor_mean[:, None] * by_mean).ravel(), by_mean.ravel(),
            (t.loading * by_loading).sum(axis=1) * t.factor_variance, (t.loading * by_mean).sum(axis=1)])
        return float(self.weight @ each), self._summed(gradient)

    def start(self) -> Floats:
        """Return the mean over groups of: half of each variance, loadings of the first component, item means."""
        groups, _ = self.shape
        values, vectors = np.linalg.eigh(self.covariance)
        first = vectors[:, :, -1] * np.sign(vectors[:, :, -1].sum(axis=1, keepdims=True) + 1e-12)
        full = np.concatenate([np.log(0.5 * np.einsum("gii->gi", self.covariance)).ravel(),
                               (0.8 * first * np.sqrt(values[:, -1:])).ravel(), self.mean.ravel(),
                               np.zeros(2 * groups)])
        return self._summed(full) / self._summed(np.ones(len(full)))

    def bounds(self) -> list[tuple[float, float]]:
        """Keep residual and factor variances positive and finite."""
        groups, p = self.shape
        limits = [(-np.inf, np.inf)] * self.size
        for entry in self.index[3 * groups * p:3 * groups * p + groups]:
            if entry < self.size:
                limits[entry] = (-10.0, 10.0)
        limits[:groups * p] = [(np.log(MIN_RESIDUAL), 10.0)] * (groups * p)
        return limits

    def unpack(self, x: Floats) -> _Theta:
        groups, p = self.shape
        full = np.append(x, 0.0)[self.index]
        residual, loading, intercept = full[:3 * groups * p].reshape(3, groups, p)
        variance, mean = full[3 * groups * p:].reshape(2, groups)
        return _Theta(loading, intercept, np.exp(residual), mean, np.exp(variance))

    def _summed(self, full: Floats) -> Floats:
        """Sum what shares an entry of the short vector."""
        return np.asarray(np.bincount(self.index, full, minlength=self.size + 1)[:self.size], dtype=np.float64)
