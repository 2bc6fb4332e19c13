"""Sums over students by pair of their cells become inner products within students."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evaluation.stats.records import Booleans, Floats, Integers


@dataclass(frozen=True)
class StudentPairs:
    """N sums, each over students of a home and group who are seen in two cells, a pair in one order only.

    Attributes
    ----------
    where : home and group, two arrays (N,)
    first, second : (N,) the cells of the pair; the same one where the sum is over all students of a cell
    n_years : (N,) cells in which each of these students is seen
    shape : numbers of homes, groups and cells
    """

    where: tuple[Integers, Integers]
    first: Integers
    second: Integers
    n_years: Floats
    shape: tuple[int, int, int]

    @property
    def one(self) -> Booleans:
        """(N,): it is a cell with itself."""
        return np.asarray(self.first == self.second)

    def by_home(self, values: Floats) -> Floats:
        """(U, K): values (N,) of cells, those of pairs left out."""
        return self._added(values * self.one, size=())

    def by_cell(self, values: Floats) -> Floats:
        """(U, K, C): likewise by cell."""
        return self._added(values * self.one, self.first, size=self.shape[2:])

    def gram(self, weight: Floats) -> Floats:
        """(U, K, C, C): the cells' dummies less student means with each other, Σ_m (W_tt δ_ts − W_ts / m)."""
        size, share = (self.shape[2],) * 2, weight / self.n_years
        return (self._added(weight * self.one - share, self.first, self.second, size=size)
                + self._added(-share * ~self.one, self.second, self.first, size=size))

    def cross(self, first: Floats, second: Floats) -> Floats:
        """(U, K, C): those dummies with a column by its sums in either cell, Σ_m (S_t − Σ_s S_s of those in t / m).

        Sums are whole numbers, so that those of a column constant within students are exactly 0.
        """
        size = self.shape[2:]
        return (self._divided(self.n_years * first * self.one - second, self.first, size=size)
                + self._divided(-first * ~self.one, self.second, size=size))

    def inner(self, product: Floats, turned: Floats) -> Floats:
        """(U, K): two columns less student means with each other, Σ_m (Σ_t P_tt − Σ_ts P_ts / m).

        Parameters
        ----------
        product, turned : (N,) one column in the first cell times the other in the second, and the other way round;
            whole numbers, as in `cross`
        """
        both = product + turned * ~self.one
        return self._divided(self.n_years * product * self.one - both, size=())

    def _divided(self, values: Floats, *place: Integers, size: tuple[int, ...]) -> Floats:
        """Add up whole numbers by years seen, then divide by these: nothing is rounded before."""
        years, at = np.unique(self.n_years, return_inverse=True)
        found: Floats = self._added(values, *place, at, size=(*size, len(years))) @ (1 / years)
        return found

    def _added(self, values: Floats, *place: Integers, size: tuple[int, ...]) -> Floats:
        out = np.zeros((*self.shape[:2], *size))
        np.add.at(out, (*self.where, *place), values)
        return out
