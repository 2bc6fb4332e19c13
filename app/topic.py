"""One result: a specification, an outcome and a gap, with its rows and words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from app import text
from app.labels import Labels


@dataclass(frozen=True)
class Topic:
    """The result that a page judges."""

    specification: str
    outcome: str
    gap: str
    labels: Labels

    def of(self, table: pd.DataFrame, part: str | None = None) -> pd.DataFrame:
        """Return the rows of a released table about this result; of one `part` where one is given."""
        rows = table[(table["specification"] == self.specification) & (table["outcome_id"] == self.outcome)
                     & (table["gap_id"] == self.gap)]
        return rows if part is None else rows[rows["part"] == part]

    def row(self, table: pd.DataFrame, part: str | None = None) -> text.Row | None:
        """Return the first of these rows; None where there is none."""
        return next(iter(text.records(self.of(table, part))), None)

    @property
    def program(self) -> str:
        """The program whose effect it is."""
        return str(self.labels.specifications[self.specification]["program"])

    @property
    def name(self) -> str:
        """The gap and its outcome, within a sentence."""
        return f"the {self.labels.gaps[self.gap]['label']} gap in {self.outcome_name}"

    @property
    def outcome_name(self) -> str:
        """The outcome, within a sentence."""
        return text.lower(str(self.labels.outcomes[self.outcome]["label"]))

    @property
    def unit(self) -> str:
        """Unit of an effect, as words."""
        return str(self.labels.outcomes[self.outcome]["unit_name"])

    @property
    def digits(self) -> int:
        """Decimals of an effect."""
        return text.digits(self.labels.outcomes[self.outcome])

    def signed(self, value: Any) -> str:
        """Return an effect with its sign."""
        return text.signed(value, self.digits)

    def interval(self, row: text.Row) -> str:
        """Return the 95 % interval of a row as words; an empty string when there is none."""
        return text.interval(row["ci_low"], row["ci_high"], self.digits)

    def part(self, part: str) -> str:
        """Return what a part of the gap is called."""
        return self.labels.part(self.gap, part)
