"""Effects and their diagnostics, as they may be shown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from evaluation.contracts import COLUMNS, TABLES
from evaluation.params import Disclosure, Study
from evaluation.release.disclosure import half_up, is_withheld, rounded_students, significant
from evaluation.release.rows import integer, number

SPECIFICATION = list(TABLES["public_diagnostics"].key)
Row = Mapping[Any, Any]
_TOPIC = [c for c in TABLES["public_estimates"].key if c not in ("part", "inference")]
_REAL = [c for c in TABLES["public_estimates"].columns if COLUMNS[c].dtype == "Float64"]
_DIFFERENCES = ("value", "level")


def public_estimates(estimates: pd.DataFrame, gap_levels: pd.DataFrame, study: Study,
                     policy: Disclosure) -> pd.DataFrame:
    """Return `estimates` rounded; an effect that describes one district or a few units keeps its row but no number.

    Levels are rounded as shown means are. An effect of a one-district cohort, or of a phase that is one, is a saturated
    model: where `gap_levels` (public) shows both groups of that cohort in every period it is coded like these cells,
    without its number of students, else it is withheld. The gap is the difference of its rounded parts, and withheld
    where a part is.
    """
    as_cells = _shown_scopes(gap_levels)
    digits = {o.id: 2 if o.kind == "score" else 0 for o in study.outcomes}
    rows = estimates.to_dict("records")
    coded = [_is_coded(row, as_cells, policy) for row in rows]
    shown = [_shown(row, digits[row["outcome_id"]], is_coded, policy)
             for row, is_coded in zip(rows, coded, strict=True)]
    parts = {(_topic(row), row["part"]): row for row in shown}
    whole = [_from_parts(row, parts, is_coded) if row["part"] == "gap" else row
             for row, is_coded in zip(shown, coded, strict=True)]
    return pd.DataFrame(whole, columns=list(TABLES["public_estimates"].columns))


def public_diagnostics(tables: Mapping[str, pd.DataFrame], estimates: pd.DataFrame,
                       policy: Disclosure) -> pd.DataFrame:
    """Return pre-trend test and its power, detectable effect and leave-one-out counts of every overall effect shown.

    `tables` are those of stage `diagnose` by name, `estimates` the unreleased ones; a specification whose overall
    effect is withheld has no row here.
    """
    overall = shown_effects(estimates[estimates["estimand"] == "overall"], policy).drop_duplicates(SPECIFICATION)
    tests = tables["pre_trends"][[*SPECIFICATION, "statistic", "df1", "df2", "p_value", "n_pre_periods"]]
    slopes = tables["pre_trend_power"][[*SPECIFICATION, "slope_50", "slope_80"]]
    smallest = tables["detectable_effects"].query("estimand == 'overall'")[[*SPECIFICATION, "detectable"]]
    out = overall[SPECIFICATION]
    for found in (tests, slopes, smallest, _agreement(tables["leave_one_out"], overall)):
        out = out.merge(found, how="left", on=SPECIFICATION)
    for name in ("statistic", "df1", "df2", "p_value", "slope_50", "slope_80", "detectable"):
        out[name] = [significant(number(v), policy) for v in out[name]]
    return out[list(TABLES["public_diagnostics"].columns)]


def shown_effects(estimates: pd.DataFrame, policy: Disclosure) -> pd.DataFrame:
    """Return the rows of `estimates` that are shown as they are, neither withheld nor coded; a gap only with its parts.
    """
    rows = estimates.to_dict("records")
    hidden = [_is_withheld(row, False, policy) for row in rows]
    topics = {_topic(row) for row, is_hidden in zip(rows, hidden, strict=True) if is_hidden}
    return estimates[[not is_hidden and not (row["part"] == "gap" and _topic(row) in topics)
                      for row, is_hidden in zip(rows, hidden, strict=True)]]


def _shown_scopes(gap_levels: pd.DataFrame) -> set[tuple[str, ...]]:
    """Return scope, id, outcome and gap of those whose both groups are shown in every period."""
    key = ["scope", "scope_id", "outcome_id", "gap_id"]
    is_shown = gap_levels["gap"].notna().groupby([gap_levels[k] for k in key]).all()
    return set(is_shown.index[is_shown])


def _is_coded(row: Row, as_cells: set[tuple[str, ...]], policy: Disclosure) -> bool:
    """Say whether an effect is to be shown as the difference of one district's shown cells."""
    kind = row["estimand"]
    if int(row["n_program_districts"]) >= policy.min_districts or kind not in ("cohort", "phase"):
        return False
    is_of_cells = row["weights"] == "focal" and row["sample"] == "same" and row["estimator"] != "student_panel"
    return is_of_cells and (kind, f"{row['program']}_{row[kind]}", row["outcome_id"], row["gap_id"]) in as_cells


def _shown(row: Row, digits: int, is_coded: bool, policy: Disclosure) -> dict[Any, Any]:
    out = {name: row[name] for name in TABLES["public_estimates"].columns if name in row}
    if _is_withheld(row, is_coded, policy):
        return _withheld(out)
    out["suppression"] = "none"
    out["n_students_rounded"] = None if is_coded else rounded_students(integer(row["n_students"]), policy)
    real = {name: None if is_coded else significant(number(row[name]), policy) for name in _REAL}
    for name in _DIFFERENCES if is_coded else ("level",):
        found = number(row[name])
        real[name] = None if found is None else half_up(found, digits)
    return {**out, **real}


def _withheld(row: Row) -> dict[Any, Any]:
    return {**row, **dict.fromkeys(["n_students_rounded", "verdict", *_REAL]), "suppression": "primary"}


def _from_parts(row: Row, parts: Mapping[tuple[Any, str], Row], is_coded: bool) -> dict[Any, Any]:
    """Return a shown gap so that it adds up with its shown parts and gives none away that is withheld."""
    focal, reference = (parts.get((_topic(row), part)) for part in ("focal", "reference"))
    if focal is None or reference is None:
        return _withheld(row) if is_coded else dict(row)
    if "primary" in (row["suppression"], focal["suppression"], reference["suppression"]):
        return _withheld(row)
    names = _DIFFERENCES if is_coded else ("level",) if row["sample"] == "same" else ()
    return {**row, **{name: _difference(focal[name], reference[name]) for name in names}}


def _difference(focal: float | None, reference: float | None) -> float | None:
    return None if focal is None or reference is None else round(focal - reference, 2)


def _topic(row: Row) -> tuple[Any, ...]:
    return tuple(None if pd.isna(row[name]) else row[name] for name in _TOPIC)


def _is_withheld(row: Row, is_coded: bool, policy: Disclosure) -> bool:
    n_program = policy.min_districts if is_coded else int(row["n_program_districts"])
    return is_withheld(n_program, int(row["n_comparison_districts"]), int(row["n_program_units"]),
                       integer(row["n_students"]), policy)


def _agreement(leave_one_out: pd.DataFrame, overall: pd.DataFrame) -> pd.DataFrame:
    both = leave_one_out.merge(overall[[*SPECIFICATION, "value", "verdict"]], on=SPECIFICATION, suffixes=("", "_all"))
    both["same_sign"] = (both["value"] * both["value_all"] > 0).astype("Int64")
    both["same_verdict"] = (both["verdict"] == both["verdict_all"]).astype("Int64")
    out = overall[SPECIFICATION]
    for kind, prefix in (("district", ""), ("cohort", "cohorts_")):
        counted = both[both["left_out_kind"] == kind].groupby(SPECIFICATION, as_index=False)
        found = counted.agg(**{f"{kind}s_left_out": ("left_out", "size"), f"{prefix}same_sign": ("same_sign", "sum"),
                               f"{prefix}same_verdict": ("same_verdict", "sum")})
        out = out.merge(found, how="left", on=SPECIFICATION)
    return out
