"""What identifies a person: words in a column's name, patterns in its values. Kinds are reported, values never."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

from evaluation.ingest.identity.birth_dates import birth_dates
from evaluation.ingest.identity.narrative import narratives
from evaluation.ingest.identity.person_names import (
    are_names_of_things,
    is_name_alone,
    names_among,
    names_person_among_words,
    names_person_surely,
)
from evaluation.ingest.identity.shapes import Shapes, plain, shaped
from evaluation.ingest.identity.word_lists import listed

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
    ("e-mail", re.compile(r"\be ?mail\b|\belectronic mail\b")),
    ("phone", re.compile(r"phones?\b|\bmobile\b|^cell(?: (?:no|num|number))?$|\bfax\b|\btel(?:efono)?\b")),
    ("address", re.compile(r"\baddress|\bstreet\b|\bzip|\bpostal|\bhome (?:city|town)\b|\bdirecci[oó]n\b"
                           r"|\b(?:home|house|residence|student|pupil) (?:(?:lat|long)itude|lat|lon|lng|gps)\b")),
    ("government number", re.compile(r"medicaid|passport|driver'?s? ?licen[cs]e|\bvisa\b|alien (?:no|num|reg)")),
    ("free text", re.compile(r"\bnotes?\b|\bcomments?\b|\bnarrative\b|\bremarks?\b"
                             r"|^(?:(?:incident|event|injury|full|long|detailed) )?desc(?:ription)?$")),
)
_AMBIGUOUS = re.compile(r"^(?:(?:student|pupil|child|parent|guardian|teacher)s? ?)?(?:first|last|middle)$"
                        r"|^(?:student|pupil|child|parent|guardian|mother|father|teacher)(?: ?\d)?$")
"""A name in an undeclared column; in a declared one (an id, a last day) it is not."""
_STREET = (r"street|st|avenue|ave|av|road|rd|drive|dr|lane|ln|boulevard|blvd|court|ct|place|pl|way|circle|cir|terrace|"
           r"ter|trail|trl|parkway|pkwy|highway|hwy|square|sq|loop|run|path|pike|alley|aly|plaza|plz|crossing|xing|cove|"
           r"cv|ridge|rdg|row|route|rte|broadway")
_ROAD = r"(?:county|state|us|co)? ?(?:highway|hwy|route|rte|rt|road|rd|cr|sr)"
_DEGREES = r"(?<![\d.])[-−]?1?\d{1,2}\.\d{4,}(?!\d)"
_DOT = r"(?:\.| dot |\(dot\)|\[dot\])"
_ANYWHERE = (
    ("social security number", re.compile(r"999[-. /]99[-. /]9999|[*#a]-[*#a]+-9999|[*#]-9999|^a\W{1,3}9{9}$"),
     re.compile(r"(?<!\d)\d{3}([-. /])\d{2}\1\d{4}(?!\d)|(?<!\w)[x*#]{3}-[x*#]{2}-\d{4}(?!\d)|\bss[ns]?\W{1,3}\d{9}\b",
                re.IGNORECASE)),
    ("e-mail", re.compile(r"@|\(a\)|\[a\]| a a a a"),
     re.compile(rf"[^@\s]+(?:@|\(at\)|\[at\])[^@\s]+{_DOT}[^\W\d_]{{2,}}"
                r"|\S+ at \S+ dot [^\W\d_]{2,}|(?<!\S)@[a-z]\w{2,}", re.IGNORECASE)),
    ("phone", re.compile(r"999\)?[-. /]{0,2}999[-. ]?9999|^a\W{1,3}9{10}$|\+9[9 ()-]{8}"),
     re.compile(r"(?<![\w-])(?:\+?1[-. ]?)?(?:\([2-9]\d{2}\) ?|[2-9]\d{2}[-. /])[2-9]\d{2}[-. ]?\d{4}(?![\w-])"
                r"|(?<!\w)\+[1-9][\d ()-]{8,}\d|\b(?:cell|home|work|mobile|fax|tel|ph|phone)\W{1,3}[2-9]\d{9}\b",
                re.IGNORECASE)),
    ("address", re.compile(r"9a? .*a|a\.? ?#?9|9\.9{4,}[,; ]"),
     re.compile(rf"\b[nsew]?\d{{1,6}}[a-z]? +(?:(?:[nsew]|[ns][ew])\.? +)?(?:[\w.'’]+ +){{1,3}}(?:{_STREET})\b"
                r"|\b\d{1,6} +(?:[nsew]\.? +)?broadway\b|\b\d{1,6} +(?:calle|avenida|camino|paseo|rue) +\w"
                rf"|\b\d{{1,6}} +(?:[nsew]\.? +)?{_ROAD} +\d{{1,4}}\b"
                rf"|{_DEGREES}[,; ]+{_DEGREES}"
                r"|\bp\.? ?o\.? ?b(?:ox)?\.? +\d+|^box +\d{2,}$|\brural route +\d+|\br\.?r\.? ?\d+,? box\b",
                re.IGNORECASE)),
)
"""Kind, the shape without which it cannot be, and what a value must hold: digits are `9`, words `a` in a shape."""
_LETTERS = re.compile("a")
_HOUSE = re.compile(r"^9{1,6}a? .*a")
_ROADS = re.compile(r"^\d{1,6} +(.+?)(?:[, ]+(?:apt|suite|ste|unit|#).*|,.*)?$", re.IGNORECASE)
_SOCIAL = re.compile(r"(?!000|666|9)\d{3}(?!00)\d{2}(?!0000)\d{4}$")
_DIALLED = re.compile(r"[2-9]\d{2}[2-9]\d{6}$")
_DASHED = re.compile("9-9")
_LONG_NUMBER = re.compile(r"^9{7,}$")
_SOME = 0.2
_COLUMN = 0.5
_SPREAD = 0.8
_NEARLY_ALL = 0.95
_FEWEST_NUMBERS = 50
"""Fewer bare numbers than these could be any codes."""


def kind_of_header(name: str, *, is_declared: bool) -> str | None:
    """Return what a column of this name would identify people by, or None."""
    words = _words(name)
    if not is_declared and _AMBIGUOUS.search(words):
        return "name"
    return next((kind for kind, pattern in _HEADERS if pattern.search(words)), None)


def kinds_in_names(names: Sequence[str]) -> dict[str, str]:
    """Return from columns' names to what they identify somebody by, where a person stands in place of a column's name.

    A pivoted file has persons there, and a file without header its first row.
    """
    shapes = shaped(names)
    found = {v: kind for kind, shape, pattern in reversed(_ANYWHERE) for v in shapes.matching(shape)
             if pattern.search(plain(v))}
    return {v: "name" for v in names if names_person_surely(v)} | found


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
    if anywhere := _anywhere(shapes):
        return anywhere
    words = _words(header)
    names = names_among(shapes, words, is_declared=is_declared)
    if is_declared:
        return ("name", names) if names else None
    told = narratives(shapes)
    for kind, found in (
        ("social security number", _bare(shapes, 9, _SOCIAL, _are_social_security)),
        ("phone", _bare(shapes, 10, _DIALLED, _are_phones) | _local_phones(shapes)),
        ("free text", told | names if told else told),
        ("address", _zips(shapes)),
        ("name", names),
        ("date of birth", birth_dates(shapes, words, school_year)),
    ):
        if found:
            return kind, found
    return None


def kind_of_strewn(texts: Iterable[str], pairs: Iterable[str], columns: Mapping[str, Collection[str]]
                   ) -> tuple[str, frozenset[str]] | None:
    """Return (kind, what was found) for the first kind that occurs among single texts of no column, or None.

    Nothing stands beside them that tells numbers and dates from others, so that these are not looked at. A word alone
    is a name unless a column of the file holds names of schools, places or programs.

    Parameters
    ----------
    pairs : texts that stand side by side, with a comma between them.
    columns : distinct values of the file's columns by name.
    """
    shapes = shaped(v for v in texts if v)
    if anywhere := _anywhere(shapes):
        return anywhere
    has_things = any(are_names_of_things(shaped(values), _words(name)) for name, values in columns.items())
    is_person = names_person_surely if has_things else names_person_among_words
    names = frozenset((*filter(is_person, shapes.matching(_LETTERS)), *filter(names_person_surely, pairs)))
    found = names or narratives(shapes)
    return ("name" if names else "free text", found) if found else None


def _anywhere(shapes: Shapes) -> tuple[str, frozenset[str]] | None:
    for kind, shape, pattern in _ANYWHERE:
        found = frozenset(v for v in shapes.matching(shape) if pattern.search(plain(v)))
        if kind == "address":
            houses = shapes.matching(_HOUSE)
            found |= frozenset(v for v in houses if len(found) >= _SOME * shapes.n or _is_road(v))
        if found:
            return kind, found
    return None


def _is_road(value: str) -> bool:
    """Return whether a house's number is followed by a name and a word that roads end with."""
    road = _ROADS.match(value)
    words = re.findall(r"[^\W\d_]+", road[1].casefold()) if road else []
    return len(words) > 1 and words[-1] in listed("roads") and is_name_alone(words[-2])


def _bare(shapes: Shapes, width: int, can_be: re.Pattern[str], are_of_kind: Callable[[list[str]], bool]
          ) -> frozenset[str]:
    """Return numbers of one width: those that nearly fill a column and together are of a kind, or one out of place."""
    found = shapes.of("9" * width)
    if shapes.are_few(found) and shapes.are_few(shapes.matching(_LONG_NUMBER)):
        return frozenset(v for v in found if can_be.match(plain(v)))
    is_column = len(found) >= _FEWEST_NUMBERS and len(found) >= _NEARLY_ALL * shapes.n
    return frozenset(found) if is_column and are_of_kind(found) else frozenset()


def _local_phones(shapes: Shapes) -> frozenset[str]:
    """Return seven digits with a dash, out of place in a column without dashes."""
    return frozenset(shapes.of("999-9999") if shapes.are_few(shapes.matching(_DASHED)) else ())


def _zips(shapes: Shapes) -> frozenset[str]:
    """Return ZIP codes of nine digits: one out of place, or a column, whose last digits differ as years do not."""
    found = shapes.of("99999-9999")
    last = [plain(v)[-4:] for v in found]
    is_column = len(found) >= _COLUMN * shapes.n and len(set(last)) >= _SPREAD * len(last)
    are_zips = (is_column and len({v[0] for v in last}) >= 3) or shapes.are_few(shapes.matching(_DASHED))
    return frozenset(found if are_zips else ())


def _are_social_security(numbers: list[str]) -> bool:
    """Return whether no number is one that was never given, and all regions occur; other ids fail one of the two."""
    return all(map(_SOCIAL.match, numbers)) and len({n[0] for n in numbers}) >= 5


def _are_phones(numbers: list[str]) -> bool:
    """Return whether all numbers can be dialled, many exchanges occur and one area code is frequent."""
    areas = Counter(n[:3] for n in numbers)
    return (all(map(_DIALLED.match, numbers)) and len({n[:6] for n in numbers}) >= 10
            and areas.most_common(1)[0][1] >= _SOME * len(numbers))


def _words(name: str) -> str:
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", name)
    return re.sub(r"[\s_.-]+", " ", spaced).strip().casefold()
