"""Files on disk, read once, become a proposed mapping."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath

from evaluation.errors import DeliveryError
from evaluation.ingest.containers import opened
from evaluation.ingest.crosswalk import is_beside
from evaluation.ingest.guess import is_known
from evaluation.ingest.layouts import known_layouts, with_layouts
from evaluation.ingest.propose import propose
from evaluation.ingest.records import RefusedFileError, findings
from evaluation.ingest.rulebook import RULES
from evaluation.ingest.sample_file import Sample, read_sample
from evaluation.ingest.versions import year_and_day

_PLACEHOLDER = "xx-0000"


def propose_files(paths: Sequence[Path], district_id: str | None) -> str:
    """Return the text of a mapping for these files, and for all files below those that are folders.

    Raises
    ------
    DeliveryError
        A path is missing, or a file cannot be read or has no header that is known. Nothing of it is repeated.
    """
    samples: list[Sample] = []
    layouts: set[str] = set()
    found = [file for path in paths for file in _files(path)]
    for file in found:
        place = PurePosixPath(file.parent.name, file.name).as_posix()
        try:
            content = file.read_bytes()
            if content and opened(content, file.name).kind == "xml":
                layouts.add(_layout(place, file))
            else:
                samples.append(read_sample(content, place, is_known))
        except RefusedFileError as refused:
            [finding] = findings("refused", [refused.flaw], RULES)
            raise DeliveryError(f"{finding.what}.", where=str(file), fix=finding.fix) from None
    if not found:
        raise DeliveryError("there is no file.", where=", ".join(map(str, paths)), fix="Name the files to map.")
    known = district_id or _district(found[0])
    return propose(samples, district_id=known or _PLACEHOLDER, layouts=sorted(layouts),
                   is_district_known=known is not None)


def _files(path: Path) -> Iterator[Path]:
    if not path.exists():
        raise DeliveryError("there is no such file.", where=str(path), fix="Check the path.")
    if path.is_file():
        yield path
        return
    for file in sorted(path.rglob("*")):
        relative = file.relative_to(path)
        if file.is_file() and not is_beside(relative) and not any(part.startswith(".") for part in relative.parts):
            yield file


def _district(file: Path) -> str | None:
    """Return the name of the folder above the school year's, if the file lies in one."""
    folder = file.resolve().parent
    return folder.parent.name if year_and_day(folder.name) is not None else None


def _layout(place: str, file: Path) -> str:
    """Return the layout that reads XML files of this name."""
    for name in known_layouts():
        tables = with_layouts({"layout": name})["tables"]
        if any("xml" in table and fnmatch(place, table["files"]) for table in tables.values()):
            return name
    raise DeliveryError("no known layout has an XML file of this name.", where=str(file),
                        fix=f"Known layouts: {', '.join(known_layouts())}; or export the table as CSV.")
