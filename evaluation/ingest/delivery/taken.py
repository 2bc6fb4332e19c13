"""The content of a delivered file, typed; ids that a program has shortened are found across files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from hashlib import sha256

import pandas as pd

from evaluation.engine import Session
from evaluation.ingest.apart import apart
from evaluation.ingest.delivery.delivered import DeliveredFile
from evaluation.ingest.mapping.schema import AttendanceTable, DistrictMapping, EventTable
from evaluation.ingest.parsers import Reading
from evaluation.ingest.readers.row_count import row_count
from evaluation.ingest.readers.sheet import read_sheet
from evaluation.ingest.records import Flaw, RefusedFileError
from evaluation.ingest.typed import NOTHING_UNREAD, Typed, loses_zeros, typed

_NOTHING = Typed(pd.DataFrame(), 0, (), (), frozenset(), frozenset(), NOTHING_UNREAD)
"""What a year of events in which nothing happened contains."""


def take(file: DeliveredFile, read: Callable[[str], bytes], mapping: DistrictMapping, how: Reading,
         session: Session) -> None:
    """Read a file's bytes into typed rows, or refuse it; of attendance, which grows by the day, few are in memory."""
    table = mapping.tables.sent()[file.table]
    try:
        content = read(file.path)
        file.sha256 = sha256(content).hexdigest()
        sheet = read_sheet(content, table, name=file.path)
        file.rows_in = sheet.rows_in
        found = typed(sheet, file.table, table, file.path, how)
        is_large = isinstance(table, AttendanceTable)
        file.content = replace(found, frame=apart(found.frame, session)) if is_large else found
    except RefusedFileError as refused:
        is_declared = isinstance(table, EventTable) and file.school_year in table.nothing_in
        if is_declared and refused.flaw.rule == "header_only":
            file.content = _NOTHING
            return
        file.rows_in = max(file.rows_in, refused.rows)
        if refused.flaw.rule == "misnamed":
            file.rows_in = row_count(content)
        file.refuse(refused.flaw)


def count_unread(file: DeliveredFile, read: Callable[[str], bytes]) -> None:
    """Count the rows of a file that is refused unread."""
    try:
        file.rows_in = row_count(read(file.path))
    except RefusedFileError as refused:
        file.refuse(refused.flaw)


def refuse_lost_zeros(files: Sequence[DeliveredFile], mapping: DistrictMapping) -> None:
    """Refuse files whose ids are shorter than those of other files that begin with a zero (or a declared width)."""
    taken = [(file, file.content.student_ids) for file in files if file.content is not None]
    widths = Counter(len(i) for _, ids in taken for i in ids if i.startswith("0"))
    width = mapping.student_id.width or (widths.most_common(1)[0][0] if widths else 0)
    if mapping.student_id.zero_pad is not None or not width:
        return
    for file, ids in taken:
        if loses_zeros(ids, width):
            column = mapping.tables.sent()[file.table].columns["student_id"].column
            file.refuse(Flaw("leading_zeros_lost", column=column, hint=f"Expected width: {width}."))
