"""Generalised linear models with their canonical link, by Newton's method."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from evaluation.stats.records import Floats

Link = Literal["logit", "log"]
STEPS, HALVINGS = 50, 30
SMALL = 1e-9
"""A last step that moves no linear predictor by more."""


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

    Without a maximum Newton's steps stay near one for ever, so a last step that is not small tells separation.
    """
    coefficient = np.zeros(x.shape[1])
    if link == "log" and v.sum() > 0 and t.sum() > 0:
        coefficient = np.linalg.lstsq(x, np.full(len(x), np.log(t.sum() / v.sum())), rcond=None)[0]
    value = _value(x @ coefficient, t, v, link)
    for _ in range(STEPS):
        mean, slope = _moments(x @ coefficient, link)
        information = x.T @ ((v * slope)[:, None] * x)
        if not np.isfinite(information).all() or np.linalg.cond(information) > 1 / np.finfo(np.float64).eps:
            return None
        step = np.linalg.solve(information, x.T @ (t - v * mean))
        size = float(np.abs(x @ step).max(initial=0))
        for halving in range(HALVINGS):
            trial = coefficient + step / 2**halving
            reached = _value(x @ trial, t, v, link)
            if reached >= value - SMALL * abs(value):
                break
        coefficient, value = trial, reached
        if size < SMALL:
            inverse: Floats = np.linalg.inv(information)
            return Glm(coefficient, _moments(x @ coefficient, link)[0], inverse)
    return None


def _value(eta: Floats, t: Floats, v: Floats, link: Link) -> float:
    with np.errstate(over="ignore"):
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
