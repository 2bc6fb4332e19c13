"""Dates of birth among dates of events: pupils are born on all days of the week, and schools do little at weekends."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

from evaluation.ingest.identity.shapes import Shapes, plain

_MONTHS = {"jan": 1, "feb": 2, "mar": 3, "apr": 4, "may": 5, "jun": 6, "jul": 7, "aug": 8, "sep": 9, "oct": 10,
           "nov": 11, "dec": 12}
_SHAPE = re.compile(r"9[/.-]9{1,2}[/.-]99|9999[/.-]9|9[ -]a[ ,.-]+99|a\.? 9{1,2},? 9999|^9{8}$")
_NUMBERS = re.compile(r"(?<!\d)(\d{1,2})[/.-](\d{1,2})[/.-](\d{4}|\d{2})(?!\d)")
_YEAR_FIRST = re.compile(r"(?<!\d)(\d{4})[/.-](\d{1,2})[/.-](\d{1,2})(?!\d)")
_DAY_NAMED = re.compile(r"(?<!\d)(\d{1,2})[ -]([a-z]{3})[a-z]*[ ,.-]+(\d{4}|\d{2})(?!\d)", re.IGNORECASE)
_NAMED_DAY = re.compile(r"\b([a-z]{3})[a-z]*\.? (\d{1,2}),? (\d{4})(?!\d)", re.IGNORECASE)
_COMPACT = re.compile(r"^(\d{4})(\d\d)(\d\d)$")
_EVENT = re.compile(r"entr|enrol|start|begin|exit|end|with?draw|effective|immun|vaccin|shot|\biep\b|test|review|"
                    r"update|modif|creat|incident|event|hire|regist|admi|arriv|date in|in us|assess|evaluat|expir|"
                    r"due|since|sent|time")
_AGES = range(3, 24)
_COLUMN = 0.5
_FEW = 0.05
_ENOUGH = 50
_WEEKEND = 0.12
"""Share of dates on Saturday and Sunday above which they are births; births have 2/7 (in hospitals 0.2)."""


def birth_dates(shapes: Shapes, header: str, school_year: int) -> frozenset[str]:
    """Return the values that are dates at which a pupil of the school year can be born.

    Among 50 dates and more it depends on the share of weekends. Fewer are births, but where such days are usual in the
    column and its header names an event. Two digits of a year, or eight digits in a row, may be other codes and count
    where most of a column looks so.
    """
    written = {v: found for v in shapes.matching(_SHAPE) if (found := _read(plain(v)))}
    can_be = {v: (day, is_sure) for v, (days, is_sure) in written.items()
              if (day := next((d for d in days if school_year - d.year in _AGES), None))}
    is_column = len(can_be) >= _COLUMN * shapes.n
    kept = {v: day for v, (day, is_sure) in can_be.items() if is_sure or is_column}
    if not kept:
        return frozenset()
    if len(kept) >= _ENOUGH:
        weekends = sum(1 for day in kept.values() if day.weekday() >= 5)
        are_births = weekends > _WEEKEND * len(kept)
    else:
        are_usual = len(written) >= _COLUMN * shapes.n and len(kept) >= _FEW * len(written)
        are_births = not (are_usual and _EVENT.search(header))
    return frozenset(kept) if are_births else frozenset()


def _read(text: str) -> tuple[list[date], bool] | None:
    """Return (the days a text can mean, whether it can mean nothing else than a date), or None."""
    if found := _YEAR_FIRST.search(text):
        return list(_days(int(found[1]), int(found[2]), int(found[3]))), True
    if found := _NUMBERS.search(text):
        year, a, b = _year(found[3]), int(found[1]), int(found[2])
        return [*_days(year, a, b), *_days(year, b, a)], len(found[3]) == 4
    if found := _DAY_NAMED.search(text):
        return list(_days(_year(found[3]), _MONTHS.get(found[2].lower(), 0), int(found[1]))), True
    if found := _NAMED_DAY.search(text):
        return list(_days(int(found[3]), _MONTHS.get(found[1].lower(), 0), int(found[2]))), True
    if found := _COMPACT.match(text):
        return list(_days(int(found[1]), int(found[2]), int(found[3]))), False
    return None


def _year(digits: str) -> int:
    return int(digits) if len(digits) == 4 else 2000 + int(digits)


def _days(year: int, month: int, day: int) -> Iterator[date]:
    try:
        yield date(year, month, day)
    except ValueError:
        return
