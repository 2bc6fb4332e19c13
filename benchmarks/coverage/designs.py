"""The simulated designs: clusters, sizes and cohorts that fix the regression, and errors that do not."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product

import numpy as np

from evaluation.stats.inference.coverage import SKEW, Scenario, Skew
from evaluation.stats.records import Design, Floats

PROGRAM_CLUSTERS: dict[int, tuple[int, ...]] = {
    6: (3,), 8: (4, 5), 10: (4, 5, 6), 20: (4, 5, 7, 10, 13, 15), 40: (5, 10, 20), 100: (5, 10, 20, 50)}
"""By number of clusters; fewer leave less than 4 degrees of freedom."""
AUTOCORRELATION = (0.0, 0.8)
ICC = (0.02, 0.5)
PERIODS = 7
ONE_START, TWO_STARTS, THREE_STARTS = (4,), (4, 6), (4, 5, 6)
UNITS = 5
"""Units of a cluster of mean weight."""
EFFECT = 0.25
"""Mean effect in the first period, and standard deviation of effects between clusters where they differ; the standard
deviation of one unit in one period is 1."""
STEEPEST = 50.0


@dataclass(frozen=True)
class Shape:
    """What fixes the regressors, but for the drawn sizes."""

    n_clusters: int
    n_program: int
    skew: Skew
    is_staggered: bool

    @property
    def name(self) -> str:
        """A name for files."""
        return f"{self.n_clusters}-{self.n_program}-{self.skew}-{'staggered' if self.is_staggered else 'one'}"

    def rng(self, seed: int, batch: int) -> np.random.Generator:
        """Return the random stream of one batch."""
        return np.random.default_rng((seed, zlib.crc32(self.name.encode()), batch))

    def scenarios(self) -> Iterator[Scenario]:
        """Yield the shape with every kind of error and effect."""
        for autocorrelation, icc, is_heterogeneous in product(AUTOCORRELATION, ICC, (False, True)):
            yield Scenario(self.n_clusters, self.n_program, self.skew, self.is_staggered, autocorrelation, icc,
                           is_heterogeneous)


def shapes() -> tuple[Shape, ...]:
    """Return the whole grid, small designs first."""
    return tuple(Shape(n, program, skew, is_staggered) for n, of in PROGRAM_CLUSTERS.items() for program in of
                 for skew in SKEW for is_staggered in (False, True))


def draw_design(shape: Shape, rng: np.random.Generator) -> Design:
    """Draw a size pattern: one row per cluster, for in a balanced panel units of a cluster say no more than their mean.

    In each arm weights are lognormal, scaled in the logarithm to the shape's coefficient of variation. The outcome only
    has to vary.
    """
    n, program = shape.n_clusters, shape.n_program
    cohort = np.full(n, np.nan)
    starts = ONE_START if not shape.is_staggered else TWO_STARTS if program < 6 else THREE_STARTS
    cohort[:program] = np.sort(np.resize(starts, program))
    weight = np.concatenate([_sizes(arm, SKEW[shape.skew], rng) for arm in (program, n - program)])
    return Design(
        outcome=np.random.default_rng(0).standard_normal((n, PERIODS, 1)), parts=("0",),
        unit_ids=tuple(map(str, range(n))),
        periods=np.arange(1, PERIODS + 1), position=np.arange(PERIODS), cluster=np.arange(n),
        stratum=np.zeros(n, dtype=np.int64), cohort=cohort, weight=weight, is_break=np.zeros(PERIODS, dtype=bool))


def with_outcomes(design: Design, scenario: Scenario, repetitions: int, rng: np.random.Generator) -> Design:
    """Return the design with one part per repetition: cluster and unit shocks, autoregressive, and the effects."""
    n = len(design.weight)
    error = rng.standard_normal((n, PERIODS, repetitions))
    rho = scenario.autocorrelation
    for t in range(1, PERIODS):
        error[:, t] = rho * error[:, t - 1] + np.sqrt(1 - rho**2) * error[:, t]
    sd = np.sqrt(scenario.icc + (1 - scenario.icc) / (UNITS * design.weight))
    outcome = error * sd[:, None, None] + mean_effect(design, scenario)[:, :, None]
    if scenario.is_heterogeneous:
        outcome += design.in_program[:, :, None] * EFFECT * rng.standard_normal((n, 1, repetitions))
    return replace(design, outcome=outcome, parts=tuple(map(str, range(repetitions))))


def mean_effect(design: Design, scenario: Scenario) -> Floats:
    """(G, T): expected effect; where effects differ, it grows by half of itself each period."""
    since = np.where(design.in_program, design.periods - np.nan_to_num(design.cohort)[:, None], 0.0)
    growth = 0.5 * since if scenario.is_heterogeneous else 0.0
    effect: Floats = design.in_program * EFFECT * (1 + growth)
    return effect


def _sizes(n: int, variation: float, rng: np.random.Generator) -> Floats:
    z = rng.standard_normal(n)
    low, high = 0.0, STEEPEST
    for _ in range(60):
        middle = (low + high) / 2
        size = np.exp(middle * (z - z.max()))
        low, high = (middle, high) if size.std() < variation * size.mean() else (low, middle)
    size = np.exp(low * (z - z.max()))
    out: Floats = size / size.mean()
    return out
