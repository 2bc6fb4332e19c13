"""The cluster engine: Apache Spark, an optional extra. Nothing but its own plans runs on the workers: no Python."""

from __future__ import annotations

import os
import shutil
import socket
import time
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import narwhals.stable.v2 as nw
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from evaluation.engine import Frame
from evaluation.errors import StudyError

_WHERE = "params.yaml, key engine"
_OR_DUCKDB = "or set `engine: duckdb`, which gives the same bytes."
_SECONDS_TO_ANSWER = 10
_SECONDS_TO_WORK = 60
_PARTS = "spark.sql.shuffle.partitions"


@dataclass(frozen=True)
class Spark:
    """One Spark application: a `Session`."""

    application: Any
    scratch: Path

    @classmethod
    @contextmanager
    def opened(cls, master: str, *, memory: str | None, scratch: Path) -> Iterator[Spark]:
        """Start an application on `master`, or say what is missing."""
        _check(master)
        from pyspark.sql import SparkSession
        made = SparkSession.builder.master(master).appName("gap evaluation")
        for name, value in _settings(memory, scratch).items():
            made = made.config(name, value)
        try:
            application = made.getOrCreate()
        except Exception as error:
            raise StudyError(f"Spark did not start on {master} ({type(error).__name__}).", where=_WHERE,
                             fix="The cluster's Spark and pyspark must be of one version: look at the cluster's log, "
                                 f"{_OR_DUCKDB}") from None
        application.sparkContext.setLogLevel("ERROR")
        try:
            _settle(application, master)
            yield cls(application, scratch)
        finally:
            application.stop()

    def scan(self, path: Path) -> Frame:
        """Return a Parquet file, or all of a folder, as a lazy frame; the cluster must see the path too."""
        found: Frame = nw.from_native(self.application.read.parquet(path.resolve().as_uri()))
        return found

    def frame(self, rows: pd.DataFrame) -> Frame:
        """Return an in-memory table as a lazy frame."""
        table = _without_dictionaries(pa.Table.from_pandas(rows, preserve_index=False))
        with warnings.catch_warnings():  # it tells that it does not know this pandas, through which nothing passes
            warnings.simplefilter("ignore", FutureWarning)
            found: Frame = nw.from_native(self.application.createDataFrame(table))
        return found

    def kept(self, frame: Frame) -> Frame:
        """Return a frame that is computed once, into a folder of `scratch`: a cache may be lost and computed again."""
        folder = self.scratch / uuid4().hex
        frame.to_native().write.parquet(folder.resolve().as_uri())
        return self.scan(folder)

    def in_order(self, frame: Frame, by: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """Yield the rows sorted by the columns `by`, missing first; they pass through `scratch`, not through memory."""
        folder = self.scratch.resolve() / uuid4().hex
        frame.sort(*by, nulls_last=False).to_native().write.parquet(folder.as_uri())
        for part in sorted(folder.glob("part-*.parquet")):  # the number in the name is the place in the order
            yield from pq.ParquetFile(part).iter_batches()
        shutil.rmtree(folder)


def _settle(application: Any, master: str) -> None:
    """Wait for a worker, then cut tables into as many parts as its cores can take, unless the cluster's own file says.

    Without a worker Spark would wait for ever; its 200 parts would each be a task, however few the rows.
    """
    context, end = application.sparkContext, time.monotonic() + _SECONDS_TO_WORK
    while master.startswith("spark://") and context._jsc.sc().getExecutorMemoryStatus().size() < 2:
        if time.monotonic() > end:
            raise StudyError(f"no worker of {master} took up work within {_SECONDS_TO_WORK} seconds.", where=_WHERE,
                             fix=f"Start one, lower engine_memory to what a worker has, {_OR_DUCKDB}")
        time.sleep(0.1)
    if context.getConf().get(_PARTS) is None:
        application.conf.set(_PARTS, 2 * context.defaultParallelism)


def _settings(memory: str | None, scratch: Path) -> dict[str, str]:
    settings = {"spark.sql.session.timeZone": "UTC", "spark.ui.enabled": "false", "spark.log.level": "ERROR",
                "spark.ui.showConsoleProgress": "false", "spark.local.dir": str(scratch.resolve())}
    if memory is not None:  # Java knows 4g, not 4GB
        given = memory.lower().removesuffix("b")
        settings |= {"spark.driver.memory": given, "spark.executor.memory": given}
    return settings


def _check(master: str) -> None:
    """Say what is missing before Spark does so at length."""
    if find_spec("pyspark") is None:
        raise StudyError(f"`{master}` needs Spark, and pyspark is not installed.", where=_WHERE,
                         fix=f"Install it (make spark-install, or pip install '.[spark]'), {_OR_DUCKDB}")
    home = os.environ.get("JAVA_HOME")
    if shutil.which("java", path=f"{home}/bin" if home else None) is None:
        raise StudyError(f"`{master}` needs Spark, and Spark needs Java 17 or newer, which is not here.", where=_WHERE,
                         fix=f"Install Java (or correct JAVA_HOME), {_OR_DUCKDB}")
    for address in master.removeprefix("spark://").split(",") if master.startswith("spark://") else ():
        at = urlsplit(f"//{address}")
        try:
            socket.create_connection((str(at.hostname), int(at.port or 7077)), _SECONDS_TO_ANSWER).close()
            return
        except OSError:
            continue
    if master.startswith("spark://"):
        raise StudyError(f"no Spark master answers at {master}.", where=_WHERE,
                         fix=f"Start it, correct the address, {_OR_DUCKDB}")


def _without_dictionaries(table: pa.Table) -> pa.Table:
    """Return the table with texts written out: Spark takes no categories."""
    plain = [field.with_type(field.type.value_type) if pa.types.is_dictionary(field.type) else field
             for field in table.schema]
    return table.cast(pa.schema(plain))
