"""A district's folder on disk: its mapping, its crosswalks, and its delivered files."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePath

from evaluation.engine import Session
from evaluation.errors import DeliveryError
from evaluation.ingest.district import District, ingest_district
from evaluation.ingest.identity.crosswalk import CROSSWALKS, Crosswalk, is_beside, read_crosswalk
from evaluation.ingest.mapping.reading import read_mapping
from evaluation.ingest.mapping.schema import DistrictMapping
from evaluation.ingest.records import Flaw, RefusedFileError
from evaluation.ingest.versions import year_and_day
from evaluation.params import Study

MAPPING = "mapping.yaml"
_OF_SYSTEMS = ("thumbs.db", "ehthumbs.db", "desktop.ini")


@dataclass(frozen=True)
class DistrictFolder:
    """A district's folder, and what lies in it beside the delivered files."""

    path: Path
    mapping: DistrictMapping
    crosswalk: Crosswalk

    @property
    def name(self) -> str:
        """The folder's name, which is the district's id."""
        return self.path.name


def read_folder(path: Path) -> DistrictFolder:
    """Return a district's folder with its mapping and its crosswalk, which is empty where it has none."""
    mapping = read_folder_mapping(path)
    crosswalk = read_crosswalk({str(p): p.read_bytes() for p in sorted(path.glob(CROSSWALKS))})
    return DistrictFolder(path, mapping, crosswalk)


def read_folder_mapping(folder: Path) -> DistrictMapping:
    """Return the mapping of a district's folder."""
    path = folder / MAPPING
    return read_mapping(path.read_bytes(), where=str(path), folder=folder.resolve().name)


def delivered_paths(folder: Path) -> tuple[str, ...]:
    """Return the delivered files below a district's folder, sorted; hidden files are none, linked folders are read.

    Links to nowhere and empty folders with a file's name are among them, so that they are refused and not overlooked.

    Raises
    ------
    DeliveryError
        A folder cannot be opened, or a name is in another encoding than UTF-8, so that no report can hold it.
    """
    below = (path.relative_to(folder) for path in _below(folder, (folder.resolve(),)))
    names = sorted(path.as_posix() for path in below if is_delivered(path))
    for name in names:
        if (shown := os.fsencode(name).decode(errors="backslashreplace")) != name:
            raise DeliveryError("the name is not in UTF-8.", where=f"{folder}/{shown}",
                                fix="Rename it, best with plain letters and digits.")
    return tuple(names)


def delivered_at(place: Path, folder: Path) -> tuple[str, ...]:
    """Return the delivered files, below a district's folder, that a place in it is or holds."""
    at = place.relative_to(folder).as_posix()
    return tuple(name for name in delivered_paths(folder) if at in (".", name) or name.startswith(f"{at}/"))


def _below(folder: Path, above: tuple[Path, ...]) -> Iterator[Path]:
    """Yield what stands for files below a folder; a link back to one `above` leads to nothing new."""
    try:
        inside = list(folder.iterdir())
    except OSError as error:
        raise DeliveryError(f"the folder cannot be opened ({error.strerror}).", where=str(folder),
                            fix="Give yourself the right to read it, or take it away.") from None
    for path in inside:
        if not path.is_dir() or _is_in_place_of_file(path):
            yield path
        elif not path.name.startswith(".") and (place := path.resolve()) not in above:
            yield from _below(path, (*above, place))


def read_delivered(path: Path) -> bytes:
    """Return a delivered file's bytes (RefusedFileError: it cannot be opened)."""
    try:
        if path.is_file():
            return path.read_bytes()
    except OSError:
        pass
    raise RefusedFileError(Flaw("cannot_be_opened"))


def _is_in_place_of_file(folder: Path) -> bool:
    return bool(folder.suffix) and year_and_day(folder.name) is None and not any(folder.iterdir())


def is_delivered(path: PurePath) -> bool:
    """Return whether a path below a district's folder may be a delivered file: not hidden, no mapping, no crosswalk.

    What operating systems leave in folders is none either.
    """
    is_hidden = any(part.startswith(".") or part == "__MACOSX" for part in path.parts)
    return not is_beside(path) and not is_hidden and path.name.casefold() not in _OF_SYSTEMS


def empty_years(folder: Path) -> tuple[str, ...]:
    """Return the school years' folders, and those of versions, in which no delivered file lies."""
    years = [place for place in folder.iterdir() if place.is_dir() and year_and_day(place.name) is not None]
    filled = {path.partition("/")[0] for path in delivered_paths(folder)}
    return tuple(sorted(place.name for place in years if place.name not in filled))


def district_of(path: Path) -> Path | None:
    """Return the nearest folder, the path itself or above it, that holds a mapping.yaml."""
    return next((folder for folder in (path, *path.parents) if (folder / MAPPING).is_file()), None)


def ingest_folder(folder: DistrictFolder, paths: Iterable[str], study: Study, *, key: bytes, session: Session
                  ) -> District:
    """Return what the files `paths` below a district's folder become, as `ingest_district` does."""
    return ingest_district(folder.mapping, paths, lambda path: read_delivered(folder.path / path), study, key=key,
                           session=session, crosswalk=folder.crosswalk)
