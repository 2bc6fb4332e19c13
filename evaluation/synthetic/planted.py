"""What is planted: levels, common shocks, noise and effects. The only place where these numbers stand.

Everything is added on the scale of the outcome (probabilities, or points of the 1–5 scale) and stays inside its limits
without clipping. Expected untreated outcomes are (school × group) + (state × band × period) + (state × group × period),
so parallel trends in each group and parallel gaps hold exactly in expectation within state and grade band.

Effects are by race and ethnicity only: a student's disability changes the level, not the effect, so the effect on the
disability gap is what the two groups' racial composition makes of it. Units: probability for `chronic_absence`, points
for `belonging`; `suspension` has no effect at all.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Planted = Literal["chronic_absence", "suspension", "belonging"]

RACES = ("american_indian", "asian", "black", "hispanic", "pacific_islander", "two_or_more", "white", "unknown")
LAW_FROM = 2025
LAW_STATE = "ia"

LEVEL: Mapping[Planted, tuple[float, ...]] = {
    "chronic_absence": (0.30, 0.17, 0.42, 0.34, 0.30, 0.24, 0.19, 0.24),
    "suspension": (0.12, 0.095, 0.17, 0.13, 0.12, 0.12, 0.10, 0.11),
    "belonging": (3.45, 3.65, 3.40, 3.45, 3.45, 3.55, 3.75, 3.55),
}
"""Mean without program, by `RACES`, before shocks."""

DISABILITY_SHIFT: Mapping[Planted, float] = {"chronic_absence": 0.04, "suspension": 0.02, "belonging": -0.08}
SHIFT_BY_YEAR: Mapping[Planted, Mapping[int, float]] = {
    "chronic_absence": {2018: 0.005, 2019: 0.01, 2020: -0.01, 2021: 0.07, 2022: 0.08, 2023: 0.06, 2024: 0.045,
                        2025: 0.04, 2026: 0.035},
    "suspension": {2020: -0.015, 2021: -0.02, 2022: 0.01, 2023: 0.01},
    "belonging": {2020: -0.05, 2021: -0.15, 2022: -0.10, 2023: -0.08, 2024: -0.06, 2025: -0.05, 2026: -0.04},
}
"""Change against the first year, the same at program and comparison schools."""

LAW_SHIFT: Mapping[str, float] = {"black": -0.04, "hispanic": -0.035}
LAW_SHIFT_OTHERS = -0.025
"""The attendance law lowers chronic absence in every district of its state, more for some groups."""

SELECTED_EXTRA: Mapping[str, Mapping[str, float]] = {"mesa": {"black": 0.07, "hispanic": 0.05}}
"""Districts were chosen for this program because their chronic-absence gaps are persistently larger by this much."""


@dataclass(frozen=True)
class Noise:
    """Standard deviations of bounded mean-zero noise, and half-width of the students' own uniform deviation."""

    school_level: float
    school_group_level: float
    state_group_year: float
    district_year: float
    school_year: float
    school_group_year: float
    student: float


NOISE: Mapping[Planted, Noise] = {
    "chronic_absence": Noise(0.015, 0.012, 0.008, 0.006, 0.008, 0.006, 0.03),
    "suspension": Noise(0.008, 0.005, 0.002, 0.002, 0.003, 0.002, 0.01),
    "belonging": Noise(0.05, 0.03, 0.02, 0.012, 0.015, 0.012, 0.45),
}
ITEM_SPREAD = 0.50
"""Half-width of an item answer's own uniform deviation, in points."""

ANSWERS_WAVE: tuple[float, ...] = (0.66, 0.80, 0.70, 0.72, 0.66, 0.76, 0.82, 0.70)
"""Chance of answering a survey wave, by `RACES`: unequal, but unrelated to what would be answered."""
SKIPS_ITEM = 0.03


@dataclass(frozen=True)
class Growth:
    """Effect by event time e = 0, 1, …: `start` + `per_period` × e, times a group's share of it."""

    start: float
    per_period: float
    share: Mapping[str, float]


_FOCAL = {"black": 1.0, "hispanic": 0.7}
_WHITE = {"white": 1.0}
EFFECTS: Mapping[tuple[Planted, str, int], Growth] = {
    ("chronic_absence", "dile", 2019): Growth(-0.015, -0.015, _FOCAL),
    ("chronic_absence", "dile", 2022): Growth(-0.05, -0.05, _FOCAL),
    ("chronic_absence", "dile", 2023): Growth(-0.025, -0.025, _FOCAL),
    ("chronic_absence", "dile", 2025): Growth(-0.01, -0.02, _FOCAL),
    ("chronic_absence", "mesa", 2024): Growth(-0.02, -0.02, _FOCAL),
    ("chronic_absence", "mesa", 2025): Growth(-0.06, -0.05, _FOCAL),
    ("belonging", "dile", 2019): Growth(-0.04, -0.04, _WHITE),
    ("belonging", "dile", 2022): Growth(-0.12, -0.15, _WHITE),
    ("belonging", "dile", 2023): Growth(-0.03, -0.04, _WHITE),
    ("belonging", "dile", 2025): Growth(-0.01, -0.02, _WHITE),
    ("belonging", "mesa", 2024): Growth(-0.05, -0.05, _WHITE),
    ("belonging", "mesa", 2025): Growth(-0.15, -0.10, _WHITE),
}
"""Planted effects by (outcome, program, cohort).

Chronic absence falls among Black and Hispanic students (a narrowing by focal improvement), belonging falls among white
students (a narrowing by levelling down). A cohort that is not listed has no effect. Effects grow with event time and
differ by cohort, most in belonging, so that two-way fixed effects is visibly wrong there.
"""


def effect(outcome: Planted, program: str, cohort: int, event_time: int) -> tuple[float, ...]:
    """Return the effect at `event_time` ≥ 0 by `RACES`, in the outcome's planted unit; 0 before the program."""
    growth = EFFECTS.get((outcome, program, cohort))
    if growth is None or event_time < 0:
        return (0.0,) * len(RACES)
    size = growth.start + growth.per_period * event_time
    return tuple(size * growth.share.get(race, 0.0) for race in RACES)


def shift(outcome: Planted, state: str, year: int) -> tuple[float, ...]:
    """Return what moves everybody of a state in `year`, by `RACES`."""
    common = SHIFT_BY_YEAR[outcome].get(year, 0.0)
    law = outcome == "chronic_absence" and state == LAW_STATE and year >= LAW_FROM
    return tuple(common + (LAW_SHIFT.get(race, LAW_SHIFT_OTHERS) if law else 0.0) for race in RACES)
