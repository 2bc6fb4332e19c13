"""Names of units, clusters, groups and cohorts: one rule for every kind of file."""

from __future__ import annotations

import numpy as np
import pandas as pd

from evaluation.did.columns import first_row, missing
from evaluation.errors import PanelError

_SHOWN, _MANY = 10, 50
"""Codes that a message lists, and codes above which a column is hardly one of groups, so none is listed."""


def canonical(name: object) -> str:
    """Return a name by the rule: no surrounding blanks; 1.0 is 1; leading zeros are part of it."""
    return str(_ruled(pd.Series([name], dtype=object)).iloc[0])


def texts(values: pd.Series) -> pd.Series:
    """Return values as names by the rule of `canonical`; empty ones as they are."""
    try:
        codes, found = pd.factorize(values.astype(object), use_na_sentinel=True)
    except TypeError:
        # Lists and structs of a Parquet file are no keys; as text they are.
        codes, found = pd.factorize(values.map(str))
    named = _ruled(pd.Series(found, dtype=object)).to_numpy(dtype=object)
    out = np.where(codes >= 0, named[codes] if len(named) else "", "")
    return pd.Series(out, index=values.index, name=values.name, dtype=object)


def names(values: pd.Series, where: str) -> pd.Series:
    """Return names as text; an empty or infinite one is refused."""
    is_infinite = np.asarray(values.isin([np.inf, -np.inf]))
    for bad, said in ((missing(values), "empty"), (is_infinite, "infinite")):
        if bad.any():
            raise PanelError(f"column `{values.name}` is {said} in {int(bad.sum()):,} rows (first in row "
                             f"{first_row(bad):,}).", where=where, fix="Fill it, or take these rows out.")
    return texts(values)


def alike(found: pd.Series, name: str) -> tuple[str, ...]:
    """Return a note where names differ by leading zeros alone: they count as different, but may be meant as one."""
    each = pd.Series(found.unique(), dtype=object).astype(str)
    digits = each[each.str.fullmatch(r"\d+")]
    n = int((digits.groupby(digits.str.lstrip("0")).size() > 1).sum())
    return (f"Column `{name}` has {n:,} names that are there with and without leading zeros, such as 1 and 01: they "
            "count as different.",) if n else ()


def group_code(group: pd.Series, labels: pd.Series | None, wanted: str, option: str, where: str) -> str:
    """Return the code of the group that is asked for by its code or by its label.

    Raises
    ------
    PanelError
        No row is in the group; the message lists other codes, which are no person's values.
    """
    if (group == wanted).any():
        return wanted
    if labels is not None:
        codes = group[(texts(labels) == wanted).to_numpy(dtype=bool)].unique()
        if len(codes) == 1:
            return str(codes[0])
    others = sorted({code for code in group if code})
    listed = "" if len(others) > _MANY else f": {', '.join(f'`{c}`' for c in others[:_SHOWN])}"
    more = " …" if listed and len(others) > _SHOWN else ""
    raise PanelError(f"no row of column `{group.name}` is in group `{wanted}` ({len(others):,} other groups are there"
                     f"{listed}{more}).", where=f"{where}, option {option}", fix="Use the group's code in the file.")


def _ruled(values: pd.Series) -> pd.Series:
    said = values.map(_written).astype(str).str.strip()
    whole = said.str.replace(r"^([+-]?\d+)\.0*$", r"\1", regex=True)
    return whole.str.replace(r"^[+-]0$", "0", regex=True)


def _written(value: object) -> str:
    """Write a whole number without point or exponent."""
    if isinstance(value, float | np.floating) and np.isfinite(value) and float(value).is_integer():
        return str(int(value))
    return str(value)


