"""Rows of several files in one frame, in little memory: text stays categories, every distinct one held once."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
from pandas.api.types import union_categoricals

from evaluation.contracts.table import Table


def stacked(frames: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Return frames of the same columns one below the other."""
    if len(frames) == 1:
        return frames[0].reset_index(drop=True)
    return pd.DataFrame({name: _column([frame[name] for frame in frames]) for name in frames[0].columns})


def typed_as(frame: pd.DataFrame, contract: Table) -> pd.DataFrame:
    """Return the contract's columns in its types, and `at`; categories stay, a contract writes them out in the end."""
    columns = frame[["at", *contract.columns]]
    return columns.astype({name: contract.column(name).dtype for name in contract.columns
                           if not isinstance(frame[name].dtype, pd.CategoricalDtype)})


def _column(parts: Sequence[pd.Series]) -> pd.Series:
    if all(isinstance(part.dtype, pd.CategoricalDtype) for part in parts):
        return pd.Series(union_categoricals([pd.Categorical(part) for part in parts]))
    return pd.concat(parts, ignore_index=True)
