"""The canonical tables of a delivery, in the order in which they depend on each other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import narwhals.stable.v2 as nw

from evaluation.contracts import TABLES
from evaluation.engine import Frame
from evaluation.ingest.mapping.schema import FIELDS

CANONICAL = tuple(name for name in FIELDS if name in TABLES)


def with_months(tables: Mapping[str, Frame], by_month: Iterable[Frame]) -> dict[str, Frame]:
    """Return the tables by name; daily attendance is among `attendance`, `by_month`, and no table of its own."""
    columns = TABLES["attendance"].columns
    sent = [tables["attendance"]] if "attendance" in tables else []
    parts = [frame.select(*columns) for frame in (*sent, *by_month)]
    return {**tables, "attendance": nw.concat(parts)} if parts else dict(tables)
