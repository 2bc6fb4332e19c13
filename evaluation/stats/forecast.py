"""How good a forecast distribution was."""

from __future__ import annotations

import numpy as np
from scipy import stats

from evaluation.stats.records import Floats


def crps_normal(mean: Floats, sd: Floats, observed: Floats) -> Floats:
    """Return the continuous ranked probability score of normal forecasts, in outcome units; lower is better.

    σ[z(2Φ(z) − 1) + 2φ(z) − 1/√π], z = (y − μ)/σ (Gneiting & Raftery 2007). Arrays broadcast; σ must be positive.
    Some programs report its negative.
    """
    z = (observed - mean) / sd
    score: Floats = sd * (z * (2 * stats.norm.cdf(z) - 1) + 2 * stats.norm.pdf(z) - 1 / np.sqrt(np.pi))
    return score
