"""A district's delivery laid over the one it sent before: what came then stands until a file of now replaces it.

A school year's folder that is in both and differs is read as a later version of it, under a day that comes after all.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby
from pathlib import Path
from typing import Any

from evaluation.errors import DeliveryError
from evaluation.ingest.versions import year_and_day

_FIRST_DAY = date(9999, 1, 1)


@dataclass(frozen=True)
class LaidOver:
    """Where every file lies (`places`), by the path under which it is read.

    `own` has the path under which each file of the present delivery is read, `names` what folders that are read under
    another name are called.
    """

    places: Mapping[str, Path]
    own: Mapping[str, str]
    names: Mapping[str, str]

    def restored(self, content: Any) -> Any:
        """Return a report's content, its folders called by their own names."""
        if isinstance(content, Mapping):
            return {key: self.restored(value) for key, value in content.items()}
        if isinstance(content, (list, tuple)):
            return [self.restored(value) for value in content]
        if isinstance(content, str):
            for read_as, name in self.names.items():
                content = content.replace(read_as, name)
        return content


def alone(folder: Path, paths: Iterable[str]) -> LaidOver:
    """Return a delivery that is laid over nothing."""
    return LaidOver({path: folder / path for path in paths}, {path: path for path in paths}, {})


def laid_over(folder: Path, paths: Iterable[str], before: Path, paths_before: Iterable[str]) -> LaidOver:
    """Return the files `paths` below `folder` laid over those of the delivery `before`.

    Raises
    ------
    DeliveryError
        A file of the delivery before lies in no school year's folder.
    """
    places = {path: before / path for path in paths_before}
    for path in places:
        if year_and_day(_top(path)) is None:
            raise DeliveryError("the file lies in no school year's folder.", where=str(before / path),
                                fix="Name with --previous the folder that holds the folders of the school years.")
    sent = {_top(path) for path in places}
    names: dict[str, str] = {}
    own: dict[str, str] = {}
    for top, mine in groupby(sorted(paths), key=_top):
        files = list(mine)
        is_later = top[:4] in {name[:4] for name in names}
        if is_later or (top in sent and any(not _is_same(folder / path, places.get(path)) for path in files)):
            read_as = f"{top[:4]}@{_FIRST_DAY + timedelta(days=len(names))} {folder.name}"
            names[read_as] = top
        else:
            read_as = top
        own |= {path: f"{read_as}{path[len(top):]}" for path in files}
    return LaidOver(places | {own[path]: folder / path for path in own}, own, names)


def _top(path: str) -> str:
    return path.partition("/")[0]


def _is_same(file: Path, other: Path | None) -> bool:
    return other is not None and file.is_file() and other.is_file() and file.read_bytes() == other.read_bytes()
