"""What the sums over students may hold beside an outcome: a covariate of student-years, a weight of students."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import product

import narwhals.stable.v2 as nw

from evaluation.engine import Frame
from evaluation.panel.students import STUDENT, half_days
from evaluation.params import Outcome

_HALF_DAYS = 10_000
"""More than a year has."""


def adjustments(outcome: Outcome) -> list[tuple[str, str]]:
    """Return every covariate and weight an outcome's sums are made with, beside the plain sums."""
    return list(product(("none", *outcome.student_covariates), ("none", *outcome.student_weights)))[1:]


def adjusted(rows: Frame, covariate: str, weight: str, tables: Mapping[str, Frame]) -> Frame:
    """Return student-years with `covariate` (0 for none) and `weight` (1), without `value` where either is not known.

    Parameters
    ----------
    rows : STUDENT and `value`, one school per student and year
    """
    if covariate == "none":
        rows = rows.with_columns(covariate=nw.lit(0, dtype=nw.Int64))
    else:
        rows = rows.join(_COVARIATES[covariate](tables), on=list(STUDENT), how="left")
    if weight == "none":
        rows = rows.with_columns(weight=nw.lit(1, dtype=nw.Int64))
    else:
        rows = rows.join(_WEIGHTS[weight](rows, tables), on="student_key", how="left")
    is_known = ~nw.col("covariate").is_null() & ~nw.col("weight").is_null()
    return rows.with_columns(value=nw.when(is_known).then(nw.col("value")))


def _days_enrolled(tables: Mapping[str, Frame]) -> Frame:
    """Half-days enrolled in the year at all schools of the district."""
    return half_days(tables["attendance"]).select(*STUDENT, covariate="half_days_enrolled")


def _schools_attended(tables: Mapping[str, Frame]) -> Frame:
    """Schools of the district at which the student was enrolled in the year."""
    at = tables["enrollment"].select(*STUDENT, "school_id").unique()
    return at.group_by(*STUDENT).agg(covariate=nw.len().cast(nw.Int64))


def _first_days_enrolled(rows: Frame, tables: Mapping[str, Frame]) -> Frame:
    """Half-days enrolled in the first of the student's years that has any."""
    enrolled = rows.select(*STUDENT).join(half_days(tables["attendance"]), on=list(STUDENT), how="inner")
    enrolled = enrolled.filter(nw.col("half_days_enrolled") > 0)
    first = enrolled.group_by("student_key").agg(
        (nw.col("school_year") * _HALF_DAYS + nw.col("half_days_enrolled")).min().cast(nw.Int64).alias("first"))
    return first.select("student_key", weight=nw.col("first") % _HALF_DAYS)


_COVARIATES: Mapping[str, Callable[[Mapping[str, Frame]], Frame]] = {
    "days_enrolled": _days_enrolled, "schools_attended": _schools_attended}
_WEIGHTS: Mapping[str, Callable[[Frame, Mapping[str, Frame]], Frame]] = {"first_days_enrolled": _first_days_enrolled}
