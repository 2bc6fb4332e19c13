"""One district's delivery: every file read, typed, judged and accounted for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import PurePosixPath

import pandas as pd

from evaluation.contracts import TABLES, conform
from evaluation.engine import Session, collect
from evaluation.errors import DeliveryError, StudyError
from evaluation.ingest.mapping import DistrictMapping, EventTable
from evaluation.ingest.pseudonym import pseudonyms
from evaluation.ingest.records import FileReport, Flaw, RefusedFileError, findings, sentence
from evaluation.ingest.rulebook import RULES
from evaluation.ingest.rules import KEEPS_NO_ROW, judged
from evaluation.ingest.sheet import read_sheet
from evaluation.ingest.typed import Reading, Typed, loses_zeros, typed
from evaluation.params import Study

_ROWS_PER_FILE = 100_000_000
_MOST_STRANGERS = 0.5
NOTHING = Typed(pd.DataFrame(), frozenset(), (), (), frozenset())
"""What a year of events in which nothing happened contains."""
BAND_ORDER = ("elementary", "middle", "high", "all")


@dataclass(frozen=True)
class District:
    """Canonical tables by name, one report per delivered file, and the quarantine."""

    tables: Mapping[str, pd.DataFrame]
    files: tuple[FileReport, ...]
    quarantine: pd.DataFrame


@dataclass
class _File:
    """A delivered file on its way through the intake."""

    path: str
    table: str
    school_year: int
    rows_in: int = 0
    content: Typed | None = None
    refusal: Flaw | None = None
    later: tuple[Flaw, ...] = ()

    def refuse(self, flaw: Flaw) -> None:
        self.content, self.refusal = None, flaw


def ingest_district(mapping: DistrictMapping, paths: Iterable[str], read: Callable[[str], bytes], study: Study, *,
                    key: bytes, session: Session) -> District:
    """Return what a district delivered, as canonical tables and an account of every row.

    Parameters
    ----------
    paths : str
        Files below the district's folder, `<school year>/<name>`.
    read : callable
        From such a path to the file's bytes.
    key : bytes
        The district's secret key for pseudonyms.
    """
    student_key = pseudonyms(key, mapping.district_id, "student_id")
    action_key = pseudonyms(key, mapping.district_id, "action_id")
    scales = item_scales(study)
    _check_items(mapping, scales)
    files = [_claimed(path, mapping, study) for path in sorted(paths)]
    for file in files:
        if file.refusal is None:
            how = Reading(mapping.district_id, file.school_year, mapping.student_id, student_key, action_key, scales)
            _take(file, read(file.path), mapping, how)
    _refuse_lost_zeros(files, mapping)
    tables: dict[str, pd.DataFrame] = {}
    for name in mapping.tables.sent():
        _refuse_foreign(files, name, tables)
        tables[name] = _table(name, [f for f in files if f.table == name], tables, study, session)
    reports = tuple(_report(file, mapping) for file in files)
    return District(tables, reports, _quarantine(files, mapping))


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


def _claimed(path: str, mapping: DistrictMapping, study: Study) -> _File:
    folder = PurePosixPath(path).parts[0]
    where = f"{mapping.district_id}/{path}"
    if "/" not in path or not (folder.isascii() and folder.isdecimal() and len(folder) == 4):
        raise DeliveryError("the file lies in no school year's folder.", where=where,
                            fix=f"Put it into {mapping.district_id}/<school year>/, by the year in which it ends.")
    claims = [name for name, table in mapping.tables.sent().items() if fnmatch(path, table.files)]
    if len(claims) > 1:
        raise DeliveryError(f"tables {' and '.join(claims)} both claim this file.", where=where,
                            fix="Make the patterns under `files` in mapping.yaml narrower.")
    file = _File(path, claims[0] if claims else "unclaimed", int(folder))
    if not claims:
        file.refuse(Flaw("unclaimed_file"))
    elif file.school_year not in study.periods.all():
        file.refuse(Flaw("outside_periods"))
    return file


def _take(file: _File, content: bytes, mapping: DistrictMapping, how: Reading) -> None:
    table = mapping.tables.sent()[file.table]
    try:
        sheet = read_sheet(content, table)
        file.rows_in = sheet.rows_in
        file.content = typed(sheet, file.table, table, file.path, how)
    except RefusedFileError as refused:
        is_declared = isinstance(table, EventTable) and file.school_year in table.nothing_in
        if is_declared and refused.flaw.rule == "header_only":
            file.content = NOTHING
            return
        file.rows_in = max(file.rows_in, refused.rows)
        file.refuse(refused.flaw)


def _refuse_lost_zeros(files: list[_File], mapping: DistrictMapping) -> None:
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


def _refuse_foreign(files: list[_File], name: str, tables: Mapping[str, pd.DataFrame]) -> None:
    """Refuse files that rest on a table that was not accepted, or whose schools or students are not the district's."""
    if name == "school_year":
        return
    schools = _by_year(tables["school_year"], "school_id")
    students = _by_year(tables["enrollment"], "student_key") if "enrollment" in tables else {}
    for file in files:
        if file.table != name or file.content is None or not file.content.rows_good:
            continue
        flaw = _foreign(file, file.content.frame, schools.get(file.school_year, set()))
        if flaw is None and name != "enrollment":
            flaw = _strangers(file.content.frame, students.get(file.school_year, set()))
        if flaw is not None:
            file.refuse(flaw)


def _by_year(table: pd.DataFrame, column: str) -> dict[int, set[str]]:
    return {int(year): set(table.loc[table["school_year"] == year, column]) for year in table["school_year"].unique()}


def _foreign(file: _File, frame: pd.DataFrame, roster: set[str]) -> Flaw | None:
    if not roster:
        return Flaw("no_roster")
    if "school_id" in frame and len(frame) and roster.isdisjoint(frame["school_id"].unique()):
        return Flaw("another_district", count=file.rows_in,
                    hint="No school of the file is in this district's school list.")
    return None


def _strangers(frame: pd.DataFrame, enrolled: set[str]) -> Flaw | None:
    if not enrolled:
        return Flaw("no_enrollment")
    mine = set(frame["student_key"].unique())
    strangers = len(mine - enrolled)
    if strangers <= _MOST_STRANGERS * len(mine):
        return None
    return Flaw("another_district", hint=f"{strangers:,} of {len(mine):,} students of the file are not enrolled in "
                                         "this district and year.")


def _table(name: str, files: list[_File], tables: Mapping[str, pd.DataFrame], study: Study,
           session: Session) -> pd.DataFrame:
    """Return the accepted rows of a table; rows set aside by its rules are noted on their files."""
    taken = [f for f in files if f.content is not None and len(f.content.frame)]
    if not taken:
        return conform(pd.DataFrame(columns=list(TABLES[name].columns)), name)
    frame = pd.concat([f.content.frame.assign(at=i * _ROWS_PER_FILE + f.content.frame["row"])
                       for i, f in enumerate(taken) if f.content is not None], ignore_index=True)
    if name == "school_year":
        frame = frame.assign(grade_band=[_band(low, high, study) for low, high in
                                         zip(frame["grade_low"], frame["grade_high"], strict=True)])
    contract = TABLES[name]
    frame = frame[["at", *contract.columns]].astype({c: contract.column(c).dtype for c in contract.columns})
    others = {n: session.frame(tables[n]) for n in ("school_year", "enrollment") if n in tables}
    found = collect(judged(name, session.frame(frame), others.get("school_year"), others.get("enrollment")))
    found = found.sort_values("at", ignore_index=True)
    for i, file in enumerate(taken):
        mine = found[(found["at"] // _ROWS_PER_FILE == i) & found["rule"].notna()].drop_duplicates(["at", "rule"])
        file.later = tuple(Flaw(rule, int(at) % _ROWS_PER_FILE)
                           for at, rule in zip(mine["at"], mine["rule"], strict=True))
    broken = found.loc[found["rule"].notna() & ~found["rule"].isin(KEEPS_NO_ROW), "at"]
    kept = found[found["rule"].isna() & ~found["at"].isin(broken)]
    return conform(kept[list(contract.columns)], name)


def _band(low: int, high: int, study: Study) -> str:
    """Return the study's grade band with most of the school's grades (the earlier in a tie), or nothing."""
    def shared(band: tuple[int, int]) -> int:
        return min(high, band[1]) - max(low, band[0]) + 1
    bands = sorted(study.grade_bands.items(), key=lambda item: (-shared(item[1]), BAND_ORDER.index(item[0])))
    return bands[0][0] if shared(bands[0][1]) > 0 else ""


def _set_aside(file: _File) -> list[Flaw]:
    """Return the flaws that set rows aside: of single cells, then of the table's rules."""
    if file.content is None:
        return []
    return [*file.content.flaws, *(flaw for flaw in file.later if flaw.rule not in KEEPS_NO_ROW)]


def _report(file: _File, mapping: DistrictMapping) -> FileReport:
    aside = _set_aside(file)
    rows = {flaw.row for flaw in aside}
    name = f"{mapping.district_id}/{file.path}"
    if file.content is None or file.refusal is not None:
        found = findings("refused", [file.refusal or Flaw("unclaimed_file")], RULES)
        return FileReport(mapping.district_id, file.school_year, file.table, name, file.rows_in, 0, 0, file.rows_in,
                          sentence(found[0]), found)
    notes = [*file.content.notes, *(flaw for flaw in file.later if flaw.rule in KEEPS_NO_ROW)]
    accepted = len(file.content.rows_good - rows)
    return FileReport(mapping.district_id, file.school_year, file.table, name, file.rows_in, accepted, len(rows), 0,
                      None, findings("quarantined", aside, RULES) + findings("note", notes, RULES))


def _quarantine(files: list[_File], mapping: DistrictMapping) -> pd.DataFrame:
    rows = [(mapping.district_id, file.school_year, file.table, f"{mapping.district_id}/{file.path}", flaw.row,
             flaw.column, flaw.rule, RULES[flaw.rule].fix)
            for file in files for flaw in dict.fromkeys(_set_aside(file))]
    return conform(pd.DataFrame(rows, columns=list(TABLES["quarantine"].columns), dtype="object"), "quarantine")
