"""Effects of a specification on the students of home schools, from student moments."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from evaluation.contracts import PARTS
from evaluation.design import StudentSums, Topic, build_students, students_of_homes
from evaluation.errors import EstimationError
from evaluation.estimate.group_time import averages
from evaluation.params import Program, Study
from evaluation.stats.combine import select
from evaluation.stats.estimators.student_panel import student_panel
from evaluation.stats.records import Estimate, Floats


@dataclass(frozen=True)
class StudentEffects:
    """Estimates of gap, focal and reference on one regression's estimands, and the students (U, T, 2) behind them."""

    of: Mapping[str, Estimate]
    n: Floats


def student_effects(sums: StudentSums, cells: pd.DataFrame, study: Study, topic: Topic,
                    program: Program) -> StudentEffects:
    """Return effects by cohort and period with all their averages, for each part: those known in both groups.

    Raises
    ------
    EstimationError
        Nothing can be told from the moments.
    """
    design, moments = build_students(sums, cells, study, topic)
    try:
        made = {part: student_panel(design, moments=replace(moments, columns=(part,)), part=part, effect="att_gt")
                for part in PARTS}
    except ValueError as error:
        raise EstimationError(f"{error}.") from None
    of = {part: averages(_as_gap(found, made["gap"]), program) for part, found in made.items()}
    return StudentEffects(of, students_of_homes(moments, design))


def _as_gap(made: Estimate, gap: Estimate) -> Estimate:
    """Keep the effects the gap has, and for averages the cells with students of both groups: it adds up then."""
    kept = select(made, [made.estimands.index(e) for e in gap.estimands])
    outcome = np.where(np.isnan(gap.design.outcome), np.nan, made.design.outcome)
    return replace(kept, design=replace(made.design, outcome=outcome))
