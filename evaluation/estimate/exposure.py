"""Partial first periods behind a number, and how much of the school year the program ran in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from evaluation.params import Cohort, Program
from evaluation.stats.reading import program_cells, used_cells
from evaluation.stats.records import Estimate


@dataclass(frozen=True)
class PartialFirsts:
    """Cohorts whose partial first period is among the program periods of a number.

    Attributes
    ----------
    cohorts : starts, in order
    exposed_pct : share of the school days under the program, the least of these cohorts; None where one is not known
    """

    cohorts: tuple[int, ...]
    exposed_pct: int | None


NO_PARTIAL = PartialFirsts((), None)


def partial_firsts(estimate: Estimate, program: Program) -> tuple[PartialFirsts, ...]:
    """Return for each estimand the cohorts whose partial first period counts in it: that has weight, where there are
    weights.
    """
    exposed = {c.start: exposed_pct(c) for c in program.cohorts if c.first_period == "partial"}
    if not exposed:
        return (NO_PARTIAL,) * len(estimate.estimands)
    design = estimate.design
    is_first = np.isin(design.cohort, list(exposed))[:, None] & (design.cohort[:, None] == design.periods[None, :])
    found = []
    for estimand, used in zip(estimate.estimands, used_cells(estimate), strict=True):
        counts = (used & is_first & program_cells(design, estimand)).any(axis=1)
        starts = tuple(np.unique(design.cohort[counts]).astype(int).tolist())
        found.append(PartialFirsts(starts, _least([exposed[start] for start in starts])))
    return tuple(found)


def exposed_pct(cohort: Cohort) -> int | None:
    """Return the share of a cohort's first school year under the program, a whole percentage; None where not stated.

    100 × weekdays from the start on / weekdays of the school year, both ends included; a half goes up. Holidays are not
    known, and are taken to lie alike before and after the start.
    """
    if cohort.started_on is None or cohort.first_school_day is None or cohort.last_school_day is None:
        return None
    end = np.datetime64(cohort.last_school_day) + 1
    under, whole = (int(np.busday_count(day, end)) for day in (cohort.started_on, cohort.first_school_day))
    return (200 * under + whole) // (2 * whole)


def _least(shares: Sequence[int | None]) -> int | None:
    known = [share for share in shares if share is not None]
    return min(known) if known and len(known) == len(shares) else None
