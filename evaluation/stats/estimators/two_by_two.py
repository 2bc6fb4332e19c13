"""One adjusted difference-in-differences: program and comparison units, one change of each, baseline covariates.

With a_i the program units' weights, summing to one, Δy the change, x the covariates with a constant, m(x) = x'β the
regression of Δy on x among the comparison units, p(x) the propensity score and c_i ∝ w_i p/(1 − p) over comparison
units, summing to one:

    regression    Σ a (Δy − m(x))                       (Heckman, Ichimura & Todd 1997)
    ipw           Σ a Δy − Σ c Δy                       (Hajek's standardised weights)
    ipw_unstandardized   Σ a Δy − Σ w p/(1 − p) Δy / Σ_program w   (Abadie 2005)
    dr            Σ a (Δy − m(x)) − Σ c (Δy − m(x)), p by logit, β by least squares   (Sant'Anna & Zhao 2020)
    dr_improved   the same, p by tilting, β by least squares with weights w p/(1 − p) (ibid.)

All are linear in Δy with weights that know nothing of the outcome. Influence has the terms of the estimated β and p.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from evaluation.stats.glm import maximize
from evaluation.stats.records import Booleans, Floats
from evaluation.stats.regression import TOLERANCE

Method = Literal["regression", "ipw", "ipw_unstandardized", "dr", "dr_improved"]
TRIM = 0.995
"""A comparison unit with a propensity score this high has no weight in the reweighting: it would carry the estimate."""


@dataclass(frozen=True)
class TwoByTwo:
    """Effect on the program units.

    Attributes
    ----------
    value : (K,)
        In units of the change, one per outcome.
    weight : (N,)
        value = weight @ change; program units' weights sum to one.
    influence : (N, K)
        value − truth ≈ Σ influence.
    """

    value: Floats
    weight: Floats
    influence: Floats


@dataclass(frozen=True)
class _Outcome:
    """The regression: what it leaves (N, K), and how a unit's residual moves β, lead (N, k)."""

    residual: Floats
    lead: Floats


@dataclass(frozen=True)
class _Score:
    """The reweighting: w p/(1 − p) of comparison units (N,), and how a unit moves its coefficients, lead (N, k)."""

    odds: Floats
    lead: Floats


def two_by_two(change: Floats, is_program: Booleans, covariates: Floats, w: Floats, *, method: Method) -> TwoByTwo:
    """Estimate the effect on the program units of K outcomes' changes; the outcomes share the propensity score.

    Parameters
    ----------
    change : (N, K)
    is_program : (N,)
    covariates : (N, C)
        Baseline values, without a constant; any scale.
    w : (N,)
        Positive weights.

    Raises
    ------
    ValueError
        Too few comparison units, or covariates that are combinations of each other there; covariates that separate
        program from comparison units; no comparison unit with a propensity score below .995.
    """
    x = _regressors(covariates, w)
    program = np.where(is_program, w, 0)
    if method == "regression":
        return _adjusted(x, program, np.zeros_like(w), _regress(change, x, w - program), None)
    if method == "dr_improved":
        odds = _tilted(is_program, x, w)
        return _adjusted(x, program, odds, _regress(change, x, odds), None)
    score = _logit(is_program, x, w)
    if method == "dr":
        return _adjusted(x, program, score.odds, _regress(change, x, w - program), score)
    if method == "ipw":
        return _adjusted(x, program, score.odds, _Outcome(change, np.zeros_like(x)), score)
    a, c = program / program.sum(), score.odds / program.sum()
    value = (a - c) @ change
    tilt = x.T @ (c[:, None] * change)
    return TwoByTwo(value, a - c, (a - c)[:, None] * change - a[:, None] * value - score.lead @ tilt)


def _adjusted(x: Floats, program: Floats, odds: Floats, outcome: _Outcome, score: _Score | None) -> TwoByTwo:
    """Σ (a − c) r, r what the regression leaves, with the terms of both nuisance estimates."""
    a, c, r = program / program.sum(), odds / (odds.sum() or 1), outcome.residual
    mean_a, mean_c = a @ r, c @ r
    moved = outcome.lead @ (x.T @ (a - c))
    influence = a[:, None] * (r - mean_a) - c[:, None] * (r - mean_c) - moved[:, None] * r
    if score is not None:
        influence = influence - score.lead @ (x.T @ (c[:, None] * (r - mean_c)))
    return TwoByTwo(mean_a - mean_c, a - c - moved, influence)


def _regressors(covariates: Floats, w: Floats) -> Floats:
    """A constant, and the covariates with mean 0 and standard deviation 1: no estimate depends on their scale."""
    mean = w @ covariates / w.sum()
    sd = np.sqrt(w @ (covariates - mean) ** 2 / w.sum())
    standard = (covariates - mean) / np.where(sd > 0, sd, 1)
    return np.column_stack([np.ones(len(w)), standard])


def _regress(change: Floats, x: Floats, v: Floats) -> _Outcome:
    """Least squares with weights v (zero off the comparison units)."""
    root = np.sqrt(v)[:, None]
    n = int((v > 0).sum())
    q, triangle = np.linalg.qr(x * root)
    if n < x.shape[1] or (np.abs(np.diag(triangle)) <= TOLERANCE * np.linalg.norm(x * root, axis=0)).any():
        raise ValueError(f"{n} comparison units do not tell {x.shape[1]} coefficients apart: a covariate is constant "
                         "or a combination of the others among them, or they are too few; use fewer covariates")
    lead = root * q @ np.linalg.inv(triangle).T
    return _Outcome(change - x @ (lead.T @ change), lead)


def _logit(is_program: Booleans, x: Floats, w: Floats) -> _Score:
    fitted = maximize(x, w * is_program, w, link="logit")
    if fitted is None:
        raise ValueError(_separated(is_program))
    p = fitted.mean
    odds = np.where(is_program | (p >= TRIM), 0, w * p / np.maximum(1 - p, 1 - TRIM))
    if not odds.any():
        raise ValueError(f"none of {int((~is_program).sum())} comparison units has a propensity score below {TRIM}: "
                         "there is no overlap; use fewer covariates")
    return _Score(odds, ((w * (is_program - p))[:, None] * x) @ fitted.inverse)


def _tilted(is_program: Booleans, x: Floats, w: Floats) -> Floats:
    """(N,): w p/(1 − p) of comparison units such that they balance every covariate of the program units."""
    fitted = maximize(x, w * is_program, np.where(is_program, 0, w), link="log")
    if fitted is None:
        raise ValueError(_separated(is_program))
    return np.where(is_program, 0, w * fitted.mean)


def _separated(is_program: Booleans) -> str:
    return (f"the covariates separate {int(is_program.sum())} program units from {int((~is_program).sum())} "
            "comparison units (or are combinations of each other): no propensity score fits; use fewer covariates, or "
            "`regression`")
