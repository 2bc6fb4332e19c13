"""Which units a described number sums up."""

from __future__ import annotations

import pandas as pd

from evaluation.design import assign
from evaluation.params import Study

SCOPE = ["scope", "scope_id", "program"]


def scopes(cells: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Return unit_id, scope, scope_id, program: one row per unit and scope it belongs to.

    `district` (every unit of a district), and per program `program`, `phase`, `cohort` (its units) and `comparison`
    (units of its grade band and states that are in no program). Scope ids: the district, the program,
    `<program>_<phase>`, `<program>_<cohort>`.
    """
    units = cells[["unit_id", "district_id"]].drop_duplicates().astype(object)
    found = [pd.DataFrame({"unit_id": units["unit_id"], "scope": "district", "scope_id": units["district_id"],
                           "program": None})]
    for program in study.programs:
        known = assign(cells, study.programs, program.id)
        inside = known[known["cohort"].notna()]
        outside = known[known["cohort"].isna() & known["state"].isin(set(inside["state"]))]
        start = inside["cohort"].astype(int).astype(str)
        for scope, ids, suffix in (("comparison", outside["unit_id"], ""), ("program", inside["unit_id"], ""),
                                   ("phase", inside["unit_id"], "_" + inside["phase"].astype(object)),
                                   ("cohort", inside["unit_id"], "_" + start)):
            found.append(pd.DataFrame({"unit_id": ids, "scope": scope, "scope_id": program.id + suffix,
                                       "program": program.id}))
    return pd.concat(found, ignore_index=True).astype(object)
