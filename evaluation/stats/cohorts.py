"""Where each unit stands towards its program's start: base period, event time, names of effects."""

from __future__ import annotations

import numpy as np

from evaluation.stats.records import Booleans, Design, Estimand, Floats, Integers


def first_in_program(design: Design) -> Integers:
    """(U,): index of the unit's first period in the program; T where it has none within the design."""
    found: Integers = np.searchsorted(design.periods, design.cohort)
    return found


def last_before(design: Design) -> Integers:
    """(T + 1,): for each index of a period, and for T, the index of the last period before it that is no break.

    Where all earlier periods are breaks it is the last of them; −1 where there is no earlier period.
    """
    t = np.arange(len(design.periods))
    usual = np.maximum.accumulate(np.where(design.is_break, -1, t))
    return np.concatenate([[-1], np.where(usual >= 0, usual, t)])


def base_period(design: Design) -> Integers:
    """(U,): index of the last period before the unit's start that is no break (`last_before`); −1 without a start."""
    first = first_in_program(design)
    base: Integers = np.where(first == len(design.periods), -1, last_before(design)[first])
    return base


def event_time(design: Design) -> Floats:
    """(U, T): periods since the start (0 = first in the program), counted in the study's ordered list of periods.

    NaN for units never in the program and where the cohort is no period of the design: its place is unknown.
    """
    first = first_in_program(design).clip(max=len(design.periods) - 1)
    start = np.where(design.periods[first] == design.cohort, design.position[first].astype(np.float64), np.nan)
    return np.asarray(design.position[None, :] - start[:, None])


def has_before(design: Design) -> Booleans:
    """(U,): the unit starts within the design's periods, and not in the first of them."""
    return np.asarray(base_period(design) >= 0)


def effect_at(design: Design, cohort: float, period: int) -> Estimand:
    """Name the effect on a cohort in the period of this index."""
    start = np.flatnonzero(design.periods == cohort)
    distance = int(design.position[period] - design.position[start[0]]) if len(start) else None
    return Estimand("att_gt", cohort=int(cohort), period=int(design.periods[period]), event_time=distance)
