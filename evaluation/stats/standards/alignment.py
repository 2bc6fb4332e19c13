"""Alignment: factor means of many groups without equal loadings and intercepts (Asparouhov & Muthén 2014)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import optimize

from evaluation.stats.records import Floats, Integers
from evaluation.stats.standards.one_factor import OneFactor

SMOOTHING = (1.0, 0.1, 0.01, 0.001)
"""ε of the loss, in turn: a smooth problem first, so that the end does not depend on where it began."""


@dataclass(frozen=True)
class Aligned:
    """Factor means and item parameters on one scale.

    Attributes
    ----------
    factor_mean, factor_sd : (G,)
        In standard deviations of the first group's factor; 0 and 1 in the first group.
    loading, intercept : (G, p)
        Aligned, in points of the items; observed mean = intercept + factor_mean × loading.
    """

    factor_mean: Floats
    factor_sd: Floats
    loading: Floats
    intercept: Floats

    @property
    def shift(self) -> Floats:
        """(G, p): intercept of each group less the first group's, in points: what the item adds beyond the factor."""
        return np.asarray(self.intercept - self.intercept[0])


def align(configural: OneFactor, n: Integers, item_sd: Floats) -> Aligned:
    """Return the means and variances under which most items work nearly alike and few do not.

    Parameters
    ----------
    configural : fitted with nothing held equal (factor mean 0, variance 1 in every group)
    n : (G,) respondents
    item_sd : (p,)
        Pooled standard deviation of each item; the loss compares items in these units.

    Notes
    -----
    Minimizes Σ_i Σ_{g<h} √(n_g n_h) [f(λ_gi/s_g − λ_hi/s_h) + f(ν_gi − m_g λ_gi/s_g − ν_hi + m_h λ_hi/s_h)],
    f(x) = (x² + ε)^¼, with the first group fixed (FIXED alignment, the only one identified with two groups). ε falls to
    .001. Programs differ in ε, in the units of the items and in leaving the first mean free; Mplus draws random starts.
    """
    groups = len(n)
    first, second = np.triu_indices(groups, 1)
    apart_of = np.zeros((len(first), groups))
    apart_of[np.arange(len(first)), first], apart_of[np.arange(len(first)), second] = 1, -1
    weight = np.sqrt(n[first].astype(float) * n[second])
    weight = (weight / weight.sum())[:, None]
    loading, intercept = configural.loading / item_sd, configural.intercept / item_sd
    scale = loading.mean(axis=1)
    level = intercept.mean(axis=1)
    x = np.concatenate([(level - level[0])[1:] / scale[0], np.log(np.abs(scale / scale[0]))[1:]])

    def loss(x: Floats, epsilon: float) -> tuple[float, Floats]:
        mean, log_sd = np.append(0.0, x[:groups - 1]), np.append(0.0, x[groups - 1:])
        turned = loading / np.exp(log_sd)[:, None]
        moved = intercept - mean[:, None] * turned
        both = np.hstack([turned, moved])
        apart = apart_of @ both
        size = apart**2 + epsilon
        by_turned, by_moved = np.hsplit(apart_of.T @ (weight * 0.5 * apart * size**-0.75), 2)
        by_turned = by_turned - mean[:, None] * by_moved
        gradient = np.concatenate([-(by_moved * turned).sum(axis=1)[1:], -(by_turned * turned).sum(axis=1)[1:]])
        return float((weight * size**0.25).sum()), gradient

    for epsilon in SMOOTHING:
        x = optimize.minimize(loss, x, args=(epsilon,), jac=True, method="L-BFGS-B",
                              options={"maxiter": 2000, "maxcor": 30, "ftol": 1e-15, "gtol": 1e-8}).x
    mean, sd = np.append(0.0, x[:groups - 1]), np.exp(np.append(0.0, x[groups - 1:]))
    aligned = configural.loading / sd[:, None]
    return Aligned(mean, sd, aligned, configural.intercept - mean[:, None] * aligned)
