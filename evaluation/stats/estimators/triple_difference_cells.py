"""One cell of a triple difference: comparison cohort by comparison cohort, then their best combination."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from evaluation.stats.estimators.group_time_cells import Cell
from evaluation.stats.estimators.two_by_two import Method, two_by_two
from evaluation.stats.records import Booleans, Design, Floats, Integers

MIN_CLUSTERS = 2


@dataclass(frozen=True)
class Quarters:
    """Units (U,) of one cohort and stratum seen at a cell's period and base, eligible and not."""

    eligible: Booleans
    other: Booleans

    @property
    def both(self) -> Booleans:
        """(U,): all its units."""
        return self.eligible | self.other

    def has_both(self) -> bool:
        """There are eligible units and others."""
        return bool(self.eligible.any() and self.other.any())

    def is_lone(self, cluster: Integers) -> bool:
        """One of the two rests on a single cluster."""
        return min(len(np.unique(cluster[side])) for side in (self.eligible, self.other)) < MIN_CLUSTERS


@dataclass(frozen=True)
class Contrast:
    """The triple difference of a cell within one stratum, joined over its comparison cohorts.

    Attributes
    ----------
    value : (K,)
    influence : (U, K)
        value − truth ≈ Σ influence.
    weight : (U,) or None
        value = weight @ change; None where several comparison cohorts were joined, by weights that know the outcome.
    program : the cohort's units
    comparison : comparison cohorts' units
    is_lone_comparison : a comparison cohort that was used rests on a single cluster
    """

    value: Floats
    influence: Floats
    weight: Floats | None
    program: Quarters
    comparison: tuple[Quarters, ...]
    is_lone_comparison: bool


def contrast(design: Design, cell: Cell, program: Quarters, comparison: tuple[Quarters, ...],
             method: Method) -> Contrast:
    """Join DR[(g,1) vs (g,0)] + DR[(g,1) vs (c,1)] − DR[(g,1) vs (c,0)] over comparison cohorts c.

    Comparison cohorts on a single cluster are left out while there are others: they would pass for noiseless. Weights
    are Ω⁻¹1/(1'Ω⁻¹1), Ω_cd = Σ_i ψ_ic ψ_id over units: any weights are valid, these are best if units are independent.
    """
    sound = tuple(c for c in comparison if not c.is_lone(design.cluster))
    used = sound or comparison
    own = _two_by_two(design, cell, (program.eligible, program.other), method)
    found = [_one(design, cell, program, c, method) for c in used]
    value = np.array([own.value + f.value for f in found])
    influence = np.array([own.influence + f.influence for f in found])
    joined = np.array([best_weights(influence[:, :, k]) for k in range(value.shape[1])])
    return Contrast(
        value=np.einsum("kc,ck->k", joined, value),
        influence=np.einsum("kc,cuk->uk", joined, influence),
        weight=own.weight + found[0].weight if len(found) == 1 else None,
        program=program,
        comparison=used,
        is_lone_comparison=not sound,
    )


def best_weights(influence: Floats) -> Floats:
    """Minimise w'Ωw, Ω = ψψ', over weights (C,) that sum to one, for influence ψ (C, U); even ones where Ω is zero."""
    omega = influence @ influence.T
    size = len(omega)
    system = np.ones((size + 1, size + 1))
    system[:size, :size] = omega / (np.trace(omega) or 1.0)
    system[size, size] = 0
    found: Floats = np.linalg.lstsq(system, np.append(np.zeros(size), 1.0))[0][:size]
    return found


@dataclass(frozen=True)
class _Piece:
    """A sum of adjusted differences-in-differences, over all units of the design."""

    value: Floats
    influence: Floats
    weight: Floats


def _one(design: Design, cell: Cell, program: Quarters, comparison: Quarters, method: Method) -> _Piece:
    """DR[(g,1) vs (c,1)] − DR[(g,1) vs (c,0)]."""
    a, b = (_two_by_two(design, cell, (program.eligible, side), method)
            for side in (comparison.eligible, comparison.other))
    return _Piece(a.value - b.value, a.influence - b.influence, a.weight - b.weight)


def _two_by_two(design: Design, cell: Cell, sides: tuple[Booleans, Booleans], method: Method) -> _Piece:
    units = np.flatnonzero(sides[0] | sides[1])
    change = design.outcome[units, cell.period] - design.outcome[units, cell.base]
    found = two_by_two(change, sides[0][units], design.covariates[units], design.weight[units], method=method)
    influence, weight = np.zeros((len(design.unit_ids), change.shape[1])), np.zeros(len(design.unit_ids))
    influence[units], weight[units] = found.influence, found.weight
    return _Piece(found.value, influence, weight)


def quarters(design: Design, cell: Cell, units: Booleans) -> Quarters:
    """Split units by eligibility, those seen at the cell's period and base."""
    seen = units & design.present[:, cell.period] & design.present[:, cell.base]
    return Quarters(seen & design.is_eligible, seen & ~design.is_eligible)


def comparison_cohorts(design: Design, against: Booleans) -> Iterator[Booleans]:
    """Yield the units of each cohort among comparison units (U,), never-program units first."""
    if (against & design.never_program).any():
        yield against & design.never_program
    for cohort in np.unique(design.cohort[against & ~design.never_program]):
        yield against & (design.cohort == cohort)
