"""Where tables are computed: narwhals over an embedded DuckDB, out of core.

All table work of `ingest` and `panel` is written against `narwhals.stable.v2` lazy frames and never against DuckDB.
Sums are of integers, so neither row order nor the number of threads can change a byte.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import duckdb
import narwhals.stable.v2 as nw
import pandas as pd
import pyarrow as pa

Frame: TypeAlias = "nw.LazyFrame[duckdb.DuckDBPyRelation]"

_PANDAS = {pa.int64(): pd.Int64Dtype(), pa.string(): pd.StringDtype(), pa.bool_(): pd.BooleanDtype()}


@dataclass(frozen=True)
class Session:
    """One embedded database; frames made from it are lazy until `collect`."""

    connection: duckdb.DuckDBPyConnection

    def scan(self, path: Path) -> Frame:
        """Return a Parquet file as a lazy frame."""
        return nw.from_native(self.connection.read_parquet(str(path)))

    def frame(self, rows: pd.DataFrame) -> Frame:
        """Return an in-memory table as a lazy frame."""
        return nw.from_native(self.connection.from_arrow(pa.Table.from_pandas(rows, preserve_index=False)))


@contextmanager
def session(*, threads: int | None = None) -> Iterator[Session]:
    """Open the embedded database for the time of one stage; `threads` is for tests, results do not depend on it."""
    connection = duckdb.connect(config={} if threads is None else {"threads": threads})
    try:
        yield Session(connection)
    finally:
        connection.close()


def collect(frame: Frame) -> pd.DataFrame:
    """Compute a lazy frame; rows come in no particular order until a contract sorts them.

    Integers and text keep their types where values are missing: a 64-bit sum never passes through a float.
    """
    found: pd.DataFrame = frame.collect("pyarrow").to_native().to_pandas(types_mapper=_PANDAS.get)
    return found
