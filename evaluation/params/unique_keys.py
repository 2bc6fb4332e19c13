"""A YAML loader's guard against a key that is written twice: the second would win in silence."""

from __future__ import annotations

from typing import Any

import yaml


class UniqueKeys(yaml.constructor.BaseConstructor):
    """Mixed into a loader, before it; raises a ConstructorError that names the key and its line."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """Return the mapping of a node."""
        seen: set[str] = set()
        for key, _ in node.value:
            if key.value in seen and key.tag != "tag:yaml.org,2002:merge":
                raise yaml.constructor.ConstructorError(None, None, f"the key `{key.value}` is given twice",
                                                        key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep)
