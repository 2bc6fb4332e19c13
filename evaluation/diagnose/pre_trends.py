"""The joint test that nothing moved before the program, and the trend it would have found."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evaluation.diagnose.diagnosed import Diagnosed, Row
from evaluation.diagnose.path import mean_distance
from evaluation.stats.aggregate import aggregate
from evaluation.stats.inference.cr2 import JointTest, covariance, joint_htz
from evaluation.stats.inference.infer import no_interval
from evaluation.stats.records import Floats
from evaluation.stats.regression import regression_of
from evaluation.stats.sensitivity.pre_trend_power import joint_detected_scale

MIN_DF2 = 2.0
"""With fewer, the F distribution has no mean, and the test says nothing."""
POWERS = {"slope_50": 0.5, "slope_80": 0.8}


@dataclass(frozen=True)
class _Tested:
    """The effects (q) tested together: distance to the base, covariance in each part, and each part's test."""

    distance: Floats
    covariance: Floats
    tests: tuple[JointTest | None, ...]


def pre_trends(of: Diagnosed) -> list[Row]:
    """Test per part that the effects at every event time before the program are zero together (CR2, HTZ).

    Cohorts of one cluster, the base period and event times with too few clusters for an interval are not in it;
    `n_pre_periods` counts those that are. Statistic, df and p-value are missing where none is left, where the estimator
    is no regression, and where the clusters cannot test that many together (no full rank, or fewer than `MIN_DF2`
    denominator degrees of freedom). A test that does not reject shows no more than its power allows.
    """
    tested = _tested(of)
    empty = {"statistic": None, "df1": None, "df2": None, "p_value": None}
    return [{"part": part, "n_pre_periods": len(tested.distance), **(empty if test is None else {
        "statistic": test.statistic, "df1": test.df1, "df2": test.df2, "p_value": test.p_value})}
        for part, test in zip(of.design.parts, tested.tests, strict=True)]


def pre_trend_power(of: Diagnosed) -> list[Row]:
    """Return per part the slope of a straight departure that this test finds with 50 % and with 80 % power.

    The departure grows by the slope in every period since the cohort's base; with a varying base, between an effect's
    period and its base. Missing where there is no test.
    """
    tested = _tested(of)
    return [{"part": part, "n_pre_periods": len(tested.distance), **{
        name: None if test is None else joint_detected_scale(matrix, tested.distance, power, test.df2)
        for name, power in POWERS.items()}}
        for part, matrix, test in zip(of.design.parts, tested.covariance, tested.tests, strict=True)]


def _tested(of: Diagnosed) -> _Tested:
    parts = len(of.design.parts)
    by_time = aggregate(of.att_gt, "event_time")
    if by_time.regression is None:
        return _Tested(np.empty(0), np.empty((parts, 0, 0)), (None,) * parts)
    regression, contrasts = regression_of(by_time)
    found = covariance(regression, contrasts)
    before = [i for i, e in enumerate(by_time.estimands)
              if e.event_time is not None and e.event_time < 0 and no_interval(by_time, i, float(found.df[i])) is None]
    tests = joint_htz(regression, contrasts[before]) if before else (None,) * parts
    return _Tested(mean_distance(of.att_gt)[before], found.matrix[:, before][:, :, before],
                   tuple(test if test and test.df2 is not None and test.df2 >= MIN_DF2 else None for test in tests))
