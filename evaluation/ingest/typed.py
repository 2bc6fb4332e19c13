"""A file's text becomes canonical columns, or flaws located by row and column."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import translate
from pathlib import PurePosixPath

import pandas as pd

from evaluation.contracts import COLUMNS
from evaluation.ingest.identifiers import kind_of_values
from evaluation.ingest.mapping import ATTRIBUTES, AttendanceTable, SourceColumn, SourceTable, StudentId, SurveyTable
from evaluation.ingest.records import Flaw, RefusedFileError
from evaluation.ingest.rulebook import REFUSE_FILE
from evaluation.ingest.sheet import Sheet
from evaluation.ingest.values import Broken, Parser, code, day, grade, guarded, half_days, identifier, integer, month

_MOST_LOST_IDS = 0.01
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


@dataclass(frozen=True)
class Typed:
    """Canonical rows with their spreadsheet `row`; `flaws` name the rows that are not among them."""

    frame: pd.DataFrame
    rows_good: frozenset[int]
    flaws: tuple[Flaw, ...]
    notes: tuple[Flaw, ...]
    student_ids: frozenset[str]


def typed(sheet: Sheet, name: str, table: SourceTable, file: str, how: Reading) -> Typed:
    """Return the canonical rows of a file of table `name`.

    Raises
    ------
    RefusedFileError
        A value identifies people, was suppressed before, or a column as a whole was read or written wrongly.
    """
    _refuse_identifiers(sheet, table, how)
    parsed: dict[str, pd.Series] = {}
    flaws = list(sheet.flaws)
    notes = [Flaw("extra_column", column=sheet.shown.get(c, c)) for c in sheet.columns
             if c not in (*table.required(), *table.drop)]
    for target, source, parse in _columns(name, table, how):
        distinct = _parsed_once(sheet, source, parse)
        _refuse_column(sheet, source, distinct)
        text = sheet.columns[source.column]
        broken = {value: found.rule for value, found in distinct.items() if isinstance(found, Broken)}
        if broken:
            flaws += [Flaw(broken[value], row, source.column) for row, value in zip(sheet.rows, text, strict=True)
                      if value in broken]
        notes += _notes(sheet, target, source, how)
        parsed[target] = pd.Series(list(map(distinct.__getitem__, text)), dtype="object")
    ids = sheet.columns[table.columns["student_id"].column] if "student_id" in table.columns else []
    totals = {flaw.row for flaw in flaws if flaw.rule == "total_row"}
    flaws = [flaw for flaw in flaws if flaw.rule == "total_row" or flaw.row not in totals]
    bad = {flaw.row for flaw in flaws}
    frame = pd.DataFrame({**parsed, "row": pd.Series(sheet.rows, dtype="int64")})
    frame = frame[~frame["row"].isin(bad)]
    good = frozenset(frame["row"])
    frame, unanswered = _shaped(frame, name, table, file, how)
    notes += [Flaw("no_answer", count=unanswered)] if unanswered else []
    return Typed(frame, good, tuple(flaws), tuple(notes), frozenset(v.upper() for v in ids if v))


def _columns(name: str, table: SourceTable, how: Reading) -> Iterator[tuple[str, SourceColumn, Parser]]:
    """Yield (canonical column, source column, parser)."""
    for field, source in table.columns.items():
        target = {"student_id": "student_key", "value": "value_int"}.get(field, field)
        target = target.replace("days_", "half_days_") if field.startswith("days_") else target
        yield target, source, guarded(_parser(field, source, table, how), source.codes)
    if isinstance(table, SurveyTable):
        if table.wave is not None:
            yield "wave", table.wave, guarded(integer(*_WAVES), table.wave.codes)
        for column, item in table.items.items():
            yield item, SourceColumn(column=column), guarded(_answer(table, how.scales[item], blank=None), {})


def _parser(field: str, source: SourceColumn, table: SourceTable, how: Reading) -> Parser:
    year = how.school_year
    per_unit = 1 if isinstance(table, AttendanceTable) and table.unit == "half_days" else 2
    parsers: dict[str, Callable[[], Parser]] = {
        "student_id": lambda: identifier(lambda text: how.student_key(canonical_id(text, how.student_id))),
        "school_id": lambda: identifier(lambda text: f"{how.district_id}-{text}"),
        "action_id": lambda: identifier(lambda text: how.action_key(f"{year}|{text}")),
        "grade_low": lambda: grade, "grade_high": lambda: grade, "grade": lambda: grade,
        "calendar_days": lambda: integer(1, 260),
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
    return parsers[field]() if field in parsers else half_days(per_unit)


def canonical_id(text: str, how: StudentId) -> str:
    """Return a student id in its one form, so that years link."""
    upper = text.upper()
    return upper.zfill(how.zero_pad) if how.zero_pad else upper


def _answer(table: SourceTable, scale: tuple[int, int], *, blank: None) -> Parser:
    inside = integer(*scale, outside="item_outside_scale")
    labels = table.answers if isinstance(table, SurveyTable) else {}
    return lambda text: blank if not text else inside(str(labels.get(text, text)))


def _widest(scales: Mapping[str, tuple[int, int]]) -> tuple[int, int]:
    return min(low for low, _ in scales.values()), max(high for _, high in scales.values())


def _parsed_once(sheet: Sheet, source: SourceColumn, parse: Parser) -> dict[str, object]:
    return {text: parse(text) for text in dict.fromkeys(sheet.columns[source.column])}


def _refuse_identifiers(sheet: Sheet, table: SourceTable, how: Reading) -> None:
    for column, values in sheet.columns.items():
        is_declared = column in table.required()
        found = kind_of_values(dict.fromkeys(values), is_declared=is_declared, school_year=how.school_year)
        if found is not None:
            kind, hits = found
            at = [row for row, value in zip(sheet.rows, values, strict=True) if value in hits]
            shown = sheet.shown.get(column, column)
            raise RefusedFileError(Flaw("identifiable_value", at[0], shown, len(at), f"Kind: {kind}."), sheet.rows_in)


def _refuse_column(sheet: Sheet, source: SourceColumn, distinct: Mapping[str, object]) -> None:
    rules = {text: value.rule for text, value in distinct.items() if isinstance(value, Broken)}
    if rules and set(rules.values()) == {"bad_date"} and set(distinct) - {""} == set(rules):
        rules = dict.fromkeys(rules, "date_format")
    for rule in sorted(set(rules.values()) & set(REFUSE_FILE)):
        text = sheet.columns[source.column]
        at = [row for row, value in zip(sheet.rows, text, strict=True) if rules.get(value) == rule]
        raise RefusedFileError(Flaw(rule, at[0], source.column, len(at)), sheet.rows_in)


def _notes(sheet: Sheet, target: str, source: SourceColumn, how: Reading) -> list[Flaw]:
    text = sheet.columns[source.column]
    if target == "exit_date" and (count := sum(1 for value in text if not value)):
        return [Flaw("open_spell", column=source.column, count=count)]
    pad = how.student_id.zero_pad
    if target == "student_key" and pad and (count := sum(1 for value in text if 0 < len(value) < pad)):
        return [Flaw("zero_padded", column=source.column, count=count)]
    return []


def _shaped(frame: pd.DataFrame, name: str, table: SourceTable, file: str, how: Reading) -> tuple[pd.DataFrame, int]:
    """Return (canonical columns, answers left blank)."""
    frame = frame.assign(district_id=how.district_id, school_year=how.school_year)
    unanswered = 0
    if name == "student_year":
        frame = frame.assign(**{a: "unknown" for a in ATTRIBUTES if a not in frame})
    if isinstance(table, AttendanceTable):
        frame = frame.assign(source_grain=table.grain)
        if table.grain == "year":
            frame = frame.assign(month=how.school_year * 100 + 6)
    if isinstance(table, SurveyTable):
        wave = frame["wave"] if table.wave else _wave_of(file, table)
        frame = frame.assign(wave=how.school_year * 10 + wave, instrument=table.instrument)
        if table.items:
            kept = [c for c in frame.columns if c not in table.items.values()]
            frame = frame.melt(kept, list(table.items.values()), var_name="item_code", value_name="value_int")
        unanswered = int(frame["value_int"].isna().sum())
        frame = frame.dropna(subset=["value_int"])
    return frame, unanswered


def _wave_of(file: str, table: SurveyTable) -> int:
    pattern = translate((table.wave_from or "").replace("{wave}", "WAVE")).replace("WAVE", r"(?P<wave>[1-9])", 1)
    match = re.match(pattern, PurePosixPath(file).name)
    if match is None:
        raise RefusedFileError(Flaw("unclaimed_file", hint="The wave is not in the file's name."))
    return int(match["wave"])


def loses_zeros(ids: frozenset[str], width: int) -> bool:
    """Return whether more than 1 % of ids are numbers shorter than `width`."""
    short = sum(1 for value in ids if value.isdigit() and len(value) < width)
    return short > _MOST_LOST_IDS * len(ids)
