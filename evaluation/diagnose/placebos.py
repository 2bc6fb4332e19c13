"""Effects where there should be none: before the program, on outcomes it cannot move, by large gaps alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from evaluation.design import build
from evaluation.diagnose.diagnosed import Diagnosed, Row, cells_of
from evaluation.diagnose.effects import effect_rows, overall_effect
from evaluation.diagnose.regression_to_mean import regression_to_mean
from evaluation.errors import EstimationError
from evaluation.stats.cohorts import first_in_program
from evaluation.stats.records import Booleans, Design, Integers

PERIODS_EARLIER = (1, 2, 3)
"""How much earlier the program is pretended to have started, in periods of the design."""


def placebos(of: Diagnosed) -> list[Row]:
    """Return a row per placebo and part; none where nothing can be estimated."""
    specification, rows = of.topic.specification, []
    for placebo, detail, design in (*_in_time(of), *_on_outcomes(of), *regression_to_mean(of)):
        try:
            overall = overall_effect(design, specification)
        except EstimationError:
            continue
        rows += [{"placebo": placebo, "detail": detail, **row} for row in effect_rows(overall, of.gate)]
    return rows


def started_earlier(design: Design, k: int, *, anticipation: int = 0) -> Design:
    """Return the design as if every cohort had started k of its periods earlier, on cells from before the program.

    Cells of program units in the program, or at most `anticipation` periods before it, are absent. Units without a
    period before the pretended start leave. A cohort that starts after the last period is taken to start right after.
    """
    first = first_in_program(design)
    is_touched = ~design.never_program[:, None] & _is_in_program(design, first, anticipation)
    pretended = np.where(design.never_program, np.nan, design.periods[np.maximum(first - k, 0)])
    moved = replace(design, cohort=pretended, outcome=np.where(is_touched[:, :, None], np.nan, design.outcome))
    return moved.subset((design.never_program | (first > k)) & moved.present.any(axis=1))


def _is_in_program(design: Design, first: Integers, anticipation: int) -> Booleans:
    """(U, T): the period is of the program, or less than so many periods before it."""
    start = np.append(design.position, design.position[-1] + 1)[first]
    return np.asarray(design.position[None, :] >= start[:, None] - anticipation)


def _in_time(of: Diagnosed) -> Iterator[tuple[str, str, Design]]:
    for k in PERIODS_EARLIER:
        design = started_earlier(of.design, k, anticipation=of.topic.specification.anticipation)
        yield "time", f"{k} period{'s' if k > 1 else ''} earlier", design


def _on_outcomes(of: Diagnosed) -> Iterator[tuple[str, str, Design]]:
    """Yield the design of every outcome that the study declares as one the topic's program cannot move."""
    topic = of.topic
    for outcome in of.study.outcomes:
        if topic.outcome.id in outcome.placebo_for:
            cells = cells_of(of.cells, replace(topic, outcome=outcome))
            try:
                yield "outcome", outcome.id, build(cells, of.study, topic.specification, outcome.id, topic.gap)
            except EstimationError:
                continue
