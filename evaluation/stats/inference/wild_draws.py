"""The wild bootstrap's t* of one contrast for all vectors of signs at once, as a function of the null."""

from __future__ import annotations

from collections.abc import Iterator
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

ROWS = 512
"""Products of signs made at once, where there are several parts: 40 MB with 9,999 draws."""


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
    d : (n, K)
    slope : (n,)  d under the null is d + δ slope
    left : (n, r)  of P = left right, with orthonormal columns
    inner : (K, r, n)  right S
    shift : (r, n)  right S under the null is right S + δ shift
    """

    cluster: Integers
    n_own: int
    d: Floats
    slope: Floats
    left: Floats
    inner: Floats
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
    turned = right @ of.eigenvector[:, used].T
    reach = np.sqrt(of.total(of.eigenvalue, turned.T**2).sum(axis=1))
    own = of.has_part()[:, i]
    matters = own | (reach > NEGLIGIBLE * reach.max(initial=0))
    cluster = np.flatnonzero(matters) if only_relevant else np.arange(len(matters))
    inner = np.zeros((of.score.shape[1], len(turned), len(cluster)))
    for j, row in enumerate(turned):
        inner[:, j] = of.total(row, of.score)[cluster].T
    image = image[cluster]
    return Contrast(cluster, int(own.sum()), of.total(of.load[i], of.score)[cluster], image @ c / length,
                    left[cluster], inner, right @ image.T / length)


@dataclass(frozen=True)
class Signed:
    """A contrast and vectors of signs (n, B) for its clusters."""

    of: Contrast
    signs: Floats

    def of_parts(self) -> Iterator[Draws]:
        """Multiply the signs by the scores of each part; of several parts at once, as that is much faster."""
        of, (parts, r, n) = self.of, self.of.inner.shape
        if self.is_square:
            for d, inner in zip(of.d.T, of.inner, strict=True):
                yield _Square(d @ self.signs, self.top_slope, (np.diag(d) - of.left @ inner) @ self.signs,
                              self.square_slope)
            return
        rows = np.concatenate([of.inner, of.left.T * of.d.T[:, None], of.d.T[:, None]], axis=1)
        at_once = max(1, ROWS // (2 * r + 1))
        for first in range(0, parts, at_once):
            some = rows[first:first + at_once].reshape(-1, n) @ self.signs
            for d, found in zip(of.d.T[first:], some.reshape(-1, 2 * r + 1, some.shape[1]), strict=False):
                yield self._thin(d, found[:r], found[r:-1], found[-1])

    def _thin(self, d: Floats, x: Floats, y: Floats, top: Floats) -> Draws:
        """‖(diag d − left x)‖² = Σd² − 2y·x + x·x with x = right Sv and y = left'diag(d)v, where all v² = 1."""
        x_slope, apart, square = self.thin_slope
        constant = d @ d + _dot(x, x - 2 * y)
        linear = 2 * (d @ self.of.slope + _dot(x, apart) - _dot(y, x_slope))
        return _Thin(top, self.top_slope, constant, linear, square)

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
    def thin_slope(self) -> tuple[Floats, Floats, Floats]:
        """Change with δ of x, and of x less that of y (r, B); and the variance's term in δ² (B,)."""
        of = self.of
        x, y = of.shift @ self.signs, (of.left * of.slope[:, None]).T @ self.signs
        return x, x - y, of.slope @ of.slope + _dot(x, x - 2 * y)


def _dot(a: Floats, b: Floats) -> Floats:
    found: Floats = np.einsum("rb,rb->b", a, b)
    return found


@dataclass(frozen=True)
class _Square:
    top: Floats
    top_slope: Floats
    score: Floats
    score_slope: Floats

    def at(self, delta: float) -> tuple[Floats, Floats]:
        score = self.score + delta * self.score_slope
        return self.top + delta * self.top_slope, _dot(score, score)


@dataclass(frozen=True)
class _Thin:
    top: Floats
    top_slope: Floats
    constant: Floats
    linear: Floats
    square: Floats

    def at(self, delta: float) -> tuple[Floats, Floats]:
        variance = self.constant + delta * (self.linear + delta * self.square)
        return self.top + delta * self.top_slope, np.maximum(variance, 0)
