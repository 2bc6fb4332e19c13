"""What a table of the contract is."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal

from evaluation.contracts.column import Column
from evaluation.contracts.columns import COLUMNS

Level = Literal["restricted", "unreleased", "released"]
Audience = Literal["public", "district", "lead", "researcher"]


@dataclass(frozen=True)
class Table:
    """One table: its key and columns, the level of protection it lies under, the stage that writes it, its audience.

    `by_district`: it lies as a folder with a file per district, as one may be too large for memory.
    """

    name: str
    description: str
    level: Level
    stage: str
    key: tuple[str, ...]
    columns: tuple[str, ...]
    audience: Audience = "researcher"
    nullable: frozenset[str] = field(default_factory=frozenset)
    by_district: bool = False

    def column(self, name: str) -> Column:
        """Return a column as this table holds it: `nullable` names those it may leave empty though others may not."""
        shared = COLUMNS[name]
        return replace(shared, nullable=True) if name in self.nullable else shared

GAP = ("gap_id", "focal", "reference")
TOPIC = ("specification", "program", "outcome_id", *GAP)
SPEC = (*TOPIC, "part")
ESTIMAND = ("estimand", "cohort", "phase", "period", "event_time", "district_id")
CI = ("ci_low", "ci_high", "ci80_low", "ci80_high")
BAND = ("band_low", "band_high")
