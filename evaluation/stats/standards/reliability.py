"""How consistently the items of a scale measure, from the items' covariance matrix."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from evaluation.stats.records import Floats
from evaluation.stats.standards.one_factor import Equality, ItemMoments, fit_one_factor


@dataclass(frozen=True)
class Alpha:
    """Cronbach's alpha with Feldt's interval, of `n_items` items answered by `n` respondents."""

    value: float
    ci_low: float
    ci_high: float
    n: int
    n_items: int


@dataclass(frozen=True)
class Omega:
    """McDonald's omega: the share of the sum score's variance that one factor carries.

    Attributes
    ----------
    value : float
        Between 0 and 1; not to be shown where the solution is not proper.
    loading, residual_variance : (p,)
        Of the fitted factor, in points of the items.
    is_proper : bool
    """

    value: float
    loading: Floats
    residual_variance: Floats
    is_proper: bool


def cronbach_alpha(covariance: Floats, n: int, *, level: float = 0.95) -> Alpha:
    """Return alpha = p/(p − 1) · (1 − Σ variances / variance of the sum).

    Parameters
    ----------
    covariance : (p, p)
        Of the items, all turned so that more means more; complete or pairwise, as the caller made it.
    n : respondents
        With a pairwise matrix a convention is needed; programs take all who answered anything.
    level : of the interval

    Notes
    -----
    Interval by Feldt (1965): (1 − α̂)·F_q with df n − 1 and (n − 1)(p − 1).

    Raises
    ------
    ValueError
        Fewer than two items or respondents, or a sum without variance.
    """
    p, total = len(covariance), float(covariance.sum())
    if p < 2 or n < 2 or not total > 0:
        raise ValueError("alpha needs at least two items and two respondents, and a sum score that varies.")
    value = p / (p - 1) * (1 - float(np.trace(covariance)) / total)
    tail = (1 - level) / 2
    low, high = (1 - (1 - value) * float(stats.f.isf(q, n - 1, (n - 1) * (p - 1))) for q in (tail, 1 - tail))
    return Alpha(value, low, high, n, p)


def mcdonald_omega(covariance: Floats, n: int) -> Omega:
    """Return ω = (Σλ)² / ((Σλ)² + Σθ) of a one-factor model fitted by maximum likelihood.

    The denominator is the variance the model implies; programs that take the observed variance of the sum differ where
    the factor fits badly.

    Raises
    ------
    ValueError
        Fewer than three items, too few respondents, or a covariance matrix that is not positive definite.
    """
    p = len(covariance)
    free = np.zeros(p, dtype=bool)
    found = fit_one_factor(ItemMoments(covariance[None], np.zeros((1, p)), np.array([n])), Equality(free, free))
    common = float(found.loading[0].sum() ** 2)
    residual = found.residual_variance[0]
    return Omega(common / (common + float(residual.sum())), found.loading[0], residual, found.is_proper)
