"""Simultaneous (sup-t) bands over a set of estimands, as of an event study."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

import numpy as np
from scipy import optimize, special, stats

from evaluation.stats.combine import select
from evaluation.stats.inference.cr2 import covariance
from evaluation.stats.inference.infer import Found, no_interval
from evaluation.stats.inference.rules import JointGate
from evaluation.stats.reading import on_used_dummies
from evaluation.stats.records import Estimate, Floats, Inference
from evaluation.stats.regression import regression_of

DIRECTIONS = 2**16
NEIGHBOURS = 16
"""Directions of nearly the same reach count as one."""
RANK = 1e-10
"""Eigenvalues of a correlation matrix below this share of its largest are rounding."""
BAND_TIMES = (0, 1, 2, 3)
"""Event times over which bands were simulated; with those before the start too, few clusters are covered less often."""
LEVEL = 0.95


@dataclass(frozen=True)
class Band:
    """One part's band over m estimands.

    Attributes
    ----------
    kind : `simultaneous` covers all estimands that are in it at once; `pointwise` each by itself
    critical : of se, the same for all estimands of a simultaneous band; None for a pointwise one
    df : the smallest among the estimands in it; None where none is
    ci_low, ci_high : (m,) outcome units; NaN for estimands that may have no interval, which are not in the band
    refused : why it is only pointwise
    """

    kind: Literal["simultaneous", "pointwise"]
    critical: float | None
    df: float | None
    ci_low: Floats
    ci_high: Floats
    refused: str | None


def with_band(estimate: Estimate, found: Found, *, gate: JointGate | None) -> Found:
    """Return the inference (m, K) of an estimate with the 95 % band over its event times from the start on.

    In the band are the event times of `BAND_TIMES` that have an interval by CR2; all else is returned as it is, and so
    is everything where the gate refuses.

    Parameters
    ----------
    gate : what is known of coverage (`gate.gates_of`); None refuses nothing
    """
    members = [i for i, e in enumerate(estimate.estimands) if e.kind == "event_time" and e.event_time in BAND_TIMES
               and any(_is_by_cr2(of_part) for of_part in found[i])]
    if not members or (gate is not None and not gate(estimate, members, LEVEL).is_allowed):
        return found
    chosen = select(estimate, members)
    if chosen.regression is not None and chosen.regression.is_saturated:
        chosen = on_used_dummies(chosen)
    made, out = bands(chosen, range(len(members)), level=LEVEL), list(found)
    for place, i in enumerate(members):
        out[i] = tuple(replace(of_part, band_low=float(band.ci_low[place]), band_high=float(band.ci_high[place]))
                       if _is_by_cr2(of_part) else of_part for of_part, band in zip(found[i], made, strict=True))
    return tuple(out)


def _is_by_cr2(found: Inference) -> bool:
    return found.method == "cr2" and found.ci_low is not None


def bands(estimate: Estimate, members: Sequence[int], *, level: float = LEVEL,
          refused: str | None = None) -> tuple[Band, ...]:
    """Return the band over some estimands, by position, for each part.

    The critical value is the `level` quantile of max|T| of a multivariate t with CR2's correlation and the smallest of
    the estimands' degrees of freedom. Multiplier bootstraps on influence cover 58–85 % with few clusters.

    Parameters
    ----------
    refused : why a joint interval may not be shown, by what is known of coverage; the band is then pointwise

    Raises
    ------
    ValueError
        The estimate has no regression.
    """
    regression, contrasts = regression_of(estimate)
    chosen = list(members)
    of = covariance(regression, contrasts[chosen])
    is_in = np.array([no_interval(estimate, i, float(df)) is None for i, df in zip(chosen, of.df, strict=True)], bool)
    se = np.where(is_in, np.sqrt(np.einsum("pmm->pm", of.matrix)), np.nan)
    value = estimate.value[chosen].T
    if refused is not None or not is_in.any():
        half = se * stats.t.ppf((1 + level) / 2, of.df)
        return tuple(Band("pointwise", None, None, v - h, v + h, refused) for v, h in zip(value, half, strict=True))
    smallest = float(of.df[is_in].min())
    return tuple(_simultaneous(*part, smallest, level) for part in zip(value, se, of.matrix, strict=True))


def _simultaneous(value: Floats, se: Floats, matrix: Floats, df: float, level: float) -> Band:
    moving = se > 0
    correlation = matrix[np.ix_(moving, moving)] / np.outer(se[moving], se[moving])
    critical = sup_t(correlation, df, level=level)
    return Band("simultaneous", critical, df, value - critical * se, value + critical * se, None)


def sup_t(correlation: Floats, df: float, *, level: float = 0.95) -> float:
    """Return c with P(max_j |T_j| ≤ c) = level for T multivariate t with a correlation (m, m), of any rank.

    With R = LL' of rank r, T = L·ρθ for a direction θ and an independent radius, ρ²/r ~ F(r, df). Along a direction the
    probability is known, F(c²/(r max_j (Lθ)_j²)); it is averaged over a fixed low-discrepancy set of directions, so
    the result is the same every time, to about .0005 in c. Exact for r = 1.
    """
    values, vectors = np.linalg.eigh(correlation)
    kept = values > RANK * values.max(initial=0)
    root, r = vectors[:, kept] * np.sqrt(values[kept]), int(kept.sum())
    if r == 0:
        return float(stats.t.ppf((1 + level) / 2, df))
    furthest = np.sort(np.abs(_directions(r) @ root.T).max(axis=1) ** 2).reshape(-1, NEIGHBOURS).mean(axis=1)

    def missing(c: float) -> float:
        return float(special.fdtr(r, df, c**2 / (r * furthest)).mean()) - level

    single = float(stats.t.ppf((1 + level) / 2, df))
    bonferroni = float(stats.t.ppf(1 - (1 - level) / (2 * len(correlation)), df))
    return float(optimize.brentq(missing, 0.99 * single, 1.01 * bonferroni, xtol=1e-10))


@lru_cache(maxsize=4)
def _directions(r: int) -> Floats:
    """(DIRECTIONS, r) points on the unit sphere: normal quantiles of an unscrambled Sobol set, moved off its zeros."""
    points = stats.qmc.Sobol(r, scramble=False).random(DIRECTIONS)
    normal = special.ndtri(points + 0.5 / DIRECTIONS)
    out: Floats = normal / np.linalg.norm(normal, axis=1)[:, None]
    return out
