"""Which table a file feeds, which of its columns is which, and what its codes and dates mean, as far as is known."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib.resources import files as package_files
from pathlib import PurePosixPath
from typing import Any

import yaml

from evaluation.ingest.mapping.schema import ATTRIBUTES, FIELDS, LINEAGE

_FORMATS = ("%Y-%m-%d", "%m/%d/%Y", "%d/%m/%Y", "%m/%d/%y", "%d/%m/%y", "%Y%m%d", "%d-%b-%Y", "%d-%b-%y", "%m-%d-%Y",
            "%d.%m.%Y", "%Y/%m/%d", "%b %d, %Y", "%B %d, %Y", "%d %b %Y", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S",
            "%m/%d/%Y %H:%M", "%m/%d/%Y %H:%M:%S")
_MONTHS = ("%Y-%m", "%b %Y", "%B %Y", "%m/%Y", "%Y%m", "%Y/%m", "%b-%y", "%b-%Y", *_FORMATS)
_MOST_DATES = 5_000


@dataclass(frozen=True)
class Guess:
    """A file's table and which column is which field; `unsure` names fields whose column is a resemblance."""

    table: str
    is_sure: bool
    columns: Mapping[str, str]
    unsure: frozenset[str]


@dataclass(frozen=True)
class Format:
    """A date format; `is_sure` unless another one fits as well, or this one fits only most values."""

    form: str
    is_sure: bool


def is_known(header: str) -> bool:
    """Return whether a column of this name is known to any table."""
    return compact(header) in _names()


def guess_table(headers: Iterable[str], path: str) -> Guess:
    """Return the table whose telling columns a file has most of; the file's name decides between equals."""
    headers = [header for header in headers if header]
    stem = _stem(path)
    scored = []
    for table, about in _known()["tables"].items():
        columns, unsure = _columns(headers, fields_of(table))
        telling = sum(1 for field in about["telling"] if field in columns)
        lacking = sum(1 for field in FIELDS[table] if field not in columns)
        named = any(word in stem for word in about["files"])
        scored.append(((2 * telling - lacking + named + named * telling, named), Guess(table, True, columns, unsure)))
    scored.sort(key=lambda entry: entry[0], reverse=True)
    (best, found), (second, _) = scored[:2]
    return Guess(found.table, best > second and bool(best[0] > 0), found.columns, found.unsure)


def is_told(guess: Guess, path: str) -> bool:
    """Return whether a column or the name of a file tells its table; an id alone tells none."""
    about = _known()["tables"][guess.table]
    return any(field in guess.columns for field in about["telling"]) or any(word in _stem(path)
                                                                            for word in about["files"])


def guess_columns(headers: Iterable[str], fields: Iterable[str]) -> Guess:
    """Return which columns these fields may be; of no table."""
    columns, unsure = _columns(list(headers), tuple(fields))
    return Guess("", False, columns, unsure)


def fields_of(table: str) -> tuple[str, ...]:
    """Return the fields that a file of a table can have."""
    further = {"school_year": LINEAGE, "student_year": ATTRIBUTES, "attendance": ("month", "date"),
               "survey_response": ("item_code", "value", "wave", "consent")}
    return (*FIELDS[table], *further.get(table, ()))


def guess_codes(kind: str, values: Iterable[str]) -> dict[str, tuple[str, bool]]:
    """Return value -> (canonical code, whether that is sure) of the values that are known.

    Parameters
    ----------
    kind : `race_ethnicity`, `sex`, `flag`, `meal` or `meal_told` (the codes that prices of meals alone have),
        `action_std`, `kind` or `answer`.
    """
    known = {compact(str(word)): str(code)
             for code, words in _known()["codes"][kind].items() for word in (code, *words)}
    unsure = {compact(word) for word in _known()["unsure"].get(kind, ())}
    return {value: (known[compact(value)], compact(value) not in unsure)
            for value in sorted(values) if compact(value) in known}


def guess_format(values: Counter[str], *, is_month: bool) -> Format | None:
    """Return the format that reads most of the distinct values, or None where none reads half of them."""
    distinct = sorted(value for value in values if value)[:_MOST_DATES]
    if not distinct:
        return None
    read = {form: sum(_reads(value, form) for value in distinct) for form in (_MONTHS if is_month else _FORMATS)}
    most = max(read.values())
    best = [form for form, count in read.items() if count == most]
    if most < len(distinct) / 2:
        return None
    return Format(best[0], len(best) == 1 and most == len(distinct))


def completions(layouts: Iterable[str]) -> dict[str, list[str]]:
    """Return what layouts leave to the district: lines of the mapping by table."""
    found: dict[str, list[str]] = {}
    for layout in layouts:
        for table, lines in _known()["completions"].get(layout, {}).items():
            found.setdefault(table, []).extend(lines)
    return found


def compact(text: str) -> str:
    """Return a text without spaces, marks and capitals."""
    return re.sub(r"[\W_]+", "", text).casefold()


def _stem(path: str) -> str:
    return compact(re.sub(r"(?<=[a-z])(?=[A-Z])", " ", PurePosixPath(path).stem))


def _columns(headers: list[str], fields: Iterable[str]) -> tuple[dict[str, str], frozenset[str]]:
    """Return field -> column, each column once: known names first, in the order in which they are listed."""
    taken: dict[str, str] = {}
    free = {compact(header): header for header in reversed(headers)}
    unsure = set()
    ranked = sorted((rank, field, name) for field in fields
                    for rank, name in enumerate(map(compact, _known()["fields"][field])))
    for _, field, name in ranked:
        if field not in taken and name in free:
            taken[field] = free.pop(name)
    for field in fields:
        close = [key for key in free if any(_resembles(key, compact(name)) for name in _known()["fields"][field])]
        if field not in taken and len(close) == 1:
            taken[field] = free.pop(close[0])
            unsure.add(field)
    return taken, frozenset(unsure)


def _resembles(header: str, name: str) -> bool:
    return len(name) >= 4 and (header.startswith(name) or header.endswith(name))


def _reads(value: str, form: str) -> bool:
    try:
        datetime.strptime(value, form)
    except ValueError:
        return False
    return True


@cache
def _known() -> Mapping[str, Any]:
    text = package_files("evaluation.ingest.proposal").joinpath("guesses.yaml").read_text(encoding="utf-8")
    found: Mapping[str, Any] = yaml.safe_load(text)
    return found


@cache
def _names() -> frozenset[str]:
    return frozenset(compact(name) for names in _known()["fields"].values() for name in names)
