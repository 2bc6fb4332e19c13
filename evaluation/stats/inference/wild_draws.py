"""The wild bootstrap's t* of one contrast for all vectors of signs at once, as a function of the null."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Protocol

import numpy as np

from evaluation.stats.inference.blocks import Blocks
from evaluation.stats.inference.signs import Signs
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
    origin : (K,)  the δ at which d and inner are the scores
    """

    cluster: Integers
    n_own: int
    d: Floats
    slope: Floats
    left: Floats
    inner: Floats
    shift: Floats
    origin: Floats

    def variance(self, part: int) -> float:
        """CV1 variance of the estimate, without a factor; of a contrast whose origin is 0."""
        return float((self.d[:, part] ** 2).sum())

    def under(self, delta: Floats) -> Contrast:
        """Return it with the scores under the nulls that lie δ (K,) below the estimates: there no slope is needed."""
        return replace(self, d=self.d + self.slope[:, None] * delta, origin=delta,
                       inner=self.inner + self.shift * delta[:, None, None])


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
    for part, score in enumerate(of.score.T):
        inner[part] = of.total(score, turned.T)[cluster].T
    image = image[cluster]
    return Contrast(cluster, int(own.sum()), of.total(of.load[i], of.score)[cluster], image @ c / length,
                    left[cluster], inner, right @ image.T / length, np.zeros(len(inner)))


@dataclass(frozen=True)
class Signed:
    """A contrast and vectors of signs for its clusters."""

    of: Contrast
    signs: Signs

    def of_parts(self) -> Iterator[Draws]:
        """Multiply the signs by the scores of each part; of several parts at once, as that is much faster."""
        of, signs, (parts, r, n) = self.of, self.signs.points, self.of.inner.shape
        if self.is_square:
            for part, (d, inner) in enumerate(zip(of.d.T, of.inner, strict=True)):
                yield _Square(self, part, d @ signs, (np.diag(d) - of.left @ inner) @ signs)
            return
        rows = np.concatenate([of.inner, of.left.T * of.d.T[:, None], of.d.T[:, None]], axis=1)
        at_once = max(1, ROWS // (2 * r + 1))
        for first in range(0, parts, at_once):
            some = rows[first:first + at_once].reshape(-1, n) @ signs
            for i, found in enumerate(some.reshape(-1, 2 * r + 1, some.shape[1])):
                yield _Thin(self, first + i, found[-1], found[:r], found[r:-1])

    @property
    def is_square(self) -> bool:
        """Whether the clusters are few."""
        return len(self.signs.points) <= FEW

    @cached_property
    def top_slope(self) -> Floats:
        """(B,): change of the numerator with δ."""
        out: Floats = self.of.slope @ self.signs.points
        return out

    @cached_property
    def square_slope(self) -> Floats:
        """(n, B): change of (diag d − PS)v with δ."""
        out: Floats = (np.diag(self.of.slope) - self.of.left @ self.of.shift) @ self.signs.points
        return out

    @cached_property
    def thin_slope(self) -> tuple[Floats, Floats, Floats]:
        """Change with δ of x, and of x less that of y (r, B); and the variance's term in δ² (B,)."""
        of, signs = self.of, self.signs.points
        x, y = of.shift @ signs, (of.left * of.slope[:, None]).T @ signs
        return x, x - y, self.signs.squared(of.slope, of.slope) + _dot(x, x - 2 * y)


def _dot(a: Floats, b: Floats) -> Floats:
    found: Floats = np.einsum("rb,rb->b", a, b)
    return found


@dataclass(frozen=True)
class _Square:
    """The variance as ‖(diag d − PS)v‖²."""

    signed: Signed
    part: int
    top: Floats
    score: Floats

    def at(self, delta: float) -> tuple[Floats, Floats]:
        step = delta - self.signed.of.origin[self.part]
        if step == 0:
            return self.top, _dot(self.score, self.score)
        score = self.score + step * self.signed.square_slope
        return self.top + step * self.signed.top_slope, _dot(score, score)


@dataclass(frozen=True)
class _Thin:
    """The variance as ‖(diag d)v − left x‖² = Σd²v² − 2y·x + x·x with x = right Sv and y = left'diag(d)v."""

    signed: Signed
    part: int
    top: Floats
    x: Floats
    y: Floats

    def at(self, delta: float) -> tuple[Floats, Floats]:
        step = delta - self.signed.of.origin[self.part]
        if step == 0:
            return self.top, np.maximum(self.constant, 0)
        variance = self.constant + step * (self.linear + step * self.signed.thin_slope[2])
        return self.top + step * self.signed.top_slope, np.maximum(variance, 0)

    @cached_property
    def constant(self) -> Floats:
        """(B,): the variance at the origin."""
        d = self.signed.of.d[:, self.part]
        found: Floats = self.signed.signs.squared(d, d) + _dot(self.x, self.x - 2 * self.y)
        return found

    @cached_property
    def linear(self) -> Floats:
        """(B,): its term in δ."""
        of, (x_slope, apart, _) = self.signed.of, self.signed.thin_slope
        own = self.signed.signs.squared(of.d[:, self.part], of.slope)
        return 2 * (own + _dot(self.x, apart) - _dot(self.y, x_slope))
