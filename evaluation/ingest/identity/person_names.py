"""Names of persons among distinct values, by lists of given names, surnames, and words of schools that are no names."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from evaluation.ingest.identity.word_lists import listed

_MOST_WORDS = 4
_SPLIT = re.compile(r"[\s,.'’`()-]+")
_PLACE = re.compile(r"school|bldg|building|campus|\bsite\b|location|feeder|\bcity\b|town|county|district|course|class|"
                    r"subject|program|section|\broom\b|route|\bstop\b|language|country|\bstate\b|vendor|publisher|textbook|"
                    r"curriculum|assessment|test|title|activity|sport|\bclub\b|\bteam\b|\bevent\b|holiday")
"""Columns in which a person's name is a place's or a title's."""
_COLUMN = 0.5
_FEWEST = 3
_PLACES = 0.8
_FEWEST_PLACES = 30
_FEWEST_SINGLE = 8
_FEW = 0.05
"""Share of values with words below which words are odd in a column."""


def names_among(values: Sequence[str], header: str, n_values: int) -> frozenset[str]:
    """Return the distinct values that name persons; all of them where most of a column does.

    In a column of names half of the values are enough, in any order and case and with names that no list has. A single
    cell among others must be `Given Surname` or `Surname, Given`.

    Parameters
    ----------
    values : distinct values of letters.
    header : the column's name in lower case, which tells places and titles from persons where the column has words.
    n_values : distinct values of the column, those with digits and signs too.
    """
    is_place = _PLACE.search(header) is not None and len(values) >= _COLUMN * n_values
    share, fewest = (_PLACES, _FEWEST_PLACES) if is_place else (_COLUMN, _FEWEST)
    likely = sum(1 for v in values if _is_likely(v))
    if likely >= fewest and likely >= share * len(values):
        return frozenset(values)
    if is_place:
        return frozenset()
    single = sum(1 for v in values if _is_single(v))
    if single >= _FEWEST_SINGLE and single + likely >= _COLUMN * len(values):
        return frozenset(values)
    is_odd = len(values) <= _FEW * n_values
    return frozenset(v for v in values if _is_person(v, is_odd=is_odd))


def _is_person(value: str, *, is_odd: bool) -> bool:
    """Return whether a single value is `Given Surname` or `Surname, Given`; an odd one is, with fewer names known."""
    before, comma, after = value.partition(",")
    first, second = _tokens(before), _tokens(after)
    if value.islower() or (comma and (not first or not second)):
        return False
    if comma and len(second) == 1 and second[0] in listed("states"):
        return False
    if comma and is_odd:
        return len(first) + len(second) <= _MOST_WORDS and listed("school").isdisjoint((*first, *second))
    return _is_likely(value) and (bool(comma) or is_odd or (first[0] in listed("given") and len(first[-1]) > 1))


def _is_likely(value: str) -> bool:
    """Return whether a value is two to four words, one of them a name for sure and none a school's word only."""
    tokens = _tokens(value)
    if not 2 <= len(tokens) <= _MOST_WORDS:
        return False
    given, surnames, school = listed("given"), listed("surnames"), listed("school")
    is_sure = False
    for token in tokens:
        is_name = token in given or token in surnames
        if token in school:
            if not is_name:
                return False
        elif is_name and len(token) > 1:
            is_sure = True
    return is_sure


def _is_single(value: str) -> bool:
    """Return whether a value is a name of one word, or a double one, and no other word; an initial may stand by."""
    tokens = [t for t in _tokens(value) if len(t) > 1]
    return 1 <= len(tokens) <= 2 and all(
        t not in listed("school") and (t in listed("given") or t in listed("surnames")) for t in tokens)


def _tokens(text: str) -> list[str]:
    plain = text if text.isascii() else unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return [t for t in _SPLIT.split(plain.casefold()) if t]
