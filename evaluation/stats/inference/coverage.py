"""How often intervals cover the truth in simulated designs, and what that allows in a real one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from scipy import stats

Skew = Literal["equal", "moderate", "strong", "extreme"]
Quantity = Literal["overall", "event_time", "joint", "two_way"]
SKEW: Mapping[Skew, float] = {"equal": 0.0, "moderate": 0.4, "strong": 0.8, "extreme": 1.2}
"""Coefficient of variation of the cluster weights within each arm, as simulated."""
NEARLY_EQUAL = 0.1
"""A coefficient of variation up to this counts as equal."""
CONFIDENCE = 0.99
FEW_CLUSTERS = 10
UNBALANCED_SHARE = 0.25
"""An arm with a smaller share of the clusters makes a design unbalanced."""


@dataclass(frozen=True)
class Scenario:
    """A simulated design.

    Attributes
    ----------
    n_clusters, n_program : program clusters among all clusters
    skew : of the cluster weights
    is_staggered : the program starts in more than one period
    autocorrelation : of the errors of a cluster, from one period to the next
    icc : share of the cluster's shock in the error variance of one unit and period
    is_heterogeneous : effects differ between clusters
    """

    n_clusters: int
    n_program: int
    skew: Skew
    is_staggered: bool
    autocorrelation: float
    icc: float
    is_heterogeneous: bool


@dataclass(frozen=True)
class Simulated:
    """How many of the intervals of one kind covered the truth in one scenario.

    Attributes
    ----------
    quantity : `overall` and one `event_time` of group-time effects, the `joint` band over event times, `two_way`
    method : of `infer`; `webb` is the wild bootstrap with Webb's weights
    level : nominal coverage
    """

    scenario: Scenario
    quantity: Quantity
    method: str
    level: float
    repetitions: int
    covered: int

    @property
    def coverage(self) -> float:
        """Share that covered."""
        return self.covered / self.repetitions

    @cached_property
    def bounds(self) -> tuple[float, float]:
        """Clopper–Pearson interval of the coverage, 99 %."""
        tail, missed = (1 - CONFIDENCE) / 2, self.repetitions - self.covered
        low = float(stats.beta.ppf(tail, self.covered, missed + 1)) if self.covered else 0.0
        high = float(stats.beta.ppf(1 - tail, self.covered + 1, missed)) if missed else 1.0
        return low, high


@dataclass(frozen=True)
class Achieved:
    """What the registry says of an interval.

    Attributes
    ----------
    coverage, lower : simulated, at worst over what is unknown, and its lower 99 % bound; None outside the registry
    required : of `lower`
    is_allowed : the interval may be shown
    simulated : the worst scenario that stands for the design; None outside the registry
    """

    coverage: float | None
    lower: float | None
    required: float
    is_allowed: bool
    simulated: Simulated | None


@dataclass(frozen=True)
class Known:
    """What a registry is asked by: all that is known of an interval and its design."""

    quantity: Quantity
    method: str
    level: float
    skew: Skew
    is_staggered: bool


@dataclass(frozen=True)
class CoverageRegistry:
    """Simulated coverage: by what is known, by (clusters, program clusters), the worst over what is unknown."""

    worst: Mapping[Known, Mapping[tuple[int, int], Simulated]]


def registry_of(rows: Iterable[Simulated]) -> CoverageRegistry:
    """Keep the worst of the rows that differ in autocorrelation, ICC or heterogeneity only."""
    worst: dict[Known, dict[tuple[int, int], Simulated]] = {}
    for row in rows:
        s = row.scenario
        mine = worst.setdefault(Known(row.quantity, row.method, row.level, s.skew, s.is_staggered), {})
        other = mine.get((s.n_clusters, s.n_program))
        if other is None or row.coverage < other.coverage:
            mine[(s.n_clusters, s.n_program)] = row
    return CoverageRegistry(worst)


def lookup(registry: CoverageRegistry, *, n_clusters: int, n_program: int, variation: float, is_staggered: bool,
           method: str, level: float, quantity: Quantity = "overall") -> Achieved:
    """Say what coverage an interval of a design has, at worst.

    The design stands where the registry has one with the largest number of clusters, no more than it has, and no more
    program and no more comparison clusters than it has: among several, the one whose smaller arm is largest. If that
    one fails, the next smaller that is no better balanced and passes. Skew goes to the next worse level.

    Parameters
    ----------
    n_clusters, n_program : clusters that are not program clusters count as comparison clusters
    variation : coefficient of variation of the cluster weights, the larger of the two arms'

    Returns
    -------
    Achieved
        Allowed where the lower 99 % bound reaches `required`. A design that is smaller, or more skewed, than all that
        were simulated is not allowed.
    """
    skew = skew_of(variation)
    needed = required(n_clusters, n_program, is_equal=skew == "equal", level=level)
    mine = None if skew is None else registry.worst.get(Known(quantity, method, level, skew, is_staggered))
    found = _stands_for(mine or {}, n_clusters, n_program)
    if found is None:
        return Achieved(None, None, needed, False, None)
    if found.bounds[0] < needed:
        found = _smaller(mine or {}, found, n_clusters, n_program, needed=needed)
    lower = found.bounds[0]
    return Achieved(found.coverage, lower, needed, lower >= needed, found)


def required(n_clusters: int, n_program: int, *, is_equal: bool, level: float) -> float:
    """Return the least lower bound of coverage with which an interval may be shown.

    At 95 %: 94, with fewer than 10 clusters 93, unbalanced 92. Unbalanced: cluster weights are not nearly equal, or an
    arm has less than a quarter of the clusters. At 80 %: 78, 76 and 74, as the standard deviation of a covered share is
    nearly twice as large there.
    """
    smaller = min(n_program, n_clusters - n_program)
    is_unbalanced = not is_equal or smaller < UNBALANCED_SHARE * n_clusters
    short = 0.03 if is_unbalanced else 0.02 if n_clusters < FEW_CLUSTERS else 0.01
    return round(level - short * (1 if level > 0.9 else 2), 3)


def skew_of(variation: float) -> Skew | None:
    """Return the next worse level of skew that was simulated, or None."""
    if variation <= NEARLY_EQUAL:
        return "equal"
    return next((name for name, simulated in SKEW.items() if variation <= simulated), None)


def _stands_for(simulated: Mapping[tuple[int, int], Simulated], n_clusters: int, n_program: int) -> Simulated | None:
    no_larger = [at for at in simulated
                 if at[1] <= n_program and at[0] - at[1] <= n_clusters - n_program]
    best = max(no_larger, key=lambda at: (at[0], min(at[1], at[0] - at[1])), default=None)
    return None if best is None else simulated[best]


def _smaller(simulated: Mapping[tuple[int, int], Simulated], largest: Simulated, n_clusters: int, n_program: int, *,
             needed: float) -> Simulated:
    """Return the largest smaller design that is no better balanced and passes, else the one given.

    Clusters added in the same proportions do not worsen coverage; so where a smaller design passes, a larger one that
    does not is taken for noise of its simulation.
    """
    share = min(n_program, n_clusters - n_program) / n_clusters
    passing = {at: row for at, row in simulated.items()
               if at[0] < largest.scenario.n_clusters and min(at[1], at[0] - at[1]) <= share * at[0]
               and row.bounds[0] >= needed}
    return _stands_for(passing, n_clusters, n_program) or largest
