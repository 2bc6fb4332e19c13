"""A panel in long form becomes a design for `stats`; what cannot be one is refused with column and count."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from evaluation.contracts import PARTS
from evaluation.did.columns import (
    codes,
    column,
    first_row,
    listed,
    missing,
    numbers,
    refuse_varying,
    texts,
    whole_numbers,
)
from evaluation.errors import PanelError
from evaluation.stats.estimators.registry import Layout
from evaluation.stats.records import Design, Floats, Integers


@dataclass(frozen=True)
class Columns:
    """Which column of the file holds what; None where the panel has none."""

    outcome: str
    unit: str
    period: str
    cohort: str
    group: str | None = None
    focal: str | None = None
    reference: str | None = None
    cluster: str | None = None
    weight: str | None = None
    covariates: tuple[str, ...] = ()
    never: str | None = None


@dataclass(frozen=True)
class Panel:
    """A design, and what a reader of its results should know about how the file became it."""

    design: Design
    notes: tuple[str, ...]


def to_design(frame: pd.DataFrame, columns: Columns, layout: Layout, where: str) -> Panel:
    """Return the design of a panel file.

    Parameters
    ----------
    frame : DataFrame
        One row per unit and period, or per unit, period and group.
    layout : {"parts", "stacked", "eligible"}
        With a group: gap, focal and reference as parts of the units and periods where both are there; every unit
        twice, as focal and as reference; or rows of the focal group as eligible units (triple difference).

    Returns
    -------
    Panel
        Weights are fixed per unit: with groups those of the focal rows; where they change over time their mean before
        the program. Covariates are those of a unit's first period. Periods stand at multiples of the greatest common
        divisor of their distances. Rows without outcome are left out and counted in the notes.

    Raises
    ------
    PanelError
        Names option or column, rule and count.
    """
    rows, notes = _rows(frame, columns, where)
    _refuse_repeated(rows, columns, where)
    rows = rows[rows["outcome"].notna()].reset_index(drop=True)
    if rows.empty:
        raise PanelError(f"column `{columns.outcome}` has no value in all {len(frame):,} rows.", where=where,
                         fix="Give the outcome, or another column.")
    for name in ("cohort", "cluster"):
        label = getattr(columns, name) or columns.unit
        refuse_varying(rows[name], rows["unit"], label, where,
                       f"A unit has one {name}; give its {'first program period' if name == 'cohort' else 'cluster'} "
                       "in all its rows.")
    periods = np.unique(rows["period"].to_numpy(dtype=np.int64))
    notes += _cohorts_checked(rows, periods, columns, where)
    weight_note, rows = _with_fixed_weight(rows, columns, where)
    design = _LAYOUTS[layout if columns.group else "single"](rows, periods)
    _refuse_one_sided(design, columns, where)
    return Panel(design, (*notes, *weight_note))


def _rows(frame: pd.DataFrame, columns: Columns, where: str) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """The file's columns under the core's names, in file order."""
    names = {"outcome": "--outcome", "unit": "--unit", "period": "--period", "cohort": "--cohort"}
    found = {name: column(frame, getattr(columns, name), option, where) for name, option in names.items()}
    never = _never(found["cohort"], columns.never)
    period = whole_numbers(found["period"], where)
    if np.isnan(period).any():
        bad = np.isnan(period)
        raise PanelError(f"column `{columns.period}` is empty in {int(bad.sum()):,} rows (first in row "
                         f"{first_row(bad):,}).", where=where, fix="Fill it, or take these rows out.")
    unit = codes(found["unit"], where)
    rows = pd.DataFrame({
        "unit": unit, "period": period.astype(np.int64), "outcome": numbers(found["outcome"], where),
        "cohort": whole_numbers(found["cohort"].where(~never), where),
        "cluster": codes(column(frame, columns.cluster, "--cluster", where), where) if columns.cluster else unit,
        "weight": numbers(column(frame, columns.weight, "--weight", where), where) if columns.weight else 1.0,
        **{f"covariate{i}": numbers(column(frame, name, "--covariates", where), where)
           for i, name in enumerate(columns.covariates)}})
    notes: tuple[str, ...] = ()
    if columns.group:
        rows = _two_groups(rows, texts(column(frame, columns.group, "--group", where)), columns, where)
    n_missing = int(rows["outcome"].isna().sum())
    if n_missing:
        notes = (f"{n_missing:,} of {len(rows):,} rows have no outcome and are left out.",)
    return rows, notes


def _never(cohort: pd.Series, never: str | None) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """(N,): the unit never starts: the cohort is empty, or the value that means so."""
    is_never = missing(cohort)
    return is_never if never is None else np.asarray(is_never | (texts(cohort) == never).to_numpy(dtype=bool))


def _two_groups(rows: pd.DataFrame, group: pd.Series, columns: Columns, where: str) -> pd.DataFrame:
    if columns.focal is None or columns.reference is None:
        raise PanelError("a group column needs both groups of the gap.", where=f"{where}, option --group",
                         fix="Say --focal and --reference.")
    if columns.focal == columns.reference:
        raise PanelError("focal and reference are the same group.", where=f"{where}, options --focal, --reference",
                         fix="Name two groups.")
    for option, wanted in (("--focal", columns.focal), ("--reference", columns.reference)):
        if not (group == wanted).any():
            n = group.nunique()
            raise PanelError(f"no row of column `{columns.group}` is in group `{wanted}` ({n:,} other groups are "
                             "there).", where=f"{where}, option {option}", fix="Use the group's code in the file.")
    kept = group.isin([columns.focal, columns.reference]).to_numpy(dtype=bool)
    return rows.assign(is_focal=(group == columns.focal).to_numpy(dtype=bool))[kept]


def _refuse_repeated(rows: pd.DataFrame, columns: Columns, where: str) -> None:
    key = ["unit", "period", *(["is_focal"] if columns.group else [])]
    again = rows.duplicated(key).to_numpy(dtype=bool)
    if again.any():
        names = [columns.unit, columns.period, *([columns.group] if columns.group else [])]
        first = int(rows.index[np.flatnonzero(again)[0]]) + 2
        raise PanelError(f"{int(again.sum()):,} rows repeat a {listed(names)} that is already there (first in row "
                         f"{first:,}).", where=where,
                         fix="Keep one row each, or name the column that tells them apart with --group.")


def _cohorts_checked(rows: pd.DataFrame, periods: Integers, columns: Columns, where: str) -> tuple[str, ...]:
    cohort = rows.groupby("unit")["cohort"].first()
    n_zero = int((cohort == 0).sum())
    if n_zero and periods[0] > 0:
        raise PanelError(f"column `{columns.cohort}` is 0 in {n_zero:,} units, while periods begin at {periods[0]}.",
                         where=where, fix="If 0 means that a unit never starts, say --never 0.")
    n_always = int((cohort <= periods[0]).sum())
    if not n_always:
        return ()
    return (f"{n_always:,} of {len(cohort):,} units are in the program from the first period on: they have no period "
            "before it.",)


def _with_fixed_weight(rows: pd.DataFrame, columns: Columns, where: str) -> tuple[tuple[str, ...], pd.DataFrame]:
    if columns.weight is None:
        return (), rows
    bad = ~(rows["weight"] > 0)
    if bad.any():
        raise PanelError(f"column `{columns.weight}` is not positive, or empty, in {int(bad.sum()):,} rows with an "
                         "outcome.", where=where, fix="Give every such row a positive weight, or take it out.")
    mine = rows[rows["is_focal"]] if columns.group else rows
    varies = (mine.groupby("unit")["weight"].nunique() > 1).any()
    start = rows["cohort"].min()
    before = mine[mine["period"] < start] if varies and (mine["period"] < start).any() else mine
    fixed = before.groupby("unit")["weight"].mean()
    kept = rows[rows["unit"].isin(fixed.index)]
    said = ((f"Column `{columns.weight}` changes over time: a unit's weight is its mean before the program.",) if varies
            else ())
    whose = ("Weights are those of the focal group's rows, the same for both groups.",) if columns.group else ()
    n_lost = rows["unit"].nunique() - kept["unit"].nunique()
    lost = (f"{n_lost:,} units have no row to take a weight from and are left out.",) if n_lost else ()
    return (*said, *whose, *lost), kept.assign(weight=kept["unit"].map(fixed)).reset_index(drop=True)


def _single(rows: pd.DataFrame, periods: Integers) -> Design:
    unit, ids = _numbered(rows["unit"])
    outcome = _grid(rows["outcome"], unit, rows, ids, periods)[..., None]
    return _design(rows, unit, ids, periods, outcome=outcome, parts=("all",))


def _parts(rows: pd.DataFrame, periods: Integers) -> Design:
    unit, ids = _numbered(rows["unit"])
    focal, reference = (_grid(rows["outcome"].where(rows["is_focal"] == side), unit, rows, ids, periods)
                        for side in (True, False))
    outcome = np.stack([focal - reference, focal, reference], axis=2)
    outcome = np.where(np.isnan(outcome).any(axis=2, keepdims=True), np.nan, outcome)
    return _design(rows, unit, ids, periods, outcome=outcome, parts=PARTS)


def _by_group(rows: pd.DataFrame, periods: Integers) -> Design:
    unit, ids = _numbered(rows["unit"] + np.where(rows["is_focal"], "\x1f1", "\x1f0"))
    outcome = _grid(rows["outcome"], unit, rows, ids, periods)[..., None]
    return _design(rows, unit, ids, periods, outcome=outcome, parts=("all",))


_LAYOUTS: dict[str, Callable[[pd.DataFrame, Integers], Design]] = {
    "single": _single, "parts": _parts, "stacked": _by_group, "eligible": _by_group}


def _numbered(names: pd.Series) -> tuple[Integers, tuple[str, ...]]:
    ids, number = np.unique(names.to_numpy(dtype=str), return_inverse=True)
    return number.astype(np.int64), tuple(str(i) for i in ids)


def _grid(values: pd.Series, unit: Integers, rows: pd.DataFrame, ids: tuple[str, ...], periods: Integers) -> Floats:
    grid = np.full((len(ids), len(periods)), np.nan)
    is_there = values.notna().to_numpy(dtype=bool)
    at = np.searchsorted(periods, rows["period"].to_numpy(dtype=np.int64))
    grid[unit[is_there], at[is_there]] = values.to_numpy(dtype=np.float64)[is_there]
    return grid


def _design(rows: pd.DataFrame, unit: Integers, ids: tuple[str, ...], periods: Integers, *, outcome: Floats,
            parts: tuple[str, ...]) -> Design:
    first = rows.assign(number=unit).sort_values("period", kind="stable").drop_duplicates("number")
    first = first.sort_values("number")
    step = np.gcd.reduce(np.diff(periods)) if len(periods) > 1 else 1
    covariates = [c for c in rows.columns if c.startswith("covariate")]
    return Design(
        outcome=outcome, parts=parts, unit_ids=ids, periods=periods,
        position=((periods - periods[0]) // step).astype(np.int64),
        cluster=_numbered(first["cluster"])[0], stratum=np.zeros(len(ids), dtype=np.int64),
        cohort=first["cohort"].to_numpy(dtype=np.float64), weight=first["weight"].to_numpy(dtype=np.float64),
        is_break=np.zeros(len(periods), dtype=bool), covariates=first[covariates].to_numpy(dtype=np.float64),
        n=np.where(np.isnan(outcome[..., 0]), 0.0, 1.0),
        is_eligible=first["is_focal"].to_numpy(dtype=bool) if "is_focal" in rows else np.empty(0, dtype=bool))


def _refuse_one_sided(design: Design, columns: Columns, where: str) -> None:
    starts = design.cohort <= design.periods[-1]
    n, n_clusters = len(design.cohort), len(np.unique(design.cluster))
    seen = design.present.any(axis=1)
    if not seen.any():
        raise PanelError(f"no unit and period has both groups ({n:,} units).", where=f"{where}, option --group",
                         fix="Check that both groups' rows carry the same unit and period.")
    if not (starts & seen).any():
        raise PanelError(f"no unit of {n:,} starts within the periods {design.periods[0]}-{design.periods[-1]}.",
                         where=f"{where}, column `{columns.cohort}`", fix="Give the first program period of each unit "
                         "that starts; empty means never.")
    if len(np.unique(np.nan_to_num(design.cohort[seen], nan=np.inf))) < 2:
        raise PanelError(f"all {n:,} units start in the same period: there are no comparison units.",
                         where=f"{where}, column `{columns.cohort}`",
                         fix="Add units that start later or never (an empty cohort, or --never VALUE).")
    if n_clusters < 2:
        raise PanelError(f"all {n:,} units are in one cluster: chance cannot be told from effect.",
                         where=f"{where}, column `{columns.cluster or columns.unit}`",
                         fix="Name the level at which the program was assigned with --cluster.")
    lost = np.isnan(design.covariates).any(axis=1) if design.covariates.size else np.zeros(n, dtype=bool)
    if lost.any():
        raise PanelError(f"{int(lost.sum()):,} of {n:,} units lack a covariate in their first period.",
                         where=f"{where}, option --covariates", fix="Fill it, or leave the covariate out.")
