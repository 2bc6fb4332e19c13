"""Where tables are computed: narwhals over an embedded DuckDB, out of core.

All table work of `ingest` and `panel` is written against `narwhals.stable.v2` lazy frames and never against DuckDB.
Sums are of integers, so neither row order nor the number of threads can change a byte.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb
import narwhals.stable.v2 as nw
import pandas as pd


@dataclass(frozen=True)
class Session:
    """One embedded database; frames made from it are lazy until `collect`."""

    connection: duckdb.DuckDBPyConnection

    def scan(self, path: Path) -> nw.LazyFrame[duckdb.DuckDBPyRelation]:
        """Return a Parquet file as a lazy frame."""
        return nw.from_native(self.connection.read_parquet(str(path)))

    def frame(self, rows: pd.DataFrame) -> nw.LazyFrame[duckdb.DuckDBPyRelation]:
        """Return an in-memory table as a lazy frame."""
        return nw.from_native(self.connection.from_df(rows))


@contextmanager
def session() -> Iterator[Session]:
    """Open the embedded database for the time of one stage."""
    connection = duckdb.connect()
    try:
        yield Session(connection)
    finally:
        connection.close()


def collect(frame: nw.LazyFrame[duckdb.DuckDBPyRelation]) -> pd.DataFrame:
    """Compute a lazy frame; rows come in no particular order until a contract sorts them."""
    return frame.collect("pyarrow").to_pandas()
