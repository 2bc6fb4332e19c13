"""Robust intervals and breakdown values under bounded departures from parallel trends (HonestDiD)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import optimize

from evaluation.stats.records import Floats
from evaluation.stats.sensitivity.conditional import confidence_set
from evaluation.stats.sensitivity.event_study import EventStudy, contrast_of, widened
from evaluation.stats.sensitivity.flci import frontier, interval
from evaluation.stats.sensitivity.moments import Kind, bound, identified, moments

Method = Literal["flci", "c_lf", "conditional"]
USUAL: dict[Kind, Method] = {"relative_magnitude": "c_lf", "smoothness": "flci", "relative_smoothness": "c_lf"}
STEP: dict[Method, float] = {"flci": 1.1, "c_lf": 2.0, "conditional": 2.0}
"""Factor between the sizes tried for a breakdown value. The centre of a fixed-length interval moves with m, so its sets
are not nested and are tried more closely; conditional sets were nested in every case tried, though nothing proves it.
"""
RANGE = (2.0**-6, 2.0**30)
"""Sizes tried, in units of one (relative) or of the interval's distance from zero (smoothness)."""


@dataclass(frozen=True)
class RobustSet:
    """An interval of the contrast, in outcome units, that holds under a restriction of size m.

    ci_low and ci_high are the ends of the confidence set at 1 − α; identified_low and identified_high the bounds if the
    estimates were the truth.
    """

    kind: Kind
    method: Method
    m: float
    alpha: float
    ci_low: float
    ci_high: float
    identified_low: float
    identified_high: float


@dataclass(frozen=True)
class Breakdown:
    """The m up to which the robust interval excludes zero.

    None where it holds zero even at m = 0; infinite where it excludes zero for any m.
    """

    kind: Kind
    method: Method
    alpha: float
    value: float | None


def robust_set(
    study: EventStudy, kind: Kind, m: float, *, contrast: Floats | None = None, method: Method | None = None,
    alpha: float = 0.05,
) -> RobustSet:
    """Give the robust confidence set of a contrast of post effects.

    Parameters
    ----------
    study : EventStudy
    kind : what is bounded
        `relative_magnitude`: each post change per period of the departure δ is at most m times the largest pre one.
        `smoothness`: each change of its slope per period is at most m (outcome units). `relative_smoothness`: each
        change of slope that reaches into the program is at most m times the largest before.
    m : float
        Size of the restriction, M̄ or M; not negative.
    contrast : (n_post,), optional
        Weights of the post effects; the first effect by default.
    method : optional
        `c_lf`, the usual one for relative restrictions, or `conditional`; `flci`, the usual one for smoothness and
        for it alone.
    alpha : float

    Raises
    ------
    ValueError
        m negative or not finite, a contrast that does not fit, `flci` for a relative restriction.

    Notes
    -----
    Source: Rambachan & Roth (2023). Conditional tests use only moments that reach into the program, with one post
    period too; HonestDiD then uses all. Its ends lie on a grid and its first stage is simulated; here both are solved.
    """
    if not (np.isfinite(m) and m >= 0):
        raise ValueError(f"The size of a restriction is a number of at least zero, not {m}.")
    used = _method(kind, method)
    low, high = _interval(study, kind, used, contrast, alpha)(m)
    at = identified(bound(study, study.covariance, contrast_of(study, contrast), kind), m, kind)
    return RobustSet(kind, used, float(m), alpha, low, high, *at)


def breakdown(
    study: EventStudy, kind: Kind, *, contrast: Floats | None = None, method: Method | None = None, alpha: float = 0.05
) -> Breakdown:
    """Find the breakdown value: increasing sizes until the interval holds zero, then bisection.

    Arguments as in `robust_set`. The interval excludes zero at every size tried below the value.
    """
    used = _method(kind, method)
    at = _interval(study, kind, used, contrast, alpha)
    low, high = at(0.0)
    if low <= 0 <= high:
        return Breakdown(kind, used, alpha, None)
    side, sign = (0, 1) if low > 0 else (1, -1)
    unit = 1.0 if kind != "smoothness" else min(abs(low), abs(high))
    lower, upper = 0.0, RANGE[0] * unit
    while sign * at(upper)[side] > 0:
        lower, upper = upper, upper * STEP[used]
        if upper > RANGE[1] * unit:
            return Breakdown(kind, used, alpha, float("inf"))
    value = optimize.brentq(lambda m: at(m)[side], lower, upper, xtol=1e-9 * unit, rtol=1e-9)
    return Breakdown(kind, used, alpha, float(value))


def _method(kind: Kind, method: Method | None) -> Method:
    if method == "flci" and kind != "smoothness":
        raise ValueError("A fixed-length interval exists for smoothness only: a bound relative to the pre periods "
                         f"({kind}) is not one convex set. Use c_lf or conditional.")
    return method or USUAL[kind]


def _interval(
    study: EventStudy, kind: Kind, method: Method, contrast: Floats | None, alpha: float
) -> Callable[[float], tuple[float, float]]:
    """Prepare what does not depend on m."""
    of = bound(study, widened(study, alpha), contrast_of(study, contrast), kind)
    if method == "flci":
        path = frontier(of)
        return lambda m: interval(path, of.value, m, alpha)
    return lambda m: confidence_set(moments(of, m, kind), alpha, method)
