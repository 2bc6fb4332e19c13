"""The wild bootstrap's t* of one contrast for all vectors of signs at once, as a function of the null."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np

from evaluation.stats.inference.blocks import Blocks
from evaluation.stats.records import Floats, Integers

FEW = 12
"""Up to so many clusters n the n × n form costs little and keeps ties exact to the last digits."""
NEGLIGIBLE = 1e-9
"""Of the largest: singular values, and parts of clusters, below this are rounding."""


class Draws(Protocol):
    """Draws of one contrast and part."""

    def at(self, delta: float) -> tuple[Floats, Floats]:
        """Return numerator and variance (B,) of t* under the null that lies δ below the estimate."""


@dataclass(frozen=True)
class Contrast:
    """What the bootstrap of one contrast c needs of the n clusters that matter to it.

    Under c'b = r, δ = c'b − r, scores are s_g + δA_g c/c'c. With d_g = c's_g and P_g = A_g c the numerator of t* is d'v
    and its CV1 variance ‖(diag d − PS)v‖², both of the scores under the null.

    Attributes
    ----------
    cluster : (n,)  places in the blocks
    n_own : clusters with a part in c; with the signs of the others alone t* stays as large under any far null
    score : (n, k, K)  in the k directions in which P is not zero
    d : (n, K)
    slope : (n,)  d under the null is d + δ slope
    left, right : (n, r) and (r, k)  P as a product, `left` with orthonormal columns
    shift : (r, n)  right S under the null is right S + δ shift
    """

    cluster: Integers
    n_own: int
    score: Floats
    d: Floats
    slope: Floats
    left: Floats
    right: Floats
    shift: Floats

    def variance(self, part: int) -> float:
        """CV1 variance of the estimate, without a factor."""
        return float((self.d[:, part] ** 2).sum())


def contrast_of(of: Blocks, i: int, *, only_relevant: bool) -> Contrast:
    """Return the i-th contrast; `only_relevant` leaves out clusters whose sign changes no draw."""
    image = of.image(i)
    used = np.flatnonzero(image.any(axis=0))
    c, image, length = of.contrast[i, used], image[:, used], float((of.contrast[i] ** 2).sum())
    left, size, right = np.linalg.svd(image, full_matrices=False)
    kept = size > NEGLIGIBLE * size.max(initial=0)
    left, right = left[:, kept], size[kept, None] * right[kept]
    pairs = zip(of.eigenvalue, of.eigenvector, strict=True)
    reach = np.array([np.sqrt((((right @ v[:, used].T) ** 2) @ a).sum()) for a, v in pairs])
    own = of.has_part()[:, i]
    matters = own | (reach > NEGLIGIBLE * reach.max(initial=0))
    cluster = np.flatnonzero(matters) if only_relevant else np.arange(len(matters))
    score, image = of.score[cluster], image[cluster]
    return Contrast(cluster, int(own.sum()), score[:, used], np.einsum("k,gkp->gp", of.contrast[i], score),
                    image @ c / length, left[cluster], right, right @ image.T / length)


@dataclass(frozen=True)
class Signed:
    """A contrast and vectors of signs (n, B) for its clusters."""

    of: Contrast
    signs: Floats

    def of_part(self, part: int) -> Draws:
        """Multiply the signs by the scores of a part."""
        of, d = self.of, self.of.d[:, part]
        inner = of.right @ of.score[:, :, part].T
        if self.is_square:
            return _Square(d @ self.signs, self.top_slope, (np.diag(d) - of.left @ inner) @ self.signs,
                           self.square_slope)
        r = len(inner)
        found = np.vstack([inner, (of.left * d[:, None]).T, d]) @ self.signs
        return _Thin(found[-1], self.top_slope, found[:r], found[r:-1], self.thin_slope[:r], self.thin_slope[r:], d,
                     of.slope)

    @cached_property
    def is_square(self) -> bool:
        """Few clusters; or signs of different size, whose squares the other form takes to be 1."""
        return len(self.signs) <= FEW or bool((np.abs(self.signs[:, -1]) != 1).any())

    @cached_property
    def top_slope(self) -> Floats:
        """(B,): change of the numerator with δ."""
        out: Floats = self.of.slope @ self.signs
        return out

    @cached_property
    def square_slope(self) -> Floats:
        """(n, B): change of (diag d − PS)v with δ."""
        out: Floats = (np.diag(self.of.slope) - self.of.left @ self.of.shift) @ self.signs
        return out

    @cached_property
    def thin_slope(self) -> Floats:
        """(2r, B): change with δ of right Sv and left'diag(d)v."""
        out: Floats = np.vstack([self.of.shift, (self.of.left * self.of.slope[:, None]).T]) @ self.signs
        return out


@dataclass(frozen=True)
class _Square:
    top: Floats
    top_slope: Floats
    score: Floats
    score_slope: Floats

    def at(self, delta: float) -> tuple[Floats, Floats]:
        score = self.score + delta * self.score_slope
        return self.top + delta * self.top_slope, np.einsum("gb,gb->b", score, score)


@dataclass(frozen=True)
class _Thin:
    """‖(diag d − left x)‖² = Σd² − 2(left'diag(d)v)·x + x·x with x = right Sv, where all v² = 1."""

    top: Floats
    top_slope: Floats
    x: Floats
    y: Floats
    x_slope: Floats
    y_slope: Floats
    d: Floats
    d_slope: Floats

    def at(self, delta: float) -> tuple[Floats, Floats]:
        x = self.x + delta * self.x_slope
        y = self.y + delta * self.y_slope
        own = float(((self.d + delta * self.d_slope) ** 2).sum())
        return self.top + delta * self.top_slope, np.maximum(own + np.einsum("rb,rb->b", x, x - 2 * y), 0)
