"""The keys of mapping.yaml: how a district's own file layout becomes the canonical tables."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from itertools import combinations
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from evaluation.ingest.identity.generalise import Dates
from evaluation.ingest.identity.pseudonym import KEY_ID, IdType
from evaluation.ingest.mapping.code_lists import FIRST, Since, first_day
from evaluation.ingest.mapping.derivation import Derived, XmlSource
from evaluation.ingest.mapping.invalid import wrong_target
from evaluation.params import Block

FIELDS: Mapping[str, tuple[str, ...]] = {
    "school_session": ("school_id", "begin_date", "end_date", "session_days"),
    "school_year": ("school_id", "grade_low", "grade_high", "calendar_days"),
    "enrollment": ("student_id", "school_id", "entry_date", "exit_date", "grade"),
    "student_year": ("student_id",),
    "attendance": ("student_id", "school_id", "days_enrolled", "days_absent", "days_absent_oss"),
    "discipline_action": ("student_id", "school_id", "action_id", "date", "action_std", "days_assigned"),
    "survey_response": ("student_id", "school_id"),
}
"""Columns every delivery must map, in source names."""

ATTRIBUTES = ("race_ethnicity", "sex", "english_learner", "disability", "economic")
LINEAGE = ("merged_into", "feeder_from")
"""What a school list may say of where a school comes from or goes to."""
PARTS: Mapping[str, tuple[str, ...]] = {
    "event": ("student_id", "school_id", "date", "kind", "length"),
    "part": ("student_id", "school_id", "kind", "length"),
    "day": ("student_id", "school_id", "date", "days_absent", "days_absent_oss"),
}
"""Columns of attendance by grain, where a row is not the whole of a student's month or year."""


def _named(value: Any) -> Any:
    return {"column": value} if isinstance(value, str) else value


class SourceColumn(Block):
    """A column of the district's file.

    `codes` translate its values, `format` reads its dates, `decimal` and `thousands` are the marks of its numbers.
    `codes_from` holds the code lists that replaced `codes`, by the school year, or the day, from which they hold; by a
    day in a table of dated rows alone, each of which is read by the list of its date.
    """

    column: str
    format: str | None = None
    codes: Mapping[str, str] = {}
    codes_from: Mapping[Since, Mapping[str, str]] = {}
    decimal: Literal[".", ","] = "."
    thousands: Literal[",", ".", " ", "'"] | None = None

    def lists_in(self, school_year: int) -> tuple[tuple[str, str], ...]:
        """Return first day and version of every code list that holds in some part of a school year, in order.

        A version is the school year or the day it came in, or `first`.
        """
        first, last = f"{school_year - 1}-07-01", f"{school_year}-06-30"
        came_in = sorted((first_day(version), version) for version in self.codes_from)
        before = [version for day, version in came_in if day <= first]
        return ((first, before[-1] if before else FIRST), *(pair for pair in came_in if first < pair[0] <= last))

    def in_list(self, version: str) -> SourceColumn:
        """Return the column with the codes of one of its lists."""
        return self if version == FIRST else self.model_copy(update={"codes": self.codes_from[version]})

    @model_validator(mode="after")
    def _tells_marks_and_lists_apart(self) -> SourceColumn:
        if self.thousands == self.decimal:
            raise ValueError("`decimal` and `thousands` must differ")
        days = [first_day(version) for version in self.codes_from]
        if len(set(days)) < len(days):
            raise ValueError("two lists of `codes_from` hold from the same day")
        return self


Columns = Mapping[str, Annotated[SourceColumn, BeforeValidator(_named)]]


class SourceTable(Block):
    """Which files feed a table and how they are written; `sheet` names the sheet of a workbook that has several.

    `label_rows` stand below the header and say what the columns mean. `only` keeps the rows whose columns hold one of
    the values listed; the others are counted and passed by. `oneroster` names the file of a OneRoster archive that is
    read, with what its others say of the same users and schools.
    """

    files: str
    sheet: str | None = None
    encoding: str = "utf-8"
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] = ","
    title_rows: Annotated[int, Field(ge=0)] = 0
    label_rows: Annotated[int, Field(ge=0)] = 0
    columns: Columns
    derived: Mapping[str, Derived] = {}
    xml: XmlSource | None = None
    oneroster: Literal["orgs", "enrollments", "demographics"] | None = None
    only: Mapping[str, tuple[str, ...]] = {}
    drop: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _has_a_date_for_codes_by_day(self) -> SourceTable:
        by_day = [name for name, column in self.columns.items() for version in column.codes_from if "-" in version]
        if by_day and "date" not in self.columns:
            raise ValueError(f"`codes_from` of {by_day[0]} names a day, but rows of the table have no `date`: give the "
                             "school year from which the list holds")
        return self

    def kind_of_record(self) -> str | None:
        """Return which records are rows, where one file holds those of several tables."""
        return self.xml.record if self.xml is not None else self.oneroster

    def required(self) -> tuple[str, ...]:
        """Return the names of the columns that every file of the table must have."""
        named = (*(c.column for c in self.columns.values()), *self.only)
        return tuple(dict.fromkeys(source for name in named
                                   for source in (self.derived[name].sources() if name in self.derived else (name,))))


class EventTable(SourceTable):
    """Events; `nothing_in` names the school years in which there was none to report (then a header alone is right)."""

    nothing_in: tuple[int, ...] = ()


class AttendanceTable(SourceTable):
    """Attendance by month or by year, in days, half-days or hours (then `hours_per_day` says what a day is).

    `event`: a row is one absence; days enrolled come from the calendar and the enrolment. `part`: a row is the time a
    student was absent, or present, over the year, and all of them together are the time enrolled. `day`: a row is a
    school day on which the student was enrolled, absent or not.
    """

    grain: Literal["month", "year", "event", "part", "day"] = "month"
    unit: Literal["days", "half_days", "hours"] = "days"
    hours_per_day: Annotated[Decimal, Field(gt=0, le=24)] | None = None

    @model_validator(mode="after")
    def _knows_a_day(self) -> AttendanceTable:
        if (self.unit == "hours") != (self.hours_per_day is not None):
            raise ValueError("`hours_per_day` belongs to `unit: hours` and only there")
        return self

    @model_validator(mode="after")
    def _tells_days_apart(self) -> AttendanceTable:
        days = {name: column for name, column in self.columns.items() if name.startswith("days_")}
        for one, other in combinations(days, 2):
            if days[one] == days[other]:
                raise ValueError(f"`{one}` and `{other}` are read from one column in one way")
        return self


class SurveyTable(SourceTable):
    """Survey answers: one row per answer (long) or one column per item (wide).

    `consent` says that every answer was given with consent (`given`), or which column tells.
    """

    layout: Literal["long", "wide"] = "long"
    instrument: str
    wave: Annotated[SourceColumn, BeforeValidator(_named)] | None = None
    wave_from: str | None = None
    consent: Literal["given"] | SourceColumn | None = None
    items: Mapping[str, str] = {}
    answers: Mapping[str, int] = {}

    def required(self) -> tuple[str, ...]:
        """Return the names of the columns that every file of the table must have."""
        wave = (self.wave.column,) if self.wave else ()
        consent = (self.consent.column,) if isinstance(self.consent, SourceColumn) else ()
        return tuple(dict.fromkeys((*super().required(), *wave, *consent, *self.items)))

    @model_validator(mode="after")
    def _says_where(self) -> SurveyTable:
        if (self.wave is None) == (self.wave_from is None):
            raise ValueError("give either `wave` (a column) or `wave_from` (a file pattern holding {wave})")
        if self.wave_from is not None and "{wave}" not in self.wave_from:
            raise ValueError("`wave_from` must hold {wave}")
        if (self.layout == "wide") != bool(self.items):
            raise ValueError("`items` belongs to `layout: wide` and only there")
        return self


class StudentId(Block):
    """How an id is brought to one form before hashing: trimmed, upper case, `zero_pad`; or checked for its `width`.

    `id_type` says who gave the ids: the district (`local_id`) or the state (`state_id`). Files of the school years in
    `hashed_with` hold pseudonyms in place of ids, made with the key of that id.
    """

    zero_pad: Annotated[int, Field(ge=1, le=40)] | None = None
    width: Annotated[int, Field(ge=1, le=40)] | None = None
    id_type: IdType = "local_id"
    hashed_with: Mapping[int, Annotated[str, Field(pattern=KEY_ID.pattern)]] = {}


class Tables(Block):
    """The canonical tables a district sends."""

    school_session: SourceTable | None = None
    school_year: SourceTable
    enrollment: SourceTable
    student_year: SourceTable
    attendance: AttendanceTable | None = None
    discipline_action: EventTable | None = None
    survey_response: SurveyTable | None = None

    def sent(self) -> Mapping[str, SourceTable]:
        """Return the tables that are mapped, in the order in which they depend on each other."""
        return {name: table for name in FIELDS if (table := getattr(self, name)) is not None}


class DistrictMapping(Block):
    """One district's mapping.yaml; `dates: month` keeps of entry and exit the month alone."""

    district_id: str
    version: str
    student_id: StudentId = StudentId()
    dates: Dates = "day"
    tables: Tables

    @model_validator(mode="after")
    def _names_columns(self) -> DistrictMapping:
        attendance = self.tables.attendance
        if attendance is not None and attendance.grain == "event" and self.tables.school_session is None:
            raise ValueError("attendance of grain event needs tables.school_session, the school's calendar")
        for name, table in self.tables.sent().items():
            missing = sorted(set(_required(name, table, self.tables)) - set(table.columns))
            if missing:
                raise ValueError(f"tables.{name}.columns lacks {', '.join(missing)}")
            unknown = sorted(set(table.columns) - set(_required(name, table, self.tables)) - set(_optional(name)))
            if unknown:
                raise ValueError(f"tables.{name}.columns has no place for {', '.join(unknown)}")
            for field, column in table.columns.items():
                for codes in (column.codes, *column.codes_from.values()):
                    if (wrong := wrong_target(field, codes)) is not None:
                        raise ValueError(f"tables.{name}.columns.{field}: {wrong}")
        return self


def _required(name: str, table: SourceTable, tables: Tables) -> tuple[str, ...]:
    if isinstance(table, AttendanceTable):
        return PARTS.get(table.grain) or (*FIELDS[name], *(("month",) if table.grain == "month" else ()))
    if isinstance(table, SurveyTable) and table.layout == "long":
        return (*FIELDS[name], "item_code", "value")
    if name == "school_session" and "date" in table.columns:
        return ("school_id", "date")
    if name == "school_year" and tables.school_session is not None:
        return tuple(field for field in FIELDS[name] if field != "calendar_days")
    return FIELDS[name]


def _optional(name: str) -> tuple[str, ...]:
    return {"student_year": ATTRIBUTES, "school_year": ("calendar_days", *LINEAGE), "attendance": ("date",)}.get(
        name, ())
