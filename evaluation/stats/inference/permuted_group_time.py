"""Studentized group-time effects and their averages under many assignments of cohorts, from sums by cluster."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from evaluation.stats.aggregate import Aggregated, Averaged, is_averaged
from evaluation.stats.averages import Effects, averages_of, shares
from evaluation.stats.cohorts import effect_at
from evaluation.stats.combine import Joined
from evaluation.stats.estimators.group_time_att import group_time_att
from evaluation.stats.estimators.group_time_cells import Plan, arms, cells_of
from evaluation.stats.inference.exchange import Exchange
from evaluation.stats.inference.permuted_variance import (
    COMPARISON,
    NEITHER,
    PROGRAM,
    Arms,
    Pieces,
    arms_of,
    pieces_of,
    variances,
)
from evaluation.stats.records import Design, Estimand, Estimate, Floats, Integers

NUMBERS = 2**22
"""Of the largest array of a batch of assignments."""


@dataclass(frozen=True)
class Permuted:
    """A group-time estimate made ready for other assignments of its cohorts.

    Every number of it is a function of sums over pieces: units of one cluster and stratum that start together under
    every assignment. Per cell (cohort and period) a piece has the weight of its units seen at the period and at its
    base, and their weighted change.

    Attributes
    ----------
    estimate : Estimate
    exchange : Exchange
    pieces : Pieces
    effects : J estimands, one per cell
    labels : (L,) cohorts, infinite for never-program
    observed : (P,) each piece's label, by position
    place : per class of the exchange, (G_c, S_c) which piece is a cluster's in its n-th stratum
    """

    estimate: Estimate
    exchange: Exchange
    pieces: Pieces
    effects: tuple[Estimand, ...]
    labels: Floats
    observed: Integers
    place: tuple[Integers, ...]

    @property
    def batch(self) -> int:
        """Assignments to look at together."""
        pieces = self.pieces
        across = 2 * len(pieces.of_stratum) if pieces.are_many else len(pieces.cluster)
        return max(1, NUMBERS // (across * (int(np.prod(pieces.change.shape[1:])) + 1)))

    def value_and_variance(self, assignments: Sequence[Sequence[Integers]]) -> tuple[Floats, Floats]:
        """Value and CV1 variance (B, m, K) of every assignment; NaN where the estimand cannot be estimated."""
        given = self.given(assignments)
        of = arms_of(self.pieces, given)
        matrix = self._matrix(given, of)
        value = np.where(np.any(matrix, axis=2)[..., None], matrix @ of.effect, np.nan)
        return value, variances(self.pieces, given, of, matrix)

    def given(self, assignments: Sequence[Sequence[Integers]]) -> Integers:
        """(B, P): the label of each piece under every assignment, by position."""
        given = np.tile(self.observed, (len(assignments), 1))
        for c, place in enumerate(self.place):
            owner = np.array([assignment[c] for assignment in assignments])
            given[:, place.ravel()] = self.observed[place][owner].reshape(len(given), -1)
        return given

    def _matrix(self, given: Integers, of: Arms) -> Floats:
        """(B, m, J): weights of the estimands on the effects of the cells, as `aggregate` gives them."""
        effects = Effects(self.effects, of.size, of.is_lone, np.asarray(of.size > 0))
        estimands, matrix = self._averaged(self.estimate.estimator, effects, given)
        return matrix[:, [estimands.index(e) for e in self.estimate.estimands]]

    def _averaged(self, estimator: Callable[[Design], Estimate], effects: Effects,
                  given: Integers) -> tuple[tuple[Estimand, ...], Floats]:
        if isinstance(estimator, Joined):
            found = [self._averaged(made, effects, given) for made in estimator.made]
            return tuple(e for names, _ in found for e in names), np.concatenate([w for _, w in found], axis=1)
        if isinstance(estimator, Averaged):
            names, matrix = self._averaged(estimator.inner, effects, given)
            weight = is_averaged(names) * np.any(matrix, axis=2) * self._units(names, given)
            return (Estimand("overall"),), shares(weight)[:, None] @ matrix
        if isinstance(estimator, Aggregated):
            return averages_of(effects, estimator.kind, estimator.phase_of)
        return self.effects, np.eye(len(self.effects)) * effects.is_known[:, :, None]

    def _units(self, estimands: tuple[Estimand, ...], given: Integers) -> Floats:
        """(B, r): weight of a cohort's units, seen or not; 1 for what is of no cohort."""
        out = np.ones((len(given), len(estimands)))
        for r, estimand in enumerate(estimands):
            if estimand.cohort is not None:
                out[:, r] = (self.labels[given] == estimand.cohort) @ self.pieces.units
        return out


def permuted_group_time(estimate: Estimate, exchange: Exchange) -> Permuted | None:
    """Make an estimate ready, or None where it is no group-time ATT, or average of them, from sums by cluster.

    Such sums make `group_time_att` of a panel without adjustment, where the program reaches all units or none.
    """
    options, design = _options(estimate.estimator), estimate.design
    if options is None or options["adjustment"] != "none" or options["sampling"] != "panel":
        return None
    if len(np.unique(design.is_eligible)) > 1:
        return None
    plan = Plan(options["comparison"], options["base"], options["anticipation"])
    start = np.where(design.never_program, np.inf, design.cohort)
    first = np.sort(np.unique(start, return_index=True)[1])
    labels = start[first]
    label = np.argmax(start[:, None] == labels, axis=1)
    key, of_unit = np.unique(np.column_stack([design.cluster, design.stratum, _fixed(design, exchange, label)]), axis=0,
                             return_inverse=True)
    of_unit = of_unit.ravel()
    observed = np.zeros(len(key), dtype=np.int64)
    observed[of_unit] = label
    cells, one = cells_of(design, plan), design.subset(np.isin(np.arange(len(start)), first))
    arm = np.array([np.where(program, PROGRAM, np.where(against, COMPARISON, NEITHER))
                    for program, against in (arms(one, cell, plan) for cell in cells)]).reshape(len(cells), len(labels))
    change = design.outcome[:, [c.period for c in cells]] - design.outcome[:, [c.base for c in cells]]
    pieces = pieces_of(key[:, 0], key[:, 1], piece=of_unit, weight=design.weight, change=change, arm=arm)
    place = tuple(np.array([np.flatnonzero(key[:, 0] == cluster) for cluster in clusters])
                  for clusters in exchange.clusters)
    effects = tuple(effect_at(design, cell.cohort, cell.period) for cell in cells)
    return Permuted(estimate, exchange, pieces, effects, labels, observed, place)


def _options(estimator: Callable[[Design], Estimate]) -> dict[str, Any] | None:
    """Options of the one group-time estimator that all of an estimate comes from; None where there is none."""
    if isinstance(estimator, Joined):
        found = [_options(made) for made in estimator.made]
        return found[0] if all(options == found[0] for options in found) else None
    if isinstance(estimator, Averaged):
        return _options(estimator.inner)
    inner = estimator.inner if isinstance(estimator, Aggregated) else estimator
    return inner.keywords if isinstance(inner, partial) and inner.func is group_time_att else None


def _fixed(design: Design, exchange: Exchange, label: Integers) -> Integers:
    """(U,): label of units that keep it under every assignment, −1 for others."""
    moves = np.isin(design.cluster, np.concatenate(exchange.clusters))
    return np.where(moves, -1, label)
