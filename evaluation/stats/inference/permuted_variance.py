"""Sums over clusters whose cohorts are permuted, and the variances that follow from them."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from itertools import product

import numpy as np

from evaluation.stats.records import Booleans, Floats, Integers

PROGRAM, COMPARISON, NEITHER = 0, 1, 2
MANY = 32
"""Clusters from which on products are summed before they are multiplied by what an assignment makes of them."""
WIDE = 16
"""Pairs of cells in one product: narrow ones waste the processor."""
ROUGH = 1e-5
"""Share of what was added and subtracted below which a variance so found would have lost more than five digits."""


@dataclass(frozen=True)
class Arms:
    """Program and comparison arms of J cells in S strata under B assignments.

    Attributes
    ----------
    mean : (2, B, S, J, K)  weighted mean change of the two arms; 0 where one of them is empty
    coefficient : (3, B, S, J)
        Of a unit of weight 1 in the cell's effect: ± the stratum's share over the arm's weight; 0 for units in neither.
    effect : (B, J, K)  Σ_s share_s (mean of the program's arm − mean of the comparison's)
    size : (B, J)  weight of the program units behind it; 0 without an effect
    is_lone : (B, J)  in a stratum of it the program's arm has one cluster
    """

    mean: Floats
    coefficient: Floats
    effect: Floats
    size: Floats
    is_lone: Booleans

    def only(self, b: int) -> Arms:
        """Return the arms under one assignment."""
        one = slice(b, b + 1)
        return Arms(self.mean[:, one], self.coefficient[:, one], self.effect[one], self.size[one], self.is_lone[one])


@dataclass(frozen=True)
class Pieces:
    """P pieces of clusters in J cells, sorted by cluster.

    Attributes
    ----------
    cluster, stratum : (P,)  stratum by position
    units : (P,)  weight of its units, seen or not
    weight : (P, J)  of those seen at the cell's period and base
    change : (P, J, K)  their weighted change, less `weight` × the stratum's mean, on which nothing depends
    arm : (J, L)  of a cell, in which a piece of a label is: PROGRAM, COMPARISON or NEITHER
    """

    cluster: Integers
    stratum: Integers
    units: Floats
    weight: Floats
    change: Floats
    arm: Integers

    @property
    def are_many(self) -> bool:
        """There are many clusters, of one piece each."""
        return len(self.cluster) >= MANY and len(np.unique(self.cluster)) == len(self.cluster)

    @property
    def of_stratum(self) -> list[Integers]:
        """Positions of the pieces of every stratum."""
        return [np.flatnonzero(self.stratum == s) for s in range(self.stratum.max() + 1)]


def pieces_of(cluster: Integers, stratum: Integers, *, piece: Integers, weight: Floats, change: Floats,
              arm: Integers) -> Pieces:
    """Sum the changes (U, J, K) of units, NaN where not seen, over the units of each piece; `piece`, `weight` (U,)."""
    seen = np.asarray(~np.isnan(change).any(axis=2))
    size, total = np.zeros((len(cluster), seen.shape[1])), np.zeros((len(cluster), *change.shape[1:]))
    np.add.at(size, piece, weight[:, None] * seen)
    np.add.at(total, piece, np.where(seen[..., None], weight[:, None, None] * change, 0.0))
    position = np.unique(stratum, return_inverse=True)[1]
    found = Pieces(cluster, position, np.bincount(piece, weight).astype(np.float64), size, total, arm)
    for mine in found.of_stratum:
        mean = divided(total[mine].sum(axis=0), size[mine].sum(axis=0)[:, None])
        total[mine] -= size[mine][..., None] * mean
    return found


def arms_of(pieces: Pieces, given: Integers) -> Arms:
    """Sum the arms under assignments that give the pieces these labels (B, P)."""
    n, (j, k) = len(given), pieces.change.shape[1:]
    every = np.concatenate([pieces.weight[..., None], (pieces.weight > 0)[..., None], pieces.change], axis=2)
    strata = pieces.of_stratum
    total = np.zeros((2, n, len(strata), j, k + 2))
    for s, mine in enumerate(strata):
        for label in np.unique(given[:, mine]):
            has = (given[:, mine] == label).astype(np.float64)
            for arm in (PROGRAM, COMPARISON):
                cells = np.flatnonzero(pieces.arm[:, label] == arm)
                found = has @ every[np.ix_(mine, cells)].reshape(len(mine), len(cells) * (k + 2))
                total[arm, :, s][:, cells] += found.reshape(n, len(cells), k + 2)
    weight = total[..., 0]
    used = np.asarray((weight > 0).all(axis=0))
    mean = np.where(used[..., None], divided(total[..., 2:], weight[..., None]), 0.0)
    size = (weight[PROGRAM] * used).sum(axis=1)
    share = divided(weight[PROGRAM] * used, size[:, None])
    coefficient = np.stack([divided(share, weight[PROGRAM]), -divided(share, weight[COMPARISON]), 0 * share])
    effect = np.einsum("bsj,bsjk->bjk", share, mean[PROGRAM] - mean[COMPARISON])
    return Arms(mean, coefficient, effect, size, np.asarray((used & (total[PROGRAM, ..., 1] < 2)).any(axis=1)))


def variances(pieces: Pieces, given: Integers, of: Arms, matrix: Floats) -> Floats:
    """(B, m, K): Σ over clusters of the squared influence on m combinations (B, m, J) of the cells' effects.

    A cluster's influence on a cell's effect is Σ over its pieces of coefficient × (change − weight × mean of its arm).
    """
    if not pieces.are_many:
        return _direct(pieces, given, of, matrix)
    found, added = _from_products(pieces, given, of, matrix)
    for b in np.flatnonzero((found < ROUGH * added).any(axis=(1, 2))).tolist():
        found[b] = _direct(pieces, given[b : b + 1], of.only(b), matrix[b : b + 1])[0]
    return found


def _direct(pieces: Pieces, given: Integers, of: Arms, matrix: Floats) -> Floats:
    """Every cluster's influence, squared."""
    arm = pieces.arm.T[given]
    b, _, j = np.ogrid[: arm.shape[0], : arm.shape[1], : arm.shape[2]]
    s = pieces.stratum[None, :, None]
    influence = of.mean[np.minimum(arm, COMPARISON), b, s, j]
    influence *= pieces.weight[..., None]
    influence -= pieces.change
    influence *= of.coefficient[arm, b, s, j][..., None]
    first = np.unique(pieces.cluster, return_index=True)[1]
    of_cluster = np.add.reduceat(matrix[:, None] @ influence, first, axis=1)
    found: Floats = np.einsum("bgmk,bgmk->bmk", of_cluster, of_cluster)
    return found


def _from_products(pieces: Pieces, given: Integers, of: Arms, matrix: Floats) -> tuple[Floats, Floats]:
    """The same for clusters of one piece, and how much was added and subtracted.

    Σ_g c_i c_j (D_i − W_i μ_i)(D_j − W_j μ_j) of cells i and j that share a combination is multiplied out: its sums
    over clusters are one matrix product for all assignments.
    """
    found, added = np.zeros((2, *matrix.shape[:2], pieces.change.shape[2]))
    used = np.asarray(matrix.any(axis=0))
    cells = list(zip(*np.nonzero(np.triu(used.T.astype(int) @ used)), strict=True))
    for (labels, pairs), (s, mine) in product(_by_labels(pieces, cells).items(), enumerate(pieces.of_stratum)):
        has = np.array(labels, dtype=np.float64)[given[:, mine]]
        for some in (pairs[start : start + WIDE] for start in range(0, len(pairs), WIDE)):
            for (i, j, a, b), sums in zip(some, _sums(pieces, has, mine, some), strict=True):
                ww, (dd, dw, wd) = sums[:, :1], np.split(sums[:, 1:], 3, axis=1)
                x, y = of.mean[a, :, s, i], of.mean[b, :, s, j]
                c = (of.coefficient[a, :, s, i] * of.coefficient[b, :, s, j])[:, None]
                covariance = c * (dd - y * dw - x * wd + x * y * ww)
                size = np.abs(c * dd) + np.abs(c * x * y * ww)
                for r in np.flatnonzero(used[:, i] & used[:, j]):
                    both = (matrix[:, r, i] * matrix[:, r, j] * (1 if i == j else 2))[:, None]
                    found[:, r] += both * covariance
                    added[:, r] += both * size
    return found, added


def _by_labels(pieces: Pieces, cells: list[tuple[int, int]]) -> dict[tuple[bool, ...], list[tuple[int, int, int, int]]]:
    """Pairs of cells and an arm of each, by the labels (L,) that are in both arms."""
    found: dict[tuple[bool, ...], list[tuple[int, int, int, int]]] = defaultdict(list)
    for (i, j), a, b in product(cells, (PROGRAM, COMPARISON), (PROGRAM, COMPARISON)):
        is_both = (pieces.arm[i] == a) & (pieces.arm[j] == b)
        if is_both.any():
            found[tuple(is_both.tolist())].append((i, j, a, b))
    return found


def _sums(pieces: Pieces, has: Floats, mine: Integers, pairs: list[tuple[int, int, int, int]]) -> Floats:
    """(pairs, B, 3K + 1): Σ W_i W_j, D_i D_j, D_i W_j and W_i D_j over the pieces an assignment has (B, n)."""
    i, j, _, _ = np.array(pairs).T
    w, d = pieces.weight[mine][..., None], pieces.change[mine]
    each = np.concatenate([w[:, i] * w[:, j], d[:, i] * d[:, j], d[:, i] * w[:, j], w[:, i] * d[:, j]], axis=2)
    found: Floats = (has @ each.reshape(len(each), -1)).reshape(len(has), len(pairs), -1).swapaxes(0, 1)
    return found


def divided(top: Floats, bottom: Floats) -> Floats:
    """Divide, 0 where there is nothing to divide by."""
    shape = np.broadcast_shapes(top.shape, bottom.shape)
    out: Floats = np.divide(top, bottom, out=np.zeros(shape), where=np.broadcast_to(bottom > 0, shape))
    return out
