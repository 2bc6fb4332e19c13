"""Which schools merged into which, as the districts' school lists say."""

from __future__ import annotations

import narwhals.stable.v2 as nw
import pandas as pd

from evaluation.contracts import TABLES, conform
from evaluation.engine import Frame, collect

_COLUMNS = list(TABLES["school_lineage"].columns)


def school_lineage(schools: Frame) -> pd.DataFrame:
    """Return `school_lineage` of canonical `school_year` rows: of each merged school the newest statement."""
    said = schools.filter(~nw.col("merged_into").is_null())
    newest = said.filter(nw.col("school_year") == nw.col("school_year").max().over("school_id"))
    return conform(collect(newest.select(*_COLUMNS)), "school_lineage")


def no_lineage() -> pd.DataFrame:
    """Return an empty `school_lineage`, of a study whose data name no mergers."""
    return conform(pd.DataFrame(columns=_COLUMNS), "school_lineage")
