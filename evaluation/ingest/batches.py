"""Rows on their way from the engine into a file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pyarrow as pa


def regrouped(batches: Iterable[pa.RecordBatch], rows: int) -> Iterator[pa.RecordBatch]:
    """Yield the same rows in batches of `rows`, the last one shorter, each in one piece.

    Where a file's pages end depends on the pieces in which its rows come, and an engine chooses those.
    """
    held: list[pa.RecordBatch] = []
    for batch in batches:
        held.append(batch)
        while sum(len(b) for b in held) >= rows:
            table = pa.Table.from_batches(held)
            yield from table[:rows].combine_chunks().to_batches()
            held = table[rows:].to_batches()
    if sum(len(b) for b in held):
        yield from pa.Table.from_batches(held).combine_chunks().to_batches()
