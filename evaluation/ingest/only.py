"""The rows of a file that its mapping asks for."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from evaluation.ingest.mapping.schema import SourceTable
from evaluation.ingest.readers.sheet import Sheet


def kept_rows(sheet: Sheet, table: SourceTable) -> tuple[Sheet, NDArray[np.int64]]:
    """Return the rows that `only` keeps, and the numbers of the others."""
    is_kept = np.ones(len(sheet.rows), dtype=bool)
    for column, values in table.only.items():
        is_kept &= sheet.columns[column].is_in(values)
    if is_kept.all():
        return sheet, np.empty(0, np.int64)
    columns = {name: text.kept(is_kept) for name, text in sheet.columns.items()}
    return replace(sheet, columns=columns, rows=sheet.rows[is_kept]), sheet.rows[~is_kept]
