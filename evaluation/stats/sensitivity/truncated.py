"""A normal vector kept only when it falls into a box around zero: how often, and its mean."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy import special
from scipy.stats import qmc

from evaluation.stats.records import Floats

POINTS = 2**13


@dataclass(frozen=True)
class Kept:
    """Probability that |x_j| ≤ half_j for all j, and the mean (d,) of x given that."""

    probability: float
    mean: Floats


def kept_in_box(mean: Floats, covariance: Floats, half: Floats) -> Kept:
    """Integrate a normal density over a symmetric box.

    One coordinate after the other is drawn within its limits given the ones before (Genz 1992), on fixed Sobol
    points: no randomness, smooth in the mean, and small probabilities keep their relative precision. Up to ten
    dimensions probabilities are within 1e-4 of scipy's `multivariate_normal`, and means within 0.003 standard
    deviations of a run with 32 times the points.
    """
    root = np.linalg.cholesky(covariance)
    d = len(mean)
    at = _points(d)
    weight, drawn = np.ones(POINTS), np.zeros((POINTS, d))
    for j in range(d):
        shift = mean[j] + drawn @ root[j]
        low, high = (-half[j] - shift) / root[j, j], (half[j] - shift) / root[j, j]
        # the mirror image of an interval above zero keeps its digits
        is_above = low + high > 0
        near, far = np.where(is_above, -low, high), np.where(is_above, -high, low)
        below, above = special.ndtr(far), special.ndtr(near)
        weight = weight * (above - below)
        share = np.where(is_above, 1 - at[:, j], at[:, j])
        draw = special.ndtri(np.clip(below + share * (above - below), 1e-300, 1 - 1e-16))
        drawn[:, j] = np.where(is_above, -draw, draw)
    total = float(weight.sum())
    centre = weight @ drawn / total if total > 0 else np.full(d, np.nan)
    return Kept(total / POINTS, mean + root @ centre)


@cache
def _points(d: int) -> Floats:
    """(POINTS, d) in (0, 1): the Sobol sequence, each point in the middle of its cell."""
    return np.asarray(qmc.Sobol(d, scramble=False).random(POINTS) + 0.5 / POINTS)
