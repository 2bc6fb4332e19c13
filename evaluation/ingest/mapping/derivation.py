"""How a mapping says which records are rows, and which columns are made of others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, model_validator

from evaluation.params import Block


def _or_nothing(value: Any) -> Any:
    return None if value == "" else value


class FederalRace(Block):
    """Race and ethnicity from a Hispanic flag and the races: a flag column each, or all in the column `listed_in`.

    `races` maps flag columns, or listed values, to canonical codes; a flag is set where it is one of `yes`.
    """

    hispanic: str
    races: Mapping[str, str]
    listed_in: str | None = None
    yes: tuple[str, ...] = ("1", "t", "true", "y", "yes")


class Derived(Block):
    """A column that the file lacks, made of its columns by exactly one rule.

    `sum` of numbers, ids put together by `join`, the `first_of` several that is not empty, `federal_race`, or the
    `lowest` or `highest` of the values listed in one column, in the order that `codes` gives (nothing: passed by).
    """

    sum: tuple[str, ...] = ()
    join: tuple[str, ...] = ()
    first_of: tuple[str, ...] = ()
    lowest: str | None = None
    highest: str | None = None
    federal_race: FederalRace | None = None
    codes: Mapping[str, Annotated[int | None, BeforeValidator(_or_nothing)]] = {}

    def sources(self) -> tuple[str, ...]:
        """Return the columns it is made of, in the order in which the rule reads them."""
        race = self.federal_race
        if race is not None:
            return (race.hispanic, *((race.listed_in,) if race.listed_in else race.races))
        return (*self.sum, *self.join, *self.first_of, *(c for c in (self.lowest, self.highest) if c))

    @model_validator(mode="after")
    def _has_one_rule(self) -> Derived:
        if sum(bool(getattr(self, name)) for name in type(self).model_fields if name != "codes") != 1:
            raise ValueError("a derived column has one of sum, join, first_of, lowest, highest, federal_race")
        if bool(self.lowest or self.highest) != bool(self.codes):
            raise ValueError("`codes` belongs to lowest and highest, and to nothing else")
        return self


class XmlSource(Block):
    """Which records of an XML interchange file are rows; columns are paths below the record.

    `may_lack` names columns that no record may have; `lookups` find a record of another kind in the same file by the
    values it shares: kind, path here, path there.
    """

    record: str
    may_lack: tuple[str, ...] = ()
    lookups: Mapping[str, Mapping[str, str]] = {}
