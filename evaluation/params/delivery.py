"""Where a study's files come from, and what published tables mean."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import model_validator

from evaluation.params.block import Block, Day, Id


class PublicTable(Block):
    """One published group-level table: which files of the archive, and what their columns mean.

    `period_pattern` finds a school year in a file's name by its named groups `start` (2012) and `end` (13);
    `value_columns` are the names the value had over the years; `groups` maps the publisher's labels to group ids;
    rows with one of `total_codes` are totals, not units; `first_period` is the first period the table is published for.

    Without `group_column` a row is a unit and every group has columns of its own, of counts: then `value_columns` and
    `of_columns` hold `{group}`, the labels of `groups` stand in its place, and the value is 100 × the sum of the
    first / the sum of the second. `district_id_column` says that units are schools and holds their district's code.
    """

    outcome: Id
    dimension: Id
    files: str
    period_pattern: str
    unit_id_column: str
    name_column: str
    group_column: str | None = None
    value_columns: tuple[str, ...]
    groups: Mapping[str, Id]
    suppressed: tuple[str, ...] = ("*",)
    not_applicable: tuple[str, ...] = ("N/A",)
    total_codes: tuple[str, ...] = ()
    first_period: int | None = None
    of_columns: tuple[str, ...] = ()
    not_published: tuple[str, ...] = ()
    district_id_column: str | None = None

    @model_validator(mode="after")
    def _is_long_or_wide(self) -> PublicTable:
        if (self.group_column is None) != bool(self.of_columns):
            raise ValueError("give either `group_column` or `of_columns`")
        if self.of_columns and not all("{group}" in name for name in (*self.value_columns, *self.of_columns)):
            raise ValueError("`value_columns` and `of_columns` of a table without `group_column` hold {group}")
        if self.group_column is not None and self.district_id_column is not None:
            raise ValueError("`district_id_column` belongs to a table without `group_column`")
        return self


class Delivery(Block):
    """Where delivered files come from and which adapter reads them.

    `accept_without` lists files, as paths or patterns below the delivery's folder, that the study knowingly goes
    without when they are refused; any other refused file stops the run. `accept_smaller` lists, likewise, corrected
    files that rightly have over 20 % fewer rows than the delivery before; any other is held. `as_of` takes the study as
    it was known on that day: later versions of a delivery are left out; null takes the newest of each.
    """

    adapter: Literal["csv", "public_group_level"]
    found_at: str | None = None
    publisher: str | None = None
    archive: str | None = None
    tables: tuple[PublicTable, ...] = ()
    accept_without: tuple[str, ...] = ()
    accept_smaller: tuple[str, ...] = ()
    as_of: Day | None = None
