"""A program that began within a period: its first period may be left out, and nothing else moves."""

import numpy as np
import pytest

from evaluation.design import build, topics
from evaluation.estimate.one import estimate

UNITS = tuple(f"ia-{i}" for i in range(1, 13))
STARTS = dict.fromkeys(UNITS[:3], 2003) | dict.fromkeys(UNITS[3:6], 2004)


def effect(unit: str, period: int) -> float:
    """Full effect 8; half of it in the first period of cohort 2003, which began in January."""
    start = STARTS.get(unit, 9999)
    return 0.0 if period < start else 4.0 if period == start == 2003 else 8.0


@pytest.fixture
def partial(study_of):
    study = study_of(STARTS)
    program = study.programs[0]
    cohorts = tuple(c.model_copy(update={"first_period": "partial" if c.start == 2003 else "whole"})
                    for c in program.cohorts)
    return study.model_copy(update={"programs": (program.model_copy(update={"cohorts": cohorts}),)})


@pytest.fixture
def cells(cells_of):
    return cells_of({(u, p, g): (30.0 + i + p / 10 - (effect(u, p) if g == "black" else 0), 50)
                     for i, u in enumerate(UNITS) for p in range(2001, 2007) for g in ("black", "white")})


def test_only_partial_first_periods_leave_the_design(partial, cells):
    specification = partial.specifications[0]
    kept = build(cells, partial, specification, "rate_pct", partial.gaps[0])
    left = build(cells, partial, specification.model_copy(update={"partial_first": "leave_out"}), "rate_pct",
                 partial.gaps[0])
    changed = np.argwhere(np.isnan(left.outcome[..., 0]) & ~np.isnan(kept.outcome[..., 0]))
    assert {(left.unit_ids[u], int(left.periods[t])) for u, t in changed} == {(u, 2003) for u in UNITS[:3]}


@pytest.mark.parametrize(("choice", "first", "later"), [("keep", -6.0, -8.0), ("leave_out", -8.0, -8.0)])
def test_the_first_effect_is_of_whole_periods_when_partial_ones_are_left_out(choice, first, later, partial, cells):
    specification = partial.specifications[0].model_copy(update={"partial_first": choice})
    study = partial.model_copy(update={"specifications": (specification,)})
    rows = estimate(cells, study, topics(study)[0]).estimates
    by_time = {r["event_time"]: r["value"] for r in rows if r["estimand"] == "event_time" and r["part"] == "gap"}
    assert by_time[0] == pytest.approx(first)
    assert by_time[1] == pytest.approx(later)
