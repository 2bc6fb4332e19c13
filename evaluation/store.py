"""Atomic, contract-checked files: a reader sees the old file or the new one, never half of one."""

from __future__ import annotations

import errno
import json
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from evaluation.contracts import TABLES, checked, conform, from_arrow, refuse_repeated
from evaluation.errors import StageError

DATA = Path("data")
ROWS_PER_GROUP = 131_072
"""Rows of a Parquet row group: what is held in memory while a large table is written, and read by one thread."""


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


def path(table: str, study: str, *, district: str | None = None) -> Path:
    """Return where a table of the contract lies; of one that lies by district, its folder or a district's file."""
    contract = TABLES[table]
    if contract.by_district:
        apart = folder(contract.level, contract.stage, study) / table
        return apart if district is None else apart / f"{district}.parquet"
    if contract.level == "released":
        return folder("unreleased", "release", study) / contract.audience / f"{table}.parquet"
    return folder(contract.level, contract.stage, study) / f"{table}.parquet"


def write(frame: pd.DataFrame, table: str, study: str, *, district: str | None = None) -> Path:
    """Check `frame` against its contract and write it; equal rows give equal bytes, without column statistics."""
    target = path(table, study, district=district)
    rows = conform(frame, table)
    groups = (rows[first:first + ROWS_PER_GROUP] for first in range(0, len(rows), ROWS_PER_GROUP))
    _write_groups(groups, rows[:0], target)
    return target


def write_in_order(batches: Iterable[pa.RecordBatch], table: str, study: str, *, district: str | None = None) -> Path:
    """Write rows that come sorted by the contract's key as `write` does, a row group in memory at a time.

    Raises
    ------
    ContractError
        As `conform` does.
    """
    target = path(table, study, district=district)
    key = list(TABLES[table].key)

    def groups() -> Iterator[pd.DataFrame]:
        last = none
        for batch in _regrouped(batches):
            rows = checked(from_arrow(batch), table)
            keys = pd.concat([last, rows[key]], ignore_index=True)
            refuse_repeated(keys.duplicated(), table)
            last = keys.tail(1)
            yield rows

    none = checked(pd.DataFrame(columns=list(TABLES[table].columns)), table)
    _write_groups(groups(), none, target)
    return target


def _regrouped(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.Table]:
    """Yield the same rows in tables of ROWS_PER_GROUP, the last one shorter: how they came cannot change a byte."""
    held: list[pa.RecordBatch] = []
    for batch in batches:
        held.append(batch)
        while sum(len(b) for b in held) >= ROWS_PER_GROUP:
            whole = pa.Table.from_batches(held)
            yield whole[:ROWS_PER_GROUP]
            held = whole[ROWS_PER_GROUP:].to_batches()
    if sum(len(b) for b in held):
        yield pa.Table.from_batches(held)


def _write_groups(groups: Iterable[pd.DataFrame], none: pd.DataFrame, target: Path) -> None:
    schema = _arrow(none).schema

    def content(handle: BinaryIO) -> None:
        with pq.ParquetWriter(handle, schema, compression="zstd", write_statistics=False, store_schema=False) as writer:
            for rows in groups:
                writer.write_table(_arrow(rows).cast(schema), row_group_size=ROWS_PER_GROUP)

    _write_whole(content, target)


def _arrow(rows: pd.DataFrame) -> pa.Table:
    """Return rows in one piece: pages of a file end where pieces do, and whoever made the rows chose those."""
    return pa.Table.from_pandas(rows, preserve_index=False).replace_schema_metadata().combine_chunks()


def read(table: str, study: str) -> pd.DataFrame:
    """Read a table and bring it to its contract's types.

    Raises
    ------
    StageError
        The table is not there, or is damaged: names the stage that writes it.
    """
    source = path(table, study)
    try:
        rows = pd.read_parquet(source)
    except (OSError, pa.ArrowInvalid) as error:
        if isinstance(error, OSError) and error.errno not in {None, errno.ENOENT}:  # pyarrow's own carry no number
            raise
        what = "is damaged" if source.exists() else "is not there"
        raise StageError(f"table {table} {what}.", where=str(source), stage=TABLES[table].stage, study=study) from None
    return conform(rows, table)


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
    def whole(handle: BinaryIO) -> None:
        handle.write(content)

    _write_whole(whole, target)


def _write_whole(write_to: Callable[[BinaryIO], None], target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{target.name}.tmp")
    try:
        with temporary.open("wb") as handle:
            write_to(handle)
            handle.flush()
            os.fsync(handle.fileno())
        temporary.replace(target)
    except BaseException:
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
