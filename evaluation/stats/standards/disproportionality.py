"""How over-represented a group is among students with an event: risk, ratios and composition.

Definitions of the IDEA Data Center's methods guide (Bollmer, Bethel, Munk & Bitterman 2014). Groups are columns; an
event may be a student's (risk) or counted per student (rate): the formulas are the same.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evaluation.stats.records import Floats


@dataclass(frozen=True)
class Disproportionality:
    """One group among all others; shares between 0 and 1, ratios without unit.

    Attributes
    ----------
    risk, other_risk : float
        Events per student of the group, and of all other students.
    risk_ratio, risk_difference : float
        risk / other_risk (NaN where nobody else has an event), risk − other_risk.
    composition, composition_of_students : float
        The group's share of all events, and of all students.
    composition_difference, relative_difference : float
        Their difference, and it as a share of the group's share of students.
    composition_bound : float
        Share of events up to which chance explains it: p + √(p(1 − p)/events), p the share of students (E-formula).
    """

    risk: float
    other_risk: float
    risk_ratio: float
    risk_difference: float
    composition: float
    composition_of_students: float
    composition_difference: float
    relative_difference: float
    composition_bound: float


def describe_group(events: Floats, students: Floats, group: int) -> Disproportionality:
    """Return how column `group` stands among all groups.

    Parameters
    ----------
    events, students : (K,)
        Events and students of every group.
    """
    _check(events, students)
    risk, other = events[group] / students[group], _other(events, group) / _other(students, group)
    share_of_events, share = events[group] / events.sum(), students[group] / students.sum()
    bound = share + np.sqrt(share * (1 - share) / events.sum())
    return Disproportionality(*(float(x) for x in (
        risk, other, _ratio(risk, other), risk - other, share_of_events, share, share_of_events - share,
        (share_of_events - share) / share, bound)))


def weighted_risk_ratio(events: Floats, students: Floats, group: int, *, state_students: Floats) -> float:
    """Return (1 − p_k) R_k / Σ_{j≠k} p_j R_j: risks R of the district, weights p the state's shares of students.

    The weights keep a district's own composition out of the comparison. NaN where nobody else has an event.
    """
    _check(events, students)
    share = state_students / state_students.sum()
    risk = np.divide(events, students, out=np.zeros(len(events)), where=students > 0)
    return float(_ratio((1 - share[group]) * risk[group], _other(share * risk, group)))


def alternate_risk_ratio(events: float, students: float, *, state_other_events: float,
                         state_other_students: float) -> float:
    """Return the district's risk of a group over the state's risk of all others; for districts with few others."""
    return float(_ratio(events / students, state_other_events / state_other_students))


def _other(values: Floats, group: int) -> float:
    return float(values.sum() - values[group])


def _ratio(risk: float, other: float) -> float:
    return risk / other if other > 0 else np.nan


def _check(events: Floats, students: Floats) -> None:
    if events.shape != students.shape or not (students.sum() > 0 and events.sum() > 0):
        raise ValueError("disproportionality needs events and students of the same groups, and at least one of each.")
