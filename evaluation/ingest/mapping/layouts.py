"""Presets of known layouts, which a district's own mapping.yaml refines: `layout: <name>`."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from typing import Any

import yaml

_FOLDER = "layouts"
_NOTHING = "~"


class UnknownLayoutError(Exception):
    """No preset has that name."""


def known_layouts() -> tuple[str, ...]:
    """Return the names of all presets, sorted."""
    folder = files("evaluation.ingest.mapping") / _FOLDER
    return tuple(sorted(p.name.removesuffix(".yaml") for p in folder.iterdir() if p.name.endswith(".yaml")))


def with_layouts(content: Any) -> Any:
    """Return a mapping's content laid over the presets it names under `layout`, in their order.

    Whatever the district says wins, key by key; `~` in place of a value takes the preset's key away. A column may
    be given by its name alone: codes and format of the preset stay.

    Raises
    ------
    UnknownLayoutError
        No layout has that name.
    """
    if not isinstance(content, Mapping) or "layout" not in content:
        return content
    named = content["layout"]
    base: Any = {}
    for name in [named] if isinstance(named, str) else named:
        if name not in known_layouts():
            raise UnknownLayoutError(name)
        base = _laid_over(base, _preset(name))
    return _laid_over(base, {key: value for key, value in content.items() if key != "layout"})


def _preset(name: str) -> Any:
    text = (files("evaluation.ingest.mapping") / _FOLDER / f"{name}.yaml").read_text(encoding="utf-8")
    return yaml.load(text, Loader=yaml.BaseLoader)


def _laid_over(below: Any, above: Any) -> Any:
    if isinstance(below, Mapping) and isinstance(above, str) and "column" in below:
        above = {"column": above}
    if isinstance(above, Mapping) and isinstance(below, str) and "column" not in above:
        below = {"column": below}
    if not isinstance(below, Mapping) or not isinstance(above, Mapping):
        return above
    both = {key: _laid_over(below[key], above[key]) if key in below and key in above else above.get(key, below.get(key))
            for key in (*below, *(k for k in above if k not in below))}
    return {key: value for key, value in both.items() if above.get(key) != _NOTHING}
