"""Persons among distinct values, by lists of given names, of surnames, and of ordinary words that are no names."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Literal, TypeAlias

from evaluation.ingest.identity.shapes import Shapes
from evaluation.ingest.identity.word_lists import listed

_MOST_WORDS = 4
_SPLIT = re.compile(r"[\s,._\"“”()-]+")
_APOSTROPHES = re.compile("['’`]")
_NOT_LATIN_1 = str.maketrans("łŁđĐøØıəƏð", "lLdDoOiaAd")
"""Letters that no decomposition makes plain."""
_PARTS = re.compile(r"\s*(?:[/&|:()\[\]<>+]|(?<!\w)\d+(?!\w)|(?<=\s)-(?=\s)|\band\b|\by\b)\s*", re.IGNORECASE)
_NICKNAME = re.compile(r"[\"“][^\"”]*[\"”]")
_WORD = re.compile("(?<![9x])a(?![9x])")
_SEVERAL_WORDS = re.compile(r"a[^a9]*[ ,][^a9]*a")
_LETTERS = re.compile(r"^a(?:[ ,.'`()-]+a)*[ ,.()]*$")
_TITLE = re.compile(r"(?:mr|mrs|ms|mx|miss|dr|prof|coach|sr|sra|srta)\.? +(?=[^\W\d_])", re.IGNORECASE)
_INITIAL = re.compile(r"^[A-DF-MO-RT-VX-Z]\. |[A-Z]\.$")
"""An initial with its point; before a word it may also be north, east, south or west."""
_OTHER_SCRIPT = re.compile("[\u0370-\u1dff\u3040-\u9fff\uac00-\ud7ff]")
_NAMED_FOR = re.compile(r"school(?! (?:city|county|district))|\b(?:sch\b|bldg|building|campus|site|location|feeder|"
                        r"house|wing|textbook|book|novel|author|grant|fund|award|scholarship|holiday|event)"
                        r"|(?<!course )(?<!class )\btitle")
"""Columns of what is named for persons, or written by them."""
_PLACE = re.compile(r"\b(?:city|town|municip|county|district|lea|country|citizen|nation|state|program|initiative|"
                    r"interven|service|curricul|vendor|publisher|route|stop|assessment|test|instrument)")
"""Columns with many words that are also names: of places, programs and tests."""
_COLUMN = 0.5
_FEWEST = 3
_PLACES = 0.8
_FEWEST_PLACES = 30
_FEWEST_SINGLE = 8
_FEW = 0.05
"""Share of values of several words below which they are odd in a column."""

Likeness: TypeAlias = Literal["odd", "loose", "strict", "named_for"]
"""How little it takes that a single cell names a person: least where words are odd, most where things are named so."""


@dataclass(frozen=True)
class _Words:
    """A text's words: `core` are those that are neither initials nor parts such as `de la`.

    `alone` counts those that are names and no ordinary words; `has_label` is whether one is an ordinary word only.
    """

    every: tuple[str, ...]
    core: tuple[str, ...]
    alone: int
    has_label: bool
    are_ordinary: bool


def names_among(shapes: Shapes, header: str, *, is_declared: bool) -> frozenset[str]:
    """Return the distinct values that name persons; all values of letters where most of them do.

    In a column of names half of the values are enough, in any order and case and with names that no list has. A single
    cell among others names a person by two words, by a title or an initial and one, or by a usual given name among
    other words or alone; in a column of places and programs by a given name and a surname; in one of what is
    named for persons by `Surname, Given`.

    Parameters
    ----------
    shapes : the distinct values.
    header : the column's name in lower case, which tells places and titles from persons where the column has words.
    is_declared : whether the mapping reads the column; there most of a column, or odd words, name persons.
    """
    values = shapes.matching(_LETTERS)
    has_words = len(values) >= _COLUMN * shapes.n
    likeness = _likeness(shapes, header)
    if has_words or not is_declared:
        is_free = likeness in ("odd", "loose")
        share, fewest = (_COLUMN, _FEWEST) if is_free else (_PLACES, _FEWEST_PLACES)
        if _is_column(values, share, fewest, has_single=is_free):
            return frozenset(values)
    if is_declared and likeness != "odd":
        return frozenset()
    words = shapes.matching(_SEVERAL_WORDS if is_declared else _WORD)
    return frozenset(v for v in words if _names_person(v, likeness))


def names_person_surely(value: str) -> bool:
    """Return whether a text names a person among others that may be names of places, courses or programs."""
    return _names_person(value, "strict")


def names_person_among_words(value: str) -> bool:
    """Return whether a text names a person among others that are words, but no names of places or programs."""
    return _names_person(value, "loose")


def are_names_of_things(shapes: Shapes, header: str) -> bool:
    """Return whether values name schools, places, programs or what else is named for persons, by their column."""
    is_told = _NAMED_FOR.search(header) or _PLACE.search(header)
    return is_told is not None and _likeness(shapes, header) in ("strict", "named_for")


def is_name_alone(word: str) -> bool:
    """Return whether a word in lower case is a name and no ordinary word."""
    return _is_name(word) and not _is_ordinary(word)


def is_told_of_a_person(word: str) -> bool:
    """Return whether a word in lower case is a usual given name and no city's."""
    return word in listed("usual") and word not in listed("places")


def _likeness(shapes: Shapes, header: str) -> Likeness:
    has_words = len(shapes.matching(_WORD)) >= _COLUMN * shapes.n
    if has_words and _NAMED_FOR.search(header):
        return "named_for"
    if has_words and _PLACE.search(header):
        return "strict"
    return "odd" if len(shapes.matching(_SEVERAL_WORDS)) <= max(1, _FEW * shapes.n) else "loose"


def _is_column(values: Sequence[str], share: float, fewest: int, *, has_single: bool) -> bool:
    likely = sum(1 for v in values if _is_likely(v))
    if likely >= fewest and likely >= share * len(values):
        return True
    single = sum(1 for v in values if _is_single(v)) if has_single else 0
    return single >= _FEWEST_SINGLE and single + likely >= _COLUMN * len(values)


def _is_likely(value: str) -> bool:
    """Return whether a value is two to four words, one of them a name for sure and none an ordinary word only."""
    tokens = _tokens(value)
    if not 2 <= len(tokens) <= _MOST_WORDS or ("," in value and tokens[-1] in listed("states")):
        return False
    return not any(map(_is_label, tokens)) and any(len(t) > 1 and is_name_alone(t) for t in tokens)


def _is_single(value: str) -> bool:
    """Return whether a value is a name of one word, or a double one, and no other word; an initial may stand by."""
    tokens = [t for t in _tokens(value) if len(t) > 1]
    return 1 <= len(tokens) <= 2 and all(map(is_name_alone, tokens))


def _names_person(value: str, likeness: Likeness) -> bool:
    """Return whether one of a value's parts names a person."""
    if _OTHER_SCRIPT.search(value):
        return likeness in ("odd", "loose")
    parts = _PARTS.split(_NICKNAME.sub("", value).replace(";", ","))
    return any(_is_persons(part.strip(" ,"), likeness) for part in parts if len(part) > 1)


@lru_cache(maxsize=1 << 14)
def _is_persons(text: str, likeness: Likeness) -> bool:
    """Return whether a text without signs between persons names one; parts of values repeat."""
    is_free = likeness in ("odd", "loose")
    title = _TITLE.match(text)
    words = _words(text[title.end():] if title else text)
    if words is None:
        return False
    if is_free and _is_told(words, text, likeness):
        return True
    is_person = _is_person if is_free else _is_surely_person
    return not words.has_label and is_person(words, text, likeness, has_title=title is not None)


def _is_told(words: _Words, text: str, likeness: Likeness) -> bool:
    """Return whether a given name stands alone or among ordinary words, and nothing seems to be named for it."""
    return not text.islower() and listed("memorials").isdisjoint(words.core) and any(
        is_told_of_a_person(word) or (likeness == "odd" and len(word) > 3 and word in listed("given")
                                      and not _is_ordinary(word)) for word in words.core)


def _is_person(words: _Words, text: str, likeness: Likeness, *, has_title: bool) -> bool:
    """Return whether a text names a person, in a column in which other words do not."""
    is_odd = likeness == "odd"
    has_initial = len(words.every) > len(words.core) == 1
    if "," in text:
        return _is_surname_first(text) and (not words.are_ordinary or is_odd or has_initial)
    if has_title:
        return is_odd or any(map(_is_name, words.core))
    if has_initial:
        return is_odd or words.alone > 0 or (_INITIAL.search(text) is not None and _is_name(words.core[0]))
    if len(words.core) == 1:
        return False
    if text.islower():
        return words.alone > 1 or (words.alone > 0 and not any(map(_is_ordinary, words.core)))
    return words.alone > 0 or (is_odd and any(len(word) > 2 and not _is_ordinary(word) for word in words.core))


def _is_surely_person(words: _Words, text: str, likeness: Likeness, *, has_title: bool) -> bool:
    """Return whether a text names a person, in a column in which other words are names too."""
    is_strict = likeness == "strict"
    if "," in text:
        has_usual = not listed("usual").isdisjoint(_tokens(text.partition(",")[2]))
        has_initial = len(words.every) > len(words.core) == 1
        return _is_surname_first(text) and (
            words.alone > 1 or has_usual or (is_strict and has_initial and words.alone > 0))
    if has_title:
        return is_strict and any(map(_is_name, words.core))
    if not is_strict or " " not in text or len(words.core) == 1:
        return False
    is_usual = words.core[0] in listed("usual") and _is_name(words.core[-1])
    has_initial = len(words.every) > len(words.core)
    return (is_usual and (words.alone > 1 or has_initial)) or (
        words.core[0] in listed("given") and words.alone == len(words.core))


def _is_surname_first(text: str) -> bool:
    """Return whether words stand before and after a comma, and not a state's code after it."""
    before, _, after = text.partition(",")
    second = _tokens(after)
    return bool(_tokens(before)) and bool(second) and not (len(second) == 1 and second[0] in listed("states"))


def _words(text: str) -> _Words | None:
    """Return a text's words, or None where it has none, too many or digits in them, or is a known place."""
    every = tuple(_tokens(text))
    core = tuple(word for word in every if len(word) > 1 and word not in listed("particles"))
    if not core or not all(map(str.isalpha, every)) or "-".join(core) in listed("places"):
        return None
    return _Words(every, core, sum(map(is_name_alone, core)),
                  len(core) > _MOST_WORDS or any(map(_is_label, core)), all(map(_is_ordinary, core)))


def _is_label(word: str) -> bool:
    return _is_ordinary(word) and not _is_name(word)


@cache
def _is_name(word: str) -> bool:
    return word in listed("given") or word in listed("surnames")


@cache
def _is_ordinary(word: str) -> bool:
    return word in listed("ordinary") or word in listed("school")


def _tokens(text: str) -> list[str]:
    plain = text if text.isascii() else unicodedata.normalize("NFKD", text.translate(_NOT_LATIN_1)).encode(
        "ascii", "ignore").decode()
    return [t for t in _SPLIT.split(_APOSTROPHES.sub("", plain).casefold()) if t]
