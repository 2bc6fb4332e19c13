"""Columns of a panel file as arrays; what does not fit is told by column, count and first row, never by value."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from pyarrow import ArrowInvalid

from evaluation.errors import PanelError
from evaluation.stats.records import Booleans, Floats

_MISSING = ("", "NA", "NaN", "nan", ".")
_HEADER_ROWS = 2


def read(path: Path) -> pd.DataFrame:
    """Read a CSV (also .gz), Parquet or Stata file; CSV columns stay text until they are used.

    Raises
    ------
    PanelError
        The file is missing, of another kind, or cannot be read.
    """
    where = path.name
    if not path.is_file():
        raise PanelError("there is no such file.", where=str(path), fix="Check the path.")
    kind = "".join(path.suffixes[-2:]).lower() if path.suffix == ".gz" else path.suffix.lower()
    try:
        if kind in {".csv", ".csv.gz"}:
            frame = pd.read_csv(path, dtype=str, keep_default_na=False)
        elif kind == ".parquet":
            frame = pd.read_parquet(path)
        elif kind == ".dta":
            frame = pd.read_stata(path)
        else:
            raise PanelError("this kind of file is not read.", where=where,
                             fix="Give .csv, .csv.gz, .parquet or .dta, in long form: one row per unit and period.")
    except (ValueError, OSError, ArrowInvalid, pd.errors.ParserError):
        raise PanelError("the file cannot be read.", where=where,
                         fix="Check that it is what its name says, and comma-separated UTF-8 if it is a CSV.") from None
    if frame.empty:
        raise PanelError("the file has no rows.", where=where, fix="Give one row per unit and period.")
    return frame


def column(frame: pd.DataFrame, name: str, option: str, where: str) -> pd.Series:
    """Return a column; an unknown name is answered with those there are."""
    if name not in frame.columns:
        known = ", ".join(map(str, frame.columns[:20]))
        raise PanelError(f"there is no column `{name}`.", where=f"{where}, option {option}", fix=f"Columns: {known}.")
    found: pd.Series = frame[name]
    return found


def numbers(values: pd.Series, where: str) -> Floats:
    """Return numbers, NaN where empty; text that is no number is refused."""
    if isinstance(values.dtype, pd.CategoricalDtype):
        values = values.astype(object)
    is_empty = missing(values)
    found = pd.to_numeric(values.where(~is_empty), errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    bad = np.isnan(found) & ~is_empty
    if bad.any():
        raise PanelError(f"column `{values.name}` has {int(bad.sum()):,} values that are no number (first in row "
                         f"{first_row(bad):,}).", where=where, fix="Correct them, or leave them empty.")
    infinite = np.isinf(found)
    if infinite.any():
        raise PanelError(f"column `{values.name}` is infinite in {int(infinite.sum()):,} rows (first in row "
                         f"{first_row(infinite):,}).", where=where, fix="Leave what is missing empty.")
    return found


def whole_numbers(values: pd.Series, where: str) -> Floats:
    """Return whole numbers, NaN where empty."""
    found = numbers(values, where)
    bad = ~np.isnan(found) & (found != np.round(found))
    if bad.any():
        raise PanelError(f"column `{values.name}` has {int(bad.sum()):,} values that are no whole number (first in row "
                         f"{first_row(bad):,}).", where=where, fix="Number the periods 1, 2, 3 …, or use years.")
    return found


def codes(values: pd.Series, where: str) -> pd.Series:
    """Return names as text; an empty one is refused."""
    is_empty = missing(values)
    if is_empty.any():
        raise PanelError(f"column `{values.name}` is empty in {int(is_empty.sum()):,} rows (first in row "
                         f"{first_row(is_empty):,}).", where=where, fix="Fill it, or take these rows out.")
    return texts(values)


def texts(values: pd.Series) -> pd.Series:
    """Return values as text; a whole number loses its decimal point, so that 1 and 1.0 are the same name."""
    if pd.api.types.is_float_dtype(values.dtype) and not (values.dropna() % 1).any():
        return values.astype("Int64").astype(str)
    return values.astype(str)


def missing(values: pd.Series) -> Booleans:
    """(N,): the value is empty or a usual code for missing."""
    return np.asarray(values.isna() | values.astype(object).isin(_MISSING))


def first_row(rows: Booleans) -> int:
    """Return the file's row of the first true value, the header being row 1."""
    return int(np.flatnonzero(rows)[0]) + _HEADER_ROWS


def refuse_varying(values: Floats | pd.Series, unit: pd.Series, name: str, where: str, fix: str) -> None:
    """Refuse a column that should be the same in all rows of a unit; missing counts as a value."""
    per_unit = pd.Series(values).groupby(np.asarray(unit)).nunique(dropna=False)
    n_bad = int((per_unit > 1).sum())
    if n_bad:
        raise PanelError(f"column `{name}` changes within {n_bad:,} of {len(per_unit):,} units.", where=where, fix=fix)


def listed(names: Sequence[str]) -> str:
    """Return names as a phrase."""
    return ", ".join(f"`{n}`" for n in names)
