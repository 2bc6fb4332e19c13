"""What is wrong with a mapping.yaml, in the words of whoever writes one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Any, get_args

from evaluation.contracts import COLUMNS
from evaluation.params import Block

DOCS = "docs/delivery.md lists every key, with an example."
_CODED = ("race_ethnicity", "sex", "english_learner", "disability", "economic", "kind", "action_std")
_A_BLOCK = "keys belong here, one a line with its value"
_WORDS = {"missing": "the key is missing", "extra_forbidden": "there is no such key here", "model_type": _A_BLOCK,
          "dict_type": _A_BLOCK, "mapping_type": _A_BLOCK, "int_parsing": "it should be a whole number",
          "string_type": "it should be text", "tuple_type": "it should be a list, such as [this, that]"}


def in_words(errors: Sequence[Mapping[str, Any]], content: Any, model: type[Block]) -> tuple[str, str, str]:
    """Return (key, what, fix) of the first error, or of the first unknown key: it may be the one that is missed.

    Parameters
    ----------
    errors : as pydantic lists them, of `content` read as `model`.
    """
    error = min(errors, key=lambda one: one["type"] != "extra_forbidden")
    path, kind, said = error["loc"], error["type"], error["msg"]
    if not path and _WORDS.get(kind) == _A_BLOCK:
        return "", "the file holds no keys", "`evaluation map FILES` proposes a mapping."
    what = said.removeprefix("Value error, ") if kind == "value_error" else _WORDS.get(kind)
    return ".".join(_key(path, content)), what or f"it {said.partition(' ')[2]}", _way_out(error, model)


def wrong_target(field: str, codes: Mapping[str, str]) -> str | None:
    """Return what is wrong with the codes of a canonical column, if one is translated to a code that it has not."""
    allowed = COLUMNS[field].allowed if field in _CODED else ()
    wrong = next((target for target in codes.values() if allowed and target and target not in allowed), None)
    return None if wrong is None else f"`{wrong}` is no code of {field}; its codes are {', '.join(allowed)}"


def _way_out(error: Mapping[str, Any], model: type[Block]) -> str:
    if error["type"] != "extra_forbidden":
        return DOCS
    known = sorted(_keys_at(error["loc"][:-1], model))
    close = get_close_matches(str(error["loc"][-1]), known, n=1)
    return f"Did you mean `{close[0]}`?" if close else f"Known keys: {', '.join(known)}."


def _key(path: Sequence[object], content: Any) -> Iterator[str]:
    """Yield the keys of a path that are in the file, or missed there; the others name what a value may be."""
    node = content
    for place, part in enumerate(path, start=1):
        if isinstance(node, Mapping) and (part in node or place == len(path)):
            node = node.get(part)
            yield str(part)


def _keys_at(path: Sequence[object], model: type[Block]) -> set[str]:
    models = [model]
    for part in path:
        models = [block for one in models if part in one.model_fields
                  for block in _blocks(one.model_fields[str(part)].annotation)] or models
    return {key for one in models for key in one.model_fields}


def _blocks(annotation: Any) -> Iterator[type[Block]]:
    if isinstance(annotation, type) and issubclass(annotation, Block):
        yield annotation
    for part in get_args(annotation):
        yield from _blocks(part)
