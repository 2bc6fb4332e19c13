"""Conditional and conditional–least-favourable confidence sets, by inverting a test of moment inequalities.

The statistic at θ is the largest studentized moment, η. Given which moment it is and what is independent of it, η is
normal, cut to [lo, up]; the test compares it with the 1 − α quantile of that law at mean zero, or with zero if that is
larger. The hybrid first rejects where η exceeds the least favourable critical value of size κ = α/10, then tests at
(α − κ)/(1 − κ) given that it did not. Sources: Andrews, Roth & Pakes 2023; Rambachan & Roth 2023.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from scipy import special, stats

from evaluation.stats.records import Booleans, Floats
from evaluation.stats.sensitivity.moments import Moments

Test = Literal["conditional", "c_lf"]
ANGLES = 1024
GRID = 256
REFINE = 32
ROUNDS = 5
SAME = 1e-10
"""Moments whose regression on the largest one is this close to 1 move with it and set no limit."""


def confidence_set(of: Moments, alpha: float, test: Test) -> tuple[float, float]:
    """Give the ends of the set of θ that some problem does not reject at level α.

    The union over problems is the set under "the largest pre difference is one of these". A grid over the range the
    first stage leaves (in 18,000 random cases the purely conditional test accepted nothing beyond it either), then five
    finer ones at each end; holes between the ends are not reported.
    """
    kappa = alpha / 10
    cut = least_favourable(of, kappa)
    theta = np.linspace(*_range(of, cut), GRID)
    if test == "conditional":
        cut, kappa = np.full(len(cut), np.inf), 0.0
    level = (alpha - kappa) / (1 - kappa)
    inside = np.flatnonzero(accepts(of, theta, cut, level))
    ends = theta[inside[[0, -1]]]
    outside = np.array([theta[max(inside[0] - 1, 0)], theta[min(inside[-1] + 1, GRID - 1)]])
    for _ in range(ROUNDS):
        finer = np.linspace(outside, ends, REFINE)
        kept = accepts(of, finer.ravel(), cut, level).reshape(REFINE, 2)
        kept[-1] = True
        first = kept.argmax(axis=0)
        ends, outside = finer[first, [0, 1]], finer[np.maximum(first - 1, 0), [0, 1]]
    return float(ends[0]), float(ends[1])


def accepts(of: Moments, theta: Floats, cut: Floats, level: float) -> Booleans:
    """(N,): some problem does not reject θ. `cut` (S,) ends the first stage; infinite without one."""
    moment = of.level[:, :, None] - of.slope[:, :, None] * theta
    largest = moment.argmax(axis=1)
    eta = moment.max(axis=1)
    problem = np.arange(len(cut))[:, None]
    covariance = of.covariance[problem, :, largest].transpose(0, 2, 1)
    variance = of.covariance[problem, largest, largest]
    is_fixed = variance < SAME**2
    slope = covariance / np.where(is_fixed, 1, variance)[:, None, :]
    with np.errstate(divide="ignore", invalid="ignore"):
        limit = (moment - slope * eta[:, None, :]) / (1 - slope)
    low = np.where(slope < 1 - SAME, limit, -np.inf).max(axis=1)
    high = np.minimum(np.where(slope > 1 + SAME, limit, np.inf).min(axis=1), cut[:, None])
    sd = np.sqrt(np.where(is_fixed, 1, variance))
    p = _tail(eta / sd, np.minimum(low, eta) / sd, np.maximum(high, eta) / sd)
    is_kept = (eta <= 0) | (~is_fixed & ~(p < level))
    return np.asarray((is_kept & (eta <= cut[:, None])).any(axis=0))


def least_favourable(of: Moments, kappa: float) -> Floats:
    """(S,): the value the largest moment exceeds with probability κ when all means are zero.

    All moments lie in a plane of two standard normals, where the largest one is r·h(φ): r² is chi-square with two
    degrees of freedom, so the probability is the mean of exp(−c²/(2h²)) over the angles with h > 0. No simulation.
    """
    phi = 2 * np.pi * np.arange(ANGLES) / ANGLES
    h = np.clip((of.plane @ np.array([np.cos(phi), np.sin(phi)])).max(axis=1), 1e-6, None)
    # from above, by the union bound
    c = stats.norm.isf(kappa / of.plane.shape[1]) * np.sqrt((of.plane**2).sum(axis=2).max(axis=1))
    for _ in range(50):
        part = np.exp(-0.5 * (c[:, None] / h) ** 2)
        p = part.mean(axis=1)
        step = p * np.log(p / kappa) / (part * c[:, None] / h**2).mean(axis=1)
        c = np.maximum(c + step, c / 2)
        if np.abs(step).max() < 1e-12:
            break
    return np.asarray(c)


def _tail(z: Floats, low: Floats, high: Floats) -> Floats:
    """P(Z > z | low ≤ Z ≤ high), by logarithms: far out both parts underflow."""
    at, all_, past = (special.log_ndtr(-x) for x in (z, low, high))
    with np.errstate(invalid="ignore"):
        p: Floats = np.exp(at - all_) * np.expm1(past - at) / np.expm1(past - all_)
    return p


def _range(of: Moments, cut: Floats) -> tuple[float, float]:
    """Ends of what the first stage leaves, over all problems."""
    low = ((of.level[:, 0] - cut) / of.slope[:, 0]).min()
    high = ((of.level[:, 1] - cut) / of.slope[:, 1]).max()
    return float(low), float(high)
