"""Lists of words that tell names of persons from other words, and what is told of persons from labels.

`given.txt`: names given to at least 200 children in the United States since 1960 (Social Security Administration), and
those of the census of 1990; `usual.txt`: those of 4,000 and more that are no word or language; `surnames.txt`: those
of 100 persons and more in the census of 2010. All are public counts. An ordinary word is a name here only where many
bear it. `ordinary.txt`: English words, made from the word lists of SCOWL (`words/SCOWL.txt` is its notice);
`school.txt`: words of course titles, places, languages and codes; `places.txt`: cities with a given name, and places
that read like a person's name; `memorials.txt`: words of what is named for persons; `particles.txt`: parts of names
that are not names by themselves; `roads.txt`: words that roads' names end with; `headers.txt`: words that columns are
named by; `states.txt`: postal codes of states; `telling.txt` and `personal.txt`: words of sentences about somebody.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Literal, TypeAlias

_List: TypeAlias = Literal["given", "usual", "surnames", "ordinary", "school", "places", "memorials", "particles",
                           "roads", "headers", "states", "telling", "personal"]


@cache
def listed(name: _List) -> frozenset[str]:
    """Return the words of a list, in lower case."""
    file = files("evaluation.ingest.identity") / "words" / f"{name}.txt"
    return frozenset(file.read_text(encoding="utf-8").split())
