"""Goodman-Bacon decomposition: which two-group comparisons a two-way coefficient averages."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from evaluation.stats.cohorts import first_in_program
from evaluation.stats.records import Design, Floats, Integers

Kind = Literal["earlier_later", "later_earlier", "program_never", "program_always"]


@dataclass(frozen=True)
class Component:
    """One comparison of two groups before and after one of them starts.

    Attributes
    ----------
    kind : `earlier_later`: starters against later ones that have not started; `later_earlier`: starters against
        earlier ones already in the program; `program_never`, `program_always`: against units that are out of, or in,
        the program in all periods
    cohort : first period in the program of the starters
    comparison : that of the comparison units; None for never and always
    stratum : code
    weight : share of the two-way coefficient, positive; all sum to one
    estimate : (K,) the difference in differences, in outcome units
    """

    kind: Kind
    cohort: int
    comparison: int | None
    stratum: int
    weight: float
    estimate: Floats


@dataclass(frozen=True)
class KindTotal:
    """All components of a kind: their weight, and their weighted mean (K,)."""

    kind: Kind
    weight: float
    estimate: Floats


@dataclass(frozen=True)
class _Group:
    """Units of a stratum that start together, at index `start` of its T periods (0: always, T: never)."""

    start: int
    weight: float
    mean: Floats


def bacon(design: Design) -> tuple[Component, ...]:
    """Decompose the two-way fixed effects coefficient of `twfe`.

    twfe = Σ weight × estimate over pairs of groups within a stratum. With W the weight of a group and D the share of
    periods it is in the program, weights are in proportion to (T_s / W_s) times
    W_g W_c D_g (1 − D_g) against never or always, W_g W_c (D_g − D_c)(1 − D_g) against later starters, and
    W_g W_c D_g (D_c − D_g) against earlier ones.

    Returns
    -------
    tuple of Component
        By stratum and starting cohort; empty where twfe has no estimate. Units that start in one period of the design,
        or start after the last (never), or in the first or before (always), are one group. Fixed unit weights are
        weights of the group means.

    Raises
    ------
    ValueError
        A unit misses a period that others of its stratum have: the sum would not be the two-way coefficient.

    Notes
    -----
    Source: Goodman-Bacon (2021), *Difference-in-differences with variation in treatment timing*. The paper
    (in a footnote) and diff-diff put always- and never-program units together; here they are two kinds.
    """
    raw = [piece for stratum in np.unique(design.stratum) for piece in _stratum(design, int(stratum))]
    total = sum(piece.weight for piece in raw)
    return tuple(Component(p.kind, p.cohort, p.comparison, p.stratum, float(p.weight / total), p.estimate) for p in raw)


def by_kind(components: Sequence[Component]) -> tuple[KindTotal, ...]:
    """Sum components by kind, in the order in which kinds first appear."""
    found = []
    for kind in dict.fromkeys(c.kind for c in components):
        mine = [c for c in components if c.kind == kind]
        weight = float(sum(c.weight for c in mine))
        estimate = np.sum([c.weight * c.estimate for c in mine], axis=0) / weight
        found.append(KindTotal(kind, weight, estimate))
    return tuple(found)


def _stratum(design: Design, stratum: int) -> Iterator[Component]:
    """Components of one stratum, weights not yet in proportion to all."""
    unit = np.flatnonzero((design.stratum == stratum) & (design.present.sum(axis=1) >= 2))
    period = np.flatnonzero(design.present[unit].any(axis=0))
    absent = int((~design.present[np.ix_(unit, period)]).any(axis=1).sum())
    if absent:
        raise ValueError(f"The Goodman-Bacon decomposition needs every unit in every period: {absent} of {len(unit)} "
                         f"units of a stratum miss one. Keep the units or the periods that are complete.")
    groups = _groups(design, unit, period)
    scale = len(period) / design.weight[unit].sum() if len(unit) else 0.0
    n = len(period)
    for program in groups:
        if not 0 < program.start < n:
            continue
        for against in groups:
            if against is not program:
                kind, size, window = _pair(program.start, against.start, n)
                yield Component(
                    kind, int(design.periods[period[program.start]]),
                    int(design.periods[period[against.start]]) if 0 < against.start < n else None, stratum,
                    scale * program.weight * against.weight * size, _difference(program, against, window))


def _groups(design: Design, unit: Integers, period: Integers) -> list[_Group]:
    start = np.searchsorted(period, first_in_program(design)[unit])
    outcome, w = design.outcome[np.ix_(unit, period)], design.weight[unit]
    return [_Group(int(s), float(w[start == s].sum()), np.average(outcome[start == s], axis=0, weights=w[start == s]))
            for s in np.unique(start)]


def _pair(start: int, other: int, n: int) -> tuple[Kind, float, tuple[int, int]]:
    """Kind of a comparison, its weight but for the groups', and the periods [from, to) that it sees."""
    mine, theirs = 1 - start / n, 1 - other / n
    if other == n:
        return "program_never", mine * (1 - mine), (0, n)
    if other == 0:
        return "program_always", mine * (1 - mine), (0, n)
    if other > start:
        return "earlier_later", (mine - theirs) * (1 - mine), (0, other)
    return "later_earlier", mine * (theirs - mine), (other, n)


def _difference(program: _Group, against: _Group, window: tuple[int, int]) -> Floats:
    """(K,): change of the program group at its start less that of the other, within the window."""
    gap = program.mean - against.mean
    found: Floats = gap[program.start:window[1]].mean(axis=0) - gap[window[0]:program.start].mean(axis=0)
    return found
