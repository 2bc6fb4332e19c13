"""Shapes of texts: every digit is `9`, every word `a`, letters mixed with digits `x`.

A million ids have a few shapes, and patterns look at shapes first.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

_DASHES = str.maketrans(dict.fromkeys("‐‑‒–—−", "-") | dict.fromkeys("\u00ad\u200b\u200c\u200d\u2060\ufeff", ""))
_BYTES = bytes(ord("9") if chr(b).isdigit() and b < 128 else ord("a") if chr(b).isalpha() or b >= 128 else b
               for b in range(256))
_WORD = re.compile("aa+")
_FEW = 0.02
_HANDFUL = 5
_FEWEST = 3
_MIXED = re.compile("(?:a9+){4,}a?|(?:9+a){4,}9*")


@dataclass(frozen=True)
class Shapes:
    """Distinct values by their shape; `n` is how many there are."""

    by_shape: Mapping[str, list[str]]
    n: int

    def matching(self, pattern: re.Pattern[str]) -> list[str]:
        """Return the values in whose shape a pattern is found."""
        return [value for shape, values in self.by_shape.items() if pattern.search(shape) for value in values]

    def are_few(self, values: Collection[str]) -> bool:
        """Return whether values are out of place: a handful, or one in fifty, among at least as many others."""
        return 0 < len(values) <= max(_HANDFUL, _FEW * self.n) and self.n >= max(_FEWEST, 2 * len(values))

    def of(self, shape: str) -> list[str]:
        """Return the values of one shape."""
        return self.by_shape.get(shape, [])


def shaped(values: Iterable[str]) -> Shapes:
    """Return distinct values by shape."""
    given = list(values)
    text = "\n".join(given)
    shapes = _shape(text).split("\n")
    if len(shapes) != len(given):
        shapes = [_shape(value.replace("\n", " ")) for value in given]
    found: dict[str, list[str]] = {}
    for shape, value in zip(shapes, given, strict=True):
        if shape in found:
            found[shape].append(value)
        else:
            found[shape] = [value]
    return Shapes(found, len(given))


def plain(value: str) -> str:
    """Return a text with its wide digits and its many dashes written as the usual ones, and nothing unseen."""
    return value if value.isascii() else unicodedata.normalize("NFKC", value).translate(_DASHES)


def _shape(text: str) -> str:
    return _MIXED.sub("x", _WORD.sub("a", plain(text).encode("utf-8", "replace").translate(_BYTES).decode("ascii")))
