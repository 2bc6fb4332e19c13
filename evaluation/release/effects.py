"""Effects and their diagnostics, as they may be shown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from evaluation.contracts import COLUMNS, TABLES
from evaluation.params import Disclosure, Study
from evaluation.release.disclosure import is_withheld, rounded_students, significant
from evaluation.release.rows import integer, number

SPECIFICATION = list(TABLES["public_diagnostics"].key)
_REAL = [c for c in TABLES["public_estimates"].columns if COLUMNS[c].dtype == "Float64"]


def public_estimates(estimates: pd.DataFrame, gap_levels: pd.DataFrame, study: Study,
                     policy: Disclosure) -> pd.DataFrame:
    """Return `estimates` rounded; an effect that describes one district or a few units keeps its row but no number.

    An effect of a one-district cohort, or of a phase that is one, is a saturated model: it is coded like its cells.
    Where `gap_levels` (public) shows both groups of that cohort in every period it is rounded as they are, else hidden.
    """
    as_cells = _shown_scopes(gap_levels)
    digits = {o.id: 2 if o.kind == "score" else 0 for o in study.outcomes}
    rows = [_shown(row, _digits(row, as_cells, digits, policy), policy) for row in estimates.to_dict("records")]
    return pd.DataFrame(rows, columns=list(TABLES["public_estimates"].columns))


def public_diagnostics(pre_trends: pd.DataFrame, detectable: pd.DataFrame, leave_one_out: pd.DataFrame,
                       estimates: pd.DataFrame, policy: Disclosure) -> pd.DataFrame:
    """Return pre-trend test, detectable effect and leave-one-district-out counts of every overall effect shown.

    `estimates` are the unreleased ones; a specification whose overall effect is withheld has no row here.
    """
    overall = _shown_overall(estimates, policy)
    tests = pre_trends[[*SPECIFICATION, "statistic", "df1", "df2", "p_value", "n_pre_periods"]]
    smallest = detectable.loc[detectable["estimand"] == "overall", [*SPECIFICATION, "detectable"]]
    out = overall[SPECIFICATION]
    for found in (tests, smallest, _agreement(leave_one_out, overall)):
        out = out.merge(found, how="left", on=SPECIFICATION)
    for name in ("statistic", "df1", "df2", "p_value", "detectable"):
        out[name] = [significant(number(v), policy) for v in out[name]]
    return out[list(TABLES["public_diagnostics"].columns)]


def _shown_scopes(gap_levels: pd.DataFrame) -> set[tuple[str, ...]]:
    """Return scope, id, outcome and gap of those whose both groups are shown in every period."""
    key = ["scope", "scope_id", "outcome_id", "gap_id"]
    is_shown = gap_levels["gap"].notna().groupby([gap_levels[k] for k in key]).all()
    return set(is_shown.index[is_shown])


def _digits(row: Mapping[Any, Any], as_cells: set[tuple[str, ...]], digits: Mapping[str, int],
            policy: Disclosure) -> int | None:
    """Return the decimals of an effect that is coded like its cells; None for all others."""
    kind = row["estimand"]
    if int(row["n_program_districts"]) >= policy.min_districts or kind not in ("cohort", "phase"):
        return None
    scope = (kind, f"{row['program']}_{row[kind]}", row["outcome_id"], row["gap_id"])
    return digits[row["outcome_id"]] if scope in as_cells else None


def _shown(row: Mapping[Any, Any], digits: int | None, policy: Disclosure) -> dict[Any, Any]:
    out = {name: row[name] for name in TABLES["public_estimates"].columns if name in row}
    few_units = int(row["n_program_units"]) < policy.min_units
    hidden = _is_withheld(row, policy) if digits is None else few_units
    out["suppression"] = "primary" if hidden else "none"
    out["n_students_rounded"] = None if hidden else rounded_students(integer(row["n_students"]), policy)
    out["verdict"] = None if hidden else row["verdict"]
    for name in _REAL:
        out[name] = None if hidden else _rounded(number(row[name]), digits, policy)
    return out


def _rounded(value: float | None, digits: int | None, policy: Disclosure) -> float | None:
    if value is None or digits is None:
        return significant(value, policy)
    return round(value, digits) + 0.0  # no negative zero


def _is_withheld(row: Mapping[Any, Any], policy: Disclosure) -> bool:
    return is_withheld(int(row["n_program_districts"]), int(row["n_program_units"]), integer(row["n_students"]), policy)


def _shown_overall(estimates: pd.DataFrame, policy: Disclosure) -> pd.DataFrame:
    overall = estimates[estimates["estimand"] == "overall"]
    shown = [not _is_withheld(row, policy) for row in overall.to_dict("records")]
    return overall[shown].drop_duplicates(SPECIFICATION)


def _agreement(leave_one_out: pd.DataFrame, overall: pd.DataFrame) -> pd.DataFrame:
    both = leave_one_out.merge(overall[[*SPECIFICATION, "value", "verdict"]], on=SPECIFICATION, suffixes=("", "_all"))
    both["same_sign"] = (both["value"] * both["value_all"] > 0).astype("Int64")
    both["same_verdict"] = (both["verdict"] == both["verdict_all"]).astype("Int64")
    counted = both.groupby(SPECIFICATION, as_index=False)
    return counted.agg(districts_left_out=("left_out", "size"), same_sign=("same_sign", "sum"),
                       same_verdict=("same_verdict", "sum"))
