"""How long a part of attendance was."""

from __future__ import annotations

from collections.abc import MutableMapping
from decimal import Decimal

import pandas as pd

from evaluation.ingest.attendance_parts import DAY, PRESENT
from evaluation.ingest.mapping.schema import AttendanceTable, SourceTable
from evaluation.ingest.readers.sheet import Sheet
from evaluation.ingest.records import Flaw
from evaluation.ingest.values import MOST_DAYS, Broken, Parser, scaled


def length_parser(table: AttendanceTable) -> Parser:
    """Return the parser of a part of attendance: an absence of a day at most, or time over the year."""
    is_event = table.grain == "event"
    per_day = table.hours_per_day or Decimal(2 if table.unit == "half_days" else 1)
    blank = None if is_event else Broken("missing_value")
    return scaled(DAY / per_day, DAY if is_event else DAY * MOST_DAYS, blank=blank)


def without_length(sheet: Sheet, parsed: MutableMapping[str, pd.Series], table: SourceTable) -> list[Flaw]:
    """Return the absences that do not say how long they were; who was present was absent for no time."""
    is_blank, is_here = parsed["day_parts"].isna(), parsed["kind"] == PRESENT
    parsed["day_parts"] = parsed["day_parts"].mask(is_here, 0)
    column = table.columns["length"].column
    return [Flaw("missing_value", int(row), column) for row in sheet.rows[(is_blank & ~is_here).to_numpy(bool)]]
