"""Group-time effects of one design with all their averages, and every program district alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import get_args

import numpy as np
import pandas as pd

from evaluation.errors import EstimationError
from evaluation.params import Program, Specification
from evaluation.stats.aggregate import Aggregation, aggregate
from evaluation.stats.group_time import group_time_att
from evaluation.stats.reading import on_used_dummies
from evaluation.stats.records import Design, Estimand, Estimate

_KINDS: tuple[Aggregation, ...] = get_args(Aggregation)


def averages(design: Design, specification: Specification, program: Program) -> Estimate:
    """Return att_gt, then overall, cohorts, phases, event times and calendar periods, as one estimate.

    Raises
    ------
    EstimationError
        No unit is observed both before and in the program beside a comparison unit.
    """
    att_gt = group_time_att(design, comparison=specification.comparison, base=specification.base)
    phase_of: Mapping[int, str] = {c.start: c.phase for c in program.cohorts}
    found = [aggregate(att_gt, design, kind, phase_of=phase_of) for kind in _KINDS]
    if not found[0].estimands:
        raise EstimationError("no program unit is observed before and in the program beside a comparison unit; use a "
                              "wider `within`, another comparison or more periods.")
    return joined([att_gt, *found])


def by_district(design: Design, districts: pd.Series,
                specification: Specification) -> Iterator[tuple[Design, Estimate]]:
    """Yield for every program district its own design and overall effect.

    The design leaves out the other districts' units of the cohorts in which the district has one; all others stay.
    """
    district = districts.to_numpy(dtype=str)
    for name in np.unique(district[~design.never_program]):
        own = district == name
        cohorts = design.cohort[own & ~design.never_program]
        alone = design.subset(own | ~np.isin(design.cohort, cohorts))
        att_gt = group_time_att(alone, comparison=specification.comparison, base=specification.base)
        mine = [i for i, e in enumerate(att_gt.estimands) if e.cohort in cohorts]
        overall = aggregate(_only(att_gt, mine), alone, "overall")
        if overall.estimands:
            named = (Estimand("district", district=str(name)),)
            yield alone, on_used_dummies(replace(overall, estimands=named))


def joined(estimates: Sequence[Estimate]) -> Estimate:
    """Stack estimates of one design and one regression."""
    return replace(
        estimates[0],
        estimands=tuple(e for x in estimates for e in x.estimands),
        value=np.vstack([x.value for x in estimates]),
        weights=np.concatenate([x.weights for x in estimates]),
        contrasts=np.vstack([x.contrasts for x in estimates]),
        program_clusters=tuple(c for x in estimates for c in x.program_clusters),
        comparison_clusters=tuple(c for x in estimates for c in x.comparison_clusters),
        lone_program=np.concatenate([x.lone_program for x in estimates]),
        lone_comparison=np.concatenate([x.lone_comparison for x in estimates]),
        left_out_cohorts=tuple(c for x in estimates for c in x.left_out_cohorts),
    )


def _only(estimate: Estimate, keep: list[int]) -> Estimate:
    return replace(
        estimate,
        estimands=tuple(estimate.estimands[i] for i in keep),
        value=estimate.value[keep],
        weights=estimate.weights[keep],
        contrasts=estimate.contrasts[keep],
        program_clusters=tuple(estimate.program_clusters[i] for i in keep),
        comparison_clusters=tuple(estimate.comparison_clusters[i] for i in keep),
        lone_program=estimate.lone_program[keep],
        lone_comparison=estimate.lone_comparison[keep],
        left_out_cohorts=tuple(estimate.left_out_cohorts[i] for i in keep),
    )
