"""What is in, hidden and missing, per district, period and outcome.

A cell is expected for every unit and every group that was seen at the unit in any period. Each expected cell is in
exactly one of: reported, hidden by the source, without students, not published, not sent; `cells_small` counts those
reported ones with 1–9 students.
"""

from __future__ import annotations

import pandas as pd

from evaluation.params import Outcome, Study

_TABLE = {"chronic_absence": "attendance", "any_action": "discipline_action", "action_count": "discipline_action",
          "scale_score": "survey_response"}
_COLUMN = {"reported": "cells_reported", "suppressed": "cells_source_suppressed",
           "not_applicable": "cells_not_applicable", "not_published": "cells_not_published",
           "not_sent": "cells_not_sent"}
_KEY = ["district_id", "period", "outcome_id"]


def coverage(cells: pd.DataFrame, intake: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Return `coverage` for every district seen or named in the study.

    A missing cell of published data is `not_published`. A missing cell of delivered data is `not_sent` when no file
    of a table it needs was accepted for that district and year, otherwise `not_applicable`: the group had no students.
    """
    group = ["unit_id", "dimension", "group_id"]
    cells = cells.astype(dict.fromkeys((*group, "district_id", "outcome_id", "status"), object))
    seen = cells[["district_id", *group]].drop_duplicates()
    grid = seen.merge(_every(study), how="cross")
    grid = grid.merge(cells[[*group, "period", "outcome_id", "status", "n_students"]],
                      on=[*group, "period", "outcome_id"], how="left")
    grid["status"] = grid["status"].fillna(_why_missing(grid, intake, study.outcomes))
    grid["is_small"] = (grid["status"] == "reported") & grid["n_students"].between(1, 9).fillna(False).astype(bool)
    counted = grid.groupby([*_KEY, "status"]).size().unstack(fill_value=0).reindex(columns=list(_COLUMN), fill_value=0)
    out = counted.rename(columns=_COLUMN)
    out.insert(0, "cells", out.sum(axis=1))
    out["cells_small"] = grid.groupby(_KEY)["is_small"].sum()
    named = pd.DataFrame({"district_id": sorted({*seen["district_id"], *(d.id for d in study.districts)})})
    full = named.merge(_every(study), how="cross").merge(out.reset_index(), on=_KEY, how="left")
    return full.fillna(dict.fromkeys(out.columns, 0))


def _every(study: Study) -> pd.DataFrame:
    return pd.DataFrame({"period": list(study.periods.all())}).merge(
        pd.DataFrame({"outcome_id": [o.id for o in study.outcomes]}), how="cross")


def _why_missing(grid: pd.DataFrame, intake: pd.DataFrame, outcomes: tuple[Outcome, ...]) -> pd.Series:
    accepted = intake[intake["refusal"].isna() & (intake["rows_accepted"] > 0)]
    sent = set(zip(accepted["district_id"], accepted["school_year"], accepted["table"], strict=True))
    known = {}
    for district, period in grid[["district_id", "period"]].drop_duplicates().itertuples(index=False):
        for outcome in outcomes:
            needed = ("enrollment", "student_year", _TABLE.get(outcome.measure, ""))
            if outcome.measure == "published_rate":
                known[district, period, outcome.id] = "not_published"
            elif all((district, period, table) in sent for table in needed):
                known[district, period, outcome.id] = "not_applicable"
            else:
                known[district, period, outcome.id] = "not_sent"
    keys = pd.MultiIndex.from_frame(grid[_KEY])
    return pd.Series(known).reindex(keys).set_axis(grid.index)
