"""The rows of a panel under the core's names, and what of the file is left out of them."""

from __future__ import annotations

import numpy as np
import pandas as pd

from evaluation.did.columns import Columns, column, first_row, missing, numbers, whole_numbers
from evaluation.did.names import alike, group_code, names, texts
from evaluation.errors import PanelError
from evaluation.stats.records import Booleans

Notes = tuple[str, ...]


def split_names(frame: pd.DataFrame, asked: tuple[str, ...]) -> tuple[str, ...]:
    """Return covariates' names: one that is a column is itself, another is several separated by commas."""
    split = (([name] if name in frame.columns else name.split(",")) for name in asked)
    return tuple(part.strip() for parts in split for part in parts if part.strip())


def rows_of(frame: pd.DataFrame, columns: Columns, labels: pd.Series | None, where: str) -> tuple[pd.DataFrame, Notes]:
    """Return unit, period, outcome, cohort, cluster, weight, covariates and, with groups, `is_focal`, in file order."""
    options = {"outcome": "--outcome", "unit": "--unit", "period": "--period", "cohort": "--cohort"}
    found = {name: column(frame, getattr(columns, name), option, where) for name, option in options.items()}
    is_never, never_note = _never(found["cohort"], columns)
    period = whole_numbers(found["period"], where)
    if np.isnan(period).any():
        bad = np.isnan(period)
        raise PanelError(f"column `{columns.period}` is empty in {int(bad.sum()):,} rows (first in row "
                         f"{first_row(bad):,}).", where=where, fix="Fill it, or take these rows out.")
    unit = names(found["unit"], where)
    cluster = names(column(frame, columns.cluster, "--cluster", where), where) if columns.cluster else unit
    rows = pd.DataFrame({
        "unit": unit, "period": period.astype(np.int64), "outcome": numbers(found["outcome"], where),
        "cohort": whole_numbers(found["cohort"].where(~is_never), where), "cluster": cluster,
        "weight": _weights(frame, columns, where),
        **{f"covariate{i}": numbers(column(frame, name, "--covariates", where), where)
           for i, name in enumerate(columns.covariates)}})
    notes = (*alike(unit, columns.unit), *(alike(cluster, columns.cluster) if columns.cluster else ()), *never_note)
    if columns.group:
        group = column(frame, columns.group, "--group", where)
        is_empty = missing(group)
        rows, group_notes = _two_groups(rows, texts(group).where(~is_empty, ""), labels, columns, where)
        notes = (*notes, *group_notes)
    n_missing = int(rows["outcome"].isna().sum())
    missed = (f"{n_missing:,} of {len(rows):,} rows have no outcome and are left out.",) if n_missing else ()
    return rows, (*notes, *missed)


def _never(cohort: pd.Series, columns: Columns) -> tuple[Booleans, Notes]:
    """(N,): the unit never starts: the cohort is empty, or the value that means so."""
    is_never = missing(cohort)
    if columns.never is None:
        return is_never, ()
    is_said = (texts(cohort) == columns.never).to_numpy(dtype=bool)
    note = () if is_said.any() else (f"No row of column `{columns.cohort}` is `{columns.never}`, the value that "
                                     "--never gives.",)
    return np.asarray(is_never | is_said), note


def _weights(frame: pd.DataFrame, columns: Columns, where: str) -> pd.Series | float:
    if columns.weight is None:
        return 1.0
    return pd.Series(numbers(column(frame, columns.weight, "--weight", where), where, largest=np.inf),
                     index=frame.index)


def _two_groups(rows: pd.DataFrame, group: pd.Series, labels: pd.Series | None, columns: Columns,
                where: str) -> tuple[pd.DataFrame, Notes]:
    focal, reference = (group_code(group, labels, str(wanted), option, where) for option, wanted in
                        (("--focal", columns.focal), ("--reference", columns.reference)))
    if focal == reference:
        raise PanelError("focal and reference are the same group.", where=f"{where}, options --focal, --reference",
                         fix="Name two groups.")
    is_empty = (group == "").to_numpy(dtype=bool)
    kept = group.isin([focal, reference]).to_numpy(dtype=bool)
    others = group[~kept & ~is_empty]
    n_empty, n_others, name = int(is_empty.sum()), len(others), str(columns.group)
    said = ((n_empty, f"{n_empty:,} rows have no group in column `{name}` and are left out."),
            (n_others, f"{n_others:,} rows are of {others.nunique():,} other groups in column `{name}` and are left "
                       "out."))
    out = rows.assign(is_focal=(group == focal).to_numpy(dtype=bool))[kept]
    return out, (*(note for n, note in said if n), *alike(group[kept], name))
