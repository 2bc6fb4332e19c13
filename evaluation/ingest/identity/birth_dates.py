"""Dates of birth among dates of events: pupils are born on all days of the week, and schools do little at weekends."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

from evaluation.ingest.identity.shapes import Shapes, plain

_MONTHS = {"jan": 1, "feb": 2, "mar": 3, "apr": 4, "may": 5, "jun": 6, "jul": 7, "aug": 8, "sep": 9, "oct": 10,
           "nov": 11, "dec": 12, "ene": 1, "abr": 4, "ago": 8, "dic": 12}
_SHAPE = re.compile(r"9[/.-]9{1,2}[/.-]99|9999[/.-]9|9(?: a)?[ -]a[ ,.-]+99|a\.? 9{1,2}a?,? 9999|^9{8}$")
_FORMS: tuple[tuple[re.Pattern[str], str, bool], ...] = (
    (re.compile(r"(?<!\d)(\d{4})[/.-](\d{1,2})[/.-](\d{1,2})(?!\d)"), "ymd", True),
    (re.compile(r"(?<!\d)(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})(?!\d)"), "mdy", True),
    (re.compile(r"(?<!\d)(\d{1,2})[/.-](\d{1,2})[/.-](\d{2})(?!\d)"), "mdy", False),
    (re.compile(r"(?<!\d)(\d{1,2})(?: of| de)?[ -]([a-z]{3})[a-z]*(?: de)?[ ,.-]+(\d{4}|\d{2})(?!\d)", re.IGNORECASE),
     "dmy", True),
    (re.compile(r"\b([a-z]{3})[a-z]*\.? (\d{1,2})(?:st|nd|rd|th)?,? (\d{4})(?!\d)", re.IGNORECASE), "mdy", True),
    (re.compile(r"^((?:19|20)\d\d)(\d\d)(\d\d)$"), "ymd", False),
    (re.compile(r"^(\d\d)(\d\d)((?:19|20)\d\d)$"), "mdy", False),
)
"""How a date is written, the order of its year, month and day, and whether it can be nothing else."""
_EVENT = re.compile(r"entr|enrol|start|begin|exit|end|with?draw|effective|immun|vaccin|shot|\biep\b|test|review|"
                    r"update|modif|creat|incident|event|hire|regist|admi|arriv|date in|in us|assess|evaluat|expir|"
                    r"due|since|sent|time|\batt|absen")
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
    where most of a column looks so, or one cell alone.
    """
    written = {v: found for v in shapes.matching(_SHAPE) if (found := _read(plain(v)))}
    can_be = {v: (day, is_sure) for v, (days, is_sure) in written.items()
              if (day := next((d for d in days if school_year - d.year in _AGES), None))}
    unsure = [v for v, (_, is_sure) in written.items() if not is_sure]
    is_column = len(can_be) >= _COLUMN * shapes.n or shapes.are_few(unsure)
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
    for pattern, order, is_sure in _FORMS:
        if found := pattern.search(text):
            year, month, day = (found[order.index(part) + 1] for part in "ymd")
            if not month.isdecimal():
                return list(_days(_year(year), _MONTHS.get(month.lower(), 0), int(day))), is_sure
            swapped = _days(_year(year), int(day), int(month)) if order == "mdy" else ()
            return [*_days(_year(year), int(month), int(day)), *swapped], is_sure
    return None


def _year(digits: str) -> int:
    return int(digits) if len(digits) == 4 else 2000 + int(digits)


def _days(year: int, month: int, day: int) -> Iterator[date]:
    try:
        yield date(year, month, day)
    except ValueError:
        return
