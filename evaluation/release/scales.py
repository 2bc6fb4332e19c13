"""Whether a survey scale measures the same in both groups, as it may be shown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from evaluation.contracts import TABLES
from evaluation.params import Disclosure
from evaluation.release.disclosure import significant
from evaluation.release.rows import integer, number

_GROUP = ["outcome_id", "grade_band", "period", "dimension", "group_id"]
_COEFFICIENTS = ("alpha", "omega")


def public_scales(invariance: pd.DataFrame, reliability: pd.DataFrame, policy: Disclosure) -> pd.DataFrame:
    """Return measurement invariance with the reliability of both groups beside it.

    Coefficients of a group with fewer than `min_students` students are withheld (`primary`). All waves together have no
    coefficients: reliability is a wave's.
    """
    groups = {tuple(row[c] for c in _GROUP): row for row in reliability.to_dict("records")}
    rows = [_row(row, groups, policy) for row in invariance.to_dict("records")]
    return pd.DataFrame(rows, columns=list(TABLES["public_scales"].columns))


def _row(row: Mapping[Any, Any], groups: Mapping[tuple[Any, ...], Mapping[Any, Any]],
         policy: Disclosure) -> dict[Any, Any]:
    out = {c: row.get(c) for c in TABLES["public_scales"].columns}
    small = False
    for side in ("focal", "reference"):
        group = groups.get((row["outcome_id"], row["grade_band"], row["period"], row["dimension"], row[side]))
        n = 0 if group is None else integer(group["n_students"]) or 0
        small |= group is not None and n < policy.min_students
        for name in _COEFFICIENTS:
            is_shown = group is not None and n >= policy.min_students
            out[f"{name}_{side}"] = significant(number(group[name]), policy) if group and is_shown else None
    return {**out, "suppression": "primary" if small else "none"}
