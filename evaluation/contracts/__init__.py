"""The contract of every table that crosses a stage. `docs/data_contract.md` is generated from it."""

from evaluation.contracts.check import conform
from evaluation.contracts.columns import (
    COLUMNS,
    ESTIMANDS,
    N_BANDS,
    NO_INTERVAL,
    PARTS,
    SCALE,
    STATUSES,
    SUPPRESSIONS,
    VERDICTS,
    Column,
)
from evaluation.contracts.tables import TABLES, Table

__all__ = [
    "COLUMNS",
    "ESTIMANDS",
    "NO_INTERVAL",
    "N_BANDS",
    "PARTS",
    "SCALE",
    "STATUSES",
    "SUPPRESSIONS",
    "TABLES",
    "VERDICTS",
    "Column",
    "Table",
    "conform",
]
