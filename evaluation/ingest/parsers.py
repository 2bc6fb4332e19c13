"""How each column of a file is read: its canonical name and the parser of its cells."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from evaluation.contracts import COLUMNS
from evaluation.ingest.dated_codes import in_year
from evaluation.ingest.identity.crosswalk import Crosswalk, carried
from evaluation.ingest.lengths import length_parser
from evaluation.ingest.mapping.schema import (
    ATTRIBUTES,
    AttendanceTable,
    SourceColumn,
    SourceTable,
    StudentId,
    SurveyTable,
)
from evaluation.ingest.values import (
    MOST_DAYS,
    Broken,
    Parsed,
    Parser,
    code,
    consent,
    day,
    grade,
    guarded,
    half_days,
    identifier,
    integer,
    month,
    scaled,
)

_WAVES = (1, 9)


@dataclass(frozen=True)
class Reading:
    """What a file is read with: its district, its school year and the scales of the study's survey items."""

    district_id: str
    school_year: int
    student_id: StudentId
    student_key: Callable[[str], str]
    action_key: Callable[[str], str]
    scales: Mapping[str, tuple[int, int]]
    crosswalk: Crosswalk | None = None
    """Present where the file holds pseudonyms in place of ids."""

    def student_parser(self) -> Parser:
        """Return the parser from an id, or a pseudonym in its place, to the student's pseudonym."""
        if self.crosswalk is not None:
            return identifier(carried(self.crosswalk))
        return identifier(lambda text: self.student_key(canonical_id(text, self.student_id)))


def columns_of(table: SourceTable, how: Reading) -> Iterator[tuple[str, SourceColumn, Parser]]:
    """Yield (canonical column, source column, parser) of everything that is read of a file."""
    for field, named in table.columns.items():
        source = in_year(named, how.school_year)
        target = {"student_id": "student_key", "value": "value_int", "length": "day_parts"}.get(field, field)
        target = target.replace("days_", "half_days_") if field.startswith("days_") else target
        yield target, source, guarded(_parser(field, source, table, how), source)
    if isinstance(table, SurveyTable):
        if isinstance(table.consent, SourceColumn):
            yield "consent", table.consent, guarded(consent, table.consent)
        if table.wave is not None:
            yield "wave", table.wave, guarded(integer(*_WAVES), table.wave)
        for column, item in table.items.items():
            source = SourceColumn(column=column)
            yield item, source, guarded(_answer(table, how.scales[item], blank=None), source)


def _parser(field: str, source: SourceColumn, table: SourceTable, how: Reading) -> Parser:
    year = how.school_year
    per_unit = 1 if isinstance(table, AttendanceTable) and table.unit == "half_days" else 2
    parsers: dict[str, Callable[[], Parser]] = {
        "student_id": how.student_parser,
        "school_id": lambda: identifier(lambda text: f"{how.district_id}-{text}"),
        "merged_into": lambda: _other_school(how), "feeder_from": lambda: _other_school(how),
        "action_id": lambda: identifier(lambda text: how.action_key(canonical_action_id(text, year))),
        "grade_low": lambda: grade, "grade_high": lambda: grade, "grade": lambda: grade,
        "calendar_days": lambda: integer(1, 260), "session_days": lambda: integer(1, 260),
        "begin_date": lambda: day(source.format, year, missing=None),
        "end_date": lambda: day(source.format, year, missing=None),
        "kind": lambda: code(COLUMNS["kind"].allowed),
        "entry_date": lambda: day(source.format, year, missing=None),
        "exit_date": lambda: day(source.format, year, missing=f"{year}-06-30"),
        "date": lambda: day(source.format, year, missing=None),
        "month": lambda: month(source.format, year),
        "action_std": lambda: code(COLUMNS["action_std"].allowed),
        "item_code": lambda: code(tuple(how.scales)),
        "value": lambda: _answer(table, _widest(how.scales), blank=None),
    }
    if field in ATTRIBUTES:
        return code(COLUMNS[field].allowed, blank="unknown")
    if isinstance(table, AttendanceTable) and field == "length":
        return length_parser(table)
    if isinstance(table, AttendanceTable) and table.hours_per_day and field.startswith("days_"):
        return scaled(2 / table.hours_per_day, 2 * MOST_DAYS, blank=Broken("missing_value"))
    return parsers[field]() if field in parsers else half_days(per_unit)


def _other_school(how: Reading) -> Parser:
    """Return the parser of a school that another one is said to come from or go to; a blank says nothing."""
    named = identifier(lambda text: f"{how.district_id}-{text}")
    return lambda text: None if (found := named(text)) == Broken("missing_id") else found


def canonical_id(text: str, how: StudentId) -> str:
    """Return a student id in its one form, so that years link."""
    upper = text.upper()
    return upper.zfill(how.zero_pad) if how.zero_pad else upper


def canonical_action_id(text: str, school_year: int) -> str:
    """Return a discipline action's id in its one form: districts count them anew every year."""
    return f"{school_year}|{text}"


def _answer(table: SourceTable, scale: tuple[int, int], *, blank: None) -> Parser:
    inside = integer(*scale, outside="item_outside_scale")
    labels = table.answers if isinstance(table, SurveyTable) else {}
    return lambda text: blank if not text else _told(inside(str(labels.get(text, text))))


def _told(answer: Parsed) -> Parsed:
    """Return an answer; of one that is no number it is said that its label can be declared."""
    return Broken("unknown_answer") if answer == Broken("not_a_number") else answer


def _widest(scales: Mapping[str, tuple[int, int]]) -> tuple[int, int]:
    return min(low for low, _ in scales.values()), max(high for _, high in scales.values())
