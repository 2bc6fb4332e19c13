"""Columns made of several columns of the file, by a rule that the mapping declares. Text in, text out.

Where a source breaks the rule, its own text becomes the value, so that the cell is judged and located as any other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal, InvalidOperation

import numpy as np

from evaluation.ingest.mapping.derivation import Derived, FederalRace
from evaluation.ingest.mapping.schema import SourceTable
from evaluation.ingest.readers.text import Text
from evaluation.ingest.readers.xml_records import SEVERAL

_NO = frozenset({"", "0", "f", "false", "n", "no"})


def derived_columns(columns: Mapping[str, Text], table: SourceTable) -> dict[str, Text]:
    """Return the table's derived columns by name."""
    return {name: _made(columns, derived) for name, derived in table.derived.items()}


def _made(columns: Mapping[str, Text], derived: Derived) -> Text:
    """Return a derived column; each combination of texts is looked at once."""
    parts = [columns[source] for source in derived.sources()]
    make = _maker(derived)
    rows, codes = np.unique(np.stack([part.codes for part in parts], axis=1), axis=0, return_inverse=True)
    made = [make(tuple(part.values[code] for part, code in zip(parts, row, strict=True))) for row in rows]
    known = {value: code for code, value in enumerate(dict.fromkeys(made))}
    return Text(tuple(known), np.array([known[value] for value in made], np.int32)[codes.reshape(-1)])


def _maker(derived: Derived) -> Callable[[tuple[str, ...]], str]:
    race, codes = derived.federal_race, derived.codes
    if race is not None:
        return lambda row: federal_race(row[0], _races(row[1:], race), race)
    if derived.sum:
        return _sum
    if derived.join:
        return lambda row: SEVERAL.join(row) if all(row) else ""
    if derived.first_of:
        return lambda row: next((text for text in row if text), "")
    return lambda row: _end(row[0], codes, last=derived.highest is not None)


def federal_race(hispanic: str, races: Sequence[str], how: FederalRace) -> str:
    """Return the federal category: Hispanic of any race, then two or more, then the one race; nothing where unknown.

    A flag that is neither yes nor no, and a race that is not declared, are returned as they are.
    """
    if hispanic.casefold() in how.yes:
        return "hispanic"
    if hispanic.casefold() not in _NO:
        return hispanic
    known = dict.fromkeys(how.races.get(race, race) for race in races)
    strange = [race for race in known if race not in how.races.values()]
    if strange:
        return strange[0]
    return "two_or_more" if len(known) > 1 else next(iter(known), "")


def _races(row: Sequence[str], how: FederalRace) -> list[str]:
    if how.listed_in is not None:
        return [race for race in row[0].split(SEVERAL) if race]
    flags = dict(zip(how.races, row, strict=True))
    return [race if flag.casefold() in how.yes else flag for race, flag in flags.items() if flag.casefold() not in _NO]


def _sum(row: tuple[str, ...]) -> str:
    total = Decimal(0)
    for text in row:
        try:
            number = Decimal(text)
        except InvalidOperation:
            return text
        if not number.is_finite() or number < 0:
            return text
        total += number
    return f"{total:f}"


def _end(text: str, codes: Mapping[str, int | None], *, last: bool) -> str:
    """Return the lowest or highest number that the listed values stand for; one declared as nothing is passed by."""
    values = [value for value in text.split(SEVERAL) if value]
    strange = [value for value in values if value not in codes]
    if strange:
        return strange[0]
    numbers = sorted(number for value in values if (number := codes[value]) is not None)
    return str(numbers[-1 if last else 0]) if numbers else ""
