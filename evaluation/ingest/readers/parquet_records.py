"""A Parquet file as records of text; row 1 is its column names."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.parquet as pq

from evaluation.ingest.mapping.schema import SourceTable
from evaluation.ingest.readers.cell_text import forms, text_of
from evaluation.ingest.readers.containers import MOST_BYTES
from evaluation.ingest.readers.header import shown_name
from evaluation.ingest.records import Flaw, RefusedFileError

_AT_ONCE = 65_536


def parquet_records(content: bytes, table: SourceTable) -> Iterator[list[str]]:
    """Yield the column names, then the cells of every row.

    Raises
    ------
    RefusedFileError
        The file is damaged, or a column holds lists, records or bytes.
    """
    try:
        file = pq.ParquetFile(pa.BufferReader(content))
        names = file.schema_arrow.names
        _check(file, table)
        form = [forms(table).get(name.strip()) for name in names]
        yield list(names)
        for batch in file.iter_batches(_AT_ONCE):
            columns = [_texts(column, form) for column, form in zip(batch.columns, form, strict=True)]
            yield from map(list, zip(*columns, strict=True))
    except (pa.ArrowException, OSError, ValueError, OverflowError):
        raise RefusedFileError(Flaw("damaged")) from None


def _check(file: pq.ParquetFile, table: SourceTable) -> None:
    groups = [file.metadata.row_group(i) for i in range(file.metadata.num_row_groups)]
    if sum(group.total_byte_size for group in groups) > MOST_BYTES:
        raise RefusedFileError(Flaw("too_large"))
    for place, field in enumerate(file.schema_arrow, start=1):
        kind = field.type.value_type if pa.types.is_dictionary(field.type) else field.type
        if pa.types.is_nested(kind) or pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
            shown = shown_name(field.name.strip(), place, table)
            raise RefusedFileError(Flaw("not_cells", column=shown), file.metadata.num_rows)


def _texts(column: pa.Array, form: str | None) -> list[str]:
    """Return a column's cells as text; every distinct value is written once."""
    coded = column if pa.types.is_dictionary(column.type) else column.dictionary_encode()
    texts = [text_of(value, form) for value in coded.dictionary.to_pylist()]
    return ["" if code is None else texts[code] for code in coded.indices.to_pylist()]
