"""Patterns of paths: whether a path fits one, and the pattern under `files` of a mapping from the names of files."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from fnmatch import fnmatchcase
from pathlib import PurePosixPath


def is_listed(path: str, listed: Iterable[str]) -> bool:
    """Return whether a path is among paths, or fits a pattern among them."""
    return any(path == one or fnmatchcase(path, one) for one in listed)


def file_pattern(path: str) -> str:
    """Return a file's name with its numbers open, below any school year's folder."""
    name = PurePosixPath(path).name
    stem, dot, suffix = name.partition(".")
    plain = re.sub(r"[\[\]?*]", "?", stem)
    return f"*/{re.sub(r'[0-9][0-9_-]*', '*', plain)}{dot}{suffix}"


def common_pattern(patterns: Sequence[str]) -> str:
    """Return one pattern that all of these fit: what they begin with, and what they end with."""
    if len(patterns) == 1:
        return patterns[0]
    start = "".join(a[0] for a in _while_equal(patterns))
    end = "".join(a[0] for a in _while_equal([p[len(start):][::-1] for p in patterns]))[::-1]
    return f"{start.rstrip('*')}*{end.lstrip('*')}"


def _while_equal(texts: Sequence[str]) -> Iterator[tuple[str, ...]]:
    for letters in zip(*texts, strict=False):
        if len(set(letters)) > 1:
            return
        yield letters
