"""Where tables are computed: narwhals over an embedded DuckDB, out of core, or over an Apache Spark cluster.

All table work of `ingest` and `panel` is written once against `narwhals.stable.v2` lazy frames, never against either
program. Sums are of integers, so neither row order, nor threads, nor the program can change a byte.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol, TypeAlias

import narwhals.stable.v2 as nw
import pandas as pd
import pyarrow as pa

from evaluation.contracts import from_arrow

DUCKDB = "duckdb"
Frame: TypeAlias = "nw.LazyFrame[Any]"


class Session(Protocol):
    """What computes tables for the time of one stage; frames made from it are lazy until they are asked for rows."""

    def scan(self, path: Path) -> Frame:
        """Return a Parquet file, or all of a folder, as a lazy frame."""
        ...

    def frame(self, rows: pd.DataFrame) -> Frame:
        """Return an in-memory table as a lazy frame."""
        ...

    def kept(self, frame: Frame) -> Frame:
        """Return a frame that is computed once, into `scratch`, however often it is asked for rows."""
        ...

    def in_order(self, frame: Frame, by: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """Yield the rows sorted by the columns `by`, missing first, text by its bytes, without holding them all."""
        ...


@contextmanager
def session(engine: str = DUCKDB, *, memory: str | None = None, scratch: Path | None = None,
            threads: int | None = None) -> Iterator[Session]:
    """Open an engine for the time of one stage.

    Parameters
    ----------
    engine : str
        `duckdb`, or a Spark master: `spark://host:port`, `local[n]`.
    memory : str
        What the engine may hold in memory (`4GB`) before it writes to disk: all of DuckDB, each process of Spark.
    scratch : Path
        A folder for what does not fit, removed in the end. Student rows may lie in it, so it belongs where they may; a
        cluster must see it under the same path. Without one, a private folder of the system's.
    threads : int
        For tests; results do not depend on it.

    Raises
    ------
    StudyError
        Spark is asked for and is not installed, has no Java, or does not answer.
    """
    folder = Path(tempfile.mkdtemp()) if scratch is None else scratch
    folder.mkdir(parents=True, exist_ok=True)
    try:
        if engine == DUCKDB:
            from evaluation.engine.duckdb import DuckDB
            with DuckDB.opened(memory=memory, scratch=folder, threads=threads) as duck:
                yield duck
        else:
            from evaluation.engine.spark import Spark
            with Spark.opened(engine, memory=memory, scratch=folder) as spark:
                yield spark
    finally:
        shutil.rmtree(folder)


def collect(frame: Frame) -> pd.DataFrame:
    """Compute a lazy frame; rows come in no particular order until a contract sorts them."""
    return from_arrow(frame.collect("pyarrow").to_native())

