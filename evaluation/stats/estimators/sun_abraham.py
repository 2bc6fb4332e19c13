"""Interaction-weighted event study (Sun & Abraham 2021)."""

from __future__ import annotations

from functools import partial
from typing import Literal

import numpy as np

from evaluation.stats.cohorts import base_period, has_before
from evaluation.stats.estimators.two_way_effects import fit_by_cohort_and_period
from evaluation.stats.records import Booleans, Design, Estimate

Against = Literal["never", "last_cohort"]


def sun_abraham(design: Design, *, comparison: Against) -> Estimate:
    """Effect on each cohort in each period, before the program too: coefficients of cohort × period.

    y = unit + period × stratum + Σ δ_gts 1{cohort g, period t ≠ base of g, stratum s}; att_gt = Σ_s share_s δ_gts by
    program weight. Their averages by event time (`aggregate`) are the interaction-weighted estimator.

    Parameters
    ----------
    comparison : `never`: never-program units; `last_cohort`: the cohort of the design that starts last, before it
        starts. Periods from then on and never-program units are left out.

    Returns
    -------
    Estimate
        Kind att_gt. The base is the last period before g that is no break. Left out are units in the program from the
        first period on, and those that start after the last (with `never`). What the effects explain is absent: a
        stratum without a comparison unit, or a cohort never seen beside one.

    Notes
    -----
    Source: Sun & Abraham (2021). With never-program units and every cell present this is the group-time ATT with
    universal base; with absent cells the regression also uses units whose base is absent. diff-diff agrees;
    pyfixest's `event_study` takes the first row seen in the program as the cohort, so absent cells change cohorts.
    """
    used, dummy, against = interactions(design, comparison)
    return fit_by_cohort_and_period(design, partial(sun_abraham, comparison=comparison), used=used, dummy=dummy,
                                comparison=against)


def interactions(design: Design, comparison: Against) -> tuple[Booleans, Booleans, Booleans]:
    """(U, T) each: cells of the regression, cells with a dummy, comparison cells."""
    index = np.arange(len(design.periods))
    starts = has_before(design)
    against, ends = design.never_program, len(index)
    if comparison == "last_cohort":
        last = design.cohort[starts].max(initial=-np.inf)
        against, starts = design.cohort == last, starts & (design.cohort < last)
        ends = int(np.searchsorted(design.periods, last))
    until = np.broadcast_to(index < ends, design.present.shape)
    base = base_period(design)
    dummy = starts[:, None] & (index != base[:, None]) & until
    return (starts | against)[:, None] & until, dummy, against[:, None] & until

