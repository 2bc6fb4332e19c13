"""Records of `stats` become rows of the contracts `estimates` and `estimate_weights`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from evaluation.design import Topic
from evaluation.stats.inference.infer import default_method
from evaluation.stats.reading import levels, program_cells, used_cells, verdicts
from evaluation.stats.records import Booleans, Estimand, Estimate, Floats, Inference

_WEIGHTED = ("overall", "cohort", "phase", "event_time", "calendar")


def estimate_rows(topic: Topic, estimate: Estimate, inference: Sequence[Sequence[Inference]], n: Floats, *,
                  dropped: Sequence[tuple[int, ...]]) -> list[dict[str, Any]]:
    """Return one row per estimand and part.

    n_students counts students of the part's groups (gap: both) in cells with weight, in the period that has most of
    them: at least so many different students stand behind the number. Missing where a used cell's number is unknown.
    n_program_units: units with weight in the program cells the estimand speaks of; n_units: all units with weight.
    The verdict on the gap stands on all parts; without an interval, or on own samples, it is `cannot_tell`.

    Parameters
    ----------
    n : (U, T, 2)
        Focal and reference students of each cell, NaN where unknown.
    dropped : m tuples
        Cohorts that could not be estimated in each estimand.
    """
    level = levels(estimate)
    method = topic.specification.inference or default_method(estimate)
    shown = [[_shown(found, method) for found in row] for row in inference]
    said = ("cannot_tell",) * len(level)
    if topic.specification.sample == "same":
        said = verdicts(level, shown, better=topic.outcome.better, margin=topic.outcome.margin)
    rows = []
    for i, (estimand, used) in enumerate(zip(estimate.estimands, used_cells(estimate), strict=True)):
        behind = {**_behind(estimate, i, used), "verdict": said[i], "dropped_cohorts": _listed(dropped[i])}
        for k, part in enumerate(estimate.parts):
            rows.append({**_about(topic), **_coordinates(estimand), **behind, "part": part,
                         **_uncertainty(shown[i][k], method),
                         "level": None if np.isnan(level[i, k]) else float(level[i, k]),
                         "n_students": _students(n, used, part)})
    return rows


def weight_rows(topic: Topic, estimate: Estimate) -> pd.DataFrame:
    """Return the weight of every cell in the gap's estimates: as it is on focal cells, negative on reference cells.

    None where the estimator has no weights.
    """
    if estimate.weights is None:
        return pd.DataFrame()
    design, kept = estimate.design, [i for i, e in enumerate(estimate.estimands) if e.kind in _WEIGHTED]
    which, unit, period = np.nonzero(estimate.weights[kept])
    about = pd.DataFrame([_coordinates(estimate.estimands[i]) for i in kept]).iloc[which].reset_index(drop=True)
    about["unit_id"] = np.array(design.unit_ids, dtype=object)[unit]
    about["cell_period"] = design.periods[period]
    weight = estimate.weights[kept][which, unit, period]
    sides = [about.assign(group_id=group, weight=sign * weight)
             for group, sign in ((topic.gap.focal, 1.0), (topic.gap.reference, -1.0))]
    out = pd.concat(sides, ignore_index=True)
    return out.assign(specification=topic.specification.id, outcome_id=topic.outcome.id, gap_id=topic.gap.id)


def _about(topic: Topic) -> dict[str, Any]:
    s = topic.specification
    return {**topic.columns(), "estimator": s.estimator, "comparison": s.comparison, "weights": s.weights,
            "sample": s.sample, "unit_name": topic.outcome.unit_name}


def _coordinates(estimand: Estimand) -> dict[str, Any]:
    return {"estimand": estimand.kind, "cohort": estimand.cohort, "phase": estimand.phase, "period": estimand.period,
            "event_time": estimand.event_time, "district_id": estimand.district}


def _behind(estimate: Estimate, i: int, used: Booleans) -> dict[str, Any]:
    in_program = program_cells(estimate.design, estimate.estimands[i])
    return {"left_out_cohorts": _listed(estimate.left_out_cohorts[i]),
            "n_units": int(used.any(axis=1).sum()),
            "n_program_units": int((used & in_program).any(axis=1).sum()),
            "n_program_districts": len(estimate.program_clusters[i]),
            "n_comparison_districts": len(estimate.comparison_clusters[i])}


def _listed(cohorts: tuple[int, ...]) -> str | None:
    return ", ".join(str(c) for c in cohorts) or None


def _shown(found: Inference, method: str) -> Inference:
    """CR1 only reproduces a published table: no interval, no p-value."""
    if method != "cr1" or found.no_interval is not None:
        return found
    return replace(found, ci_low=None, ci_high=None, ci80_low=None, ci80_high=None, p_value=None,
                   no_interval="reproduction")


def _uncertainty(found: Inference, method: str) -> dict[str, Any]:
    return {"value": found.value, "se": found.se, "df": found.df, "ci_low": found.ci_low, "ci_high": found.ci_high,
            "ci80_low": found.ci80_low, "ci80_high": found.ci80_high, "p_value": found.p_value,
            "inference": "none" if found.se is None else method, "no_interval": found.no_interval,
            "n_clusters": found.n_clusters}


def _students(n: Floats, used: Booleans, part: str) -> int | None:
    side = {"gap": slice(0, 2), "focal": slice(0, 1), "reference": slice(1, 2)}[part]
    counted = np.where(used[..., None], n[..., side], 0.0).sum(axis=(0, 2))
    most = counted.max(initial=0.0)
    return None if np.isnan(most) else int(most)
