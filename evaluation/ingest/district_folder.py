"""A district's folder on disk: its mapping, its crosswalks, and its delivered files."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from evaluation.engine import Session
from evaluation.ingest.crosswalk import CROSSWALKS, Crosswalk, is_beside, read_crosswalk
from evaluation.ingest.district import District, ingest_district
from evaluation.ingest.mapping import DistrictMapping, read_mapping
from evaluation.params import Study

MAPPING = "mapping.yaml"


def read_folder_mapping(folder: Path) -> DistrictMapping:
    """Return the mapping of a district's folder."""
    path = folder / MAPPING
    return read_mapping(path.read_bytes(), where=str(path), folder=folder.resolve().name)


def read_folder_crosswalk(folder: Path) -> Crosswalk:
    """Return the crosswalk of a district's folder, empty where it has none."""
    return read_crosswalk({str(p): p.read_bytes() for p in sorted(folder.glob(CROSSWALKS))})


def delivered_paths(folder: Path) -> tuple[str, ...]:
    """Return the delivered files below a district's folder, sorted; hidden files are none."""
    found = []
    for path in folder.rglob("*"):
        relative = path.relative_to(folder)
        if path.is_file() and not is_beside(relative) and not any(part.startswith(".") for part in relative.parts):
            found.append(relative.as_posix())
    return tuple(sorted(found))


def ingest_folder(folder: Path, paths: Iterable[str], study: Study, *, key: bytes, session: Session) -> District:
    """Return what the files `paths` below a district's folder become, as `ingest_district` does."""
    mapping, crosswalk = read_folder_mapping(folder), read_folder_crosswalk(folder)
    return ingest_district(mapping, paths, lambda path: (folder / path).read_bytes(), study, key=key, session=session,
                           crosswalk=crosswalk)
