"""Effects by cohort and period with all their averages, and every program district alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import get_args

import numpy as np
import pandas as pd

from evaluation.errors import EstimationError
from evaluation.params import Program
from evaluation.stats.aggregate import Aggregation, aggregate
from evaluation.stats.combine import joined, select
from evaluation.stats.reading import on_used_dummies
from evaluation.stats.records import Design, Estimand, Estimate

NOBODY = ("no program unit is observed before and in the program beside a comparison unit; use a wider `within`, "
          "another comparison or more periods.")
_KINDS: tuple[Aggregation, ...] = get_args(Aggregation)


def averages(att_gt: Estimate, program: Program) -> Estimate:
    """Return att_gt, then overall, cohorts, phases, event times and calendar periods, as one estimate.

    Raises
    ------
    EstimationError
        No unit is observed both before and in the program beside a comparison unit.
    """
    phase_of: Mapping[int, str] = {c.start: c.phase for c in program.cohorts}
    found = [aggregate(att_gt, kind, phase_of=phase_of) for kind in _KINDS]
    if not found[0].estimands:
        raise EstimationError(NOBODY)
    return joined([att_gt, *found])


def by_district(design: Design, districts: pd.Series, estimator: Callable[[Design], Estimate]) -> Iterator[Estimate]:
    """Yield the overall effect of every program district, on a design of its own.

    The design leaves out the other districts' units of the cohorts in which the district has one; all others stay.
    """
    district = districts.to_numpy(dtype=str)
    for name in np.unique(district[~design.never_program]):
        own = district == name
        cohorts = design.cohort[own & ~design.never_program]
        alone = design.subset(own | ~np.isin(design.cohort, cohorts))
        att_gt = estimator(alone)
        mine = [i for i, e in enumerate(att_gt.estimands) if e.cohort in cohorts]
        overall = aggregate(select(att_gt, mine), "overall")
        if overall.estimands:
            named = (Estimand("district", district=str(name)),)
            alone_overall = replace(overall, estimands=named)
            yield on_used_dummies(alone_overall) if alone_overall.regression is not None else alone_overall
