"""Generalised linear models with their canonical link, by Newton's method."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from evaluation.stats.records import Floats

Link = Literal["logit", "log"]
STEPS, HALVINGS = 50, 30
SMALL = 1e-9
"""The most that a last step may move a linear predictor."""


@dataclass(frozen=True)
class Glm:
    """A maximum of Σ_i t_i η_i − v_i b(η_i), η = Xγ.

    Attributes
    ----------
    coefficient : (k,)
    mean : (N,)  b'(η)
    inverse : (k, k)
        Of the information X' v b''(η) X: an observation moves the coefficients by inverse · x_i (t_i − v_i b'(η_i)).
    """

    coefficient: Floats
    mean: Floats
    inverse: Floats


def maximize(x: Floats, t: Floats, v: Floats, *, link: Link) -> Glm | None:
    """Return the maximum of Σ_i t_i η_i − v_i b(η_i), or None where there is none (separation) or it is not unique.

    Parameters
    ----------
    x : (N, k)  regressors, of a size near one
    t, v : (N,)
        A weighted outcome w·y and its weight w. With t = wD and v = w(1 − D) under `log` the maximum is the inverse
        probability tilting of Graham, Pinto & Egel 2012: odds e^η that balance x exactly.
    link : `logit`: b = log(1 + e^η); `log`: b = e^η
    """
    start = np.zeros(x.shape[1])
    if link == "log" and v.sum() > 0 and t.sum() > 0:
        start = np.linalg.lstsq(x, np.full(len(x), np.log(t.sum() / v.sum())), rcond=None)[0]

    def likelihood(coefficient: Floats) -> Likelihood:
        eta = x @ coefficient
        mean, slope = _moments(eta, link)
        return Likelihood(_value(eta, t, v, link), x.T @ (t - v * mean), x.T @ ((v * slope)[:, None] * x))

    found = climb(likelihood, start, x)
    return None if found is None else Glm(found[0], _moments(x @ found[0], link)[0], found[1])


@dataclass(frozen=True)
class Likelihood:
    """A log-likelihood at some coefficients (k,), with its gradient (k,) and minus its second derivatives (k, k)."""

    value: float
    score: Floats
    information: Floats


def climb(likelihood: Callable[[Floats], Likelihood], start: Floats, x: Floats) -> tuple[Floats, Floats] | None:
    """Return the maximum of a concave likelihood and the inverse information there; None where there is none.

    Newton's steps, halved while they lead down. Without a maximum they stay near one for ever, so a last step that
    moves some linear predictor x @ coefficient is the mark of separation.
    """
    coefficient, here = start, likelihood(start)
    for _ in range(STEPS):
        if not np.isfinite(here.information).all() or np.linalg.cond(here.information) > 1 / np.finfo(np.float64).eps:
            return None
        step = np.linalg.solve(here.information, here.score)
        inverse = np.asarray(np.linalg.inv(here.information))
        for halving in range(HALVINGS):
            trial = coefficient + step / 2**halving
            there = likelihood(trial)
            if there.value >= here.value - SMALL * abs(here.value):
                break
        coefficient, here = trial, there
        if np.abs(x @ step).max(initial=0) < SMALL:
            return coefficient, inverse
    return None


def _value(eta: Floats, t: Floats, v: Floats, link: Link) -> float:
    with np.errstate(over="ignore", invalid="ignore"):
        cumulant = np.logaddexp(0, eta) if link == "logit" else np.exp(eta)
        found = float(t @ eta - v @ cumulant)
    return found if np.isfinite(found) else -np.inf


def _moments(eta: Floats, link: Link) -> tuple[Floats, Floats]:
    if link == "log":
        with np.errstate(over="ignore"):
            mean = np.exp(eta)
        return mean, mean
    mean = 1 / (1 + np.exp(-np.clip(eta, -500, 500)))
    return mean, mean * (1 - mean)
