"""Whether a column's dates are written otherwise than its format says: then the ones that fit are read wrongly too."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from evaluation.ingest.readers.text import Text
from evaluation.ingest.values import Broken, day

_MOST_MISREAD = 0.1
"""Share of a column's dates beyond which it is not the dates that are wrong but the format."""
_EXCHANGED = {"%d": "%m", "%m": "%d"}


def misread_dates(column: Text, form: str, distinct: Mapping[str, object], school_year: int
                  ) -> tuple[Mapping[str, str], str]:
    """Return texts that show that a column's dates are not in its format, with the rule of the file that each breaks,
    and a hint; none where these are few.

    A date written month first and read day first does not fit at all (31 October), falls into another school year, or
    is taken for another day of the year (5 September, 9 May); the last cannot be told, so that the first two must do.

    Parameters
    ----------
    form : the declared format, or nothing: year-month-day.
    distinct : what became of every text of the column.
    """
    bad, outside, numbers = (_broken(distinct, rule) for rule in ("bad_date", "date_outside_school_year", "day_number"))
    dated = int((~column.is_in({""})).sum())
    other = _exchanged(form)
    if bad and other is not None:
        parse = day(other, school_year, missing=None)
        mended = {text for text in bad | outside if not isinstance(parse(text), Broken)}
        if mended & bad and _are_many(column, mended, dated):
            return dict.fromkeys(mended, "date_format"), "Day and month stand in the other order."
    many = {text: "excel_serial_date" for text in numbers if _share(column, numbers, dated) > _MOST_MISREAD}
    if _are_many(column, bad, dated):
        many |= dict.fromkeys(bad, "date_format" if form else "date_format_undeclared")
    return many, ""


def _broken(distinct: Mapping[str, object], rule: str) -> frozenset[str]:
    return frozenset(text for text, value in distinct.items() if isinstance(value, Broken) and value.rule == rule)


def _are_many(column: Text, texts: Collection[str], dated: int) -> bool:
    """Return whether texts stand in every dated row, or in more than a typing error or two would."""
    rows = int(column.is_in(texts).sum())
    return rows > 0 and (rows == dated or (rows > 1 and rows > _MOST_MISREAD * dated))


def _share(column: Text, texts: Collection[str], dated: int) -> float:
    """Return the share of dated rows that hold one of the texts; nobody types a day number, so that one may do."""
    return int(column.is_in(texts).sum()) / max(dated, 1)


def _exchanged(form: str) -> str | None:
    """Return a format with day and month exchanged; nothing where it does not have both."""
    if not all(part in form for part in _EXCHANGED):
        return None
    return re.sub("%[dm]", lambda found: _EXCHANGED[found[0]], form)
