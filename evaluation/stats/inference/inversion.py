"""Confidence sets that invert a bootstrap test: the same draws, the same rule, another null."""

from __future__ import annotations

import numpy as np

from evaluation.stats.inference.wild_draws import Draws
from evaluation.stats.records import Booleans, Floats

TIE = 1 - 1e-10
"""A draw counts as at least as large as the observed one up to this factor."""
PRECISION = 1e-11
"""Of the distance between estimate and end."""
ROUNDING = 1e-12
"""1 − .8 is a little less than .2."""


def share_as_large(draws: Draws, delta: float, variance: float) -> float:
    """Return p = share of draws with |t*| ≥ |t|(1 − 1e-10), t = δ/√variance; the first draw is the observed one."""
    top, of_draw = draws.at(delta)
    is_large = top**2 * variance >= (TIE * delta) ** 2 * of_draw
    is_large[0] = True
    return float(is_large.mean())


def confidence_set(draws: Draws, value: float, variance: float, alpha: float) -> tuple[float, float]:
    """Return the ends of the set of nulls r with p(r) > alpha, the estimate in it; infinite where it has none.

    A draw is as large as the observed one where (top₀ + top₁δ)²V − (1 − 1e-10)²δ²(v₀ + v₁δ + v₂δ²) ≥ 0, δ = value − r:
    a polynomial of degree four per draw. The end is found by bisection, on each side between the estimate, where p = 1,
    and the first doubling of the CV1 distance that is rejected; where p is not monotone it is one of the ends. Draws
    that agree at both ends of a bracket are settled and not looked at again.
    """
    if variance == 0:
        return value, value
    step = 2 * np.sqrt(variance)
    polynomial = _polynomial(draws, variance, step)
    ends = [_end(polynomial * sign, alpha) * step for sign in (_POSITIVE, _NEGATIVE)]
    return value - ends[0], value + ends[1]


_POSITIVE = np.ones((5, 1))
_NEGATIVE = np.array([[1.0], [-1], [1], [-1], [1]])


def _polynomial(draws: Draws, variance: float, step: float) -> Floats:
    """(5, B): coefficients in δ/step, constant first."""
    (low, v_low), (top, v0), (high, v_high) = (draws.at(x * step) for x in (-1, 0, 1))
    slope, v1, v2 = (high - low) / 2, (v_high - v_low) / 2, (v_high + v_low) / 2 - v0
    scale = (TIE * step) ** 2
    out: Floats = np.stack([top**2 * variance, 2 * top * slope * variance, slope**2 * variance - scale * v0,
                            -scale * v1, -scale * v2])
    return out


def _is_large(polynomial: Floats, x: float) -> Booleans:
    found = polynomial[4] * x
    for coefficient in polynomial[3:0:-1]:
        found += coefficient
        found *= x
    found += polynomial[0]
    return np.asarray(found >= 0)


def _end(polynomial: Floats, alpha: float) -> float:
    """Return the x > 0 at which the number of large draws falls to alpha × B."""
    allowed = alpha * polynomial.shape[1] * (1 + ROUNDING)
    inner, outer = 0.0, 1.0
    at_inner, at_outer = np.ones(polynomial.shape[1], dtype=bool), _is_large(polynomial, 1.0)
    while at_outer.sum() > allowed:
        inner, outer, at_inner = outer, 2 * outer, at_outer
        if outer > 2.0**60:
            return float(np.inf)
        at_outer = _is_large(polynomial, outer)
    settled = 0
    while outer - inner > PRECISION * outer:
        is_open = at_inner != at_outer
        settled += int((at_inner & at_outer).sum())
        polynomial, at_inner, at_outer = polynomial[:, is_open], at_inner[is_open], at_outer[is_open]
        middle = (inner + outer) / 2
        large = _is_large(polynomial, middle)
        if settled + large.sum() > allowed:
            inner, at_inner = middle, large
        else:
            outer, at_outer = middle, large
    return (inner + outer) / 2
