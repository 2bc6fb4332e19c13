"""How many rows a file has that no table reads."""

from __future__ import annotations

from evaluation.ingest.mapping.schema import SourceTable
from evaluation.ingest.readers.containers import opened
from evaluation.ingest.readers.sheet import READERS
from evaluation.ingest.records import RefusedFileError

_AS_IT_IS = SourceTable(files="*", columns={})


def row_count(content: bytes) -> int:
    """Return how many rows stand below the first one that is filled, as far as can be told; else 0."""
    try:
        file = opened(content)
        records = READERS[file.kind](file.content, _AS_IT_IS)
        return max(0, sum(1 for record in records if any(field.strip() for field in record)) - 1)
    except RefusedFileError as refused:
        return refused.rows
