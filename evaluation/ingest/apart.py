"""Rows of delivered files until their table is judged: few in memory, many in a file of the engine's."""

from __future__ import annotations

from typing import TypeAlias

import pandas as pd

from evaluation.engine import Frame, Session, collect

Rows: TypeAlias = "pd.DataFrame | Frame"
MOST_IN_MEMORY = 5_000
"""Rows of a file beyond which they lie in the engine's scratch: a district has any number of files."""


def apart(rows: Rows, session: Session) -> Rows:
    """Return the same rows, out of memory where they are many."""
    if isinstance(rows, pd.DataFrame) and len(rows) > MOST_IN_MEMORY:
        return session.kept(session.frame(rows))
    return rows


def distinct(rows: Rows, column: str) -> set[str]:
    """Return the texts of a column."""
    found = rows if isinstance(rows, pd.DataFrame) else collect(rows.select(column).unique())
    return set(found[column].unique())


def is_empty(rows: Rows) -> bool:
    """Return whether there are none; rows out of memory are many."""
    return isinstance(rows, pd.DataFrame) and rows.empty


def names(rows: Rows) -> list[str]:
    """Return the names of the columns."""
    return list(rows.columns) if isinstance(rows, pd.DataFrame) else rows.collect_schema().names()
