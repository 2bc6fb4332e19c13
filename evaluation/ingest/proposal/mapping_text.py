"""Lines of a mapping.yaml: text that is quoted where YAML needs it, and marks of what to check."""

from __future__ import annotations

import json
import re

CHECK = "# check:"
_PLAIN = re.compile(r"[A-Za-z](?:[\w ./-]*\w)?", re.ASCII)
_WORDS = {"yes", "no", "true", "false", "on", "off", "y", "n", "null"}


def quoted(text: str) -> str:
    """Return a text as a YAML scalar."""
    if _PLAIN.fullmatch(text) and text.casefold() not in _WORDS:
        return text
    return json.dumps(text, ensure_ascii=not text.isprintable())


def noted(line: str, doubt: str | None) -> str:
    """Return a line with what to check about it, if anything."""
    return line if doubt is None else f"{line}  {CHECK} {doubt}"
