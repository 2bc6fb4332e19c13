"""Atomic, contract-checked files: a reader sees the old file or the new one, never half of one."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from evaluation.contracts import TABLES, conform

DATA = Path("data")


def folder(level: str, stage: str, study: str) -> Path:
    """Return where a stage's outputs of one study lie."""
    return DATA / level / stage / study


def emptied(level: str, stage: str, study: str) -> Path:
    """Return a stage's output folder of one study, made anew, so that nothing of an earlier run is left in it."""
    target = folder(level, stage, study)
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    return target


def path(table: str, study: str) -> Path:
    """Return where a table of the contract lies between stages."""
    contract = TABLES[table]
    if contract.level == "released":
        return folder("unreleased", "release", study) / contract.audience / f"{table}.parquet"
    return folder(contract.level, contract.stage, study) / f"{table}.parquet"


def write(frame: pd.DataFrame, table: str, study: str) -> Path:
    """Check `frame` against its contract and write it; equal rows give equal bytes, without column statistics."""
    checked = conform(frame, table)
    target = path(table, study)
    arrow = pa.Table.from_pandas(checked, preserve_index=False).replace_schema_metadata()
    sink = pa.BufferOutputStream()
    pq.write_table(arrow, sink, compression="zstd", write_statistics=False, store_schema=False)
    write_bytes(sink.getvalue().to_pybytes(), target)
    return target


def read(table: str, study: str) -> pd.DataFrame:
    """Read a table and bring it to its contract's types."""
    return conform(pd.read_parquet(path(table, study)), table)


def write_json(content: Mapping[str, Any], target: Path) -> None:
    """Write JSON with sorted keys, readable by people."""
    write_bytes((json.dumps(content, indent=2, sort_keys=True, ensure_ascii=False) + "\n").encode(), target)


def write_bytes(content: bytes, target: Path) -> None:
    """Write a file whole: temporary file beside it, flushed to disk, then renamed over it."""
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{target.name}.tmp")
    with temporary.open("wb") as handle:
        handle.write(content)
        handle.flush()
        os.fsync(handle.fileno())
    temporary.replace(target)
    directory = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
