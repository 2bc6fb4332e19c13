"""Whether a column's name may be repeated: a pivoted or headless file has persons' names where columns have theirs."""

from __future__ import annotations

import re

from evaluation.ingest.identity.word_lists import listed

_SHORT = 3
_CASES = re.compile(r"(?<=[a-z])(?=[A-Z])")
_APART = re.compile(r"[^\W\d_]+")


def is_nobodys_name(name: str) -> bool:
    """Return whether a column's name consists of words that columns are named by, without any digit.

    Words of up to three letters pass as abbreviations where they are no names. Another word could be a person's name,
    so the column is called by its place instead.
    """
    words = _APART.findall(_CASES.sub(" ", name).casefold())
    return bool(words) and not any(c.isdigit() for c in name) and all(map(_is_usual, words))


def _is_usual(word: str) -> bool:
    if word in listed("headers") or word in listed("school"):
        return True
    return len(word) <= _SHORT and word not in listed("given") and word not in listed("surnames")
