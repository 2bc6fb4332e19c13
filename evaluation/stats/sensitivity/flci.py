"""Fixed-length confidence intervals under smoothness (Rambachan & Roth 2023; Armstrong & Kolesár 2018).

The estimator is affine, P + c'D_pre β with D_pre β the changes of slope before the program: any other weights have
unbounded bias under a linear trend. Its worst bias over |changes of slope| ≤ M is M(‖u‖₁ + ‖c‖₁) and its variance is
quadratic in c. So the best pairs of bias and variance are a lasso path in c, the same for every M.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import optimize, special, stats

from evaluation.stats.records import Floats
from evaluation.stats.sensitivity.moments import Bound


@dataclass(frozen=True)
class Frontier:
    """Corners of the path from least bias to least variance; between them c is linear.

    weight : (n, m) on the event-study estimates; bias : (n,) worst bias at M = 1; covariance : (m, m).
    """

    weight: Floats
    bias: Floats
    covariance: Floats


def frontier(of: Bound) -> Frontier:
    """Trace the path of c."""
    p = of.load @ of.rows
    cross = of.pre_rows @ of.covariance
    c = lasso_path(cross @ of.pre_rows.T, cross @ p)
    return Frontier(p + c @ of.pre_rows, of.reach + np.abs(c).sum(axis=1), of.covariance)


def interval(of: Frontier, value: Floats, m: float, alpha: float) -> tuple[float, float]:
    """Shortest interval, estimate ± half-length, that covers at 1 − α whatever the bias up to its worst.

    Half-length = cv(bias/sd) · sd, cv the 1 − α quantile of |N(bias/sd, 1)|; convex along the path.
    """
    weight, bias = _shortest(of, m, alpha)
    sd = float(np.sqrt(weight @ of.covariance @ weight))
    centre, half = float(weight @ value), folded_quantile(bias / sd, alpha) * sd
    return centre - half, centre + half


def folded_quantile(t: float, alpha: float) -> float:
    """1 − α quantile of |N(t, 1)|: Newton from below, where the distribution function is concave."""
    c = t + float(stats.norm.isf(alpha))
    for _ in range(50):
        missing = 1 - alpha - (special.ndtr(c - t) - special.ndtr(-c - t))
        step = missing * np.sqrt(2 * np.pi) / (np.exp(-0.5 * (c - t) ** 2) + np.exp(-0.5 * (c + t) ** 2))
        c += float(step)
        if abs(step) < 1e-13:
            break
    return c


def _shortest(of: Frontier, m: float, alpha: float) -> tuple[Floats, float]:
    """Weights and worst bias of the shortest interval."""
    for i in range(len(of.bias) - 1):
        if _growth(0.0, of, i, m, alpha) >= 0:
            return of.weight[i], float(m * of.bias[i])
        if _growth(1.0, of, i, m, alpha) > 0:
            x = float(optimize.brentq(_growth, 0.0, 1.0, args=(of, i, m, alpha), xtol=1e-14))
            return (1 - x) * of.weight[i] + x * of.weight[i + 1], float(m * ((1 - x) * of.bias[i] + x * of.bias[i + 1]))
    return of.weight[-1], float(m * of.bias[-1])


def _growth(x: float, of: Frontier, i: int, m: float, alpha: float) -> float:
    """Derivative of the half-length at share x of the way from corner i to the next; cv'(t) = tanh(t cv)."""
    turn, more = of.weight[i + 1] - of.weight[i], m * (of.bias[i + 1] - of.bias[i])
    weight = of.weight[i] + x * turn
    sd = float(np.sqrt(weight @ of.covariance @ weight))
    t = (m * of.bias[i] + x * more) / sd
    cv = folded_quantile(float(t), alpha)
    rise = np.tanh(t * cv)
    return float((turn @ of.covariance @ weight) / sd * (cv - t * rise) + more * rise)


def lasso_path(gram: Floats, cross: Floats) -> Floats:
    """Corners (n, k) of the minimizers of ½c'Gc + c'g + λ‖c‖₁ as λ falls from where c = 0 to zero."""
    c, pull = np.zeros(len(cross)), -cross
    corners = [c.copy()]
    active: list[int] = [int(np.abs(pull).argmax())] if len(cross) else []
    penalty = float(np.abs(pull).max(initial=0.0))
    while penalty > 0:
        sign = np.sign(pull[active])
        move = np.zeros(len(cross))
        move[active] = np.linalg.solve(gram[np.ix_(active, active)], sign)
        fade = gram @ move
        step, at = penalty, None
        for j in range(len(cross)):
            if j in active:
                ends = [-c[j] / move[j]]
            else:
                ends = [(penalty - pull[j]) / (1 - fade[j]), (penalty + pull[j]) / (1 + fade[j])]
            for end in ends:
                if 1e-12 * penalty < end < step:
                    step, at = end, j
        c, pull, penalty = c + step * move, pull - step * fade, penalty - step
        if at is None:
            penalty = 0.0
        elif at in active:
            c[at] = 0.0
            active.remove(at)
        else:
            active.append(at)
        corners.append(c.copy())
    return np.array(corners)
