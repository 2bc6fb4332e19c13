"""The embedded engine: DuckDB in this process, out of core."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import duckdb
import narwhals.stable.v2 as nw
import pandas as pd
import pyarrow as pa

from evaluation.engine import Frame
from evaluation.errors import StudyError

_BATCH = 100_000


@dataclass(frozen=True)
class DuckDB:
    """One embedded database: a `Session`."""

    connection: duckdb.DuckDBPyConnection
    scratch: Path

    @classmethod
    @contextmanager
    def opened(cls, *, memory: str | None, scratch: Path, threads: int | None) -> Iterator[DuckDB]:
        """Open a database that spills into `scratch`.

        Raises
        ------
        StudyError
            `memory` is too little for a table.
        """
        given = {"memory_limit": memory, "threads": threads}
        settings: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
        # Rows need no order before a contract or `in_order` gives them one, and keeping one costs memory.
        settings |= {"temp_directory": str(scratch), "preserve_insertion_order": False}
        connection = duckdb.connect(config=settings)
        connection.execute("SET enable_progress_bar = false")  # it would draw into what a stage says
        try:
            yield cls(connection, scratch)
        except duckdb.OutOfMemoryException:
            raise StudyError("too little memory for the tables of this study.", where="params.yaml, key engine_memory",
                             fix="Raise it; 1GB is enough for most.") from None
        finally:
            connection.close()

    def scan(self, path: Path) -> Frame:
        """Return a Parquet file, or all of a folder, as a lazy frame."""
        return nw.from_native(self.connection.read_parquet(str(path / "*.parquet" if path.is_dir() else path)))

    def frame(self, rows: pd.DataFrame) -> Frame:
        """Return an in-memory table as a lazy frame."""
        return nw.from_native(self.connection.from_arrow(pa.Table.from_pandas(rows, preserve_index=False)))

    def kept(self, frame: Frame) -> Frame:
        """Return a frame that is computed once, into a file: a table would take memory from those who read it."""
        file = self.scratch / f"{uuid4().hex}.parquet"
        frame.to_native().write_parquet(str(file))
        return self.scan(file)

    def in_order(self, frame: Frame, by: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """Yield the rows sorted by the columns `by`, missing first, without holding them all."""
        yield from frame.sort(*by, nulls_last=False).to_native().to_arrow_reader(_BATCH)
