"""The contract of every table that crosses a stage. `docs/data_contract.md` is generated from it."""

from evaluation.contracts.arrow import from_arrow
from evaluation.contracts.check import checked, conform, refuse_repeated
from evaluation.contracts.column import Column
from evaluation.contracts.columns import (
    COLUMNS,
    ESTIMANDS,
    N_BANDS,
    PARTS,
    SCALE,
    STATUSES,
    SUPPRESSIONS,
    VERDICTS,
)
from evaluation.contracts.reasons import NO_BREAKDOWN, REASONS, NoBreakdown, Reason
from evaluation.contracts.table import Table
from evaluation.contracts.tables import TABLES

__all__ = [
    "COLUMNS",
    "ESTIMANDS",
    "NO_BREAKDOWN",
    "N_BANDS",
    "PARTS",
    "REASONS",
    "SCALE",
    "STATUSES",
    "SUPPRESSIONS",
    "TABLES",
    "VERDICTS",
    "Column",
    "NoBreakdown",
    "Reason",
    "Table",
    "checked",
    "conform",
    "from_arrow",
    "refuse_repeated",
]
