"""The canonical tables of a delivery, in the order in which they depend on each other."""

from __future__ import annotations

from collections.abc import Mapping

import narwhals.stable.v2 as nw

from evaluation.contracts import TABLES
from evaluation.daily import months
from evaluation.engine import Frame
from evaluation.ingest.mapping.schema import FIELDS

CANONICAL = tuple(name for name in FIELDS if name in TABLES)


def with_months(tables: Mapping[str, Frame]) -> dict[str, Frame]:
    """Return the tables by name; daily attendance is among `attendance`, by month, and no table of its own."""
    found = dict(tables)
    days = found.pop("attendance_day", None)
    if days is not None:
        columns = TABLES["attendance"].columns
        sent = [found["attendance"].select(*columns)] if "attendance" in found else []
        found["attendance"] = nw.concat([*sent, months(days).select(*columns)])
    return found
