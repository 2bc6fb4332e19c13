"""What blocks of a study file share: the base of all, ids, calendar days."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, StringConstraints

Id = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]


def _written_out(value: Any) -> Any:
    return value.isoformat() if type(value) is date else value


def _is_day(text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise ValueError("write the day as 2025-06-30") from None


Day = Annotated[str, BeforeValidator(_written_out), AfterValidator(_is_day)]
"""A calendar day as ISO text, so that a lock can hold it."""


class Block(BaseModel):
    """A block of a study file."""

    model_config = ConfigDict(frozen=True, extra="forbid")
