"""Files on disk, read once, become a proposed mapping."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath

from evaluation.errors import DeliveryError
from evaluation.ingest.district_folder import delivered_paths
from evaluation.ingest.mapping.layouts import known_layouts, with_layouts
from evaluation.ingest.proposal.guess import is_known
from evaluation.ingest.proposal.mapping_text import CHECK
from evaluation.ingest.proposal.propose import propose
from evaluation.ingest.proposal.roster import LAYOUT, TOGETHER, is_file_of_roster, is_roster, to_delete
from evaluation.ingest.proposal.sample_file import NoKnownHeaderError, Sample, is_published, read_sample
from evaluation.ingest.readers.containers import opened
from evaluation.ingest.records import RefusedFileError, findings
from evaluation.ingest.rulebook import RULES
from evaluation.ingest.versions import year_and_day

_PLACEHOLDER = "xx-0000"


def propose_files(paths: Sequence[Path], district_id: str | None) -> str:
    """Return the text of a mapping for these files, and for all files below those that are folders.

    Files that cannot be mapped are named in the proposal, with the reason.

    Raises
    ------
    DeliveryError
        A path is missing, or none of the files can be read or has a header that is known. Nothing of it is repeated.
    """
    samples: list[Sample] = []
    layouts: set[str] = set()
    unread: list[DeliveryError] = []
    remarks: list[str] = []
    found = [file for path in paths for file in _files(path)]
    for file in found:
        try:
            content = file.read_bytes()
            if is_roster(content):
                layouts.add(LAYOUT)
                remarks += to_delete(content)
            elif is_file_of_roster(content):
                raise DeliveryError("it is one of the files of a OneRoster export.", where=_place(file), fix=TOGETHER)
            elif is_published(content):
                raise DeliveryError("it holds published counts of districts or schools, and no student.",
                                    where=_place(file), fix="A study reads it by `deliveries` in the study file "
                                                            "(docs/delivery.md, Published files); it has no mapping.")
            elif content and opened(content, file.name).kind == "xml":
                layouts.add(_layout(file))
            else:
                samples.append(read_sample(content, _place(file), is_known))
        except (RefusedFileError, NoKnownHeaderError, DeliveryError) as error:
            unread.append(_reason(error, file))
    if unread and len(unread) == len(found):
        raise unread[0]
    if not found:
        raise DeliveryError("there is no file.", where=" ".join(map(str, paths)), fix="Name the files to map.")
    known = district_id or _district(found[0])
    text = propose(samples, district_id=known or _PLACEHOLDER, layouts=sorted(layouts),
                   is_district_known=known is not None)
    return text + "".join(f"{line}\n" for line in (*remarks, *(f"{CHECK} not mapped: {error}" for error in unread)))


def _reason(error: RefusedFileError | NoKnownHeaderError | DeliveryError, file: Path) -> DeliveryError:
    if isinstance(error, DeliveryError):
        return error
    if isinstance(error, NoKnownHeaderError):
        return DeliveryError("no line of it names two columns that are known.", where=_place(file),
                             fix="It may have no header, or hold no student's rows: write its table by hand, as in "
                                 "docs/delivery.md, or leave it out.")
    [finding] = findings("refused", [error.flaw], RULES)
    return DeliveryError(f"{finding.what}.", where=_place(file), fix=finding.fix)


def _place(file: Path) -> str:
    return PurePosixPath(file.parent.name, file.name).as_posix()


def _files(path: Path) -> Iterator[Path]:
    if not path.exists():
        raise DeliveryError("there is no such file.", where=str(path), fix="Check the path.")
    if path.is_file():
        yield path
        return
    yield from sorted(path / name for name in delivered_paths(path))


def _district(file: Path) -> str | None:
    """Return the name of the folder above the school year's, if the file lies in one."""
    folder = Path(os.path.abspath(file)).parent
    return folder.parent.name if year_and_day(folder.name) is not None else None


def _layout(file: Path) -> str:
    """Return the layout that reads XML files of this name."""
    for name in known_layouts():
        tables = with_layouts({"layout": name})["tables"]
        if any("xml" in table and fnmatch(_place(file), table["files"]) for table in tables.values()):
            return name
    raise DeliveryError("no known layout reads an XML file of this name.", where=_place(file),
                        fix="Leave it out of the delivery, or export its table as CSV.")
