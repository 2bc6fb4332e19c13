"""Pre-trends, detectable effect and leave-one-district-out of one design."""

from __future__ import annotations

import numpy as np

from evaluation.design.estimator import estimator_of
from evaluation.diagnose.diagnosed import Diagnosed, Row, overall_of
from evaluation.stats.aggregate import aggregate
from evaluation.stats.inference.cr2 import cr2, joint_htz
from evaluation.stats.inference.detectable import detectable
from evaluation.stats.inference.infer import infer, no_interval
from evaluation.stats.reading import levels, verdicts
from evaluation.stats.regression import regression_of

MIN_DF2 = 2.0
"""With fewer, the F distribution has no mean, and the test says nothing."""


def pre_trends(of: Diagnosed) -> list[Row]:
    """Test per part that the effects at every event time before the program are zero together (CR2, HTZ).

    Cohorts of one cluster, the base period and event times with too few clusters for an interval are not in it;
    `n_pre_periods` counts those that are. Statistic, df and p-value are missing where none is left, and where the
    clusters cannot test that many together (no full rank, or fewer than `MIN_DF2` denominator degrees of freedom).
    A test that does not reject shows no more than its power allows.
    """
    by_time = aggregate(of.att_gt, "event_time")
    regression, contrasts = regression_of(by_time)
    df = cr2(regression, contrasts).df
    before = [i for i, e in enumerate(by_time.estimands)
              if e.event_time is not None and e.event_time < 0 and no_interval(by_time, i, float(df[i])) is None]
    rows: list[Row] = [{"part": part, "n_pre_periods": len(before), "statistic": None, "df1": None, "df2": None,
                        "p_value": None} for part in of.design.parts]
    if not before:
        return rows
    tests = joint_htz(regression, contrasts[before])
    return [{**row, "statistic": test.statistic, "df1": test.df1, "df2": test.df2, "p_value": test.p_value}
            if test.df2 is not None and test.df2 >= MIN_DF2 else row for row, test in zip(rows, tests, strict=True)]


def detectable_effects(of: Diagnosed) -> list[Row]:
    """Return per part the smallest overall effect that would have been seen; missing where there is no interval."""
    return [{"part": part, "estimand": "overall", "se": found.se, "df": found.df,
             "detectable": None if found.se is None or found.df is None else detectable(found.se, found.df)}
            for part, found in zip(of.overall.parts, infer(of.overall)[0], strict=True)]


def leave_one_out(of: Diagnosed) -> list[Row]:
    """Return per part the overall effect without each district behind it; none where nothing can then be estimated."""
    design, estimator, outcome, rows = of.design, estimator_of(of.topic.specification), of.topic.outcome, []
    behind = np.union1d(of.overall.program_clusters[0], of.overall.comparison_clusters[0])
    name_of = dict(zip(design.cluster.tolist(), of.districts, strict=True))
    for cluster in behind.tolist():
        without = overall_of(estimator(design.subset(design.cluster != cluster)))
        if without is None:
            continue
        inference = infer(without)
        said = verdicts(levels(without), inference, better=outcome.better, margin=outcome.margin)
        rows += [{"part": part, "left_out": name_of[cluster], "value": found.value, "se": found.se, "df": found.df,
                  "ci_low": found.ci_low, "ci_high": found.ci_high, "verdict": said[0]}
                 for part, found in zip(without.parts, inference[0], strict=True)]
    return rows
