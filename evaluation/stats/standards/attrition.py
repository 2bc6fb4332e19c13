"""Loss of the sample after random assignment, against the handbook's boundaries."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from evaluation.stats.standards.handbook import Handbook

Boundary = Literal["cautious", "optimistic"]
_ROUNDING = 1e-9


@dataclass(frozen=True)
class Flow:
    """Units (students or clusters) of one condition: assigned, and in the analysis."""

    n_assigned: int
    n_analyzed: int


@dataclass(frozen=True)
class Attrition:
    """Attrition of a design.

    Attributes
    ----------
    level : {"low", "high", "not_applicable"}
        `not_applicable` for a design that was not randomized.
    overall, differential : float or None
        Shares between 0 and 1; differential is the absolute difference of both conditions' shares.
    limit : float or None
        Largest differential share that is low at this overall share; None where the table ends before it.
    boundary : {"cautious", "optimistic"}
    reason : str
    """

    level: Literal["low", "high", "not_applicable"]
    overall: float | None
    differential: float | None
    limit: float | None
    boundary: Boundary
    reason: str


def assess_attrition(program: Flow, comparison: Flow, *, is_randomized: bool, boundary: Boundary,
                     handbook: Handbook) -> Attrition:
    """Assess whether the loss of the sample is low.

    Boundaries are given at whole percents of overall attrition and read between them by a straight line; a differential
    on the boundary is low. Other programs take the whole percent below, which differs by .2 points at most. Overall
    attrition beyond the table is high.

    Raises
    ------
    ValueError
        Nobody was assigned to a condition, or more were analyzed than assigned.
    """
    if not is_randomized:
        return Attrition("not_applicable", None, None, None, boundary, "Attrition boundaries are for randomized "
                         "designs only: equivalence of the analytic sample is needed.")
    for flow in (program, comparison):
        if not 0 <= flow.n_analyzed <= flow.n_assigned or flow.n_assigned == 0:
            raise ValueError("attrition needs at least one assigned unit per condition, and no more analyzed units.")
    lost = [1 - flow.n_analyzed / flow.n_assigned for flow in (program, comparison)]
    overall = 1 - (program.n_analyzed + comparison.n_analyzed) / (program.n_assigned + comparison.n_assigned)
    differential = abs(lost[0] - lost[1])
    table = getattr(handbook, boundary)
    if 100 * overall > len(table) - 1 + _ROUNDING:
        return Attrition("high", overall, differential, None, boundary,
                         f"{overall:.1%} of the sample were lost, beyond the boundary's last value.")
    limit = float(np.interp(100 * overall, range(len(table)), table)) / 100
    level: Literal["low", "high"] = "low" if differential <= limit + _ROUNDING else "high"
    reason = (f"{100 * differential:.1f} points between the conditions at {overall:.1%} overall; the {boundary} "
              f"boundary is {100 * limit:.1f}.")
    return Attrition(level, overall, differential, limit, boundary, reason)
