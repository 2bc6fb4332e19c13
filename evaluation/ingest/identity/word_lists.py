"""Lists of words that tell names of persons from other words, and what is told of persons from labels.

`given.txt`: names given to most children in the United States since 1995 (Social Security Administration) and of the
census of 1990; `surnames.txt`: the 20,000 most frequent of that census; both are public counts. `school.txt`: words of
course titles, places, languages and codes; `headers.txt`: words that columns are named by; `states.txt`: postal codes
of states; `telling.txt` and `personal.txt`: words of sentences about somebody.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Literal


@cache
def listed(name: Literal["given", "surnames", "school", "headers", "states", "telling", "personal"]) -> frozenset[str]:
    """Return the words of a list, in lower case."""
    file = files("evaluation.ingest.identity") / "words" / f"{name}.txt"
    return frozenset(file.read_text(encoding="utf-8").split())
