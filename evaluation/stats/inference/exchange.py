"""Who may change places with whom in a permutation test."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, product
from math import factorial, prod

import numpy as np

from evaluation.stats.records import Design, Integers

Label = tuple[float, ...]
"""Cohort of a cluster in each of its strata; infinite for never-program."""


@dataclass(frozen=True)
class Exchange:
    """Classes of clusters that may exchange their cohorts.

    Attributes
    ----------
    clusters : per class, codes of its clusters
    labels : per class, the label of each of them
    """

    clusters: tuple[Integers, ...]
    labels: tuple[tuple[Label, ...], ...]

    @property
    def n_assignments(self) -> int:
        """How many different assignments there are, the observed one among them."""
        return prod(factorial(len(labels)) // prod(factorial(labels.count(label)) for label in set(labels))
                    for labels in self.labels)

    @property
    def moving(self) -> Integers:
        """Codes of the clusters that get another label under some assignment."""
        return np.concatenate([clusters for clusters, labels in zip(self.clusters, self.labels, strict=True)
                               if len(set(labels)) > 1])

    def every_assignment(self) -> Iterator[tuple[Integers, ...]]:
        """Yield each assignment once: per class, whose label each cluster gets."""
        return product(*(list(_arrangements(labels)) for labels in self.labels))

    def draw(self, rng: np.random.Generator) -> tuple[Integers, ...]:
        """Draw one assignment."""
        return tuple(rng.permutation(len(labels)) for labels in self.labels)

    def assigned(self, design: Design, assignment: Sequence[Integers]) -> Design:
        """Return the design with the cohorts of an assignment."""
        cohort = design.cohort.copy()
        for clusters, labels, owner in zip(self.clusters, self.labels, assignment, strict=True):
            for cluster, given in zip(clusters, owner, strict=True):
                mine = design.cluster == cluster
                for stratum, start in zip(np.unique(design.stratum[mine]), labels[given], strict=True):
                    cohort[mine & (design.stratum == stratum)] = np.nan if np.isinf(start) else start
        return replace(design, cohort=cohort)


def exchange_of(design: Design) -> Exchange:
    """Find the clusters that may exchange their cohorts: those with units in the same strata.

    A cluster keeps its place where units of one stratum start in different periods, or not all of them start: the
    cluster is then not the level of assignment, as a district some of whose schools are in the program. Its units keep
    their cohorts under every assignment, on both sides of the comparison. So does one with units in the program from
    the first period on.

    Raises
    ------
    ValueError
        Nothing can be exchanged: there is only one assignment.
    """
    classes: dict[tuple[int, ...], list[tuple[int, Label]]] = defaultdict(list)
    cohort = np.where(design.never_program, np.inf, design.cohort)
    for cluster in np.unique(design.cluster):
        mine = design.cluster == cluster
        strata = np.unique(design.stratum[mine])
        starts = [np.unique(cohort[mine & (design.stratum == stratum)]) for stratum in strata]
        if all(len(s) == 1 and s[0] > design.periods[0] for s in starts):
            classes[tuple(strata.tolist())].append((int(cluster), tuple(float(s[0]) for s in starts)))
    found = Exchange(tuple(np.array([c for c, _ in members]) for members in classes.values()),
                     tuple(tuple(label for _, label in members) for members in classes.values()))
    if found.n_assignments == 1:
        raise ValueError("no cluster can exchange its cohort with another: in no stratum are there clusters that start "
                         "in different periods and whose units all start together; use a wider stratum")
    return found


def outcome_moves(design: Design, exchange: Exchange) -> bool:
    """Whether moving outcomes between clusters is the same as moving cohorts.

    So it is where clusters of a class have the same units but for outcome and cohort: as many, with the same weights,
    strata, covariates, observed cells and students.
    """
    for clusters in exchange.clusters:
        rows = [np.flatnonzero(design.cluster == cluster) for cluster in clusters]
        about = [design.stratum, design.weight, design.present,
                 *(a for a in (design.covariates, design.n, design.is_eligible) if len(a))]
        if any(len(r) != len(rows[0]) for r in rows):
            return False
        if any(not np.array_equal(a[r], a[rows[0]], equal_nan=a.dtype.kind == "f") for a in about for r in rows):
            return False
    return True


def moved(design: Design, exchange: Exchange, assignment: Sequence[Integers]) -> Integers:
    """(U,) units whose outcomes, put in this order under the observed cohorts, make the assignment.

    It is the design of the assignment with its units renamed: each outcome stands where its new cohort is.
    """
    place: Integers = np.arange(len(design.cluster))
    for clusters, owner in zip(exchange.clusters, assignment, strict=True):
        for cluster, given in zip(clusters, owner, strict=True):
            place[design.cluster == clusters[given]] = np.flatnonzero(design.cluster == cluster)
    return place


def _arrangements(labels: Sequence[Label]) -> Iterator[Integers]:
    """Yield every different arrangement of the labels as owners of the labels."""
    owners = [[i for i, label in enumerate(labels) if label == kind] for kind in dict.fromkeys(labels)]

    def place(kinds: list[list[int]], free: list[int], out: Integers) -> Iterator[Integers]:
        if not kinds:
            yield out.copy()
            return
        for chosen in combinations(free, len(kinds[0])):
            out[list(chosen)] = kinds[0]
            yield from place(kinds[1:], [i for i in free if i not in chosen], out)

    return place(owners, list(range(len(labels))), np.zeros(len(labels), dtype=np.int64))
