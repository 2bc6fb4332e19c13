"""Two-way fixed effects event study: one coefficient per event time; a reference, never the headline."""

from __future__ import annotations

import numpy as np

from evaluation.stats.cohorts import base_period, event_time, first_in_program
from evaluation.stats.estimators.two_way_effects import Rows, fit_by_code
from evaluation.stats.records import Design, Estimand, Estimate
from evaluation.stats.regression import seen_twice


def event_study(design: Design) -> Estimate:
    """Effect by event time: unit effects, period × stratum effects, one coefficient per event time.

    y = unit + period × stratum + Σ_e β_e 1{event time e, not the base}. The base of a cohort is its last period before
    the program that is no break, the same for all its event times (universal); event times are not joined in bins.
    Cohorts share β_e: where their effects differ, β_e also holds effects of other event times (Sun & Abraham 2021).

    Returns
    -------
    Estimate
        Kind event_time, before the program too. Left out are units in the program from the first period on, who have
        no base, and units whose cohort is no period of the design, who have no event time; units that start after the
        last period are comparison units. An event time is absent where no unit has it, or where effects and other
        event times explain it: all are when no unit stays out of the program. Lone is one that the regression cannot
        tell without some one cluster.

    Notes
    -----
    A cohort that starts right after a break has its base before the break, and the break's event times have
    coefficients; programs that fix the base at −1 for all do not.
    """
    first, times, periods = first_in_program(design), event_time(design), np.arange(len(design.periods))
    stays_out = first == len(periods)
    has_times = ~np.isnan(times[:, 0]) & (first > 0) & ~stays_out
    unit, period = seen_twice(design, among=np.broadcast_to((stays_out | has_times)[:, None], times.shape))
    has = has_times[unit] & (period != base_period(design)[unit])
    found, code = np.unique(times[unit, period][has], return_inverse=True)
    rows = Rows(unit, period, design.weight[unit], unit, period + len(periods) * design.stratum[unit])
    return fit_by_code(design, event_study, rows, has=has, code=code,
                   estimands=tuple(Estimand("event_time", event_time=int(e)) for e in found),
                   comparison=np.unique(design.cluster[unit[stays_out[unit]]]))
