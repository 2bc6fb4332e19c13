"""The gate: an interval is shown only where simulated intervals of designs like this one cover often enough."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from evaluation.stats.combine import select
from evaluation.stats.inference.coverage import Achieved, CoverageRegistry, Quantity, lookup
from evaluation.stats.inference.rules import Gate, Gates
from evaluation.stats.reading import program_cells, used_cells
from evaluation.stats.records import Booleans, Design, Estimate
from evaluation.stats.regression import regression_of


@dataclass(frozen=True)
class _Seen:
    """Estimands and what the gate knows of them.

    used : (U,) units with weight; cells : (U, T) the program cells with weight that the estimands speak of
    """

    estimate: Estimate
    used: Booleans
    cells: Booleans

    @property
    def program(self) -> Booleans:
        """(U,): program units."""
        return np.asarray(self.cells.any(axis=1))

    @property
    def is_staggered(self) -> bool:
        """The program units start in more than one period."""
        return len(np.unique(self.estimate.design.cohort[self.program])) > 1

    @property
    def is_one_period(self) -> bool:
        """No program unit counts in more than one period."""
        return bool((self.cells.sum(axis=1) <= 1).all())


def gate_of(registry: CoverageRegistry) -> Gate:
    """Return the registry as `infer` asks it."""
    return partial(achieved, registry)


def gates_of(registry: CoverageRegistry) -> Gates:
    """Return the registry as intervals, and bands over them, are asked about."""
    return Gates(gate_of(registry), partial(joint_achieved, registry))


def achieved(registry: CoverageRegistry, estimate: Estimate, i: int, method: str, level: float) -> Achieved:
    """Say what coverage the interval of estimand i has in designs like its own, at worst.

    Clusters are those behind the estimand; one that is on both sides counts as a program cluster. What is asked depends
    on the estimand and the design and not on the estimator's name, so that one number has one decision: an estimand of
    one period of each program unit is judged as one event time, any other as the overall effect; both as a two-way
    effect too, and the worse counts, because with one start the two are one number. With several starts no other
    estimator gives the two-way coefficient: it is judged as a two-way effect alone.
    """
    seen = _seen(select(estimate, (i,)))
    found = [_asked(registry, seen, method=method, level=level, quantity=quantity)
             for quantity in _quantities(seen)]
    return min(found, key=_rank)


def joint_achieved(registry: CoverageRegistry, estimate: Estimate, members: Sequence[int], level: float) -> Achieved:
    """Say what coverage a simultaneous band over some estimands has in designs like theirs, at worst."""
    return _asked(registry, _seen(select(estimate, members)), method="cr2", level=level, quantity="joint")


def variation(design: Design, program: Booleans, comparison: Booleans) -> float:
    """Return the coefficient of variation of cluster weights within the program (U,) or the comparison, the larger."""
    return max((_variation(design, arm) for arm in (program, comparison) if arm.any()), default=0.0)


def _variation(design: Design, arm: Booleans) -> float:
    weight = np.bincount(np.unique(design.cluster[arm], return_inverse=True)[1], design.weight[arm])
    return float(weight.std() / weight.mean())


def _seen(chosen: Estimate) -> _Seen:
    used = used_cells(chosen)
    places = replace(chosen.design, is_eligible=np.empty(0, dtype=bool))  # both groups of a program place are its arm
    program = used & np.array([program_cells(places, e) for e in chosen.estimands])
    return _Seen(chosen, np.asarray(used.any(axis=(0, 2))), np.asarray(program.any(axis=0)))


def _asked(registry: CoverageRegistry, seen: _Seen, *, method: str, level: float, quantity: Quantity) -> Achieved:
    chosen, program = seen.estimate, seen.program
    clusters = np.unique(np.concatenate([*chosen.program_clusters, *chosen.comparison_clusters]))
    n_program = len(np.unique(np.concatenate(chosen.program_clusters)))
    return lookup(
        registry, n_clusters=len(clusters), n_program=n_program,
        variation=variation(chosen.design, program, seen.used & ~program), is_staggered=seen.is_staggered,
        method=method, level=level, quantity=quantity)


def _quantities(seen: _Seen) -> tuple[Quantity, ...]:
    if seen.is_staggered and _is_one_coefficient(seen.estimate):
        return ("two_way",)
    return ("event_time" if seen.is_one_period else "overall", "two_way")


def _is_one_coefficient(estimate: Estimate) -> bool:
    """Say whether the overall effect is one coefficient, or the difference of two groups' own."""
    if estimate.regression is None or estimate.estimands[0].kind != "overall":
        return False
    n_groups = max(len(np.unique(estimate.design.is_eligible)), 1)
    return bool(np.count_nonzero(regression_of(estimate)[1]) == n_groups)


def _rank(found: Achieved) -> tuple[bool, float]:
    return found.is_allowed, -1.0 if found.lower is None else found.lower
