"""Which definition held where and when: outcomes as the study defines them, codes as the districts list them."""

from __future__ import annotations

import narwhals.stable.v2 as nw
import pandas as pd

from evaluation.contracts import TABLES, conform
from evaluation.engine import Frame, collect
from evaluation.params import Study

_COLUMNS = list(TABLES["definition"].columns)
CODES = "discipline_codes"
"""The metric of a district's list of discipline codes."""


def definitions(study: Study, discipline: Frame | None) -> pd.DataFrame:
    """Return `definition`: a row per outcome, and per list of discipline codes by which a district's actions were read.

    Parameters
    ----------
    discipline : canonical `discipline_action`; absent where the study has no students.
    """
    first, last = study.periods.first, study.periods.last
    rows = pd.DataFrame([(o.id, o.authority, o.version, first, last) for o in study.outcomes], columns=_COLUMNS)
    if discipline is None:
        return conform(rows, "definition")
    year = nw.col("school_year")
    lists = collect(discipline.group_by("district_id", "definition_version").agg(valid_from=year.min(),
                                                                                 valid_to=year.max()))
    lists = lists.rename(columns={"district_id": "authority", "definition_version": "version"}).assign(metric=CODES)
    return conform(pd.concat([rows, lists[_COLUMNS]], ignore_index=True), "definition")
