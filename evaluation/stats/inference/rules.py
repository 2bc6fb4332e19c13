"""The rules that withhold an interval, whatever the method."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from evaluation.stats.records import Estimate, Integers

MIN_CLUSTERS = 3
"""Program clusters, and comparison clusters, an interval needs."""
MIN_DF = 4 - 1e-9
"""Three clusters against three have exactly 4, up to rounding."""

Gate = Callable[[Estimate, int], str | None]
"""Says why an estimand of an estimate may have no interval by what is known of coverage, or None."""


@dataclass(frozen=True)
class Case:
    """What the rules look at: estimand i, its degrees of freedom, the clusters without which it cannot be estimated."""

    estimate: Estimate
    i: int
    df: float
    indispensable: Integers = field(default_factory=lambda: np.empty(0, dtype=np.int64))

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
)
"""Reason and rule, in the order of the data; the first that holds is given."""


def reason_of(case: Case, gate: Gate | None) -> str | None:
    """Return the first reason that holds, the gate's last; None where an interval may be given."""
    found = next((reason for reason, holds in RULES if holds(case)), None)
    return gate(case.estimate, case.i) if found is None and gate is not None else found
