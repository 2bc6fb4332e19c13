"""What identifies a person: words in a column's name, patterns in its values. Kinds are reported, values never."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable

from evaluation.ingest.identity.birth_dates import birth_dates
from evaluation.ingest.identity.narrative import narratives
from evaluation.ingest.identity.person_names import names_among
from evaluation.ingest.identity.shapes import Shapes, plain, shaped

_WHO = (r"student|pupil|child|first|last|middle|maiden|legal|preferred|full|given|family|guardian|parent|mother|father|"
        r"teacher|sibling|contact|counsell?or|nick|sur|fore|user")
_HEADERS = (
    ("name", re.compile(rf"\b(?:{_WHO})s?'? ?(?:names?|nm)\b|^(?:names?|nm|initials|alias)$"
                        r"|^[flm] ?(?:name|nm|init|initial)$|\bmiddle init|\bnombres?\b|\bapellidos?\b"
                        r"|\bemergency contact\b|\b(?:counsell?or|case ?manager|caseworker|physician|doctor|bus driver"
                        r"|caregiver|sibling)s?\b")),
    ("social security number", re.compile(r"\bssn?\b|social security"
                                          r"|^soc(?:ial)?(?: sec)?(?: ?(?:no|num|nbr|number))?$")),
    ("date of birth", re.compile(r"\bdob\b|birth|\bborn\b|nacimiento|^b ?(?:date|dt|day)$")),
    ("e-mail", re.compile(r"\be ?mail\b")),
    ("phone", re.compile(r"phones?\b|\bmobile\b|^cell(?: (?:no|num|number))?$|\bfax\b|\btel(?:efono)?\b")),
    ("address", re.compile(r"\baddress|\bstreet\b|\bzip|\bpostal|\bhome (?:city|town)\b|\bdirecci[oó]n\b")),
    ("government number", re.compile(r"medicaid|passport|driver'?s? ?licen[cs]e|\bvisa\b|alien (?:no|num|reg)")),
    ("free text", re.compile(r"\bnotes?\b|\bcomments?\b|\bnarrative\b|\bremarks?\b"
                             r"|^(?:(?:incident|event|injury|full|long|detailed) )?desc(?:ription)?$")),
)
_AMBIGUOUS = re.compile(r"^(?:(?:student|pupil|child|parent|guardian|teacher)s? ?)?(?:first|last|middle)$"
                        r"|^(?:student|pupil|child|parent|guardian|mother|father|teacher)(?: ?\d)?$")
"""A name in an undeclared column; in a declared one (an id, a last day) it is not."""
_STREET = (r"street|st|avenue|ave|av|road|rd|drive|dr|lane|ln|boulevard|blvd|court|ct|place|pl|way|circle|cir|terrace|"
           r"ter|trail|trl|parkway|pkwy|highway|hwy|square|sq|loop|run|path|pike|alley|aly|plaza|plz|crossing|xing|cove|"
           r"cv|ridge|rdg|row|route|rte")
_UNIT = re.compile(r"\b(?:apt|apartment|suite|ste|unit|trlr|lot)\.? ?#? ?\w{1,5}$", re.IGNORECASE)
_ANYWHERE = (
    ("social security number", re.compile(r"999[-. ]99[-. ]9999"),
     re.compile(r"(?<!\d)\d{3}([-. ])\d{2}\1\d{4}(?!\d)")),
    ("e-mail", re.compile(r"@"), re.compile(r"[^@\s]+@[^@\s]+\.[^\W\d_]{2,}")),
    ("phone", re.compile(r"999\)?[-. /]? ?999[-. ]9999"),
     re.compile(r"(?<![\d-])(?:\+?1[-. ]?)?(?:\([2-9]\d{2}\) ?|[2-9]\d{2}[-. /])[2-9]\d{2}[-. ]\d{4}(?!\d)")),
    ("address", re.compile(r"9a? .*a|a 9"),
     re.compile(rf"\b\d{{1,6}}[a-z]? +(?:(?:[nsew]|[ns][ew])\.? +)?(?:[\w.'’]+ +){{1,3}}(?:{_STREET})\b"
                r"|\bp\.? ?o\.? ?box +\d+|\brural route +\d+", re.IGNORECASE)),
)
"""Kind, the shape without which it cannot be, and what a value must hold: digits are `9`, words `a` in a shape."""
_HOUSE = re.compile(r"^9{1,6}a? .*a")
_LETTERS = re.compile(r"^a(?:[ ,.'`()-]+a)*[ ,.()]*$")
_COLUMN = 0.5
_SOME = 0.2
_NEARLY_ALL = 0.95
_FEWEST_NUMBERS = 50
"""Fewer bare numbers than these could be any codes."""


def kind_of_header(name: str, *, is_declared: bool) -> str | None:
    """Return what a column of this name would identify people by, or None."""
    words = _words(name)
    if not is_declared and _AMBIGUOUS.search(words):
        return "name"
    return next((kind for kind, pattern in _HEADERS if pattern.search(words)), None)


def kind_of_values(values: Iterable[str], *, is_declared: bool, school_year: int,
                   header: str = "") -> tuple[str, frozenset[str]] | None:
    """Return (kind, the values found) for the first kind that occurs among distinct values, or None.

    A declared column may hold dates, numbers and single words; in any other, a date at which a pupil could be born is a
    date of birth, numbers may be phones or social security numbers, a word a name, and a sentence free text. Where most
    of a column is of a kind, all of its values are.

    Parameters
    ----------
    values : distinct values of a column; blanks are left out.
    is_declared : whether the mapping reads the column.
    school_year : end year, which tells at what dates pupils were born.
    header : the column's name, which tells a person's name from a place's.
    """
    shapes = shaped(v for v in values if v)
    if not shapes.n:
        return None
    for kind, shape, pattern in _ANYWHERE:
        found = frozenset(v for v in shapes.matching(shape) if pattern.search(plain(v)))
        if kind == "address" and len(found) >= _SOME * shapes.n:
            found |= frozenset(shapes.matching(_HOUSE))
        if found:
            return kind, found
    words = _words(header)
    letters = shapes.matching(_LETTERS)
    if is_declared:
        is_column = len(letters) >= _COLUMN * shapes.n
        found = names_among(letters, words, shapes.n) if is_column else frozenset()
        return ("name", found) if len(found) == len(letters) and found else None
    for kind, found in (
        ("social security number", _bare(shapes, 9, _are_social_security)),
        ("phone", _bare(shapes, 10, _are_phones)),
        ("name", names_among(letters, words, shapes.n)),
        ("free text", narratives(shapes)),
        ("date of birth", birth_dates(shapes, words, school_year)),
    ):
        if found:
            return kind, found
    return None


def _bare(shapes: Shapes, width: int, are_of_kind: Callable[[list[str]], bool]) -> frozenset[str]:
    """Return the numbers of one width that nearly fill a column, where together they are of a kind."""
    found = shapes.of("9" * width)
    is_column = len(found) >= _FEWEST_NUMBERS and len(found) >= _NEARLY_ALL * shapes.n
    return frozenset(found) if is_column and are_of_kind(found) else frozenset()


def _are_social_security(numbers: list[str]) -> bool:
    """Return whether no number is one that was never given, and all regions occur; other ids fail one of the two."""
    are_given = all(n[:3] not in ("000", "666") and n[0] != "9" and n[3:5] != "00" and n[5:] != "0000" for n in numbers)
    return are_given and len({n[0] for n in numbers}) >= 5


def _are_phones(numbers: list[str]) -> bool:
    """Return whether all numbers can be dialled, many exchanges occur and one area code is frequent."""
    can_be_dialled = all(n[0] >= "2" and n[3] >= "2" for n in numbers)
    areas = Counter(n[:3] for n in numbers)
    return (can_be_dialled and len({n[:6] for n in numbers}) >= 10
            and areas.most_common(1)[0][1] >= _SOME * len(numbers))


def _words(name: str) -> str:
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
    return re.sub(r"[\s_.-]+", " ", spaced).strip().casefold()
