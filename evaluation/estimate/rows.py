"""Records of `stats` become rows of the contracts `estimates` and `estimate_weights`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from evaluation.design import Topic
from evaluation.design.columns import coordinates, effect
from evaluation.estimate.exposure import PartialFirsts
from evaluation.stats.inference.infer import infer
from evaluation.stats.inference.rules import Gate
from evaluation.stats.reading import levels, program_cells, used_cells
from evaluation.stats.records import Booleans, Estimate, Floats, Inference
from evaluation.stats.relative import relative_effect

CANNOT_TELL = ("cannot_tell",)
_WEIGHTED = ("overall", "cohort", "phase", "event_time", "calendar")


def estimate_rows(topic: Topic, estimate: Estimate, inference: Sequence[Sequence[Inference]], n: Floats, *,
                  said: Sequence[str], dropped: Sequence[tuple[int, ...]],
                  partial: Sequence[PartialFirsts]) -> list[dict[str, Any]]:
    """Return one row per estimand and part.

    n_students counts students of the part's groups (gap: both) in cells with weight, in the period that has most of
    them: at least so many different students stand behind the number. Missing where a used cell's number is unknown.
    n_program_units: units with weight in the program cells the estimand speaks of; n_units: all units with weight.

    Parameters
    ----------
    n : (U, T, 2)
        Focal and reference students of each cell, NaN where unknown.
    said : m verdicts
    dropped : m tuples
        Cohorts that could not be estimated in each estimand.
    partial : m records
        Cohorts whose partial first period counts in each estimand.
    """
    level = levels(estimate)
    rows = []
    for i, (estimand, used) in enumerate(zip(estimate.estimands, used_cells(estimate), strict=True)):
        behind = {**_behind(estimate, i, used), "verdict": said[i], "dropped_cohorts": _listed(dropped[i]),
                  "partial_first_cohorts": _listed(partial[i].cohorts), "exposed_pct": partial[i].exposed_pct}
        for k, part in enumerate(estimate.parts):
            rows.append({**_about(topic), **coordinates(estimand), **behind, "part": part,
                         **_uncertainty(inference[i][k]),
                         "level": None if np.isnan(level[i, k]) else float(level[i, k]),
                         "n_students": _students(n, used, part)})
    return rows


def relative_rows(topic: Topic, estimate: Estimate, gate: Gate | None) -> list[dict[str, Any]]:
    """Return the relative effect on the gap of every average in the program: a factor, and its interval if it has one.

    None where the estimator has no weights. A mean of 0 or less leaves the row with its reason and no number.
    """
    if estimate.weights is None or not estimate.estimands:
        return []
    found = relative_effect(estimate)
    about = topic.columns()
    rows = [{**about, **coordinates(e), "undefined": reason} for e, reason in found.undefined
            if e.kind in _WEIGHTED and (e.event_time is None or e.event_time >= 0)]
    inference = infer(found.estimate, gate=gate)
    for e, (i,), (value,) in zip(found.estimate.estimands, inference, found.estimate.value, strict=True):
        if e.kind in _WEIGHTED:
            rows.append({**about, **coordinates(e), "ratio": float(np.exp(value)), "log_ratio": float(value),
                         "log_se": i.se, "df": i.df, "ratio_low": _exp(i.ci_low), "ratio_high": _exp(i.ci_high),
                         "p_value": i.p_value, "no_interval": i.no_interval})
    return rows


def split_rows(topic: Topic, split: Estimate, gate: Gate | None) -> list[dict[str, Any]]:
    """Return gap, within and between of the effect on a district-wide gap; CV3, as the three move together."""
    return [{**topic.columns(), "split": part, **effect(i)}
            for row in infer(split, gate=gate) for part, i in zip(split.parts, row, strict=True)]


def _exp(value: float | None) -> float | None:
    return None if value is None else float(np.exp(value))


def weight_rows(topic: Topic, estimate: Estimate) -> pd.DataFrame:
    """Return the weight of every cell in the gap's estimates: as it is on focal cells, negative on reference cells.

    None where the estimator has no weights.
    """
    if estimate.weights is None:
        return pd.DataFrame()
    design, kept = estimate.design, [i for i, e in enumerate(estimate.estimands) if e.kind in _WEIGHTED]
    which, unit, period = np.nonzero(estimate.weights[kept])
    about = pd.DataFrame([coordinates(estimate.estimands[i]) for i in kept]).iloc[which].reset_index(drop=True)
    about["unit_id"] = np.array(design.unit_ids, dtype=object)[unit]
    about["cell_period"] = design.periods[period]
    about["weight"] = estimate.weights[kept][which, unit, period]
    if design.is_eligible.size:
        out = about.assign(group_id=np.where(design.is_eligible[unit], topic.gap.focal, topic.gap.reference))
    else:
        out = pd.concat([about.assign(group_id=topic.gap.focal),
                         about.assign(group_id=topic.gap.reference, weight=-about["weight"])], ignore_index=True)
    return out.assign(specification=topic.specification.id, outcome_id=topic.outcome.id, gap_id=topic.gap.id)


def _about(topic: Topic) -> dict[str, Any]:
    s = topic.specification
    return {**topic.columns(), "estimator": s.estimator, "comparison": s.comparison, "weights": s.weights,
            "sample": s.sample, "unit_name": topic.outcome.unit_name}


def _behind(estimate: Estimate, i: int, used: Booleans) -> dict[str, Any]:
    in_program = program_cells(estimate.design, estimate.estimands[i])
    return {"left_out_cohorts": _listed(estimate.left_out_cohorts[i]),
            "n_units": int(used.any(axis=1).sum()),
            "n_program_units": int((used & in_program).any(axis=1).sum()),
            "n_program_districts": len(estimate.program_clusters[i]),
            "n_comparison_districts": len(estimate.comparison_clusters[i])}


def _listed(cohorts: tuple[int, ...]) -> str | None:
    return ", ".join(str(c) for c in cohorts) or None


def _uncertainty(found: Inference) -> dict[str, Any]:
    is_bare = found.se is None and found.p_value is None
    return {**effect(found), "band_low": found.band_low, "band_high": found.band_high,
            "inference": "none" if is_bare else found.method, "coverage": found.coverage,
            "n_clusters": found.n_clusters}


def _students(n: Floats, used: Booleans, part: str) -> int | None:
    side = {"gap": slice(0, 2), "focal": slice(0, 1), "reference": slice(1, 2)}[part]
    counted = np.where(used[..., None], n[..., side], 0.0).sum(axis=(0, 2))
    most = counted.max(initial=0.0)
    return None if np.isnan(most) else int(most)
