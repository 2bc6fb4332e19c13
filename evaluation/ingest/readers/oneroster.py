"""A OneRoster 1.1 archive: one of its CSV files as rows, with what the others say of the same users and schools.

Enrolments are to classes. Every row gets the spell of its student at its school: from the first day of the classes that
run on from each other to the last, so that rows of one spell are alike and count once.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from evaluation.ingest.identity.identifiers import kind_of_header
from evaluation.ingest.mapping.schema import SourceTable
from evaluation.ingest.readers.containers import members_of_zip
from evaluation.ingest.readers.csv_records import csv_records
from evaluation.ingest.readers.xml_records import SEVERAL
from evaluation.ingest.records import Flaw, RefusedFileError

LONGEST_BREAK = 30
"""Days between two classes at a school, such as holidays between terms, that end no spell."""
_MORE_KINDS: Mapping[str, str] = {"sms": "phone", "password": "password"}
FILES = ("orgs.csv", "users.csv", "enrollments.csv", "demographics.csv")
"""Files of an archive that are read."""
_NEEDED: Mapping[str, tuple[str, ...]] = {
    "orgs": ("orgs.csv", "users.csv", "enrollments.csv"),
    "enrollments": ("enrollments.csv", "users.csv", "orgs.csv"),
    "demographics": ("demographics.csv", "users.csv"),
}


@dataclass(frozen=True)
class _File:
    header: tuple[str, ...]
    records: tuple[list[str], ...]

    def rows(self) -> Iterator[dict[str, str]]:
        """Yield every record by column; a blank one has none."""
        for record in self.records:
            yield dict(zip(self.header, map(str.strip, record), strict=False))


def oneroster_records(content: bytes, table: SourceTable) -> Iterator[list[str]]:
    """Yield the columns that the table reads, then their values in every row of the archive's file.

    Columns are those of the file; `user.identifier` and the like are of its user (`demographics` are a user's own),
    `school.…` of its school, `school.grades` the grades of a school's students, `spell.begin` and `spell.end` as above.

    Raises
    ------
    RefusedFileError
        The archive cannot be trusted, lacks a file or a column, or a column's name says that it identifies people.
    """
    part = table.oneroster or "enrollments"
    found = members_of_zip(content, _NEEDED[part])
    files = {name.removesuffix(".csv"): _file(name, found, table) for name in _NEEDED[part]}
    columns = table.required()
    beside = {"user": _by_id(files["users"]), "school": _by_id(files.get("orgs")), "spell": {}}
    if "enrollments" in files:
        beside["spell"] = _spells(files["enrollments"])
        grades = _grades(files["enrollments"], beside["user"])
        for school, values in grades.items():
            beside["school"].setdefault(school, {})["grades"] = SEVERAL.join(sorted(values))
    key = {"user": "sourcedId" if part == "demographics" else "userSourcedId",
           "school": "sourcedId" if part == "orgs" else "schoolSourcedId"}
    for name in columns:
        kind, _, column = name.rpartition(".")
        header = {"": files[part].header, "user": files["users"].header}.get(kind, (column,))
        if column not in header:
            raise RefusedFileError(Flaw("missing_column", 1, name), len(files[part].records))
    yield list(columns)
    for row in files[part].rows():
        spell = f"{row.get('userSourcedId')}{SEVERAL}{row.get('schoolSourcedId')}{SEVERAL}{row.get('beginDate')}"
        at = {"user": row.get(key["user"], ""), "school": row.get(key["school"], ""), "spell": spell}
        yield [_value(name, row, beside, at) for name in columns] if row else []


def _file(name: str, found: Mapping[str, bytes], table: SourceTable) -> _File:
    if name not in found:
        raise RefusedFileError(Flaw("missing_member", hint=f"It is `{name}`."))
    header, *records = csv_records(found[name], table) if found[name].strip() else ([],)
    names = tuple(field.strip() for field in header)
    for column in names:
        kind = identifies(name, column)
        if kind is not None:
            raise RefusedFileError(Flaw("identifiable_column", 1, f"{name}/{column}", hint=f"Kind: {kind}."),
                                   len(records))
    return _File(names, tuple(records))


def identifies(file: str, column: str) -> str | None:
    """Return what a column of an archive's file identifies people by, or None; organisations may be named."""
    return None if file == "orgs.csv" else _MORE_KINDS.get(column) or kind_of_header(column, is_declared=False)


def _by_id(file: _File | None) -> dict[str, dict[str, str]]:
    return {} if file is None else {row["sourcedId"]: row for row in file.rows() if row.get("sourcedId")}


def _value(name: str, row: Mapping[str, str], beside: Mapping[str, Mapping[str, Mapping[str, str]]],
           at: Mapping[str, str]) -> str:
    kind, _, column = name.rpartition(".")
    return (beside[kind].get(at[kind], {}) if kind else row).get(column, "")


def _grades(enrollments: _File, users: Mapping[str, Mapping[str, str]]) -> dict[str, set[str]]:
    """Return the grades of the students of every school."""
    found: dict[str, set[str]] = defaultdict(set)
    for row in _student_rows(enrollments):
        grade = users.get(row.get("userSourcedId", ""), {}).get("grades", "")
        found[row.get("schoolSourcedId", "")] |= {grade} - {""}
    return found


def _student_rows(enrollments: _File) -> Iterator[dict[str, str]]:
    """Yield enrolments of students that are not marked to be deleted."""
    return (row for row in enrollments.rows() if row.get("role") == "student" and row.get("status") in ("", "active"))


def _spells(enrollments: _File) -> dict[str, dict[str, str]]:
    """Return the spell of every class enrolment by student, school and first day; what is no date stays as it is."""
    classes: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for row in _student_rows(enrollments):
        pair = f"{row.get('userSourcedId')}{SEVERAL}{row.get('schoolSourcedId')}"
        classes[pair].append((row.get("beginDate", ""), row.get("endDate", "")))
    found: dict[str, dict[str, str]] = {}
    for pair, spans in classes.items():
        run: list[tuple[str, str]] = []
        for begin, end in sorted(spans):
            if run and not _runs_on(run, begin):
                found |= _told(pair, run)
                run = []
            run.append((begin, end))
        found |= _told(pair, run)
    return found


def _runs_on(run: list[tuple[str, str]], begin: str) -> bool:
    """Return whether a class begins within the break after the last end so far; one without end runs on for ever."""
    if any(not end for _, end in run):
        return True
    try:
        last = max(date.fromisoformat(end) for _, end in run)
        return (date.fromisoformat(begin) - last).days <= LONGEST_BREAK
    except ValueError:
        return begin == run[-1][0]


def _told(pair: str, run: list[tuple[str, str]]) -> dict[str, dict[str, str]]:
    end = "" if any(not end for _, end in run) else max(end for _, end in run)
    begin = min((begin for begin, _ in run if begin), default="")
    return {f"{pair}{SEVERAL}{first}": {"begin": begin, "end": end} for first, _ in run}
