"""Signs that a wild bootstrap gives to clusters."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from evaluation.stats.records import Floats, Integers

Weights = Literal["rademacher", "webb"]
ENUMERATED: dict[Weights, int] = {"rademacher": 12, "webb": 8}
"""Up to so many clusters every vector of signs is taken once."""
_SIZES: dict[Weights, tuple[float, ...]] = {"rademacher": (1.0,), "webb": (1.0, 1.5**0.5, 0.5**0.5)}


@dataclass(frozen=True)
class Signs:
    """Vectors of signs of n clusters: `points` (n, B)."""

    points: Floats

    def of(self, cluster: Integers) -> Signs:
        """Return the signs of some clusters, sorted places among the n."""
        return self if len(cluster) == len(self.points) else Signs(self.points[cluster])

    def squared(self, left: Floats, right: Floats) -> Floats | float:
        """Return Σ_g left_g right_g v_g² of every vector (B,), or of any where all v² = 1."""
        if self._squares is None:
            return float(left @ right)
        found: Floats = (left * right) @ self._squares
        return found

    @cached_property
    def _squares(self) -> Floats | None:
        """(n, B); None where all are 1."""
        squares = np.square(self.points)
        return None if (squares == 1).all() else squares


def n_vectors(n_clusters: int, weights: Weights) -> int:
    """How many different vectors of signs there are."""
    return int((2 * len(_SIZES[weights])) ** n_clusters)


def every_sign(n_clusters: int, weights: Weights) -> Floats:
    """(G, B): all vectors whose first sign is positive, the observed one (all 1) first.

    A vector and its negative give the same |t*|, so these have the shares of all 2B.
    """
    sizes = np.array(_SIZES[weights])
    points = np.concatenate([sizes, -sizes])
    grid = np.meshgrid(sizes, *[points] * (n_clusters - 1), indexing="ij")
    return np.stack(grid).reshape(n_clusters, -1)


def draw_signs(n_clusters: int, weights: Weights, draws: int, rng: np.random.Generator | None) -> Floats:
    """(G, draws + 1): independent signs, the observed vector (all 1) first.

    Raises
    ------
    ValueError
        There is no generator.
    """
    if rng is None:
        raise ValueError(f"the signs of {n_clusters} clusters are too many to enumerate: give a numpy Generator as rng")
    sizes = np.array(_SIZES[weights])
    points = np.concatenate([sizes, -sizes])
    signs = points[rng.integers(0, len(points), size=(n_clusters, draws + 1), dtype=np.int8)]
    signs[:, 0] = 1
    return signs
