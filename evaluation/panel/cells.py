"""From student values to cells: integer sums by unit, period, group and outcome."""

from __future__ import annotations

from collections.abc import Mapping

import narwhals.stable.v2 as nw
import pandas as pd

from evaluation.contracts import SCALE, TABLES, conform
from evaluation.engine import Frame, collect
from evaluation.errors import StudyError
from evaluation.panel.mobility import counted
from evaluation.panel.outcomes import values
from evaluation.panel.students import ATTRIBUTES, STUDENT
from evaluation.params import Outcome, Study
from evaluation.sent import SOURCE

_UNIT = ("unit_id", "district_id", "grade_band", "period", "dimension", "group_id")
_COLUMNS = list(TABLES["cells"].columns)


def cells(study: Study, students: Frame, tables: Mapping[str, Frame]) -> pd.DataFrame:
    """Return `cells` of every outcome and dimension.

    A cell exists where at least one student of the group is in the outcome's denominator, and where the outcome's table
    was accepted for the district and year (`tables["<table>_sent"]`, columns district_id, school_year): what was not
    sent is not zero. Whom an outcome counts is its choice (`counted`); students whose group is not one of the study's
    are in `all` only.
    """
    _check(study)
    parts = []
    for outcome in study.outcomes:
        sent = tables[f"{SOURCE[outcome.measure]}_sent"]
        mine, used = counted(outcome, students, tables)
        found = mine.join(sent, on=["district_id", "school_year"], how="inner")
        valued = values(outcome, found, used)
        parts.append(_finished(collect(_summed(grouped(study, found, tables), valued)), outcome, study.unit))
    return conform(pd.concat(parts, ignore_index=True)[_COLUMNS], "cells")


def published_cells(public: pd.DataFrame) -> pd.DataFrame:
    """Return `cells` of published group-level data: means without sums, statuses as the source gives them."""
    unknown = pd.Series(pd.NA, index=public.index, dtype="Int64")
    cells = public.assign(n_obs=unknown, n_eligible=unknown, total=unknown, total_sq=unknown)
    return conform(cells[_COLUMNS], "cells")


def _check(study: Study) -> None:
    for dimension in study.dimensions:
        if dimension.id not in ATTRIBUTES:
            raise StudyError(f"students have no attribute `{dimension.id}`.", where="studies/, key dimensions",
                             fix=f"Known: {', '.join(ATTRIBUTES)}.")


def grouped(study: Study, students: Frame, tables: Mapping[str, Frame]) -> Frame:
    """Return students with their unit, grade band and period, once per `dimension` with their `group_id` in it."""
    unit = nw.col("school_id" if study.unit == "school" else "district_id")
    band = nw.col("grade_band") if study.unit == "school" else nw.lit("all")
    placed = students.with_columns(unit_id=unit, grade_band=band, period=nw.col("school_year"))
    described = placed.join(tables["student_year_sent"], on=["district_id", "school_year"], how="inner")
    parts = [placed.with_columns(dimension=nw.lit("all"), group_id=nw.lit("all"))]
    for dimension in study.dimensions:
        named = described.filter(nw.col(dimension.id).is_in(tuple(dimension.groups)))
        parts.append(named.with_columns(dimension=nw.lit(dimension.id), group_id=nw.col(dimension.id)))
    return nw.concat([part.select(*STUDENT, *(c for c in _UNIT if c not in STUDENT)) for part in parts])


def _summed(students: Frame, valued: Frame) -> Frame:
    rows = students.join(valued, on=list(STUDENT), how="left")
    rows = rows.with_columns(is_in=(~nw.col("value").is_null()).cast(nw.Int64),
                             squared=nw.col("value") * nw.col("value"))
    sums = {"n_students": "is_in", "n_obs": "n_obs", "total": "value", "total_sq": "squared"}
    summed = rows.group_by(*_UNIT).agg(
        n_eligible=nw.len().cast(nw.Int64), **{k: nw.col(v).sum().cast(nw.Int64) for k, v in sums.items()})
    return summed.filter(nw.col("n_students") > 0)


def _finished(summed: pd.DataFrame, outcome: Outcome, unit: str) -> pd.DataFrame:
    """Add what is the same for all cells of an outcome, and the mean in outcome units."""
    total, n = summed["total"].astype("float64"), summed["n_students"].astype("float64")
    mean = total / n / SCALE if outcome.kind == "score" else 100 * total / n
    cells = summed.assign(unit=unit, period_kind="school_year", outcome_id=outcome.id, mean=mean, status="reported")
    if outcome.measure != "scale_score":
        cells["n_eligible"] = pd.Series(pd.NA, index=cells.index, dtype="Int64")
    return cells
