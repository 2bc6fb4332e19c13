"""Would a multilevel model of the same cells come to the same effect? A sensitivity beside the headline."""

from __future__ import annotations

import numpy as np

from evaluation.design.columns import effect
from evaluation.diagnose.diagnosed import Diagnosed, Row
from evaluation.diagnose.samples import Students, students_of
from evaluation.stats.components import Variances
from evaluation.stats.estimators.multilevel import multilevel
from evaluation.stats.estimators.twfe import lone_cohorts, without_cohorts
from evaluation.stats.inference.infer import infer
from evaluation.stats.records import Booleans, Floats

NOT_KNOWN = ("numbers of students, their sums or sums of squares are not published for every cell, so that cells have "
             "no known sampling variance.")
NOT_IDENTIFIED = "the model cannot tell the program from the effects of cohort and period."


def multilevel_checks(of: Diagnosed) -> list[Row]:
    """Return the effect on the gap by a multilevel model of cell means, and where students differ; confirmatory only.

    Cohorts of one district are left out, as in the headline. The variance of students is pooled over a group's cells:
    one cell's own is 0 where a rare event did not happen, and would give it all the weight. Uncertainty is that of
    every regression here, CR2 on districts, never the model's own.
    """
    if not of.is_confirmatory:
        return []
    lone, others = lone_cohorts(of.design)
    design, students = without_cohorts(of.design, lone if others else ()), students_of(of)
    of_student = _within_cells(students, design.present)
    if not np.isfinite(of_student).all():
        return [{"undefined": NOT_KNOWN}]
    try:
        found = multilevel(design, variance=of_student / students.n)
    except ValueError as error:
        return [{"undefined": f"{error}."}]
    if not found.gap.estimands:
        return [{"undefined": NOT_IDENTIFIED}]
    return [{**effect(infer(found.gap, gate=of.gate)[0][0]),
             **_variances(found.variances, float(of_student.mean()))}]


def _within_cells(students: Students, present: Booleans) -> Floats:
    """(2,): variance between students of a cell, pooled by group; NaN where something about a cell is not known."""
    n, total, squares = (x[present] for x in (students.n, students.total, students.squares))
    spread: Floats = (squares - total**2 / n).sum(axis=0) / (n - 1).sum(axis=0)
    return spread


def _variances(found: Variances, student: float) -> Row:
    """Return variances, and the shares of a group's students: their school's gap counts by ±½."""
    school = found.school + found.school_gap / 4
    whole = found.district + school + student
    return {"variance_district": found.district, "variance_school": found.school,
            "variance_school_gap": found.school_gap, "variance_student": student,
            "intraclass_district": found.district / whole, "intraclass_school": school / whole}
