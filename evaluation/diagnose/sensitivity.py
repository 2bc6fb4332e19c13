"""How far trends may differ before the effect is no longer clear (HonestDiD)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import numpy as np

from evaluation.diagnose.diagnosed import Diagnosed, Row
from evaluation.diagnose.path import path_of
from evaluation.stats.records import Floats
from evaluation.stats.sensitivity.event_study import EventStudy
from evaluation.stats.sensitivity.robust import breakdown, robust_set

Restriction = Literal["relative_magnitude", "smoothness"]
MULTIPLES: dict[Restriction, tuple[float, ...]] = {
    "relative_magnitude": (0.0, 0.5, 1.0, 1.5, 2.0), "smoothness": (0.0, 0.1, 0.25, 0.5, 1.0)}
"""Sizes of departure: of the largest change before the program, and of `slope_error`."""


def sensitivity(of: Diagnosed) -> list[Row]:
    """Return per part the robust 95 % interval of the average effect at every size of departure.

    The smoothness sizes are multiples of `slope_error` of the part. No row where `breakdowns` says why there is no
    event study, and none of a result that is not confirmatory.
    """
    path = path_of(of) if of.is_confirmatory else None
    if path is None or isinstance(path, str):
        return []
    return [{"part": part, **row} for part, study in zip(of.design.parts, path.studies, strict=True)
            for row in _intervals(study, path.contrast)]


def breakdowns(of: Diagnosed) -> list[Row]:
    """Return per part the largest departure of each kind at which that interval excludes zero, or why there is none.

    None of a result that is not confirmatory. `n_pre_periods` and `n_post_periods` count the steps before and after the
    base that the event study has.
    """
    if not of.is_confirmatory:
        return []
    path, rows = path_of(of), []
    for i, part in enumerate(of.design.parts):
        for restriction in MULTIPLES:
            about: Row = {"part": part, "restriction": restriction}
            if isinstance(path, str):
                rows.append({**about, "undefined": path, "n_pre_periods": 0, "n_post_periods": 0})
                continue
            study = path.studies[i]
            rows.append({**about, **_breakdown(study, restriction, path.contrast), "n_pre_periods": study.n_pre,
                         "n_post_periods": study.n_post})
    return rows


def slope_error(study: EventStudy) -> float:
    """Return the standard error of the slope between the base and the effect just before it, in units per period."""
    nearest = study.n_pre - 1
    return float(np.sqrt(study.covariance[nearest, nearest]) / abs(study.since_base[nearest]))


def _intervals(study: EventStudy, contrast: Floats) -> Iterator[Row]:
    for restriction, multiples in MULTIPLES.items():
        unit = slope_error(study) if restriction == "smoothness" else 1.0
        for multiple in multiples:
            found = robust_set(study, restriction, multiple * unit, contrast=contrast)
            yield {"restriction": restriction, "m": found.m, "ci_low": found.ci_low, "ci_high": found.ci_high}


def _breakdown(study: EventStudy, restriction: Restriction, contrast: Floats) -> Row:
    found = breakdown(study, restriction, contrast=contrast).value
    if found is None:
        return {"breakdown": None, "undefined": "not_clear"}
    return {"breakdown": None, "undefined": "any_size"} if np.isinf(found) else {"breakdown": found, "undefined": None}
