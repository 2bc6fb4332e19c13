"""Several hypotheses of one declared family: Benjamini–Hochberg and Romano–Wolf.

A family is declared before the results are seen. Confirmatory and exploratory hypotheses are never of one family.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from evaluation.stats.inference.signs import draw_signs, every_sign
from evaluation.stats.inference.wild import MIN_CLUSTERS, wild_statistics
from evaluation.stats.records import Booleans, Estimate, Floats
from evaluation.stats.regression import regression_of

MAX_ENUMERATED = 12
"""Up to so many clusters all vectors of signs are taken."""
TIE = 1 - 1e-10
ROUNDING = 1e-12


@dataclass(frozen=True)
class Adjusted:
    """Adjusted p-values (h,) of a family, and which of its hypotheses are rejected at its level."""

    p_value: Floats
    is_rejected: Booleans


@dataclass(frozen=True)
class Hypothesis:
    """That an estimand, by position, is zero in a part, by position."""

    estimate: Estimate
    estimand: int
    part: int


def benjamini_hochberg(p_value: Floats, *, alpha: float = 0.05) -> Adjusted:
    """Control the false discovery rate of a family (h,) at alpha.

    Rejected are the hypotheses with the i smallest p-values, i the largest with p_(i) ≤ iα/h: at most, not less than.
    Adjusted is min over j ≥ i of h·p_(j)/j, at most 1. NaN, a hypothesis without a test, is not counted in h.
    Source: Benjamini & Hochberg 1995.

    Raises
    ------
    ValueError
        A p-value is outside 0 to 1.
    """
    p = np.asarray(p_value, dtype=np.float64)
    tested = np.flatnonzero(~np.isnan(p))
    if ((p[tested] < 0) | (p[tested] > 1)).any():
        raise ValueError("a p-value of the family is not between 0 and 1")
    order = tested[np.argsort(p[tested], kind="stable")]
    adjusted = np.full(len(p), np.nan)
    steps = p[order] * len(order) / np.arange(1, len(order) + 1)
    adjusted[order] = np.minimum(np.minimum.accumulate(steps[::-1])[::-1], 1)
    return Adjusted(adjusted, np.asarray(adjusted <= alpha * (1 + ROUNDING)))


def romano_wolf(family: Sequence[Hypothesis], *, alpha: float = 0.05, draws: int = 9_999,
                rng: np.random.Generator | None = None) -> Adjusted:
    """Control the chance of any false rejection in a family at alpha, using how its tests depend on each other.

    Every hypothesis is tested by the restricted wild cluster bootstrap, all of them with the same Rademacher sign for a
    cluster; up to 12 clusters in all every vector is taken. Stepdown from the largest |t|: p is the share of draws in
    which the largest |t*| among this and all smaller ones is at least |t|(1 − 1e-10), the observed draw included, and
    never below that of the hypothesis before. Other programs resample around the estimate instead of imposing each
    null. Sources: Romano & Wolf 2005, 2016.

    Raises
    ------
    ValueError
        An estimate without a regression; fewer than six clusters; signs must be drawn and there is no generator.
    """
    if not family:
        return Adjusted(np.empty(0), np.empty(0, dtype=bool))
    cluster = np.unique(np.concatenate([regression_of(h.estimate)[0].cluster for h in family]))
    if len(cluster) < MIN_CLUSTERS:
        raise ValueError(f"{len(cluster)} clusters are too few for a wild bootstrap; it needs {MIN_CLUSTERS}")
    few = len(cluster) <= MAX_ENUMERATED
    signs = every_sign(len(cluster), "rademacher") if few else draw_signs(len(cluster), "rademacher", draws, rng)
    observed, drawn = np.empty(len(family)), np.empty((len(family), signs.shape[1]))
    for members in _by_estimate(family):
        regression, contrasts = regression_of(family[members[0]].estimate)
        rows = sorted({family[j].estimand for j in members})
        found = wild_statistics(regression, contrasts[rows], cluster, signs)
        for j in members:
            at = rows.index(family[j].estimand), family[j].part
            observed[j], drawn[j] = found.observed[at], found.drawn[at]
    return stepdown(observed, drawn, alpha=alpha)


def stepdown(observed: Floats, drawn: Floats, *, alpha: float = 0.05) -> Adjusted:
    """Romano–Wolf's stepdown on squared statistics (h,) and draws (h, B) of them, the first draw the observed one.

    Raises
    ------
    ValueError
        A statistic is missing: a family is adjusted whole or not at all.
    """
    if np.isnan(observed).any() or np.isnan(drawn).any():
        raise ValueError("a statistic of the family is missing, so its p-values cannot be adjusted together")
    order = np.argsort(-observed, kind="stable")
    largest = np.maximum.accumulate(drawn[order][::-1], axis=0)[::-1]
    reached = largest >= TIE**2 * observed[order, None]
    reached[:, 0] = True
    adjusted = np.empty(len(observed))
    adjusted[order] = np.maximum.accumulate(reached.mean(axis=1))
    return Adjusted(adjusted, np.asarray(adjusted <= alpha * (1 + ROUNDING)))


def _by_estimate(family: Sequence[Hypothesis]) -> list[list[int]]:
    """Positions in the family, together where they are of one estimate."""
    found: dict[int, list[int]] = {}
    for j, hypothesis in enumerate(family):
        found.setdefault(id(hypothesis.estimate), []).append(j)
    return list(found.values())
