"""Bring a frame to its contract, or say which column breaks which rule in how many rows."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evaluation.contracts.column import Column
from evaluation.contracts.tables import TABLES
from evaluation.errors import ContractError

_LARGEST = 2**62


def conform(frame: pd.DataFrame, table: str) -> pd.DataFrame:
    """Return `frame` with the contract's columns, types and order, sorted by key.

    Parameters
    ----------
    frame : DataFrame
        One row per key; columns in any order. Text may be categories: it is written out when the rows are in order,
        so that a large table is never held twice.
    table : str
        Name in `TABLES`.

    Raises
    ------
    ContractError
        A column is missing or unknown, a type does not fit, a value is outside its limits, or a key repeats. The
        message names table, column, rule and count, never a value.
    """
    _refuse_names(frame, table)
    key = _key([_ranks(frame[name], TABLES[table].column(name), table) for name in TABLES[table].key])
    order = np.argsort(key, kind="stable")
    out = checked(frame.take(order).reset_index(drop=True), table)
    refuse_repeated(pd.Series(key[order[1:]] == key[order[:-1]], dtype="boolean"), table)
    return out


def checked(frame: pd.DataFrame, table: str) -> pd.DataFrame:
    """Return `frame` with the contract's columns and types, in the order it has: `conform` without the key."""
    _refuse_names(frame, table)
    contract = TABLES[table]
    return pd.DataFrame({name: _typed(frame[name], contract.column(name), table) for name in contract.columns})


def _refuse_names(frame: pd.DataFrame, table: str) -> None:
    contract = TABLES[table]
    for name in contract.columns:
        if name not in frame.columns:
            raise ContractError(table, name, "is missing", len(frame))
    for name in frame.columns:
        if name not in contract.columns:
            raise ContractError(table, str(name), "is not in the contract", len(frame))


def _ranks(values: pd.Series, column: Column, table: str) -> NDArray[np.int64]:
    """Return the place of each value among the distinct ones in order; -1 where it is missing."""
    if not isinstance(values.dtype, pd.CategoricalDtype):
        return np.asarray(pd.factorize(_typed(values, column, table), sort=True)[0], dtype=np.int64)
    categories = pd.Series(values.cat.categories).astype(column.dtype)
    places = np.append(categories.rank(method="dense").to_numpy(dtype=np.int64) - 1, -1)
    return places[values.cat.codes]


def _key(ranks: list[NDArray[np.int64]]) -> NDArray[np.int64]:
    """Return one number per row, in the order of its ranks (-1 and more) and equal where all of them are."""
    key, size = ranks[0], int(ranks[0].max(initial=-1)) + 1
    for rank in ranks[1:]:
        n = int(rank.max(initial=-1)) + 2
        if size * n > _LARGEST:
            key = np.unique(key, return_inverse=True)[1]
            size = int(key.max(initial=-1)) + 1
        key, size = key * n + rank + 1, size * n
    return key


def refuse_repeated(is_repeated: pd.Series, table: str) -> None:
    """Raise ContractError when a row's key is another row's."""
    repeated = int(is_repeated.sum())
    if repeated:
        raise ContractError(table, ", ".join(TABLES[table].key), "key repeats", repeated)


def _typed(values: pd.Series, column: Column, table: str) -> pd.Series:
    try:
        typed = _of_type(values, column)
    except (TypeError, ValueError):
        raise ContractError(table, column.name, f"is not {column.dtype}", len(values)) from None
    _refuse(typed.isna() & (not column.nullable), column, table, "is empty")
    if column.allowed:
        _refuse(typed.notna() & ~typed.isin(column.allowed), column, table, "is not an allowed value")
    if column.low is not None:
        _refuse(typed.lt(column.low), column, table, f"is below {column.low:g}")
    if column.high is not None:
        _refuse(typed.gt(column.high), column, table, f"is above {column.high:g}")
    return typed


def _of_type(values: pd.Series, column: Column) -> pd.Series:
    """Return values of the column's type; categories by their codes, as pandas makes an object of every row."""
    if not isinstance(values.dtype, pd.CategoricalDtype):
        return values.astype(column.dtype)
    categories = pd.Series(values.cat.categories).astype(column.dtype).array
    return pd.Series(categories.take(values.cat.codes.to_numpy(), allow_fill=True), values.index, name=values.name)


def _refuse(broken: pd.Series, column: Column, table: str, rule: str) -> None:
    count = int(broken.fillna(False).sum())
    if count:
        raise ContractError(table, column.name, rule, count)
