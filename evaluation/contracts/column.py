"""What a column of the contract is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Dtype = Literal["string", "Int64", "Float64", "boolean"]


@dataclass(frozen=True)
class Column:
    """One column: what it holds, in which unit, within which limits."""

    name: str
    dtype: Dtype
    description: str
    unit: str = ""
    nullable: bool = False
    allowed: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None


def text(name: str, description: str, *, allowed: tuple[str, ...] = (), nullable: bool = False) -> Column:
    """Return a column of text."""
    return Column(name, "string", description, allowed=allowed, nullable=nullable)


def count(name: str, description: str, *, unit: str = "", nullable: bool = False, low: float | None = 0) -> Column:
    """Return a column of whole numbers, 0 or more."""
    return Column(name, "Int64", description, unit=unit, nullable=nullable, low=low)


def real(name: str, description: str, *, unit: str = "outcome unit", nullable: bool = True, low: float | None = None,
          high: float | None = None) -> Column:
    """Return a column of real numbers."""
    return Column(name, "Float64", description, unit=unit, nullable=nullable, low=low, high=high)
