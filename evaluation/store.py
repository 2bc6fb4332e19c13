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
    """Return a stage's output folder of one study, made anew, so that nothing of an earlier run is left in it.

    The old folder is moved aside whole before it is deleted: a killed run leaves all of it or none.
    """
    target = folder(level, stage, study)
    aside = target.with_name(f".{study}.old")
    shutil.rmtree(aside, ignore_errors=True)
    if target.exists():
        target.replace(aside)
        shutil.rmtree(aside)
    target.mkdir(parents=True)
    return target


def scratch(stage: str, study: str) -> Path:
    """Return where an engine may put student rows while a stage runs; what a killed run left goes with `emptied`."""
    return folder("restricted", stage, study) / ".scratch"


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
    write_bytes(json_bytes(content), target)


def json_bytes(content: Mapping[str, Any]) -> bytes:
    """Return JSON with sorted keys, readable by people."""
    return (json.dumps(content, indent=2, sort_keys=True, ensure_ascii=False) + "\n").encode()


def write_bytes(content: bytes, target: Path) -> None:
    """Write a file whole: temporary file beside it, flushed to disk, then renamed over it.

    Raises
    ------
    OSError
        The disk is full or the folder cannot be written to; the old file stays and no temporary one is left.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{target.name}.tmp")
    try:
        with temporary.open("wb") as handle:
            handle.write(content)
            handle.flush()
            os.fsync(handle.fileno())
        temporary.replace(target)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
    flush(target.parent)


def write_folder(files: Mapping[str, bytes], target: Path) -> None:
    """Write a folder of files whole, as `write_bytes` does a file; `target` must not exist.

    Parameters
    ----------
    files : mapping
        Content by path below `target`.
    """
    temporary = target.with_name(f".{target.name}.tmp")
    shutil.rmtree(temporary, ignore_errors=True)
    try:
        for name, content in files.items():
            write_bytes(content, temporary / name)
        temporary.replace(target)
    except OSError:
        shutil.rmtree(temporary, ignore_errors=True)
        raise
    flush(target.parent)


def flush(directory: Path) -> None:
    """Have the disk remember a folder's names, so that a rename outlives a power cut."""
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
