"""One district's delivery: every file read, typed, judged and accounted for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import narwhals.stable.v2 as nw
import pandas as pd

from evaluation.contracts import TABLES, conform
from evaluation.daily import months
from evaluation.engine import Frame, Session, collect
from evaluation.ingest.accepted import accepted_rows
from evaluation.ingest.accepted_attendance import accepted_attendance
from evaluation.ingest.default_study import knows_scales
from evaluation.ingest.delivery.accounted import file_report, note_rosters, note_scales, quarantine
from evaluation.ingest.delivery.claims import claimed
from evaluation.ingest.delivery.delivered import DeliveredFile
from evaluation.ingest.delivery.foreign import refuse_foreign
from evaluation.ingest.delivery.listed_students import refuse_listed_students
from evaluation.ingest.delivery.missing import missing_tables
from evaluation.ingest.delivery.taken import count_unread, refuse_lost_zeros, take
from evaluation.ingest.identity.crosswalk import Crosswalk
from evaluation.ingest.identity.generalise import by_month
from evaluation.ingest.identity.pseudonym import pseudonyms, student_pseudonyms
from evaluation.ingest.mapping.schema import DistrictMapping
from evaluation.ingest.parsers import Reading
from evaluation.ingest.records import FileReport
from evaluation.ingest.report.compare import compare
from evaluation.ingest.report.revised import Revision
from evaluation.ingest.survey_items import check_items, item_scales
from evaluation.ingest.versions import hold_shrunk, refuse_conflicts, supersede, versions
from evaluation.params import Study


@dataclass(frozen=True)
class District:
    """Canonical tables by name, one report per delivered file, the quarantine, and what later versions changed.

    The tables lie in the engine's scratch: the next district begins with empty memory.
    """

    tables: Mapping[str, Frame]
    files: tuple[FileReport, ...]
    quarantine: pd.DataFrame
    revisions: tuple[Revision, ...]


def ingest_district(mapping: DistrictMapping, paths: Iterable[str], read: Callable[[str], bytes], study: Study, *,
                    key: bytes, session: Session, crosswalk: Crosswalk | None = None) -> District:
    """Return what a district delivered, as canonical tables and an account of every row.

    Parameters
    ----------
    paths : str
        Files below the district's folder, `<school year>/<name>` or `<school year>@<day>/<name>`; of several versions
        of a table and year the newest is taken.
    read : callable
        From such a path to the file's bytes; may raise `RefusedFileError`.
    key : bytes
        The district's secret key for pseudonyms.
    crosswalk : Crosswalk, optional
        From pseudonyms under former keys to those under `key`, for years whose files hold pseudonyms already.
    """
    files = _taken(mapping, paths, read, study, session, key=key, crosswalk=crosswalk or Crosswalk())
    supersede(files)
    refuse_conflicts(files)
    refuse_listed_students(files, mapping)
    refuse_lost_zeros(files, mapping)
    hold_shrunk(files, mapping.district_id, study.deliveries.accept_smaller)
    tables: dict[str, pd.DataFrame] = {}
    found: dict[str, Frame] = {}
    revisions: list[Revision] = []
    for name in mapping.tables.sent():
        refuse_foreign(files, name, tables, mapping)
        revisions += _revisions(name, files, tables, study, session)
        mine = [f for f in files if f.table == name and f.stands]
        if name == "attendance":
            found.update([accepted_attendance(mine, tables, session)])
        else:
            tables[name] = accepted_rows(name, mine, tables, study, session)
    note_rosters(files, mapping)
    if not knows_scales(study, mapping):
        note_scales(files)
    if mapping.dates == "month":
        tables["enrollment"] = conform(collect(by_month(session.frame(tables["enrollment"]))), "enrollment")
    reports = (*(file_report(file, mapping.district_id) for file in files), *missing_tables(files, mapping))
    found |= {name: session.kept(session.frame(rows)) for name, rows in tables.items()}
    return District(found, reports, quarantine(files, mapping.district_id), tuple(revisions))


def joined(districts: Iterable[District], table: str) -> Frame | None:
    """Return a canonical table's rows of all districts; none where none sent it."""
    frames = [district.tables[table].select(*TABLES[table].columns) for district in districts
              if table in district.tables]
    return nw.concat(frames) if frames else None


def _taken(mapping: DistrictMapping, paths: Iterable[str], read: Callable[[str], bytes], study: Study,
           session: Session, *, key: bytes, crosswalk: Crosswalk) -> list[DeliveredFile]:
    """Return the delivered files, each once for every table it feeds, read unless refused."""
    state = next((d.state for d in study.districts if d.id == mapping.district_id), "")
    student_key = student_pseudonyms(key, mapping.district_id, state, mapping.student_id.id_type)
    action_key = pseudonyms(key, mapping.district_id, "action_id")
    scales = item_scales(study)
    check_items(mapping, scales)
    files = [file for path in sorted(paths) for file in claimed(path, mapping, study)]
    for file in files:
        if file.refusal is not None:
            count_unread(file, read)
        else:
            is_hashed = file.school_year in mapping.student_id.hashed_with
            how = Reading(mapping.district_id, file.school_year, mapping.student_id, student_key, action_key, scales,
                          crosswalk if is_hashed else None)
            take(file, read, mapping, how, session)
    return files


def _revisions(name: str, files: Sequence[DeliveredFile], tables: Mapping[str, pd.DataFrame], study: Study,
               session: Session) -> Iterator[Revision]:
    """Yield what each version of a table changed against the one before it, where both were read."""
    for history in versions(f for f in files if f.table == name):
        read = [version for version in history if all(f.content is not None for f in version)]
        frames = [_version(name, version, tables, study, session) for version in read] if len(read) > 1 else []
        for i in range(1, len(frames)):
            for difference in compare({name: frames[i - 1]}, {name: frames[i]}):
                yield Revision(read[i - 1][0].folder, read[i][0].folder, difference)


def _version(name: str, files: Sequence[DeliveredFile], tables: Mapping[str, pd.DataFrame], study: Study,
             session: Session) -> Frame:
    """Return the accepted rows of a version; daily attendance by month."""
    if name != "attendance":
        return session.frame(accepted_rows(name, files, tables, study, session))
    table, rows = accepted_attendance(files, tables, session)
    return months(rows) if table == "attendance_day" else rows
