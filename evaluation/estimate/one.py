"""All estimates of one specification, outcome and gap."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, get_args

import numpy as np
import pandas as pd

from evaluation.design import Part, Topic, build, districts, students
from evaluation.estimate.dropped import dropped_cohorts
from evaluation.estimate.group_time import averages, by_district
from evaluation.estimate.rows import estimate_rows, weight_rows
from evaluation.estimate.two_way import fit_two_way
from evaluation.params import Program, Specification, Study
from evaluation.stats.inference.infer import infer
from evaluation.stats.records import Design, Estimate

CONSTANT = 1
"""CR1 counts the regressors and the constant, not the unit effects: they are nested in clusters."""
_SAMPLES: dict[str, tuple[Part | None, ...]] = {"same": (None,), "own": get_args(Part)}


@dataclass(frozen=True)
class Found:
    """Rows of `estimates` and of `estimate_weights`."""

    estimates: list[dict[str, Any]]
    weights: list[pd.DataFrame]


def estimate(cells: pd.DataFrame, study: Study, topic: Topic) -> Found:
    """Estimate one topic from its cells.

    Sample `same`: gap and parts on one design. Sample `own`: each part on its own design, and the weights are those of
    the gap's design.

    Raises
    ------
    EstimationError
        No estimate can be made from these cells.
    """
    found = Found([], [])
    program = next(p for p in study.programs if p.id == topic.specification.program)
    for part in _SAMPLES[topic.specification.sample]:
        full = build(cells, study, topic.specification, topic.outcome.id, topic.gap, part=part)
        n = dict(zip(full.unit_ids, students(cells, study, topic.specification, full, outcome_id=topic.outcome.id,
                                              gap=topic.gap), strict=True))
        for made in _fitted(cells, program, topic.specification, full):
            inference = infer(made, method=topic.specification.inference, n_absorbed=CONSTANT)
            n_used = np.array([n[unit_id] for unit_id in made.design.unit_ids])
            found.estimates.extend(estimate_rows(topic, made, inference, n_used,
                                                 dropped=dropped_cohorts(made, program)))
            if "gap" in made.parts and made.estimands[0].kind != "district":
                found.weights.append(weight_rows(topic, made))
    return found


def _fitted(cells: pd.DataFrame, program: Program, specification: Specification,
            design: Design) -> Iterator[Estimate]:
    if specification.estimator == "twfe":
        yield fit_two_way(design)
    else:
        yield averages(design, specification, program)
        yield from by_district(design, districts(cells, design), specification)
