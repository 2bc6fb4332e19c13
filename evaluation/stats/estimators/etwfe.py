"""Extended two-way fixed effects, linear (Wooldridge)."""

from __future__ import annotations

from functools import partial

import numpy as np

from evaluation.stats.cohorts import first_in_program
from evaluation.stats.estimators.group_time_att import Comparison
from evaluation.stats.estimators.sun_abraham import interactions
from evaluation.stats.estimators.two_way_effects import fit_by_cohort_and_period
from evaluation.stats.records import Design, Estimate


def etwfe(design: Design, *, comparison: Comparison) -> Estimate:
    """Effect on each cohort in each period: unit and period × stratum effects and a dummy per cohort × period.

    y = unit + period × stratum + Σ δ_gts 1{cohort g, period t, stratum s}
        [+ Σ_t x·π_t + Σ_gt (x − mean of x in g × s)·ρ_gt where the design has covariates x],
    att_gt = Σ_s share_s δ_gts by program weight; with covariates the effect at the cohort's means.

    Parameters
    ----------
    comparison : `not_yet`: dummies in the program only, so that every cell before it is a comparison; `never`: dummies
        in all periods but the base, so that never-program units alone are

    Returns
    -------
    Estimate
        Kind att_gt; with `never` before the program too. Left out are units in the program from the first period on,
        and with `never` those that start after the last. What the effects explain is absent, such as effects in
        periods when every unit of the stratum is in the program.

    Raises
    ------
    ValueError
        A covariate of a unit in the regression is missing.

    Notes
    -----
    Source: Wooldridge (2025), *Two-way fixed effects, the two-way Mundlak regression, and difference-in-differences
    estimators*. `not_yet` is the imputation estimator, and `never` Sun–Abraham and the group-time ATT with universal
    base, when every cell is present. Trends of covariates are common to all strata.
    """
    if comparison == "never":
        used, dummy, against = interactions(design, "never")
    else:
        used = np.broadcast_to(first_in_program(design)[:, None] > 0, design.present.shape)
        dummy, against = design.in_program, used & ~design.in_program
    moderators = design.covariates if design.covariates.size else None
    if moderators is not None:
        missing = int(np.isnan(moderators[(used & design.present).any(axis=1)]).any(axis=1).sum())
        if missing:
            raise ValueError(f"{missing} units lack a covariate. Leave them out of the design, or the covariate.")
    return fit_by_cohort_and_period(design, partial(etwfe, comparison=comparison), used=used, dummy=dummy,
                                comparison=against, moderators=moderators)
