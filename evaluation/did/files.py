"""A panel file as a frame: CSV, Parquet or Stata, with one rule for headers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from evaluation.errors import PanelError

_DELIMITERS = {";": "`;`", "\t": "a tab", "|": "`|`"}


def read(path: Path) -> pd.DataFrame:
    """Read a CSV (also .gz), Parquet or Stata file; CSV columns stay text until they are used.

    Stata columns with value labels are numbers here (`labels` gives the words), and years (`%ty`) are whole numbers.

    Raises
    ------
    PanelError
        The file is missing, of another kind, cannot be read, or two columns have one name.
    """
    if not path.is_file():
        raise PanelError("there is no such file.", where=str(path), fix="Check the path.")
    kind = _kind(path)
    if kind not in _READERS:
        raise PanelError("this kind of file is not read.", where=path.name,
                         fix="Give .csv, .csv.gz, .parquet or .dta, in long form: one row per unit and period.")
    try:
        frame = _READERS[kind](path)
    except (PanelError, MemoryError):
        raise
    except Exception:
        # Readers of damaged files raise whatever their parser meets: EOFError, zlib.error, struct.error, KeyError ...
        raise PanelError("the file cannot be read.", where=path.name,
                         fix="Check that it is whole and what its name says, and comma-separated UTF-8 if it is a "
                             "CSV.") from None
    return tidy(frame, path.name)


def tidy(frame: pd.DataFrame, where: str) -> pd.DataFrame:
    """Return the frame with named index levels as columns and names without surrounding blanks, each there once."""
    named = [level for level, name in enumerate(frame.index.names) if name is not None]
    out = frame.reset_index(level=named, allow_duplicates=True) if named else frame
    out = out.reset_index(drop=True)
    out.columns = pd.Index([str(name).strip() for name in out.columns])
    twice = [name for name, n in Counter(out.columns).items() if n > 1 and name]
    if twice:
        raise PanelError(f"{len(twice):,} column names are there twice: {', '.join(f'`{n}`' for n in twice[:20])}.",
                         where=where, fix="Give each column a name of its own.")
    if out.empty:
        raise PanelError("the file has no rows.", where=where, fix="Give one row per unit and period.")
    return out


def labels(path: Path, name: str) -> pd.Series | None:
    """Return a Stata column with its value labels as values; None without, or where two are alike."""
    if _kind(path) != ".dta":
        return None
    try:
        found = pd.read_stata(path, columns=[name])[name]
    except (ValueError, KeyError):
        return None
    return found.astype(object) if isinstance(found.dtype, pd.CategoricalDtype) else None


def _kind(path: Path) -> str:
    return "".join(path.suffixes[-2:]).lower() if path.suffix.lower() == ".gz" else path.suffix.lower()


def _csv(path: Path) -> pd.DataFrame:
    """Read a CSV; the header is a row like others first, so that nothing renames or shifts columns."""
    header = tuple(_lines(path, 1).iloc[0])
    if len(header) == 1:
        for mark, said in _DELIMITERS.items():
            if mark in header[0]:
                raise PanelError(f"its columns look separated by {said}, not by commas.", where=path.name,
                                 fix="Save it as comma-separated CSV.")
    frame = _lines(path, None).iloc[1:]
    frame.columns = pd.Index(header)
    return frame


def _lines(path: Path, n: int | None) -> pd.DataFrame:
    return pd.read_csv(path, nrows=n, header=None, dtype=str, keep_default_na=False, encoding="utf-8-sig")


def _stata(path: Path) -> pd.DataFrame:
    """Read numbers rather than labels; a date that is stored as its own year is a year."""
    frame: pd.DataFrame = pd.read_stata(path, convert_categoricals=False)
    dated = [name for name in frame.columns if pd.api.types.is_datetime64_any_dtype(frame[name].dtype)]
    if dated:
        stored = pd.read_stata(path, convert_categoricals=False, convert_dates=False)
        for name in dated:
            is_there = frame[name].notna().to_numpy(dtype=bool)
            year = frame.loc[is_there, name].dt.year.to_numpy()
            if is_there.any() and np.array_equal(year, stored.loc[is_there, name].to_numpy()):
                frame[name] = stored[name]
    return frame


def _parquet(path: Path) -> pd.DataFrame:
    return pd.read_parquet(path)


_READERS: Mapping[str, Callable[[Path], pd.DataFrame]] = {".csv": _csv, ".csv.gz": _csv, ".parquet": _parquet,
                                                          ".dta": _stata}
