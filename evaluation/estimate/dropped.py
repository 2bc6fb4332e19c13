"""Cohorts of the program that no number of an aggregate speaks of, though they belong to it."""

from __future__ import annotations

import numpy as np

from evaluation.params import Program
from evaluation.stats.reading import program_cells, used_cells
from evaluation.stats.records import Design, Estimand, Estimate


def dropped_cohorts(estimate: Estimate, program: Program) -> tuple[tuple[int, ...], ...]:
    """Return for each estimand the program's cohorts that could not be estimated in it.

    They have no data in the base period, no comparison unit, no weight or no cells. Cohorts named in
    `left_out_cohorts` are not among them. Before the program: those without any effect in the program. None where the
    estimand is about one cohort or district.
    """
    found = tuple(
        tuple(sorted(_belonging(estimate.design, e, program) - _used(estimate, i) - set(estimate.left_out_cohorts[i])))
        for i, e in enumerate(estimate.estimands)
    )
    overall = next((set(d) for e, d in zip(estimate.estimands, found, strict=True) if e.kind == "overall"), set[int]())
    return tuple(tuple(sorted(set(d) & overall)) if e.event_time is not None and e.event_time < 0 else d
                 for e, d in zip(estimate.estimands, found, strict=True))


def _belonging(design: Design, estimand: Estimand, program: Program) -> set[int]:
    starts = {c.start for c in program.cohorts if estimand.phase in (None, c.phase)}
    if estimand.kind not in ("overall", "phase", "calendar", "event_time"):
        return set()
    if estimand.period is not None:
        return {g for g in starts if g <= estimand.period}
    if estimand.event_time is not None:
        position = dict(zip(design.periods.tolist(), design.position.tolist(), strict=True))
        return {g for g in starts if g in position and position[g] + estimand.event_time in position.values()}
    return starts


def _used(estimate: Estimate, i: int) -> set[int]:
    cells = used_cells(estimate)[i] & program_cells(estimate.design, estimate.estimands[i])
    return set(np.unique(estimate.design.cohort[cells.any(axis=1)]).astype(int).tolist())
