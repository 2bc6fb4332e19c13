"""Free text about persons: sentences, told from titles and labels by the words with which one tells of somebody."""

from __future__ import annotations

import re

from evaluation.ingest.identity.person_names import is_told_of_a_person
from evaluation.ingest.identity.shapes import Shapes
from evaluation.ingest.identity.word_lists import listed

_LONG = 15
_SENTENCE = 8
_CLAUSE = 6
_PHRASE = 4
_MENTION = 3
_SELF = frozenset({"i", "me", "my", "mine", "myself", "we", "our", "us"})
_DEEDS = frozenset({"asked", "called", "pushed", "said", "spoke", "threw", "told"})
"""Words of a person's doing that labels of what a school did have too."""
_SEVERAL = re.compile(r" \S* \S* ")
_WORDS = re.compile(r"[^\W\d_]+")


def narratives(shapes: Shapes) -> frozenset[str]:
    """Return the values that tell of somebody.

    They have 15 words with one of telling, 8 with two, 6 with two of which one is a relative or `he` or `she`,
    4 with two of a person's doing, or 3 with one and a given name.
    What somebody says of himself is an item of a questionnaire.
    """
    return frozenset(v for v in shapes.matching(_SEVERAL) if _tells(v))


def _tells(value: str) -> bool:
    words = _WORDS.findall(value.casefold())
    n = len(words)
    telling = sum(1 for word in words if word in listed("telling"))
    personal = sum(1 for word in words if word in listed("personal"))
    if n >= _MENTION and telling and any(map(is_told_of_a_person, words)):
        return True
    if not personal and not _SELF.isdisjoint(words):
        return False
    is_of_somebody = any(word in listed("personal") and word not in _DEEDS for word in words)
    if n >= _CLAUSE and telling >= 2 and is_of_somebody and _SELF.isdisjoint(words):
        return True
    return (n >= _LONG and telling >= 1) or (n >= _SENTENCE and telling >= 2) or (n >= _PHRASE and personal >= 2)
