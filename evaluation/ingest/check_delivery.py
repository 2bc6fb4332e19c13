"""What the intake would say of files or of a whole district's folder: the same rules and report, nothing written."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from evaluation import engine
from evaluation.daily import months
from evaluation.engine import Session
from evaluation.errors import DeliveryError
from evaluation.ingest.canonical import CANONICAL, with_months
from evaluation.ingest.default_study import WORDS, default_study
from evaluation.ingest.district import District, ingest_district, joined
from evaluation.ingest.district_folder import (
    MAPPING,
    DistrictFolder,
    delivered_at,
    delivered_paths,
    district_of,
    empty_years,
    read_delivered,
    read_folder,
)
from evaluation.ingest.identity.linking import linked_by
from evaluation.ingest.laid_over import LaidOver, alone, laid_over
from evaluation.ingest.public.account import public_content
from evaluation.ingest.public.cells import read_public
from evaluation.ingest.report.content import report_content
from evaluation.ingest.report.identity import identity_of
from evaluation.ingest.report.revised import told
from evaluation.ingest.versions import snapshot, year_and_day
from evaluation.params import Study

_DISTRICT = re.compile(rb"(?m)^district_id:\s*[\"']?([\w-]+)")
_NO_SECRET = b"checked only; no pseudonym leaves this module"


@dataclass(frozen=True)
class _Asked:
    """A district's folder and files: those to report on and those to read, since schools and enrolment lie in others.

    `wanted` and `read` are paths of `laid`, `wanted` of a whole folder also the patterns of tables of which no file may
    have come; `later` are the files that the snapshot leaves out.
    """

    folder: DistrictFolder
    laid: LaidOver
    wanted: frozenset[str]
    read: tuple[str, ...]
    later: tuple[str, ...]
    is_whole: bool

    def ingested(self, study: Study, session: Session) -> District:
        """Return what the files become."""
        return ingest_district(self.folder.mapping, self.read, lambda path: read_delivered(self.laid.places[path]),
                               study, key=_NO_SECRET, session=session, crosswalk=self.folder.crosswalk)


def check_delivery(paths: Sequence[Path], study: Study | None, *, previous: Path | None = None) -> dict[str, Any]:
    """Return the intake's report (`report_content`) of files, of a year's folder, of a district's or of several.

    The mapping is found in the folders above a file. Of single files and years, only they are reported; the others of
    the same school year are read too, since schools and enrolment lie there. Without a study, default definitions
    apply. `previous` is the folder, as it was sent, of the delivery before: its files stand unless one of now replaces
    them, and what these change is reported as it is of a corrected version. Of a study of published data, the folder
    that holds the publisher's archive is checked.

    Raises
    ------
    DeliveryError
        A path is missing or holds no delivery, no mapping.yaml lies above it, the mapping is broken, the study does
        not know the district, or a file is not in a school year's folder.
    """
    if study is not None and study.deliveries.adapter == "public_group_level":
        return _published(paths, study)
    as_of = None if study is None else study.deliveries.as_of
    asked = _asked(paths, as_of, previous)
    known = default_study(a.folder.mapping for a in asked) if study is None else study
    for a in asked:
        if a.folder.name not in {d.id for d in known.districts}:
            raise DeliveryError(f"the study has no district `{a.folder.name}`.", where=str(a.folder.path),
                                fix="Add it under `districts` in the study file, or check it without --study.")
    with engine.session() as session:
        found = [a.ingested(known, session) for a in asked]
        every = tuple(file for a, district in zip(asked, found, strict=True) for file in district.files
                      if not {name := file.file.partition("/")[2], name.rpartition("#")[0]}.isdisjoint(a.wanted))
        files = tuple(file for file in every if file.superseded_by is None)
        is_whole = all(a.is_whole for a in asked)
        names = CANONICAL if is_whole else tuple({f.table for f in files} & set(CANONICAL))
        read = {*names, "school_year", "enrollment"}
        sent = {name: rows for name in sorted(read) if (rows := joined(found, name)) is not None}
        tables = with_months(sent, (session.kept(months(d.tables["attendance_day"])) for d in found
                                    if "attendance_day" in d.tables and "attendance" in names))
        quarantine = pd.concat([district.quarantine for district in found], ignore_index=True)
        content = report_content(
            files, quarantine, tables, tolerance=known.quarantine_tolerance,
            accept_without=known.deliveries.accept_without, silent=(), pseudonyms="none leaves this check",
            definitions=WORDS if study is None else f"study {study.id}")
        if is_whole:
            content |= identity_of({a.folder.name: _linked(a.folder) for a in asked}, tables)
            content["advice"] += [_nothing_in(a.folder.name, place) for a in asked
                                  for place in empty_years(a.folder.path)]
    if not is_whole:
        content["coverage"] = [row for row in content["coverage"] if row["table"] in names]
    content |= told((revision for district in found for revision in district.revisions),
                    (file for file in every if file.superseded_by is not None),
                    [f"{a.folder.name}/{path}" for a in asked for path in a.later], as_of)
    return _called_by_their_names(content, asked) | {"is_compared": previous is not None}


def _published(paths: Sequence[Path], study: Study) -> dict[str, Any]:
    folder = paths[0] if paths[0].is_dir() else paths[0].parent
    content = public_content(read_public(folder, study), study, definitions=f"study {study.id}")
    return content | told((), (), (), None) | {"is_compared": False}


def _called_by_their_names(content: dict[str, Any], asked: Sequence[_Asked]) -> dict[str, Any]:
    """Return the content with every folder's own name; folders of one name are told apart."""
    for a in asked:
        for revision in content["revisions"]:
            if revision["version"] in a.laid.names and revision["before"] not in a.laid.names:
                revision["before"] += " as sent before"
        content = a.laid.restored(content)
    return content


def _nothing_in(district_id: str, folder: str) -> dict[str, str]:
    return {"district_id": district_id, "what": f"The folder {folder} is empty.",
            "fix": "Put the files of the year into it, or take it away."}


def _linked(folder: DistrictFolder) -> dict[str, Any]:
    """Return how a district's students link; the present key is the one last hashed with."""
    last = max(folder.mapping.student_id.hashed_with.items(), default=(0, ""))[1]
    return linked_by(folder.mapping, folder.crosswalk, folder.crosswalk.newest_key(last))


def _asked(paths: Sequence[Path], as_of: str | None, previous: Path | None) -> list[_Asked]:
    wanted: dict[Path, set[str]] = {}
    for path in paths:
        for folder, files in _found(path):
            wanted.setdefault(folder, set()).update(files)
    asked = []
    for folder, files in sorted(wanted.items()):
        delivered, later = snapshot(delivered_paths(folder), as_of)
        laid = alone(folder, delivered)
        if previous is not None:
            before = _sent_before(previous, folder.name, is_alone=len(wanted) == 1)
            laid = laid_over(folder, delivered, before, snapshot(delivered_paths(before), as_of)[0])
        is_whole = files >= {*delivered, *later}
        years = {name[:4] for name in files}
        own = frozenset(laid.own[name] for name in files if name in laid.own)
        found = read_folder(folder)
        patterns = (table.files for table in found.mapping.tables.sent().values())
        asked.append(_Asked(found, laid, frozenset((*laid.places, *patterns)) if is_whole else own,
                            tuple(path for path in laid.places if path in own or path[:4] in years or is_whole),
                            tuple(name for name in later if name in files), is_whole))
    return asked


def _sent_before(previous: Path, district_id: str, *, is_alone: bool) -> Path:
    """Return the folder of the district's delivery before: the one named, or the district's below it."""
    if (previous / district_id).is_dir():
        return previous / district_id
    has_years = previous.is_dir() and any(year_and_day(place.name) for place in previous.iterdir())
    if is_alone and has_years and not _is_of_another(previous, district_id):
        return previous
    raise DeliveryError(f"here is no earlier delivery of `{district_id}`.", where=str(previous),
                        fix="Name with --previous the folder as it was sent, with the folders of the school years in "
                            "it. A report does not do: it holds counts and no rows to compare.")


def _is_of_another(folder: Path, district_id: str) -> bool:
    """Return whether a folder's mapping says that it is another district's."""
    mapping = folder / MAPPING
    said = _DISTRICT.search(mapping.read_bytes()) if mapping.is_file() else None
    return said is not None and said[1].decode() != district_id


def _found(path: Path) -> Iterable[tuple[Path, set[str]]]:
    """Return (district's folder, files below it) of what was asked for."""
    place = Path(os.path.abspath(path))
    if not place.exists():
        raise DeliveryError("there is no such file.", where=str(path), fix="Check the path.")
    folder = district_of(place)
    if folder is None:
        below = sorted(p.parent for p in place.glob(f"*/{MAPPING}")) if place.is_dir() else []
        if not below:
            raise DeliveryError("there is no mapping.yaml in the folders above this file.", where=str(path),
                                fix="Put the file into <district>/<school year>/, and <district>/mapping.yaml beside "
                                    "the years; `evaluation map FILES` proposes one.")
        return [(district, set(delivered_paths(district))) for district in below]
    files = set(delivered_at(place, folder))
    if not files:
        raise DeliveryError("there is nothing to check.", where=str(path),
                            fix="Name delivered files or a folder that holds some.")
    return [(folder, files)]
