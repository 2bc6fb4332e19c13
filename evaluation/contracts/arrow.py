"""From Arrow to pandas without loss."""

from __future__ import annotations

import pandas as pd
import pyarrow as pa

_PANDAS = {pa.int64(): pd.Int64Dtype(), pa.string(): pd.StringDtype(), pa.bool_(): pd.BooleanDtype()}


def from_arrow(rows: pa.Table) -> pd.DataFrame:
    """Return rows whose integers and text keep their types where values are missing: no sum passes through a float."""
    found: pd.DataFrame = rows.to_pandas(types_mapper=_PANDAS.get)
    return found
