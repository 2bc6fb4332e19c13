"""Which schools exchanged their places, as the districts' school lists say: mergers, splits, moved boundaries."""

from __future__ import annotations

import narwhals.stable.v2 as nw
import pandas as pd

from evaluation.contracts import TABLES, conform
from evaluation.engine import Frame, collect

_COLUMNS = list(TABLES["school_lineage"].columns)


def school_lineage(schools: Frame) -> pd.DataFrame:
    """Return `school_lineage` of canonical `school_year` rows: of each statement the newest.

    A school that merged has `merged_into`. A school that took in students of another one, as it split off or a boundary
    was moved, has that school in `feeder_from`: one that teaches in the same grade band, in that year or the year
    before, up to the same grade or a higher one. A feeder whose grades end lower sends its students up, which moves no
    boundary, and is not here.
    """
    missing = nw.lit(None, dtype=nw.String)
    merged = schools.filter(~nw.col("merged_into").is_null())
    merged = merged.filter(nw.col("school_year") == nw.col("school_year").max().over("school_id"))
    merged = merged.with_columns(feeder_from=missing)
    taken = _took_in(schools).with_columns(merged_into=missing)
    return conform(collect(nw.concat([merged.select(*_COLUMNS), taken.select(*_COLUMNS)])), "school_lineage")


def no_lineage() -> pd.DataFrame:
    """Return an empty `school_lineage`, of a study whose data name none."""
    return conform(pd.DataFrame(columns=_COLUMNS), "school_lineage")


def _took_in(schools: Frame) -> Frame:
    """Return school_id, district_id, feeder_from and the newest school_year that says so."""
    said = schools.filter(~nw.col("feeder_from").is_null() & (nw.col("feeder_from") != nw.col("school_id")))
    feeders = schools.select("grade_band", feeder_from="school_id", up_to="grade_high", at="school_year")
    found = said.join(feeders, on=["feeder_from", "grade_band"], how="inner")
    is_near = (nw.col("at") <= nw.col("school_year")) & (nw.col("at") >= nw.col("school_year") - 1)
    found = found.filter(is_near & (nw.col("up_to") >= nw.col("grade_high")))
    return found.group_by("school_id", "district_id", "feeder_from").agg(nw.col("school_year").max())
