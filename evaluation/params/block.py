"""What every block of a study file shares."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints

Id = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]


class Block(BaseModel):
    """A block of a study file."""

    model_config = ConfigDict(frozen=True, extra="forbid")
