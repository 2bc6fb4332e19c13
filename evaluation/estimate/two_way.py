"""Two-way fixed effects, fitted by linearmodels: a reference, never the headline."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from evaluation.errors import EstimationError
from evaluation.stats.estimators.twfe import leaving_lone_out, twfe
from evaluation.stats.records import Design, Estimate, Floats


def fit_two_way(design: Design) -> Estimate:
    """Return the coefficient of "in the program" after unit and period × stratum effects.

    linearmodels' `PanelOLS` gives the value; weights and the regression behind CR2 are those of `stats.two_way`, the
    same estimate. No covariance of linearmodels is used. Units seen in fewer than two periods are left out, and so are
    those of lone cohorts, as in the headline; where every cohort is lone they stay, and the estimate is marked lone.

    Raises
    ------
    EstimationError
        The program indicator is a combination of the effects.
    """
    found = leaving_lone_out(twfe, design)
    if not found.estimands:
        raise EstimationError("two-way fixed effects cannot tell the program from the effects of unit and period: no "
                              "unit changes status beside one that does not; use a wider `within`.")
    return replace(found, value=_panel_ols(found.design)[None, :])


def _panel_ols(design: Design) -> Floats:
    from linearmodels.panel import PanelOLS

    unit, period = np.nonzero(design.present & (design.present.sum(axis=1) >= 2)[:, None])
    index = pd.MultiIndex.from_arrays([unit, period], names=["unit", "period"])
    regressor = pd.DataFrame({"in_program": (design.periods[period] >= design.cohort[unit]).astype(float)}, index=index)
    effects = pd.DataFrame({"effect": period * (design.stratum.max() + 1) + design.stratum[unit]}, index=index)
    weights = pd.Series(design.weight[unit], index=index, name="weight")
    value = []
    for part in range(len(design.parts)):
        outcome = pd.Series(design.outcome[unit, period, part], index=index, name="outcome")
        model = PanelOLS(outcome, regressor, weights=weights, entity_effects=True, other_effects=effects)
        value.append(float(model.fit(cov_type="unadjusted", debiased=False).params["in_program"]))
    return np.array(value)
