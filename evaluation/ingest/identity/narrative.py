"""Free text about persons: sentences, told from titles and labels by the words with which one tells of somebody."""

from __future__ import annotations

import re

from evaluation.ingest.identity.shapes import Shapes
from evaluation.ingest.identity.word_lists import listed

_LONG = 15
_SENTENCE = 8
_PHRASE = 4
_SEVERAL = re.compile(r" \S* \S* ")
_WORDS = re.compile(r"[^\W\d_]+")


def narratives(shapes: Shapes) -> frozenset[str]:
    """Return the values that tell something: 15 words, 8 with two of telling, or 4 with two of a person's doing."""
    return frozenset(v for v in shapes.matching(_SEVERAL) if _tells(v))


def _tells(value: str) -> bool:
    words = _WORDS.findall(value.casefold())
    n = len(words)
    telling = sum(1 for word in words if word in listed("telling"))
    personal = sum(1 for word in words if word in listed("personal"))
    return n >= _LONG or (n >= _SENTENCE and telling >= 2) or (n >= _PHRASE and personal >= 2)
