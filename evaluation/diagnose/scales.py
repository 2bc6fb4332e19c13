"""Reliability and measurement invariance of the study's scales, from item moments alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from evaluation.params import Gap, Study
from evaluation.stats.records import Floats
from evaluation.stats.standards.invariance import CUT_OFFS, Fit, Invariance, assess_invariance, split_gap
from evaluation.stats.standards.one_factor import ItemMoments
from evaluation.stats.standards.reliability import cronbach_alpha, mcdonald_omega

Row = dict[str, Any]
MIN_STUDENTS = 30
"""Reliability of fewer students is not given: its interval would span most of what is possible."""
MIN_COMPARED = int(next(rule.number or 0 for rule in CUT_OFFS if rule.id == "min_respondents"))
_SUMS = ["n_answered", "sum_i", "sum_j", "sum_ij"]
_KEY = ["outcome_id", "grade_band", "period", "dimension", "group_id"]


@dataclass(frozen=True)
class _Scale:
    """Items of one group in one wave: covariance (p, p) and mean (p,) in points, smallest number of any pair."""

    items: tuple[str, ...]
    covariance: Floats
    mean: Floats
    n: int


def scale_tables(item_moments: pd.DataFrame, study: Study) -> dict[str, list[Row]]:
    """Return the rows of `scale_reliability` and `measurement_invariance`; none without answers to items.

    States are taken together: sums add up. Invariance is asked of both groups of every gap, wave by wave, and of all
    waves at once, of those in which both groups are large enough.
    """
    summed = item_moments.groupby([*_KEY, "item_i", "item_j"], as_index=False)[_SUMS].sum()
    items = {str(outcome): tuple(sorted(set(rows["item_i"]))) for outcome, rows in summed.groupby("outcome_id")}
    scales = {tuple(key): _scale(rows, items[str(key[0])]) for key, rows in summed.groupby(_KEY)}
    return {"scale_reliability": [_reliability(key, scale) for key, scale in scales.items()],
            "measurement_invariance": [row for gap in study.gaps for row in _invariance(scales, gap)]}


def _scale(rows: pd.DataFrame, items: tuple[str, ...]) -> _Scale:
    """Pairwise covariances with n − 1 denominators; NaN where a pair has fewer than two students."""
    p = len(items)
    n, total, product, mean = np.zeros((p, p)), np.full((p, p), np.nan), np.full((p, p), np.nan), np.full(p, np.nan)
    i, j = (np.searchsorted(items, rows[name].to_numpy(dtype=str)) for name in ("item_i", "item_j"))
    count, sum_i, sum_j, sum_ij = (rows[name].to_numpy(dtype=float) for name in _SUMS)
    for at in ((i, j), (j, i)):
        n[at], total[at], product[at] = count, sum_i * sum_j, sum_ij
    own = i == j
    mean[i[own]] = sum_i[own] / count[own]
    degrees = np.where(n > 1, n - 1, np.nan)
    return _Scale(items, (product - total / np.where(n > 0, n, np.nan)) / degrees, mean, int(n.min()))


def _reliability(key: tuple[Any, ...], scale: _Scale) -> Row:
    row: Row = {**dict(zip(_KEY, key, strict=True)), "n_students": scale.n, "n_items": len(scale.items)}
    if scale.n < MIN_STUDENTS or len(scale.items) < 2 or not scale.covariance.sum() > 0:
        return row
    alpha = cronbach_alpha(scale.covariance, scale.n)
    row |= {"alpha": alpha.value, "alpha_low": alpha.ci_low, "alpha_high": alpha.ci_high}
    try:
        omega = mcdonald_omega(scale.covariance, scale.n)
    except ValueError:
        return row
    return {**row, "omega": omega.value if omega.is_proper else None}


def _invariance(scales: Mapping[tuple[Any, ...], _Scale], gap: Gap) -> Iterator[Row]:
    both: dict[tuple[Any, Any], dict[Any, tuple[_Scale, _Scale]]] = {}
    for (outcome, band, period, dimension, group), focal in scales.items():
        reference = scales.get((outcome, band, period, dimension, gap.reference))
        if dimension == gap.dimension and group == gap.focal and reference is not None:
            both.setdefault((outcome, band), {})[period] = (focal, reference)
    for (outcome, band), waves in both.items():
        about = {"outcome_id": outcome, "grade_band": band, "dimension": gap.dimension, "gap_id": gap.id,
                 "focal": gap.focal, "reference": gap.reference}
        for period, pair in waves.items():
            yield {**about, "period": period, "compared": "groups", **_assessed([pair])}
        large = [pair for pair in waves.values() if min(scale.n for scale in pair) >= MIN_COMPARED]
        yield {**about, "period": None, "compared": "groups_and_waves", **_assessed(large or list(waves.values()))}


def _assessed(pairs: list[tuple[_Scale, _Scale]]) -> Row:
    """Assess one wave, or several at once: reference group first, so that it sets the scale of the factor."""
    groups = [scale for focal, reference in pairs for scale in (reference, focal)]
    moments = ItemMoments(np.array([s.covariance for s in groups]), np.array([s.mean for s in groups]),
                          np.array([s.n for s in groups]))
    found = assess_invariance(moments)
    items = groups[0].items
    row = {"n_focal": sum(focal.n for focal, _ in pairs), "n_reference": sum(reference.n for _, reference in pairs),
           "invariance": found.decision, "invariance_reason": found.reason,
           "worst_item": None if found.worst_item is None else items[found.worst_item],
           "freed_items": ", ".join(items[i] for i in found.freed) or None, **_fits(found)}
    if found.aligned is not None and len(pairs) == 1:
        parts = split_gap(moments, found.aligned, focal=1, reference=0)
        row |= {"gap": parts.observed, "gap_by_factor": parts.by_factor, "gap_by_items": parts.by_items}
    return row


def _fits(found: Invariance) -> Row:
    models: dict[str, Fit | None] = {"": found.configural, "_loadings": found.metric, "_intercepts": found.scalar}
    return {f"{index}{name}": getattr(fit, index) for name, fit in models.items() if fit is not None
            for index in ("cfi", "rmsea", "srmr")}
