"""What synthetic DiD and synthetic control share: who is compared with whom, weights on the simplex, the gap's path."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.optimize import nnls

from evaluation.stats.records import Booleans, Design, Estimand, Estimate, Floats, Integers

MIN_PRE_PERIODS = 2
"""Periods before the program that a fit needs."""
EVEN = 1e-6
"""Ridge, relative to the data, that picks the most even among equally good weights; too small to move unique ones."""


@dataclass(frozen=True)
class Block:
    """Program units that start together in one stratum, and whom they may be compared with.

    Attributes
    ----------
    cohort, stratum : of the program units
    program, donor : unit positions; all of them are seen in all of the block's periods
    pre, post : positions of its periods before the program, breaks left out, and in it
    """

    cohort: int
    stratum: int
    program: Integers
    donor: Integers
    pre: Integers
    post: Integers


@dataclass(frozen=True)
class Synthetic:
    """One block's fit in each of K parts.

    Attributes
    ----------
    unit_weight : (donors, K)  on the simplex
    time_weight : (pre, K)  on the simplex, or zero where no period is a base
    path : (pre + post, K)
        Program mean less synthetic comparison less the same difference in the base; after the start, the effects.
    """

    block: Block
    unit_weight: Floats
    time_weight: Floats
    path: Floats

    @property
    def rmspe(self) -> Floats:
        """(K,): root mean square of the path before the program; how badly the comparison fits, in outcome units."""
        before: Floats = self.path[: len(self.block.pre)]
        return np.asarray(np.sqrt((before**2).mean(axis=0)))


def simplex_weights(difference: Floats, ridge: float) -> Floats:
    """Minimise ‖D v‖² + ridge ‖v‖² over v ≥ 0 with Σ v = 1, exactly, by one non-negative least squares.

    With D = A − b1', Dv = Av − b on the simplex. For v = s·p, p on the simplex, min_s s²Q(p) + (s − 1)² =
    Q/(1 + Q) grows with Q, so the minimiser of ‖Dv‖² + ridge ‖v‖² + (1'v − 1)² over v ≥ 0 has the wanted direction.

    Parameters
    ----------
    difference : (M, J)  D
    ridge : in squared outcome units
    """
    size = difference.shape[1]
    scale = float(np.sqrt((difference**2).mean())) or 1.0
    root = max(np.sqrt(ridge) / scale, EVEN)
    system = np.vstack([difference / scale, root * np.eye(size), np.ones((1, size))])
    target = np.zeros(len(system))
    target[-1] = 1.0
    found = nnls(system, target)[0]
    return np.asarray(found / found.sum())


def blocks(design: Design) -> tuple[Block, ...]:
    """Return the blocks that can be fitted.

    Periods are those in which any of the block's program units is seen; program units and donors are those seen in all
    of them. Donors are never in the program within the design's periods. Breaks before the program are left out unless
    there is nothing else; a block needs two periods before, one in the program and a donor.
    """
    is_donor = ~design.in_program.any(axis=1)
    found = []
    for cohort in np.unique(design.cohort[~design.never_program & ~is_donor]):
        mine = design.cohort == cohort
        for stratum in np.unique(design.stratum[mine]):
            here = design.stratum == stratum
            block = _block(design, int(cohort), mine & here, is_donor & here)
            if len(block.program) and len(block.donor) and len(block.pre) >= MIN_PRE_PERIODS and len(block.post):
                found.append(block)
    return tuple(found)


def _block(design: Design, cohort: int, program: Booleans, donor: Booleans) -> Block:
    before = design.periods < cohort
    is_usual = before & ~design.is_break
    seen = design.present[program].any(axis=0) & (~before | is_usual | (before & ~is_usual.any()))
    complete = design.present[:, seen].all(axis=1)
    return Block(cohort, int(design.stratum[program][0]), np.flatnonzero(program & complete),
                 np.flatnonzero(donor & complete), np.flatnonzero(seen & before), np.flatnonzero(seen & ~before))


def program_mean(design: Design, block: Block) -> Floats:
    """(T, K): mean outcome of the block's program units by the design's weights; NaN where not all are seen."""
    return np.asarray(np.average(design.outcome[block.program], axis=0, weights=design.weight[block.program]))


def synthetic(design: Design, block: Block, unit_weight: Floats, time_weight: Floats) -> Synthetic:
    """Return the path that the weights give."""
    periods = np.concatenate([block.pre, block.post])
    comparison = np.einsum("jk,jtk->tk", unit_weight, design.outcome[block.donor][:, periods])
    gap = program_mean(design, block)[periods] - comparison
    base = (time_weight * gap[: len(block.pre)]).sum(axis=0)
    return Synthetic(block, unit_weight, time_weight, gap - base)


def estimate_of(design: Design, fits: tuple[Synthetic, ...], estimator: Callable[[Design], Estimate]) -> Estimate:
    """Average the paths: `overall` over program cells, `event_time` over program units, both by program weight."""
    found = [_rows(design, i, fit) for i, fit in enumerate(fits)]
    rows = np.vstack([np.empty((0, 4 + len(design.parts))), *found])
    block, is_post, time, weight, path = rows[:, 0], rows[:, 1], rows[:, 2], rows[:, 3], rows[:, 4:]
    times = np.unique(time[~np.isnan(time)])
    members = np.vstack([is_post > 0, time == times[:, None]])[: len(times) + 1 if fits else 0]
    share = members * weight
    estimands = (Estimand("overall"), *(Estimand("event_time", event_time=int(e)) for e in times))[: len(members)]
    behind = [tuple(np.unique(block[member]).astype(int).tolist()) for member in members]
    program = _Side(design, tuple(fit.block.program for fit in fits), behind)
    donors = _Side(design, tuple(fit.block.donor for fit in fits), behind)
    return Estimate(
        design=design,
        estimator=estimator,
        estimands=estimands,
        parts=design.parts,
        value=share @ path / share.sum(axis=1, keepdims=True),
        program_clusters=program.clusters(),
        comparison_clusters=donors.clusters(),
        lone_program=program.is_lone(),
        lone_comparison=donors.is_lone(),
        left_out_cohorts=((),) * len(estimands),
    )


@dataclass(frozen=True)
class _Side:
    """Program units, or donors, of each block, and the blocks behind each of m estimands."""

    design: Design
    units: tuple[Integers, ...]
    behind: list[tuple[int, ...]]

    def clusters(self) -> tuple[Integers, ...]:
        """Those behind each estimand."""
        found = {used: np.unique(self.design.cluster[np.concatenate([self.units[i] for i in used])])
                 for used in set(self.behind)}
        return tuple(found[used] for used in self.behind)

    def is_lone(self) -> Booleans:
        """(m,): a block behind the estimand rests on a single cluster."""
        lone = {i for i, units in enumerate(self.units) if len(np.unique(self.design.cluster[units])) == 1}
        return np.array([not lone.isdisjoint(used) for used in self.behind], dtype=bool)


def _rows(design: Design, number: int, fit: Synthetic) -> Floats:
    """One row per period of a block: its number, whether in the program, distance to the start, weight and effects."""
    periods = np.concatenate([fit.block.pre, fit.block.post])
    start = np.flatnonzero(design.periods == fit.block.cohort)
    time = design.position[periods] - design.position[start[0]] if len(start) else np.full(len(periods), np.nan)
    weight = design.weight[fit.block.program].sum()
    return np.column_stack([np.full(len(periods), number), design.in_program[fit.block.program[0], periods], time,
                            np.full(len(periods), weight), fit.path])
