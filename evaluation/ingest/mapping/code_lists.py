"""When a list of codes came in: its version, and the first day on which it holds."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Any

from pydantic import BeforeValidator


def _since(value: Any) -> str:
    """Return a school year as it is, or a day as ISO text."""
    text = str(value)
    if re.fullmatch(r"\d{4}", text):
        return text
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise ValueError("write a school year as 2025, or a day as 2025-01-15") from None


Since = Annotated[str, BeforeValidator(_since)]
"""When a code list came in: a school year, from its first day on, or a day."""
FIRST = "first"
"""Version of the code list that a district began with."""


def first_day(version: str) -> str:
    """Return the first day on which a list holds, of the school year or the day it came in."""
    return f"{int(version) - 1}-07-01" if len(version) == 4 else version
