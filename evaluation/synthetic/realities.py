"""What happened to single districts, as it does: a merger, a late and a corrected delivery, a new code list.

None of it moves the truth: a district that a study leaves out takes its reality with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Merged:
    """Two schools become one from `first_year` on; students keep the outcomes they would have had at either."""

    school: str
    into: str
    first_year: int


@dataclass(frozen=True)
class Version:
    """A table of one school year that came, or came again, on a later day."""

    table: str
    day: str


MERGERS: Mapping[str, Merged] = {"ia-9010": Merged("ia-9010-104", "ia-9010-103", 2022)}

LATE: Mapping[tuple[str, int], Version] = {("ia-9012", 2024): Version("survey_response", "2024-10-14")}
"""By district and school year: a table that was not in the first delivery."""

CORRECTED: Mapping[tuple[str, int], Version] = {("ia-9002", 2023): Version("attendance", "2023-11-06")}
"""By district and school year: a table whose first delivery lacked every absence of one school."""

NEW_CODES: Mapping[str, tuple[int, Mapping[str, str]]] = {
    "ia-9011": (2023, {"ISS": "S1", "OSS": "S2", "ODR": "R1"})}
"""By district: the school year from which other discipline codes are used, and those codes."""
