"""Variances between districts, schools and schools' gaps, by maximum likelihood from cells of known variance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.linalg import cho_factor, cho_solve

from evaluation.stats.records import Booleans, Floats, Integers

Random = Literal["district", "school", "school_gap"]
Method = Literal["reml", "ml"]
RANDOM: tuple[Random, ...] = ("district", "school", "school_gap")
START, NEGLIGIBLE = 0.3, 1e-7
"""Where the search for a variance begins, and from where down it is not followed further, in typical sizes."""
FLAT = 1e-5
"""Slope of the log-likelihood in the logarithm of a variance below which a point counts as its maximum."""
DELTA, LONGEST, PRECISION, STEPS = 1e-4, 2.0, 1e-9, 40
"""Of the search in logarithms: width of a difference, longest step, the step that ends it, and how many at most."""
LEAST_BEND, SHORT = 1e-8, 1e-2
"""Curvature that a difference of slopes can tell from none; a step so short that the likelihood cannot judge it."""


@dataclass(frozen=True)
class Variances:
    """Variance between districts, between schools of a district, and of a school's own gap; outcome units squared."""

    district: float
    school: float
    school_gap: float


@dataclass(frozen=True)
class NestedCells:
    """What the likelihood needs of N cells in S schools in D districts; W = [X, y, 1], Z_s = [1, h] of a school.

    Attributes
    ----------
    district : (S,) codes 0 … D − 1
    inner : (S, 2, 2)  Z_s'Δ⁻¹Z_s, Δ the diagonal of sampling variances
    outer : (S, 2, k + 2)  Z_s'Δ⁻¹W_s
    total : (k + 2, k + 2)  W'Δ⁻¹W
    log_variance : Σ log Δ
    n_cells : N
    size : typical size of a variance
    """

    district: Integers
    inner: Floats
    outer: Floats
    total: Floats
    log_variance: float
    n_cells: int
    size: float


@dataclass(frozen=True)
class Maximum:
    """Variances at the maximum of the criterion, and its value."""

    variances: Variances
    log_likelihood: float


def nested_cells(x: Floats, y: Floats, variance: Floats, *, school: Integers, district: Integers,
                 half: Floats) -> NestedCells:
    """Sum cells by school.

    Parameters
    ----------
    x, y, variance : (N, k), (N,), (N,)
    school, district : (N,) codes; schools lie within districts
    half : (N,)  what a school's own gap is multiplied by: ½ for focal, −½ for reference cells
    """
    w = np.column_stack([x, y, np.ones(len(y))])
    z = np.column_stack([np.ones(len(y)), half])
    _, first, place = np.unique(school, return_index=True, return_inverse=True)
    inner, outer = np.zeros((len(first), 2, 2)), np.zeros((len(first), 2, w.shape[1]))
    np.add.at(inner, place, z[:, :, None] * (z / variance[:, None])[:, None, :])
    np.add.at(outer, place, z[:, :, None] * (w / variance[:, None])[:, None, :])
    code = np.unique(district[first], return_inverse=True)[1]
    spread = np.sqrt(variance)
    left = y - x @ np.linalg.lstsq(x / spread[:, None], y / spread, rcond=None)[0]
    return NestedCells(code, inner, outer, w.T @ (w / variance[:, None]), float(np.log(variance).sum()), len(y),
                       float(max(np.mean(left**2), variance.min())))


def maximize(cells: NestedCells, random: tuple[Random, ...], method: Method) -> Maximum:
    """Find the variances, none below zero, with the largest likelihood (`ml`) or restricted likelihood (`reml`).

    Where every district has one school, districts and schools cannot be told apart: all of it counts as the school's.
    REML: −½[(N − k) log 2π + log|V| + log|X'V⁻¹X| + e'V⁻¹e]; some programs add ½ log|X'X|, which moves no estimate.

    Raises
    ------
    ValueError
        No maximum was found.
    """
    is_free = np.array([name in random for name in RANDOM])
    if len(cells.inner) == cells.district.max(initial=-1) + 1:
        is_free[0] &= not is_free[1]
    variance = np.where(is_free, START * cells.size, 0.0)
    for _ in RANDOM:
        variance = _climb(cells, _without_idle(cells, _climb(cells, variance, method), method), method)
        value, slope = _deviance(cells, variance, method)
        is_cut_short = is_free & (variance == 0) & (slope < 0)
        if not is_cut_short.any():
            break
        variance = np.where(is_cut_short, START * cells.size, variance)
    if is_cut_short.any() or not (np.abs(slope * variance) < FLAT).all():
        raise ValueError("no maximum of the multilevel model's likelihood was found; leave a random effect out")
    return Maximum(Variances(*(float(v) for v in variance)), -value)


def _climb(cells: NestedCells, start: Floats, method: Method) -> Floats:
    """Go uphill by Newton's steps in the logarithms of the positive variances, which differ by orders of magnitude.

    Where the hill is not concave the curvature counts by its size; a step is at most LONGEST, and is halved until it
    leads up or is short: near the top the slope is sharper than the likelihood.
    """
    is_positive = start > 0
    log, nudge = np.log(start[is_positive]), DELTA * np.eye(int(is_positive.sum()))

    def at(log: Floats) -> tuple[float, Floats]:
        variance = _filled(is_positive, log)
        value, slope = _deviance(cells, variance, method)
        return value, (slope * variance)[is_positive]

    for _ in range(STEPS * len(log)):
        value, slope = at(log)
        curvature = np.array([(at(log + d)[1] - at(log - d)[1]) / (2 * DELTA) for d in nudge])
        bends, axes = np.linalg.eigh(curvature + curvature.T)
        step = axes @ (axes.T @ slope / np.maximum(np.abs(bends) / 2, LEAST_BEND))
        step *= min(1, LONGEST / max(np.abs(step).max(), PRECISION))
        while np.abs(step).max() > SHORT and at(log - step)[0] > value:
            step /= 2
        log = log - step
        if (np.abs(step) < PRECISION)[log > np.log(NEGLIGIBLE * cells.size)].all():
            break
    return _filled(is_positive, log)


def _without_idle(cells: NestedCells, found: Floats, method: Method) -> Floats:
    """Set to zero each variance that is no better than zero: logarithms only creep towards it."""
    variance = found
    for j in np.flatnonzero(found):
        tried = np.where(np.arange(len(found)) == j, 0.0, variance)
        if _deviance(cells, tried, method)[0] <= _deviance(cells, variance, method)[0]:
            variance = tried
    return variance


def _filled(is_positive: Booleans, log: Floats) -> Floats:
    out = np.zeros(len(is_positive))
    out[is_positive] = np.exp(log)
    return out


def _deviance(cells: NestedCells, variance: Floats, method: Method) -> tuple[float, Floats]:
    """Minus the log-likelihood, and its slope (3,) in the variances.

    For a random effect with columns Z_j: slope = ½ Σ_j [Z_j'V⁻¹Z_j − (Z_j'V⁻¹e)²], e = y − Xβ; REML takes
    Z_j'V⁻¹X(X'V⁻¹X)⁻¹X'V⁻¹Z_j from the first term.
    """
    total, log_det, images, traces = _inverted(cells, variance)
    k = total.shape[0] - 2
    precision, cross = total[:k, :k], total[:k, k]
    factor = cho_factor(precision)
    beta = cho_solve(factor, cross)
    n = cells.n_cells
    slope = np.array([trace - ((image[:, k] - image[:, :k] @ beta) ** 2).sum()
                      for image, trace in zip(images, traces, strict=True)])
    deviance = log_det + total[k, k] - cross @ beta
    if method == "reml":
        slope -= [(image[:, :k] * cho_solve(factor, image[:, :k].T).T).sum() for image in images]
        deviance += 2 * np.log(np.diag(factor[0])).sum()
        n -= k
    return 0.5 * float(deviance + n * np.log(2 * np.pi)), 0.5 * slope


def _inverted(cells: NestedCells, variance: Floats) -> tuple[Floats, float, tuple[Floats, ...], Floats]:
    """W'V⁻¹W, log|V|, Z_j'V⁻¹W of each random effect j and Σ Z_j'V⁻¹Z_j (3,).

    V is inverted from the inside out (Woodbury): schools with V_s = Δ + Z L²Z', so
    Z'V_s⁻¹W = (I − BL(I + LBL)⁻¹L)·Z'Δ⁻¹W with B = Z'Δ⁻¹Z; then one rank for each district.
    """
    between, spread = variance[0], np.sqrt(variance[1:])
    core = np.eye(2) + spread[:, None] * cells.inner * spread
    scaled, loaded = spread[:, None] * cells.outer, cells.inner * spread
    solved = np.linalg.solve(core, scaled)
    image = cells.outer - loaded @ solved
    own = cells.inner - loaded @ np.linalg.solve(core, spread[:, None] * cells.inner)
    district = np.zeros((cells.district.max(initial=-1) + 1, image.shape[2]))
    np.add.at(district, cells.district, image[:, 0])
    grown = 1 + between * district[:, -1]
    drop = between / grown
    ones = image[:, :, -1]
    total = cells.total - np.tensordot(scaled, solved, axes=((0, 1), (0, 1))) - district.T * drop @ district
    school = image - ones[:, :, None] * (drop[:, None] * district)[cells.district][:, None, :]
    traces = np.einsum("sjj->sj", own) - drop[cells.district, None] * ones**2
    log_det = cells.log_variance + np.log(np.linalg.det(core)).sum() + np.log(grown).sum()
    return (total, float(log_det), (district / grown[:, None], school[:, 0], school[:, 1]),
            np.array([(district[:, -1] / grown).sum(), *traces.sum(axis=0)]))
