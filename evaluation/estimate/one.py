"""All estimates of one specification, outcome and gap."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, get_args

import numpy as np
import pandas as pd

from evaluation.contracts import PARTS
from evaluation.design import Part, Topic, build, districts, stacked, students
from evaluation.estimate.dropped import dropped_cohorts
from evaluation.estimate.fitted import fitted, fitted_by_district
from evaluation.estimate.rows import CANNOT_TELL, estimate_rows, relative_rows, weight_rows
from evaluation.estimate.uncertainty import Found as Uncertainty
from evaluation.estimate.uncertainty import method_of, uncertainty
from evaluation.params import Program, Study
from evaluation.stats.combine import gap_of, joined, select
from evaluation.stats.estimators.registry import LAYOUTS
from evaluation.stats.inference.rules import Gate
from evaluation.stats.reading import levels, verdicts
from evaluation.stats.records import Design, Estimate, Floats

_SAMPLES: dict[str, tuple[Part | None, ...]] = {"same": (None,), "own": get_args(Part)}


@dataclass(frozen=True)
class Found:
    """Rows of `estimates`, `relative_effects` and `estimate_weights`."""

    estimates: list[dict[str, Any]]
    relative: list[dict[str, Any]]
    weights: list[pd.DataFrame]


@dataclass(frozen=True)
class _Made:
    """An estimate with its uncertainty and verdicts, and the students (U, T, 2) behind its design's cells."""

    estimate: Estimate
    uncertainty: Uncertainty
    said: tuple[str, ...]
    n: Floats


def estimate(cells: pd.DataFrame, study: Study, topic: Topic, *, gate: Gate | None = None) -> Found:
    """Estimate one topic from its cells.

    Sample `same`: gap and parts on one design. Sample `own`: each part on its own design, and the weights are those of
    the gap's design. Groups with weights of their own, and estimators that are not linear in the outcome, have each
    part estimated apart and the gap as their difference.

    Parameters
    ----------
    gate : what is known of coverage; None withholds nothing by it

    Raises
    ------
    EstimationError
        No estimate can be made from these cells.
    """
    found = Found([], [], [])
    program = next(p for p in study.programs if p.id == topic.specification.program)
    layout = LAYOUTS[topic.specification.estimator]
    how = _ROUTES["stacked" if topic.specification.weights == "own" and layout == "parts" else layout]
    for made in how(cells, study, topic, program, gate):
        found.estimates.extend(estimate_rows(
            topic, made.estimate, made.uncertainty, made.n, said=made.said,
            method=method_of(made.estimate, topic), dropped=dropped_cohorts(made.estimate, program)))
        if made.estimate.parts == PARTS and topic.specification.sample == "same":
            found.relative.extend(relative_rows(topic, made.estimate))
        if "gap" in made.estimate.parts and made.estimate.estimands[0].kind != "district":
            found.weights.append(weight_rows(topic, made.estimate))
    return found


def _together(cells: pd.DataFrame, study: Study, topic: Topic, program: Program, gate: Gate | None) -> Iterator[_Made]:
    s = topic.specification
    for part in _SAMPLES[s.sample]:
        full = build(cells, study, s, topic.outcome.id, topic.gap, part=part)
        n = dict(zip(full.unit_ids, students(cells, study, s, full, outcome_id=topic.outcome.id, gap=topic.gap),
                     strict=True))
        for found in (*fitted(full, s, program), *fitted_by_district(full, districts(cells, full), s)):
            inference = uncertainty(found, topic, gate)
            said = CANNOT_TELL * len(inference)
            if s.sample == "same":
                said = verdicts(levels(found), inference, better=topic.outcome.better, margin=topic.outcome.margin)
            yield _Made(found, inference, said, np.array([n[unit_id] for unit_id in found.design.unit_ids]))


def _apart(cells: pd.DataFrame, study: Study, topic: Topic, program: Program, gate: Gate | None) -> Iterator[_Made]:
    s, outcome_id = topic.specification, topic.outcome.id
    designs = {part: build(cells, study, s, outcome_id, topic.gap, part=part) for part in ("focal", "reference")}

    def every(design: Design) -> Estimate:
        return joined(list(fitted(design, s, program)))

    both = stacked(designs["focal"], designs["reference"])
    gap = gap_of(both, every)
    of = {"gap": gap, **{part: _shared(every(design), gap, part) for part, design in designs.items()}}
    inference = {part: uncertainty(made, topic, gate) for part, made in of.items()}
    level = {part: levels(of[part])[:, 0] for part in designs}
    said = verdicts(
        np.column_stack([level["focal"] - level["reference"], level["focal"], level["reference"]]),
        [tuple(inference[part][i][0] for part in PARTS) for i in range(len(gap.estimands))],
        better=topic.outcome.better, margin=topic.outcome.margin)
    n = {part: students(cells, study, s, d, outcome_id=outcome_id, gap=topic.gap) for part, d in designs.items()}
    sides = {"focal": n["focal"] * [1.0, 0.0], "reference": n["reference"] * [0.0, 1.0]}
    n["gap"] = np.concatenate([np.nan_to_num(side) for side in sides.values()])
    for part, made in of.items():
        yield _Made(made, inference[part], said, n[part])


def _eligible(cells: pd.DataFrame, study: Study, topic: Topic, program: Program, gate: Gate | None) -> Iterator[_Made]:
    """Yield the effect on the focal group, as the eligible, beside the reference group of the same places."""
    s, outcome_id = topic.specification, topic.outcome.id
    designs = [build(cells, study, s, outcome_id, topic.gap, part=part) for part in ("focal", "reference")]
    both = stacked(*designs)
    n = np.concatenate([students(cells, study, s, d, outcome_id=outcome_id, gap=topic.gap) for d in designs])
    for found in fitted(both, s, program):
        named = replace(found, parts=("focal",))
        yield _Made(named, uncertainty(named, topic, gate), CANNOT_TELL * len(named.estimands), n)


_ROUTES = {"parts": _together, "stacked": _apart, "eligible": _eligible}


def _shared(made: Estimate, gap: Estimate, part: str) -> Estimate:
    """Return a group's estimate on the estimands of the gap, under the part's name."""
    chosen = select(made, [made.estimands.index(e) for e in gap.estimands])
    return replace(chosen, parts=(part,))
