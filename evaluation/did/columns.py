"""Columns of a panel file as numbers; what does not fit is told by column, count and first row, never by value."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from evaluation.errors import PanelError
from evaluation.stats.records import Booleans, Floats

_MISSING = ("", "NA", "NaN", "nan", ".")
_HEADER_ROWS = 2
_LARGEST, _LARGEST_WHOLE = 1e100, 1e15
"""Sums of squares of larger numbers overflow; larger whole numbers are not exact."""
_DATES = (datetime.date, datetime.time, datetime.timedelta, np.datetime64, np.timedelta64, pd.Period)


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


def column(frame: pd.DataFrame, name: str, option: str, where: str) -> pd.Series:
    """Return a column; an unknown name is answered with those there are."""
    if name not in frame.columns:
        known = ", ".join(map(str, frame.columns[:20]))
        raise PanelError(f"there is no column `{name}`.", where=f"{where}, option {option}", fix=f"Columns: {known}.")
    found: pd.Series = frame[name]
    return found


def numbers(values: pd.Series, where: str, *, largest: float = _LARGEST) -> Floats:
    """Return numbers, NaN where empty; text that is no number, dates, and what is too large are refused."""
    if isinstance(values.dtype, pd.CategoricalDtype):
        values = values.astype(object)
    _refuse_dates(values, where)
    is_empty = missing(values)
    found = pd.to_numeric(values.where(~is_empty), errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    _refuse(np.isnan(found) & ~is_empty, values, "has {n} values that are no number", where,
            "Correct them, or leave them empty.")
    _refuse(np.isinf(found), values, "is infinite in {n} rows", where, "Leave what is missing empty.")
    _refuse(np.abs(found) > largest, values, f"is too large to calculate with (beyond {largest:.0e}) in {{n}} rows",
            where, "Correct them, or choose another unit of measurement.")
    return found


def whole_numbers(values: pd.Series, where: str) -> Floats:
    """Return whole numbers, NaN where empty."""
    found = numbers(values, where, largest=_LARGEST_WHOLE)
    _refuse(~np.isnan(found) & (found != np.round(found)), values, "has {n} values that are no whole number", where,
            "Number the periods 1, 2, 3 …, or use years.")
    return found


def missing(values: pd.Series) -> Booleans:
    """(N,): the value is empty or a usual code for missing."""
    said = values.astype(object)
    if not pd.api.types.is_numeric_dtype(values.dtype):
        said = said.map(lambda v: v.strip() if isinstance(v, str) else v)
    return np.asarray(values.isna() | said.isin(_MISSING))


def first_row(rows: Booleans) -> int:
    """Return the file's row of the first true value, the header being row 1."""
    return int(np.flatnonzero(rows)[0]) + _HEADER_ROWS


def listed(names: Sequence[str]) -> str:
    """Return names as a phrase."""
    return ", ".join(f"`{n}`" for n in names)


def _refuse(bad: Booleans, values: pd.Series, said: str, where: str, fix: str) -> None:
    """Refuse rows of a column; `said` names the rule, with {n} for their count."""
    if bad.any():
        raise PanelError(f"column `{values.name}` {said.format(n=f'{int(bad.sum()):,}')} (first in row "
                         f"{first_row(bad):,}).", where=where, fix=fix)


def _refuse_dates(values: pd.Series, where: str) -> None:
    kind = values.dtype
    is_dated = (pd.api.types.is_datetime64_any_dtype(kind) or pd.api.types.is_timedelta64_dtype(kind)
                or isinstance(kind, pd.PeriodDtype))
    if not is_dated and pd.api.types.is_object_dtype(kind):
        is_dated = bool(values.map(lambda v: isinstance(v, _DATES)).any())
    if is_dated:
        raise PanelError(f"column `{values.name}` holds dates or durations, not numbers.", where=where,
                         fix="Give numbers; periods and cohorts as 1, 2, 3 … or as years.")
