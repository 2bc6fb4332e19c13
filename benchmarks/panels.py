"""Panels that the benchmarks of estimators run on, and the same rows for other programs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evaluation.stats.records import Design, Floats

PARTS = ("gap", "focal", "reference")


@dataclass(frozen=True)
class Size:
    """Schools × years × outcomes, two groups each; draws of a bootstrap."""

    schools: int = 300
    years: int = 10
    outcomes: int = 10
    draws: int = 9_999

    @property
    def columns(self) -> int:
        """Gap, focal and reference of every outcome."""
        return len(PARTS) * self.outcomes


def draw(size: Size, *, seed: int = 0) -> Design:
    """Draw schools in five cohorts and three eighths never in the program, effects that grow, every cell present.

    Parts are outcome × (gap, focal, reference); each school is a cluster.
    """
    rng = np.random.default_rng(seed)
    schools, years = np.arange(size.schools), np.arange(1, size.years + 1)
    starts = np.linspace(0.35, 0.75, 5) * size.years
    cohort = np.concatenate([np.round(starts), [np.nan] * 3])[schools % 8]
    since = years[None, :] - cohort[:, None]
    effect = np.where(since >= 0, 0.1 * (1 + np.nan_to_num(since)), 0.0)
    parts = []
    for _ in range(size.outcomes):
        school, common = rng.normal(size=(size.schools, 1)), rng.normal(size=(1, size.years))
        focal, reference = (school + common + rng.normal(size=effect.shape) + share * effect for share in (1.0, 0.5))
        parts += [focal - reference, focal, reference]
    return Design(
        outcome=np.stack(parts, axis=2), parts=tuple(f"{k}:{p}" for k in range(size.outcomes) for p in PARTS),
        unit_ids=tuple(map(str, schools)), periods=years, position=years - 1, cluster=schools,
        stratum=np.zeros(size.schools, dtype=np.int64), cohort=cohort, weight=np.ones(size.schools),
        is_break=np.zeros(size.years, dtype=bool))


def districts(*, seed: int = 0) -> Design:
    """Draw 26 districts with one to four schools in 9 years, of unequal size, a tenth of the cells absent."""
    rng = np.random.default_rng(seed)
    cluster = np.repeat(np.arange(26), rng.integers(1, 5, 26))
    focal, reference = rng.normal(size=(2, len(cluster), 9)).cumsum(axis=2)
    outcome = np.stack([focal - reference, focal, reference], axis=2)
    outcome[rng.random(outcome.shape[:2]) < 0.1] = np.nan
    return Design(
        outcome=outcome, parts=PARTS, unit_ids=tuple(map(str, range(len(cluster)))), periods=np.arange(1, 10),
        position=np.arange(9), cluster=cluster, stratum=cluster % 2,
        cohort=np.array([4.0, 4, 6, 6, 7, np.nan, np.nan, np.nan])[cluster // 2 % 8],
        weight=rng.uniform(20, 200, len(cluster)), is_break=np.zeros(9, dtype=bool))


def event_dummies(design: Design, times: list[int]) -> Floats:
    """(U × T, times): 1 in the rows of a school at that distance to its start, unit by unit."""
    since = design.periods[None, :] - design.cohort[:, None]
    return np.column_stack([(since == e).ravel() for e in times]).astype(np.float64)
