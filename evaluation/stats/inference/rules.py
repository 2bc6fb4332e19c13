"""The rules that withhold an interval, whatever the method."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from evaluation.stats.inference.coverage import Achieved
from evaluation.stats.records import Estimate, Integers

MIN_CLUSTERS = 3
"""Program clusters, and comparison clusters, an interval needs."""
MIN_DF = 4 - 1e-9
"""Three clusters against three have exactly 4, up to rounding."""

Gate = Callable[[Estimate, int, str, float], Achieved]
"""Says what coverage the interval of an estimand has, by a method and at a level, in designs like its own."""
JointGate = Callable[[Estimate, Sequence[int], float], Achieved]
"""Says the same of a simultaneous band over several estimands."""


@dataclass(frozen=True)
class Gates:
    """What is known of the coverage of one interval, and of a band."""

    single: Gate
    joint: JointGate


@dataclass(frozen=True)
class Case:
    """What the rules look at.

    Estimand i, its degrees of freedom, the clusters without which it cannot be estimated, and the coverage its 95 % and
    80 % intervals achieve; none where there is no gate.
    """

    estimate: Estimate
    i: int
    df: float
    indispensable: Integers = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    achieved: tuple[Achieved, ...] = ()

    @property
    def n_program(self) -> int:
        """Number of program clusters."""
        return len(self.estimate.program_clusters[self.i])

    @property
    def n_comparison(self) -> int:
        """Number of comparison clusters."""
        return len(self.estimate.comparison_clusters[self.i])

    @property
    def has_lone_program(self) -> bool:
        """Without some program cluster there is no estimate."""
        return bool(np.isin(self.indispensable, self.estimate.program_clusters[self.i]).any())


RULES: tuple[tuple[str, Callable[[Case], bool]], ...] = (
    ("lone_cohort_cluster", lambda case: bool(case.estimate.lone_program[case.i])),
    ("lone_comparison_cluster", lambda case: bool(case.estimate.lone_comparison[case.i])),
    ("few_program_clusters", lambda case: case.n_program < MIN_CLUSTERS),
    ("few_comparison_clusters", lambda case: case.n_comparison < MIN_CLUSTERS),
    ("lone_cohort_cluster", lambda case: case.has_lone_program),
    ("lone_comparison_cluster", lambda case: len(case.indispensable) > 0),
    ("low_df", lambda case: not case.df >= MIN_DF),
    ("not_simulated", lambda case: len(case.achieved) > 0 and case.achieved[0].coverage is None),
    ("low_coverage", lambda case: len(case.achieved) > 0 and not case.achieved[0].is_allowed),
)
"""Reason and rule, in the order of the data; the first that holds is given."""
BY_GATE = ("not_simulated", "low_coverage")
"""Reasons that withhold interval and p-value; the standard error says what it says."""


def reason_of(case: Case) -> str | None:
    """Return the first reason that holds; None where an interval may be given."""
    return next((reason for reason, holds in RULES if holds(case)), None)


def gated(case: Case, gate: Gate | None, method: str, levels: tuple[float, ...]) -> Case:
    """Return the case with the coverage its intervals achieve, where no other rule withholds them."""
    if gate is None or reason_of(case) is not None:
        return case
    return replace(case, achieved=tuple(gate(case.estimate, case.i, method, level) for level in levels))
