"""What a bound on departures from parallel trends says of one contrast: two numbers and a few moment inequalities.

With θ the contrast l'τ of post effects, β = δ + τ, and D the differences per period that reach into the program, u
solves D_post'u = l, so that l'δ_post = u'Dδ − (its pre part). Bounding every |D_tδ| by B is then, for θ alone,

    |P − θ| ≤ ‖u‖₁ B      with P = u'Dβ, the effect less the extrapolation of what came before.

B = M is a number (smoothness) or B = M̄ Q, Q ≥ 0, with Q the largest of the same differences before the program
(relative magnitudes). Which one is largest is not known: each pre difference and sign is a problem of its own.

Profiling the other post effects out of the 2·n_post inequalities leaves the vertices of the dual polyhedron. Because
D_post is square and invertible they are known without a solver: the two above, and for each t the average of its own
two inequalities, −B ≤ 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from evaluation.stats.records import Floats
from evaluation.stats.sensitivity.event_study import EventStudy, Order, differences

Kind = Literal["relative_magnitude", "smoothness", "relative_smoothness"]
ORDER: dict[Kind, Order] = {"relative_magnitude": 1, "smoothness": 2, "relative_smoothness": 2}


@dataclass(frozen=True)
class Bound:
    """A restriction and a contrast, before its size m is chosen.

    Attributes
    ----------
    value, covariance : (m,), (m, m)
        The event study; the covariance already widened for few clusters.
    load : (n_post,)
        u: how the contrast adds up the differences that reach into the program.
    rows : (n_post, m)
        Those differences; load @ rows @ value = P.
    pre_rows : (k, m)
        The same differences before the program.
    yardsticks : (S, m)
        Signed pre differences, any of which may be the largest; one row of zeros where the bound is a number.
    """

    value: Floats
    covariance: Floats
    load: Floats
    rows: Floats
    pre_rows: Floats
    yardsticks: Floats

    @property
    def reach(self) -> float:
        """‖u‖₁: how far a bound of one moves the contrast."""
        return float(np.abs(self.load).sum())

    @property
    def point(self) -> float:
        """P, in outcome units."""
        return float(self.load @ self.rows @ self.value)


@dataclass(frozen=True)
class Moments:
    """Studentized moments of S problems with V vertices each; under θ every mean is at most zero.

    Moment v of problem s at θ is level[s, v] − slope[s, v] θ, with covariance[s]. `plane` holds its coordinates in two
    independent standard normals: P and the yardstick span all of them.
    """

    level: Floats
    slope: Floats
    plane: Floats

    @property
    def covariance(self) -> Floats:
        """(S, V, V)."""
        return np.asarray(self.plane @ self.plane.transpose(0, 2, 1))


def bound(study: EventStudy, covariance: Floats, contrast: Floats, kind: Kind) -> Bound:
    """Write a restriction as differences per period.

    Raises
    ------
    ValueError
        `relative_smoothness` with a single pre period: no change of slope before the program to compare with.
    """
    pre, rows = differences(study, ORDER[kind])
    yardsticks = np.zeros((1, len(study.value))) if kind == "smoothness" else np.vstack([pre, -pre])
    if not len(yardsticks):
        raise ValueError("Comparing changes of slope with those before the program needs at least two pre periods "
                         "beside the base period.")
    load = np.asarray(np.linalg.solve(rows[:, study.n_pre:].T, contrast), dtype=np.float64)
    return Bound(np.asarray(study.value, dtype=float), covariance, load, rows, pre, yardsticks)


def moments(of: Bound, m: float, kind: Kind) -> Moments:
    """Give the moments of a restriction of size m (M̄ without unit, or M in outcome units per period²)."""
    relative, number = (0.0, m) if kind == "smoothness" else (m, 0.0)
    above, below = (
        _norm(sign * of.rows - relative * of.yardsticks[:, None, :], of.covariance) for sign in (1, -1)
    )
    up, down = np.clip(of.load, 0, None), np.clip(-of.load, 0, None)
    size = np.column_stack([above @ up + below @ down, below @ up + above @ down, above + below])
    one, zero = np.ones((len(size), 1)), np.zeros_like(above)
    slope = np.hstack([one, -one, zero]) / size
    share = np.hstack([of.reach * one, of.reach * one, zero + 2]) / size
    axes, at = _plane(of)
    level = slope * of.point - share * (relative * (of.yardsticks @ of.value)[:, None] + number)
    plane = slope[:, :, None] * at - relative * share[:, :, None] * axes[:, None, :]
    return Moments(level, slope, plane)


def identified(of: Bound, m: float, kind: Kind) -> tuple[float, float]:
    """Bounds of θ if the estimates were the truth: P ± ‖u‖₁ B."""
    size = m if kind == "smoothness" else m * float(np.max(of.yardsticks @ of.value))
    return of.point - of.reach * size, of.point + of.reach * size


def _norm(rows: Floats, covariance: Floats) -> Floats:
    return np.asarray(np.sqrt(np.einsum("...i,ij,...j->...", rows, covariance, rows)))


def _plane(of: Bound) -> tuple[Floats, Floats]:
    """Coordinates (S, 2) of each yardstick, and (2,) of P, in two independent standard normals."""
    p = of.load @ of.rows
    sd = float(_norm(p, of.covariance))
    along = of.yardsticks @ of.covariance @ p / sd
    across = np.sqrt(np.clip(_norm(of.yardsticks, of.covariance) ** 2 - along**2, 0, None))
    return np.column_stack([along, across]), np.array([sd, 0.0])
