"""What identifies a person: words in a column's name, patterns in its values. Kinds are reported, values never."""

from __future__ import annotations

import re
from collections.abc import Iterable

_WHO = r"student|pupil|child|first|last|middle|legal|preferred|full|given|family|guardian|parent|mother|father|teacher"
_HEADERS = (
    ("name", re.compile(rf"\b(?:{_WHO})s?'? ?(?:names?|nm)\b|^(?:names?|nm)$|\b(?:sur|fore|nick|user)name\b"
                        r"|^[flm] ?(?:name|nm)$|\bnombres?\b|\bapellidos?\b")),
    ("social security number", re.compile(r"\bssn?\b|social security"
                                          r"|^soc(?:ial)?(?: sec)?(?: ?(?:no|num|nbr|number))?$")),
    ("date of birth", re.compile(r"\bdob\b|birth|\bborn\b|nacimiento|^b ?(?:date|dt|day)$")),
    ("e-mail", re.compile(r"\be ?mail\b")),
    ("phone", re.compile(r"phone|\bmobile\b|\bcell\b|\bfax\b")),
    ("address", re.compile(r"\baddress|\bstreet\b|\bzip|\bpostal")),
    ("free text", re.compile(r"\bnotes?\b|\bcomments?\b|\bnarrative\b|\bdescription\b|\bremarks?\b")),
)
_AMBIGUOUS = re.compile(r"^(?:(?:student|pupil|child|parent|guardian|teacher)s? ?)?(?:first|last|middle)$"
                        r"|^(?:student|pupil|child|parent|guardian|mother|father|teacher)$")
"""A name in an undeclared column; in a declared one (an id, a last day) it is not."""
_STREET = r"street|st|avenue|ave|road|rd|drive|dr|lane|ln|boulevard|blvd|court|ct|place|pl|way|circle|cir"
_ANYWHERE = (
    ("social security number", re.compile(r"(?<!\d)\d{3}-\d{2}-\d{4}(?!\d)")),
    ("e-mail", re.compile(r"[^@\s]+@[^@\s]+\.[A-Za-z]{2,}")),
    ("phone", re.compile(r"(?<![\d-])(?:\+?1[-. ])?(?:\(\d{3}\) ?|\d{3}[-. ])\d{3}[-. ]\d{4}(?!\d)")),
    ("address", re.compile(rf"\b\d{{1,6}} +(?:[a-z.]+ +){{1,3}}(?:{_STREET})\b", re.IGNORECASE)),
)
_UNDECLARED = (
    ("name", re.compile(r"^[A-Z][\w'’-]+, [A-Z][\w'’.-]+(?: \w\.?)?$")),
    ("free text", re.compile(r"(?:\S+\s+){7}\S+")),
)
_DATE = re.compile(r"(?<!\d)(?:\d{1,2}[/.-]\d{1,2}[/.-](\d{4})|(\d{4})[/-]\d{1,2}[/-]\d{1,2})(?!\d)")
_COMPACT = re.compile(r"^(?:(?P<y>\d{4})(?P<m>\d\d)(?P<d>\d\d)|(?P<a>\d{1,2})[/.-](?P<b>\d{1,2})[/.-](?P<yy>\d\d))$")
_MOST = 0.5
_AGES = range(5, 24)


def kind_of_header(name: str, *, is_declared: bool) -> str | None:
    """Return what a column of this name would identify people by, or None."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
    words = re.sub(r"[\s_.-]+", " ", spaced).strip().casefold()
    if not is_declared and _AMBIGUOUS.search(words):
        return "name"
    return next((kind for kind, pattern in _HEADERS if pattern.search(words)), None)


def kind_of_values(values: Iterable[str], *, is_declared: bool, school_year: int) -> tuple[str, frozenset[str]] | None:
    """Return (kind, the values found) for the first kind that occurs among distinct values, or None.

    A declared column may hold dates and codes; in any other a date at which a pupil could be born is a date of birth,
    `Last, First` a name, and eight words free text.
    """
    distinct = [v for v in values if v]
    for kind, pattern in _ANYWHERE if is_declared else _ANYWHERE + _UNDECLARED:
        found = frozenset(v for v in distinct if pattern.search(v))
        if found:
            return kind, found
    if not is_declared:
        found = frozenset(v for v in distinct if _is_birth_date(v, school_year))
        compact = frozenset(v for v in distinct if _is_compact_birth_date(v, school_year))
        found |= compact if len(compact) > _MOST * len(distinct) else frozenset()
        if found:
            return "date of birth", found
    return None


def _is_compact_birth_date(value: str, school_year: int) -> bool:
    """Return whether 20110417 or 04/17/11 can be a birth; codes look so too, hence it takes most of a column."""
    match = _COMPACT.match(value)
    if match is None:
        return False
    year = int(match["y"] or f"20{match['yy']}")
    first, second = sorted((int(match["m"] or match["a"]), int(match["d"] or match["b"])))
    return school_year - year in _AGES and 1 <= first <= 12 and second <= 31


def _is_birth_date(value: str, school_year: int) -> bool:
    match = _DATE.search(value)
    return match is not None and school_year - int(match[1] or match[2]) in _AGES
