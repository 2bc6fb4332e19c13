"""The text of a typed cell, as its column declares it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time
from decimal import Decimal

from evaluation.ingest.mapping.schema import SourceTable

EXACT = 10**15
"""From here on a spreadsheet's numbers have lost digits."""


def text_of(value: object, form: str | None) -> str:
    """Return what a cell says; a date is written as `form` says (year-month-day without one), so it is read by it.

    A number that has lost digits is written with an exponent, so that no id passes that was rounded.
    """
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        return _decimal(value)
    if isinstance(value, Decimal) and value.is_finite():
        return format(value.normalize(), "f")
    if isinstance(value, date):
        return value.strftime(form) if form else _iso(value)
    return "" if value is None else str(value)


def forms(table: SourceTable) -> Mapping[str, str | None]:
    """Return the declared date format of every column by its name in the file."""
    return {column.column: column.format for column in table.columns.values()}


def _decimal(value: float) -> str:
    if not value.is_integer():
        return repr(value)
    return str(int(value)) if abs(value) < EXACT else f"{value:.14E}"


def _iso(value: date) -> str:
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(sep=" ")
    return value.isoformat()
