"""One district's delivery: every file read, typed, judged and accounted for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from hashlib import sha256

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd

from evaluation.contracts import TABLES, conform
from evaluation.daily import months
from evaluation.engine import Session, collect
from evaluation.errors import DeliveryError, StudyError
from evaluation.ingest.attendance_parts import attendance
from evaluation.ingest.delivered import DeliveredFile
from evaluation.ingest.identity.crosswalk import Crosswalk
from evaluation.ingest.identity.generalise import by_month
from evaluation.ingest.identity.pseudonym import pseudonyms, student_pseudonyms
from evaluation.ingest.mapping.schema import DistrictMapping, EventTable, SourceTable
from evaluation.ingest.parsers import Reading
from evaluation.ingest.readers.sheet import read_sheet
from evaluation.ingest.records import FileReport, Flaw, RefusedFileError, findings, sentence
from evaluation.ingest.report.compare import compare
from evaluation.ingest.report.revised import Revision
from evaluation.ingest.rulebook import RULES
from evaluation.ingest.rules import KEEPS_NO_ROW, judged
from evaluation.ingest.stacked import stacked, typed_as
from evaluation.ingest.typed import Typed, loses_zeros, typed
from evaluation.ingest.versions import hold_shrunk, refuse_conflicts, supersede, versions, year_and_day
from evaluation.params import Study

_ROWS_PER_FILE = 100_000_000
_MOST_STRANGERS = 0.5
NOTHING = Typed(pd.DataFrame(), np.empty(0, np.int64), (), (), frozenset())
"""What a year of events in which nothing happened contains."""
BAND_ORDER = ("elementary", "middle", "high", "all")


@dataclass(frozen=True)
class District:
    """Canonical tables by name, one report per delivered file, the quarantine, and what later versions changed."""

    tables: Mapping[str, pd.DataFrame]
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
        From such a path to the file's bytes.
    key : bytes
        The district's secret key for pseudonyms.
    crosswalk : Crosswalk, optional
        From pseudonyms under former keys to those under `key`, for years whose files hold pseudonyms already.
    """
    state = next((d.state for d in study.districts if d.id == mapping.district_id), "")
    student_key = student_pseudonyms(key, mapping.district_id, state, mapping.student_id.id_type)
    action_key = pseudonyms(key, mapping.district_id, "action_id")
    scales = item_scales(study)
    _check_items(mapping, scales)
    files = [file for path in sorted(paths) for file in _claimed(path, mapping, study)]
    for file in files:
        if file.refusal is None:
            is_hashed = file.school_year in mapping.student_id.hashed_with
            how = Reading(mapping.district_id, file.school_year, mapping.student_id, student_key, action_key, scales,
                          crosswalk or Crosswalk() if is_hashed else None)
            _take(file, read(file.path), mapping, how)
    supersede(files)
    refuse_conflicts(files)
    _refuse_lost_zeros(files, mapping)
    hold_shrunk(files, mapping.district_id, study.deliveries.accept_smaller)
    tables: dict[str, pd.DataFrame] = {}
    revisions: list[Revision] = []
    for name in mapping.tables.sent():
        _refuse_foreign(files, name, tables, mapping)
        revisions += _revisions(name, files, tables, study, session)
        accepted = _table(name, [f for f in files if f.table == name and f.stands], tables, study, session)
        tables["attendance_day" if _is_daily(name, accepted) else name] = accepted
    _note_rosters(files, mapping)
    if mapping.dates == "month":
        tables["enrollment"] = conform(collect(by_month(session.frame(tables["enrollment"]))), "enrollment")
    reports = tuple(_report(file, mapping) for file in files)
    return District(tables, reports, _quarantine(files, mapping), tuple(revisions))


def joined(districts: Iterable[District], table: str) -> pd.DataFrame:
    """Return a canonical table's rows of all districts; empty where none sent it."""
    frames = [district.tables[table] for district in districts if table in district.tables]
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=list(TABLES[table].columns))


def item_scales(study: Study) -> dict[str, tuple[int, int]]:
    """Return (low, high) of every survey item that an outcome of the study reads.

    Raises
    ------
    StudyError
        An outcome with a scale lacks its items or a whole number for its lower or upper end.
    """
    found: dict[str, tuple[int, int]] = {}
    for outcome in (o for o in study.outcomes if o.measure == "scale_score"):
        try:
            low, high = (int(float(str(outcome.parameters[end]))) for end in ("low", "high"))
            found |= {str(item): (low, high) for item in _listed(outcome.parameters["items"])}
        except (KeyError, ValueError, OverflowError):
            raise StudyError("a scale score needs `items` and whole numbers `low` and `high`.",
                             where=f"studies/, key outcomes.{outcome.id}.parameters",
                             fix="Add them, as docs/study_file.md says.") from None
    return found


def _check_items(mapping: DistrictMapping, scales: Mapping[str, tuple[int, int]]) -> None:
    table = mapping.tables.survey_response
    if table is None:
        return
    unknown = sorted(set(table.items.values()) - set(scales))
    if unknown or not scales:
        what = f"the study has no survey item `{unknown[0]}`." if unknown else "the study reads no survey items."
        raise DeliveryError(what, where=f"{mapping.district_id}/mapping.yaml, key tables.survey_response.items",
                            fix=f"Known items: {', '.join(sorted(scales)) or 'none: take survey_response out'}.")


def _listed(value: object) -> tuple[str, ...]:
    return value if isinstance(value, tuple) else (str(value),)


def _claimed(path: str, mapping: DistrictMapping, study: Study) -> Iterator[DeliveredFile]:
    """Yield the file once for every table it feeds: one, unless it holds records of several tables."""
    where = f"{mapping.district_id}/{path}"
    found = year_and_day(path.partition("/")[0]) if "/" in path else None
    if found is None:
        raise DeliveryError("the file lies in no school year's folder.", where=where,
                            fix=f"Put it into {mapping.district_id}/<school year>/, by the year in which it ends; a "
                                "late or corrected file into <school year>@<day it came>/, such as 2024@2025-02-01/.")
    school_year, day = found
    sent = mapping.tables.sent()
    claims = [name for name, table in sent.items() if fnmatch(path, table.files)]
    records = {sent[name].kind_of_record() for name in claims} - {None}
    if len(claims) > 1 and len(records) != len(claims):
        raise DeliveryError(f"tables {' and '.join(claims)} both claim this file.", where=where,
                            fix="Make the patterns under `files` in mapping.yaml narrower.")
    for name in claims or ("unclaimed",):
        record = (sent[name].kind_of_record() or "") if len(claims) > 1 else ""
        file = DeliveredFile(path, name, school_year, day, record)
        if not claims:
            file.refuse(Flaw("unclaimed_file"))
        elif file.school_year not in study.periods.all():
            file.refuse(Flaw("outside_periods"))
        yield file


def _take(file: DeliveredFile, content: bytes, mapping: DistrictMapping, how: Reading) -> None:
    table = mapping.tables.sent()[file.table]
    file.sha256 = sha256(content).hexdigest()
    try:
        sheet = read_sheet(content, table, name=file.path)
        file.rows_in = sheet.rows_in
        file.content = typed(sheet, file.table, table, file.path, how)
    except RefusedFileError as refused:
        is_declared = isinstance(table, EventTable) and file.school_year in table.nothing_in
        if is_declared and refused.flaw.rule == "header_only":
            file.content = NOTHING
            return
        file.rows_in = max(file.rows_in, refused.rows)
        file.refuse(refused.flaw)


def _refuse_lost_zeros(files: list[DeliveredFile], mapping: DistrictMapping) -> None:
    """Refuse files whose ids are shorter than those of other files that begin with a zero (or a declared width)."""
    taken = [f for f in files if f.content is not None]
    widths = Counter(len(i) for f in taken if f.content for i in f.content.student_ids if i.startswith("0"))
    width = mapping.student_id.width or (widths.most_common(1)[0][0] if widths else 0)
    if mapping.student_id.zero_pad is not None or not width:
        return
    for file in taken:
        if file.content is not None and loses_zeros(file.content.student_ids, width):
            column = mapping.tables.sent()[file.table].columns["student_id"].column
            file.refuse(Flaw("leading_zeros_lost", column=column, hint=f"Expected width: {width}."))


def _refuse_foreign(files: list[DeliveredFile], name: str, tables: Mapping[str, pd.DataFrame], mapping: DistrictMapping
                    ) -> None:
    """Refuse files that rest on a table that was not accepted, or whose schools or students are not the district's."""
    if name in ("school_session", "school_year"):
        return
    schools = _by_year(tables["school_year"], "school_id")
    students = _enrolled(files, tables["enrollment"]) if "enrollment" in tables else {}
    for file in files:
        if file.table != name or not file.stands or file.content is None or not len(file.content.rows_good):
            continue
        flaw = _foreign(file, file.content.frame, schools.get(file.school_year, set()))
        if flaw is None and name != "enrollment":
            flaw = _strangers(file.content.frame, students.get(file.school_year, set()), mapping.tables.enrollment)
        if flaw is not None:
            file.refuse(flaw)


def _enrolled(files: list[DeliveredFile], enrollment: pd.DataFrame) -> dict[int, set[str]]:
    """Return the students of every year with accepted enrolment, those at schools outside the study too."""
    years = set(enrollment["school_year"])
    found: dict[int, set[str]] = {int(year): set() for year in years}
    for file in files:
        if file.table == "enrollment" and file.stands and file.content is not None and file.school_year in years:
            found[file.school_year] |= set(file.content.frame["student_key"].unique())
    return found


def _by_year(table: pd.DataFrame, column: str) -> dict[int, set[str]]:
    return {int(year): set(table.loc[table["school_year"] == year, column]) for year in table["school_year"].unique()}


def _foreign(file: DeliveredFile, frame: pd.DataFrame, roster: set[str]) -> Flaw | None:
    if not roster:
        return Flaw("no_roster")
    if "school_id" in frame and len(frame) and roster.isdisjoint(frame["school_id"].unique()):
        return Flaw("another_district", count=file.rows_in,
                    hint="No school of the file is in this district's school list.")
    return None


def _strangers(frame: pd.DataFrame, enrolled: set[str], enrollment: SourceTable) -> Flaw | None:
    if not enrolled:
        return Flaw("no_enrollment", hint=f"It is looked for in `{enrollment.files}`.")
    mine = set(frame["student_key"].unique())
    strangers = len(mine - enrolled)
    if strangers <= _MOST_STRANGERS * len(mine):
        return None
    return Flaw("another_district", hint=f"{strangers:,} of {len(mine):,} students of the file are not enrolled in "
                                         "this district and year.")


def _table(name: str, files: Sequence[DeliveredFile], tables: Mapping[str, pd.DataFrame], study: Study,
           session: Session) -> pd.DataFrame:
    """Return the accepted rows of a table; rows set aside by its rules are noted on their files."""
    taken = [f for f in files if f.content is not None and len(f.content.frame)]
    if not taken:
        return conform(pd.DataFrame(columns=list(TABLES[name].columns)), name)
    frame = stacked([f.content.frame.assign(at=i * _ROWS_PER_FILE + f.content.frame["row"])
                     for i, f in enumerate(taken) if f.content is not None])
    contract = TABLES[_canonical(name, frame)]
    if name == "school_year":
        if "calendar_days" not in frame:
            frame = frame.merge(_calendar_days(tables["school_session"]), on=["school_id", "school_year"], how="left")
        frame = frame.assign(grade_band=[_band(low, high, study) for low, high in
                                         zip(frame["grade_low"], frame["grade_high"], strict=True)])
    frame = typed_as(frame, contract)
    others = {n: session.frame(tables[n]) for n in ("school_year", "enrollment", "school_session") if n in tables}
    rows = judged(contract.name, session.frame(frame), others.get("school_year"), others.get("enrollment"),
                  sessions=others.get("school_session"))
    found = collect(rows.filter(~nw.col("rule").is_null()).select("at", "rule").unique())
    found = found.sort_values(["at", "rule"], ignore_index=True)
    for i, file in enumerate(taken):
        mine = found[found["at"] // _ROWS_PER_FILE == i]
        file.later = tuple(Flaw(rule, int(at) % _ROWS_PER_FILE)
                           for at, rule in zip(mine["at"], mine["rule"], strict=True))
    is_note = found["rule"].isin(KEEPS_NO_ROW)
    kept = frame.loc[~frame["at"].isin(found.loc[~is_note, "at"]), list(contract.columns)]
    accepted = conform(kept.drop_duplicates() if is_note.any() else kept, contract.name)
    if contract.name == "attendance_part":
        return attendance(accepted, tables["enrollment"], tables.get("school_session"), session)
    return accepted


def _canonical(name: str, frame: pd.DataFrame) -> str:
    """Return the table that rows of a file are of: parts of attendance and daily attendance have one of their own."""
    if "day_parts" in frame:
        return "attendance_part"
    return "attendance_day" if _is_daily(name, frame) else name


def _is_daily(name: str, frame: pd.DataFrame) -> bool:
    return name == "attendance" and "date" in frame


def _calendar_days(sessions: pd.DataFrame) -> pd.DataFrame:
    """Return the instructional days of every school and year whose calendar was accepted."""
    return sessions.groupby(["school_id", "school_year"], as_index=False).agg(calendar_days=("session_days", "sum"))


def _revisions(name: str, files: Sequence[DeliveredFile], tables: Mapping[str, pd.DataFrame], study: Study,
               session: Session) -> Iterator[Revision]:
    """Yield what each version of a table changed against the one before it, where both were read."""
    for history in versions(f for f in files if f.table == name):
        read = [version for version in history if all(f.content is not None for f in version)]
        accepted = [_table(name, version, tables, study, session) for version in read] if len(read) > 1 else []
        frames = [months(session.frame(rows)) if _is_daily(name, rows) else session.frame(rows) for rows in accepted]
        for i in range(1, len(frames)):
            for difference in compare({name: frames[i - 1]}, {name: frames[i]}):
                yield Revision(read[i - 1][0].folder, read[i][0].folder, difference)


def _note_rosters(files: Sequence[DeliveredFile], mapping: DistrictMapping) -> None:
    """Note on rosters of years for which neither attendance nor discipline was sent that they hold neither."""
    more = {file.school_year for file in files if file.table in ("attendance", "discipline_action")}
    for file in files:
        if file.table == "enrollment" and mapping.tables.enrollment.oneroster and file.school_year not in more:
            file.notes += (Flaw("roster_alone"),)


def _band(low: int, high: int, study: Study) -> str:
    """Return the study's grade band with most of the school's grades (the earlier in a tie), or nothing."""
    def shared(band: tuple[int, int]) -> int:
        return min(high, band[1]) - max(low, band[0]) + 1
    bands = sorted(study.grade_bands.items(), key=lambda item: (-shared(item[1]), BAND_ORDER.index(item[0])))
    return bands[0][0] if shared(bands[0][1]) > 0 else ""


def _set_aside(file: DeliveredFile) -> list[Flaw]:
    """Return the flaws that set rows aside: of single cells, then of the table's rules."""
    if file.content is None:
        return []
    return [*file.content.flaws, *(flaw for flaw in file.later if flaw.rule not in KEEPS_NO_ROW)]


def _report(file: DeliveredFile, mapping: DistrictMapping) -> FileReport:
    aside = _set_aside(file)
    rows = {flaw.row for flaw in aside}
    name = f"{mapping.district_id}/{file.name}"
    if file.content is None or file.refusal is not None:
        found = findings("refused", [file.refusal or Flaw("unclaimed_file")], RULES)
        return FileReport(mapping.district_id, file.school_year, file.table, name, file.rows_in, 0, 0, file.rows_in,
                          sentence(found[0]), found, file.superseded_by)
    notes = [*file.notes, *file.content.notes, *(flaw for flaw in file.later if flaw.rule in KEEPS_NO_ROW)]
    accepted = int((~np.isin(file.content.rows_good, [row for row in rows if row is not None])).sum())
    return FileReport(mapping.district_id, file.school_year, file.table, name, file.rows_in, accepted, len(rows), 0,
                      None, findings("quarantined", aside, RULES) + findings("note", notes, RULES),
                      file.superseded_by)


def _quarantine(files: list[DeliveredFile], mapping: DistrictMapping) -> pd.DataFrame:
    rows = [(mapping.district_id, file.school_year, file.table, f"{mapping.district_id}/{file.name}", flaw.row,
             flaw.column, flaw.rule, RULES[flaw.rule].fix)
            for file in files for flaw in dict.fromkeys(_set_aside(file))]
    return conform(pd.DataFrame(rows, columns=list(TABLES["quarantine"].columns), dtype="object"), "quarantine")
