"""What became of a district, its tables out of the engine's scratch."""

from dataclasses import replace
from typing import Any

from evaluation.contracts import conform
from evaluation.engine import collect
from evaluation.ingest.district import District


def in_memory(found: District) -> Any:
    """Return the district with its tables in memory, so that they outlive the engine."""
    tables: Any = {name: conform(collect(rows), name) for name, rows in found.tables.items()}
    return replace(found, tables=tables)
