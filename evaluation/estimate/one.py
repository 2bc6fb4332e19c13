"""All estimates of one specification, outcome and gap."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, get_args

import numpy as np
import pandas as pd

from evaluation.contracts import PARTS
from evaluation.design import NO_SUMS, Part, StudentSums, Topic, build, build_stacked, districts, students
from evaluation.estimate.dropped import dropped_cohorts
from evaluation.estimate.exposure import partial_firsts
from evaluation.estimate.fitted import fits, fitted_by_district
from evaluation.estimate.of_students import student_effects
from evaluation.estimate.rows import CANNOT_TELL, estimate_rows, relative_rows, split_rows, weight_rows
from evaluation.estimate.uncertainty import Found as Uncertainty
from evaluation.estimate.uncertainty import uncertainty
from evaluation.params import Program, Specification, Study
from evaluation.stats.combine import gap_of, select
from evaluation.stats.estimators.registry import LAYOUTS
from evaluation.stats.inference.rules import Gates
from evaluation.stats.own_weights import within_and_between
from evaluation.stats.reading import levels, verdicts
from evaluation.stats.records import Design, Estimate, Floats

_SAMPLES: dict[str, tuple[Part | None, ...]] = {"same": (None,), "own": get_args(Part)}


@dataclass(frozen=True)
class Found:
    """Rows of `estimates`, `relative_effects`, `gap_splits` and `estimate_weights`."""

    estimates: list[dict[str, Any]]
    relative: list[dict[str, Any]]
    splits: list[dict[str, Any]]
    weights: list[pd.DataFrame]


@dataclass(frozen=True)
class _Made:
    """An estimate with its uncertainty and verdicts, and the students (U, T, 2) behind its design's cells."""

    estimate: Estimate
    uncertainty: Uncertainty
    said: tuple[str, ...]
    n: Floats


def estimate(cells: pd.DataFrame, study: Study, topic: Topic, *, gates: Gates | None = None,
             sums: StudentSums = NO_SUMS) -> Found:
    """Estimate one topic from its cells.

    Sample `same`: gap and parts on one design. Sample `own`: each part on its own design, and the weights are those of
    the gap's design. Groups with weights of their own, and estimators that are not linear in the outcome, have each
    part estimated apart and the gap as their difference.

    Parameters
    ----------
    gates : what is known of coverage; None withholds nothing by it
    sums : student moments, which the student panel reads; none by default

    Raises
    ------
    EstimationError
        No estimate can be made from these cells, or moments.
    """
    found, single = Found([], [], [], []), None if gates is None else gates.single
    program = next(p for p in study.programs if p.id == topic.specification.program)
    if topic.specification.estimator == "student_panel":
        effects = student_effects(sums, cells, study, topic, program)
        every = _of_parts(effects.of, dict.fromkeys(PARTS, effects.n), topic, gates)
    else:
        layout = LAYOUTS[topic.specification.estimator]
        how = _ROUTES["stacked" if topic.specification.weights == "own" and layout == "parts" else layout]
        every = how(cells, study, topic, program, gates)
    for made in every:
        found.estimates.extend(estimate_rows(
            topic, made.estimate, made.uncertainty, made.n, said=made.said,
            dropped=dropped_cohorts(made.estimate, program), partial=partial_firsts(made.estimate, program)))
        if made.estimate.parts == PARTS and topic.specification.sample == "same":
            found.relative.extend(relative_rows(topic, made.estimate, single))
        kinds = {e.kind for e in made.estimate.estimands}
        if made.estimate.parts == ("gap",) and topic.specification.weights == "own" and "overall" in kinds:
            split = _split_of(made.estimate, topic.specification, program)
            found.splits.extend(split_rows(topic, split, single))
        if "gap" in made.estimate.parts and made.estimate.estimands[0].kind != "district":
            found.weights.append(weight_rows(topic, made.estimate))
    return found


def _together(cells: pd.DataFrame, study: Study, topic: Topic, program: Program,
              gates: Gates | None) -> Iterator[_Made]:
    s = topic.specification
    for part in _SAMPLES[s.sample]:
        full = build(cells, study, s, topic.outcome.id, topic.gap, part=part)
        n = dict(zip(full.unit_ids, students(cells, study, s, full, outcome_id=topic.outcome.id, gap=topic.gap),
                     strict=True))
        whole = [fit(full) for fit in fits(s, program)]
        for found in (*whole, *fitted_by_district(full, districts(cells, full), s)):
            inference = uncertainty(found, topic, gates)
            said = CANNOT_TELL * len(inference)
            if s.sample == "same":
                said = verdicts(levels(found), inference, better=topic.outcome.better, margin=topic.outcome.margin)
            yield _Made(found, inference, said, np.array([n[unit_id] for unit_id in found.design.unit_ids]))


def _apart(cells: pd.DataFrame, study: Study, topic: Topic, program: Program, gates: Gates | None) -> Iterator[_Made]:
    both = build_stacked(cells, study, topic.specification, topic.outcome.id, topic.gap)
    n = _students_of(cells, study, topic, both)
    sides = {"focal": both.is_eligible, "reference": ~both.is_eligible}
    for fit in fits(topic.specification, program):
        gap = gap_of(both, fit)
        of = {"gap": gap, **{part: _shared(fit(both.subset(side)), gap, part) for part, side in sides.items()}}
        yield from _of_parts(of, {"gap": n, **{part: n[side] for part, side in sides.items()}}, topic, gates)


def _of_parts(of: Mapping[str, Estimate], n: Mapping[str, Floats], topic: Topic,
              gates: Gates | None) -> Iterator[_Made]:
    """Yield gap, focal and reference, each an estimate of its own, with the verdict on all three."""
    inference = {part: uncertainty(made, topic, gates) for part, made in of.items()}
    level = {part: levels(of[part])[:, 0] for part in ("focal", "reference")}
    said = verdicts(
        np.column_stack([level["focal"] - level["reference"], level["focal"], level["reference"]]),
        [tuple(inference[part][i][0] for part in PARTS) for i in range(len(of["gap"].estimands))],
        better=topic.outcome.better, margin=topic.outcome.margin)
    for part, made in of.items():
        yield _Made(made, inference[part], said, n[part])


def _split_of(gap: Estimate, specification: Specification, program: Program) -> Estimate:
    """Return the overall effect on a district-wide gap, within schools and between them."""

    first = fits(specification, program)[0]

    def overall(design: Design) -> Estimate:
        every = first(design)
        return select(every, [i for i, e in enumerate(every.estimands) if e.kind == "overall"])

    return within_and_between(gap.design, overall)


def _eligible(cells: pd.DataFrame, study: Study, topic: Topic, program: Program,
              gates: Gates | None) -> Iterator[_Made]:
    """Yield the effect on the focal group, as the eligible, beside the reference group of the same places."""
    both = build_stacked(cells, study, topic.specification, topic.outcome.id, topic.gap)
    for fit in fits(topic.specification, program):
        named = replace(fit(both), parts=("focal",))
        yield _Made(named, uncertainty(named, topic, gates), CANNOT_TELL * len(named.estimands),
                    _students_of(cells, study, topic, both))


def _students_of(cells: pd.DataFrame, study: Study, topic: Topic, both: Design) -> Floats:
    """(U, T, 2): students of a stacked unit's own group; none of the other."""
    n = students(cells, study, topic.specification, both, outcome_id=topic.outcome.id, gap=topic.gap)
    own = np.column_stack([both.is_eligible, ~both.is_eligible])[:, None, :]
    return np.where(own, n, 0.0)


_ROUTES = {"parts": _together, "stacked": _apart, "eligible": _eligible}


def _shared(made: Estimate, gap: Estimate, part: str) -> Estimate:
    """Return a group's estimate on the estimands of the gap, under the part's name."""
    chosen = select(made, [made.estimands.index(e) for e in gap.estimands])
    return replace(chosen, parts=(part,))
