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
    size = [design.weight[f.block.program].sum() for f in fits]
    cells = {Estimand("overall"): [(i, f.path[len(f.block.pre):]) for i, f in enumerate(fits)]}
    for i, f in enumerate(fits):
        for e, effect in zip(_event_times(design, f.block), f.path, strict=False):
            cells.setdefault(Estimand("event_time", event_time=int(e)), []).append((i, effect[None, :]))
    estimands = sorted((e for e in cells if cells[e]), key=lambda e: (e.kind != "overall", e.event_time or 0))
    behind = [sorted({i for i, _ in cells[e]}) for e in estimands]
    value = [sum(size[i] * path.sum(axis=0) for i, path in cells[e]) / sum(size[i] * len(path) for i, path in cells[e])
             for e in estimands]
    program = [np.unique(design.cluster[f.block.program]) for f in fits]
    comparison = [np.unique(design.cluster[f.block.donor]) for f in fits]
    return Estimate(
        design=design,
        estimator=estimator,
        estimands=tuple(estimands),
        parts=design.parts,
        value=np.array(value).reshape(len(estimands), len(design.parts)),
        program_clusters=tuple(np.unique(np.concatenate([program[i] for i in used])) for used in behind),
        comparison_clusters=tuple(np.unique(np.concatenate([comparison[i] for i in used])) for used in behind),
        lone_program=np.array([any(len(program[i]) < 2 for i in used) for used in behind], dtype=bool),
        lone_comparison=np.array([any(len(comparison[i]) < 2 for i in used) for used in behind], dtype=bool),
        left_out_cohorts=((),) * len(estimands),
    )


def _event_times(design: Design, block: Block) -> Integers:
    """Distance to the start of each of the block's periods; empty where the start is no period of the design."""
    start = np.flatnonzero(design.periods == block.cohort)
    periods = np.concatenate([block.pre, block.post])
    return design.position[periods] - design.position[start[0]] if len(start) else periods[:0]
