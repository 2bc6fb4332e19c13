"""From a cell's text to its canonical value, or the rule it breaks. Every distinct text is parsed once."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from typing import TypeAlias

from evaluation.ingest.mapping.schema import SourceColumn


@dataclass(frozen=True)
class Broken:
    """The rule a text breaks; rules of `REFUSE_FILE` refuse the whole file."""

    rule: str


Parsed: TypeAlias = str | int | Broken | None
Parser: TypeAlias = Callable[[str], Parsed]

_SUPPRESSED = re.compile(r"^(?:\*+|n? ?[<≤] ?=? ?\d+|[-−]9{2,4}(?:\.0+)?)$", re.IGNORECASE)
_FORMULA = re.compile(r"^#(?:REF!|N/A|VALUE!|DIV/0!|NAME\?|NUM!|NULL!)$", re.IGNORECASE)
_SCIENTIFIC = re.compile(r"^\d(?:[.,]\d+)?E\+?\d+$", re.IGNORECASE)
_CHANGED = re.compile(r"^(?:['‘’`]\s*\w.*|\d+\.0+)$")
_NO_ID = ("null", "(null)", "none", "nan", "n/a")
_TOTAL = re.compile(r"^(?:grand |sub)?totals?:?$", re.IGNORECASE)
_DECIMAL = re.compile(r"^[-−+]?\d+(?:\.\d+)?$")
_COMMA = re.compile(r"^[-−+]?\d+(?:,\d+)+(?:\.\d+)?$")
_POINTED = re.compile(r"^[-−+]?[\d,]*\.[\d.,]*$")
_SERIAL = re.compile(r"^[34]\d{4}(?:\.\d+)?$")
_GRADE = re.compile(r"^(\d{1,2})(?:st|nd|rd|th)?$", re.IGNORECASE)
_SENTINEL_YEARS = (1900, 9999)
MOST_DAYS = 366
"""Of a school year, and of a suspension: a longer one is an expulsion, whose days are those of a year."""


def guarded(parse: Parser, source: SourceColumn) -> Parser:
    """Return `parse` for a column: its codes translated, its number marks undone, damage and suppression caught."""
    def parsed(text: str) -> Parsed:
        if text in source.codes:
            return parse(source.codes[text])
        if _FORMULA.match(text):
            return Broken("formula_error")
        if _SUPPRESSED.match(text):
            return Broken("already_suppressed")
        number = _plain_number(text, source)
        return number if isinstance(number, Broken) else parse(number)
    return parsed


def _plain_number(text: str, source: SourceColumn) -> str | Broken:
    """Return a number in the column's declared marks as digits and a point; what does not fit them stays as it is."""
    mark = re.escape(source.thousands or "")
    if source.thousands is None and source.decimal == ".":
        return text
    whole = rf"\d{{1,3}}(?:{mark}\d{{3}})+|\d+" if mark else r"\d+"
    if re.fullmatch(rf"[-−+]?(?:{whole})(?:{re.escape(source.decimal)}\d+)?", text) is None:
        return Broken("decimal_point") if source.decimal != "." and _POINTED.match(text) else text
    return text.replace(source.thousands or "", "").replace(source.decimal, ".")


def consent(text: str) -> Parsed:
    """Return 1 for `yes`; `no` sets the row aside without loss, any other text as a code that nobody declared."""
    if text == "yes":
        return 1
    return Broken({"no": "consent_refused", "": "missing_value"}.get(text, "unknown_code"))


def identifier(canonical: Callable[[str], Parsed]) -> Parser:
    """Return a parser of ids: never empty, a total, or changed by a spreadsheet."""
    def parsed(text: str) -> Parsed:
        if not text or text.casefold() in _NO_ID:
            return Broken("missing_id")
        if _CHANGED.match(text):
            return Broken("changed_id")
        if _SCIENTIFIC.match(text):
            return Broken("scientific_id")
        if _TOTAL.match(text):
            return Broken("total_row")
        return canonical(text)
    return parsed


def code(allowed: tuple[str, ...], *, blank: str | None = None) -> Parser:
    """Return a parser of canonical codes; a blank is `blank`, or broken where that is None."""
    def parsed(text: str) -> Parsed:
        if not text:
            return Broken("missing_value") if blank is None else blank
        return text if text in allowed else Broken("unknown_code")
    return parsed


def integer(low: int, high: int, *, outside: str = "out_of_range") -> Parser:
    """Return a parser of integers within [low, high]."""
    def parsed(text: str) -> Parsed:
        number = _number(text)
        if isinstance(number, Broken):
            return number
        if number != number.to_integral_value():
            return Broken("not_a_number")
        return int(number) if low <= number <= high else Broken(outside)
    return parsed


def half_days(per_unit: int) -> Parser:
    """Return a parser of days (`per_unit` = 2) or half-days (1) as integer half-days."""
    def parsed(text: str) -> Parsed:
        number = _number(text)
        if isinstance(number, Broken):
            return number
        doubled = number * per_unit
        if number < 0:
            return Broken("negative")
        if number > MOST_DAYS * 2 / per_unit:
            return Broken("out_of_range")
        return int(doubled) if doubled == doubled.to_integral_value() else Broken("not_half_days")
    return parsed


def scaled(per_unit: Decimal, most: int, *, blank: Broken | None) -> Parser:
    """Return a parser of lengths as whole parts, `per_unit` of them in one unit, rounded half-even, at most `most`."""
    def parsed(text: str) -> Parsed:
        number = _number(text)
        if isinstance(number, Broken):
            return number if text else blank
        if number < 0:
            return Broken("negative")
        parts = (number * per_unit).to_integral_value(ROUND_HALF_EVEN)
        return int(parts) if parts <= most else Broken("out_of_range")
    return parsed


def grade(text: str) -> Parsed:
    """Return a grade 0–12: `K`, `KG`, `06` and `6th` are read."""
    if not text:
        return Broken("missing_value")
    if text.upper() in {"K", "KG", "KF", "KH"}:
        return 0
    match = _GRADE.match(text)
    if not match:
        return Broken("unknown_code")
    return int(match[1]) if int(match[1]) <= 12 else Broken("out_of_range")


def day(form: str | None, school_year: int, *, missing: str | None) -> Parser:
    """Return a parser of ISO dates within the school year, 1 July to 30 June; `missing` replaces a blank.

    The years 1900 and 9999 mean that there is no date.
    """
    first, last = date(school_year - 1, 7, 1), date(school_year, 6, 30)

    def parsed(text: str) -> Parsed:
        found = _date(text, form) if text else None
        if isinstance(found, Broken):
            return found
        if found is None or found.year in _SENTINEL_YEARS:
            return Broken("missing_value") if missing is None else missing
        return found.isoformat() if first <= found <= last else Broken("date_outside_school_year")
    return parsed


def is_no_date(text: str, form: str | None) -> bool:
    """Return whether a text says that there is no date: empty, or in 1900 or 9999."""
    found = _date(text, form) if text else None
    return found is None or (isinstance(found, date) and found.year in _SENTINEL_YEARS)


def month(form: str | None, school_year: int) -> Parser:
    """Return a parser of months as yyyymm within the school year."""
    def parsed(text: str) -> Parsed:
        found = _date(text, form or "%Y-%m") if text else Broken("missing_value")
        if isinstance(found, Broken):
            return found
        value = found.year * 100 + found.month
        is_inside = (school_year - 1) * 100 + 7 <= value <= school_year * 100 + 6
        return value if is_inside else Broken("date_outside_school_year")
    return parsed


def _date(text: str, form: str | None) -> date | Broken:
    try:
        return datetime.strptime(text, form or "%Y-%m-%d").date()
    except ValueError:
        return Broken("day_number" if _SERIAL.match(text) else "bad_date")


def _number(text: str) -> Decimal | Broken:
    if not text:
        return Broken("missing_value")
    if _DECIMAL.match(text):
        return Decimal(text.replace("−", "-"))
    return Broken("decimal_comma" if _COMMA.match(text) else "not_a_number")
