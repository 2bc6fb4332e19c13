"""What a pre-trend test could have seen, and what passing it does to the estimates (Roth 2022)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import optimize, special, stats

from evaluation.stats.records import Floats
from evaluation.stats.sensitivity.event_study import EventStudy, contrast_of
from evaluation.stats.sensitivity.truncated import kept_in_box

Test = Literal["individual", "joint"]


@dataclass(frozen=True)
class PreTrendPower:
    """The test "no pre effect is individually significant" against a hypothesized departure from parallel trends.

    Attributes
    ----------
    departure : (m,)
        The hypothesized departure at each event time, in outcome units; zero at the base.
    alpha : float
        Level of each single test.
    power, size : float
        Probability that some pre effect is significant under the departure, and without any.
    bayes_factor : float
        Probability to pass under the departure over that without: near 1, passing says nothing.
    likelihood_ratio : float
        Density of the observed pre effects under the departure over that without.
    mean_if_passed : (m,)
        Expected estimates given that the test was passed, if the program has no effect.
    bias, bias_if_passed : float
        The contrast of post effects under the departure: always, and given that the test was passed.
    """

    departure: Floats
    alpha: float
    power: float
    size: float
    bayes_factor: float
    likelihood_ratio: float
    mean_if_passed: Floats
    bias: float
    bias_if_passed: float


@dataclass(frozen=True)
class JointPower:
    """Power of the joint test that all pre effects are zero; df2 is None for the chi-square limit."""

    departure: Floats
    alpha: float
    power: float
    noncentrality: float
    df1: int
    df2: float | None


@dataclass(frozen=True)
class DetectedSlope:
    """The linear departure, in outcome units per period, that a test finds with probability `power`; of either sign."""

    test: Test
    alpha: float
    power: float
    slope: float


def linear_departure(study: EventStudy, slope: float) -> Floats:
    """(m,): slope × periods since the base period."""
    return np.asarray(slope * study.since_base)


def pre_trend_power(
    study: EventStudy, departure: Floats, *, contrast: Floats | None = None, alpha: float = 0.05
) -> PreTrendPower:
    """Give power, evidence and bias of the individual pre-test against a departure (m,).

    The estimates are normal with the given covariance; their t statistics are compared with the normal quantile, or the
    t quantile where the study has df.

    Raises
    ------
    ValueError
        The departure is not one finite number per event time; the contrast does not fit.

    Notes
    -----
    Source: Roth (2022). The R package `pretrends` compares with 1.96, here with the exact quantile.
    """
    _check_departure(study, departure)
    weights = contrast_of(study, contrast)
    pre, post = np.asarray(departure[:study.n_pre]), np.asarray(departure[study.n_pre:])
    covariance = study.covariance[:study.n_pre, :study.n_pre]
    half = _half(study, alpha)
    none, under = kept_in_box(0 * pre, covariance, half), kept_in_box(pre, covariance, half)
    pull = study.covariance[study.n_pre:, :study.n_pre] @ np.linalg.solve(covariance, under.mean - pre)
    whitened = np.linalg.solve(covariance, pre)
    return PreTrendPower(
        departure=np.asarray(departure, dtype=float), alpha=alpha,
        power=1 - under.probability, size=1 - none.probability,
        bayes_factor=under.probability / none.probability,
        likelihood_ratio=float(np.exp(whitened @ (study.value[:study.n_pre] - pre / 2))),
        mean_if_passed=np.concatenate([under.mean, post + pull]),
        bias=float(weights @ post), bias_if_passed=float(weights @ (post + pull)),
    )


def joint_power(study: EventStudy, departure: Floats, df2: float | None, *, alpha: float = 0.05) -> JointPower:
    """Power of the joint F (HTZ) test against a departure (m,): noncentral F, noncentrality δ'Σ⁻¹δ over pre periods.

    `df2` are the denominator degrees of freedom of that test; None: chi-square.
    """
    _check_departure(study, departure)
    pre = np.asarray(departure[:study.n_pre])
    noncentrality = float(pre @ np.linalg.solve(study.covariance[:study.n_pre, :study.n_pre], pre))
    power = _joint(noncentrality, study.n_pre, df2, alpha)
    return JointPower(np.asarray(departure, dtype=float), alpha, power, noncentrality, study.n_pre, df2)


def detected_slope(study: EventStudy, power: float, *, alpha: float = 0.05) -> DetectedSlope:
    """Find the slope at which some pre effect is significant with probability `power`.

    Raises
    ------
    ValueError
        `power` is not above the size of the test or not below 1.
    """
    covariance, half = study.covariance[:study.n_pre, :study.n_pre], _half(study, alpha)
    time = study.since_base[:study.n_pre]

    def missing(slope: float) -> float:
        return power - 1 + kept_in_box(slope * time, covariance, half).probability

    _check_power(power, power - missing(0.0))
    upper = float((half / np.abs(time)).min())
    while missing(upper) > 0:
        upper *= 2
    return DetectedSlope("individual", alpha, power, float(optimize.brentq(missing, 0.0, upper, rtol=1e-10)))


def joint_detected_slope(study: EventStudy, power: float, df2: float | None, *, alpha: float = 0.05) -> DetectedSlope:
    """Find the slope the joint test detects with probability `power`; arguments and errors as above."""
    pre = slice(0, study.n_pre)
    slope = joint_detected_scale(study.covariance[pre, pre], study.since_base[pre], power, df2, alpha=alpha)
    return DetectedSlope("joint", alpha, power, slope)


def joint_detected_scale(covariance: Floats, departure: Floats, power: float, df2: float | None, *,
                         alpha: float = 0.05) -> float:
    """Find the factor on a departure at which the joint test of its effects rejects with probability `power`.

    Parameters
    ----------
    covariance : (q, q)
        Of the effects tested together, of full rank.
    departure : (q,)
        In outcome units at factor 1; for a slope, the periods since the base of each effect.
    df2 : as in `joint_power`

    Raises
    ------
    ValueError
        `power` is not above alpha or not below 1.
    """
    _check_power(power, alpha)
    q, unit, upper = len(departure), float(departure @ np.linalg.solve(covariance, departure)), 1.0
    while _joint(upper, q, df2, alpha) < power:
        upper *= 2
    root = optimize.brentq(lambda nc: _joint(nc, q, df2, alpha) - power, 0.0, upper, rtol=1e-12)
    return float(np.sqrt(root / unit))


def _half(study: EventStudy, alpha: float) -> Floats:
    """(n_pre,): how large each pre effect may be and stay insignificant."""
    q = stats.norm.isf(alpha / 2) if study.df is None else stats.t.isf(alpha / 2, study.df)
    return np.asarray(q * np.sqrt(np.diag(study.covariance)[:study.n_pre]))


def _joint(noncentrality: float, df1: int, df2: float | None, alpha: float) -> float:
    if df2 is None:
        return float(1 - special.chndtr(stats.chi2.isf(alpha, df1), df1, noncentrality))
    return float(1 - special.ncfdtr(df1, df2, noncentrality, stats.f.isf(alpha, df1, df2)))


def _check_departure(study: EventStudy, departure: Floats) -> None:
    if np.shape(departure) != np.shape(study.value) or not np.isfinite(departure).all():
        raise ValueError(f"A departure needs one finite number per event time ({len(study.value)}).")


def _check_power(power: float, size: float) -> None:
    if not size < power < 1:
        raise ValueError(f"A power of {power} cannot be asked for: it must lie between the size of the test, "
                         f"{size:.3f}, and 1.")
