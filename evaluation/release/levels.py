"""Group means and gaps over time, as they may be shown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from evaluation.contracts import TABLES
from evaluation.params import Disclosure, Study
from evaluation.release.disclosure import Kind, Shown, shown
from evaluation.release.rows import integer, number


def public_group_levels(levels: pd.DataFrame, study: Study, policy: Disclosure) -> pd.DataFrame:
    """Return `group_levels` with every mean coded or hidden by `policy`; one row per row of `levels`."""
    kinds = _kinds(study)
    rows = []
    for row in levels.to_dict("records"):
        mean = _shown(row, "mean", "n_students", kinds, policy)
        rows.append({**_kept(row, "public_group_levels"), "mean": mean.value, "display": mean.display,
                     "n_band": mean.n_band, "suppression": mean.suppression})
    return pd.DataFrame(rows, columns=list(TABLES["public_group_levels"].columns))


def public_gap_levels(gaps: pd.DataFrame, study: Study, policy: Disclosure) -> pd.DataFrame:
    """Return `gap_levels` from displayed means: the gap is their difference, missing if either is coded or hidden."""
    kinds = _kinds(study)
    rows = []
    for row in gaps.to_dict("records"):
        focal = _shown(row, "focal_mean", "n_focal", kinds, policy)
        reference = _shown(row, "reference_mean", "n_reference", kinds, policy)
        rows.append({**_kept(row, "public_gap_levels"), "focal_mean": focal.value, "focal_display": focal.display,
                     "reference_mean": reference.value, "reference_display": reference.display,
                     "gap": _difference(focal, reference), "suppression": _why_no_gap(focal, reference)})
    return pd.DataFrame(rows, columns=list(TABLES["public_gap_levels"].columns))


def _kinds(study: Study) -> dict[str, Kind]:
    return {outcome.id: outcome.kind for outcome in study.outcomes}


def _shown(row: Mapping[Any, Any], mean: str, n: str, kinds: Mapping[str, Kind], policy: Disclosure) -> Shown:
    return shown(number(row[mean]), integer(row[n]), kind=kinds[row["outcome_id"]], status=row["status"], policy=policy)


def _kept(row: Mapping[Any, Any], table: str) -> dict[str, Any]:
    return {name: row[name] for name in TABLES[table].columns if name in row}


def _difference(focal: Shown, reference: Shown) -> float | None:
    if focal.value is None or reference.value is None:
        return None
    return round(focal.value - reference.value, 2)


def _why_no_gap(focal: Shown, reference: Shown) -> str:
    if focal.value is not None and reference.value is not None:
        return "none"
    hidden = [side.suppression for side in (focal, reference) if side.suppression != "none"]
    for reason in ("not_sent", "not_applicable", "source", "primary"):
        if reason in hidden:
            return reason
    return "primary"
