"""The gate: an interval is shown only where simulated intervals of designs like this one cover often enough."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np

from evaluation.stats.combine import select
from evaluation.stats.inference.coverage import Achieved, CoverageRegistry, Quantity, lookup
from evaluation.stats.inference.rules import Gate, Gates
from evaluation.stats.reading import program_cells, used_cells
from evaluation.stats.records import Booleans, Design, Estimate
from evaluation.stats.regression import regression_of

SINGLE = ("att_gt", "event_time")


def gate_of(registry: CoverageRegistry) -> Gate:
    """Return the registry as `infer` asks it."""
    return partial(achieved, registry)


def gates_of(registry: CoverageRegistry) -> Gates:
    """Return the registry as intervals, and bands over them, are asked about."""
    return Gates(gate_of(registry), partial(joint_achieved, registry))


def achieved(registry: CoverageRegistry, estimate: Estimate, i: int, method: str, level: float) -> Achieved:
    """Say what coverage the interval of estimand i has in designs like its own, at worst.

    Clusters are those behind the estimand; one that is on both sides counts as a program cluster. Effects that a
    regression without saturated cells gives are judged as two-way effects too, and the worse counts; one coefficient of
    such a regression as a two-way effect alone.
    """
    found = [_asked(registry, estimate, (i,), method=method, level=level, quantity=quantity)
             for quantity in _quantities(estimate, i)]
    return min(found, key=_rank)


def joint_achieved(registry: CoverageRegistry, estimate: Estimate, members: Sequence[int], level: float) -> Achieved:
    """Say what coverage a simultaneous band over some estimands has in designs like theirs, at worst."""
    return _asked(registry, estimate, tuple(members), method="cr2", level=level, quantity="joint")


def variation(design: Design, program: Booleans, comparison: Booleans) -> float:
    """Return the coefficient of variation of cluster weights within the program (U,) or the comparison, the larger."""
    return max((_variation(design, arm) for arm in (program, comparison) if arm.any()), default=0.0)


def _variation(design: Design, arm: Booleans) -> float:
    weight = np.bincount(np.unique(design.cluster[arm], return_inverse=True)[1], design.weight[arm])
    return float(weight.std() / weight.mean())


def _asked(registry: CoverageRegistry, estimate: Estimate, members: tuple[int, ...], *, method: str, level: float,
           quantity: Quantity) -> Achieved:
    chosen, design = select(estimate, members), estimate.design
    used = used_cells(chosen)
    spoken_of = np.array([program_cells(design, e) for e in chosen.estimands])
    program = (used & spoken_of).any(axis=(0, 2))
    comparison = used.any(axis=(0, 2)) & ~program
    clusters = np.unique(np.concatenate([*chosen.program_clusters, *chosen.comparison_clusters]))
    n_program = len(np.unique(np.concatenate(chosen.program_clusters)))
    return lookup(
        registry, n_clusters=len(clusters), n_program=n_program, variation=variation(design, program, comparison),
        is_staggered=len(np.unique(design.cohort[program])) > 1, method=method, level=level, quantity=quantity)


def _quantities(estimate: Estimate, i: int) -> tuple[Quantity, ...]:
    kind: Quantity = "event_time" if estimate.estimands[i].kind in SINGLE else "overall"
    if estimate.regression is None:
        return (kind,)
    regression, contrasts = regression_of(estimate)
    if regression.is_saturated:
        return (kind,)
    is_one_coefficient = kind == "overall" and int((contrasts[i] != 0).sum()) == 1
    return ("two_way",) if is_one_coefficient else (kind, "two_way")


def _rank(found: Achieved) -> tuple[bool, float]:
    return found.is_allowed, -1.0 if found.lower is None else found.lower
