"""The canonical tables of a delivery, in the order in which they depend on each other."""

from __future__ import annotations

from evaluation.contracts import TABLES
from evaluation.ingest.mapping import FIELDS

CANONICAL = tuple(name for name in FIELDS if name in TABLES)
