"""What is in, hidden and missing, per district, period and outcome.

A cell is expected for every unit and every group that was seen at the unit in any period. Each expected cell is in
exactly one of: reported, hidden by the source, without students, not published, not sent; `cells_small` counts those
reported ones with 1–9 students.
"""

from __future__ import annotations

import pandas as pd

from evaluation.params import Outcome, Study
from evaluation.sent import SOURCE, sent

_COLUMN = {"reported": "cells_reported", "suppressed": "cells_source_suppressed",
           "not_applicable": "cells_not_applicable", "not_published": "cells_not_published",
           "not_sent": "cells_not_sent"}
_KEY = ["district_id", "period", "outcome_id"]


def coverage(cells: pd.DataFrame, intake: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Return `coverage` for every district seen or named in the study.

    A missing cell of published data is `not_published`. A missing cell of delivered data is `not_sent` when a table it
    needs was not sent, or not wholly accepted, otherwise `not_applicable`: the group had no students.
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
    year = pd.MultiIndex.from_frame(grid[["district_id", "period"]])
    described = year.isin(_years(intake, "student_year"))
    why = pd.Series("not_applicable", index=grid.index)
    for outcome in outcomes:
        mine = (grid["outcome_id"] == outcome.id).to_numpy(dtype=bool)
        if outcome.measure not in SOURCE:
            why[mine] = "not_published"
        else:
            why[mine & ~(described & year.isin(_years(intake, SOURCE[outcome.measure])))] = "not_sent"
    return why


def _years(intake: pd.DataFrame, table: str) -> pd.MultiIndex:
    return pd.MultiIndex.from_frame(sent(intake, table))
