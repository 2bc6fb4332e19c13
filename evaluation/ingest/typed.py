"""A file's text becomes canonical columns, or flaws located by row and column."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import translate
from pathlib import PurePosixPath

import numpy as np
import pandas as pd

from evaluation.ingest.apart import Rows
from evaluation.ingest.dated_codes import translated, versions
from evaluation.ingest.derived import derived_columns
from evaluation.ingest.identity.crosswalk import left_behind
from evaluation.ingest.identity.identified import identified
from evaluation.ingest.lengths import without_length
from evaluation.ingest.mapping.schema import (
    ATTRIBUTES,
    LINEAGE,
    AttendanceTable,
    SourceColumn,
    SourceTable,
    SurveyTable,
)
from evaluation.ingest.misread_dates import misread_dates
from evaluation.ingest.only import kept_rows
from evaluation.ingest.parsers import Reading, columns_of
from evaluation.ingest.readers.sheet import Sheet
from evaluation.ingest.readers.text import Text
from evaluation.ingest.records import Flaw, RefusedFileError
from evaluation.ingest.rulebook import REFUSE_FILE
from evaluation.ingest.values import Broken, is_no_date

_MOST_LOST_IDS = 0.01
_LISTS = {"school_year": "school_id", "enrollment": "student_key"}
"""Tables that others rest on, with whom they list."""
NOTHING_UNREAD = pd.DataFrame(columns=["student_key", "school_id", "row"])


@dataclass(frozen=True)
class Typed:
    """Canonical rows with their spreadsheet `row`; `flaws` name the rows that are not among them.

    `n_good` counts the rows of the file that are not set aside, those that feed no table too. `listed` are the schools
    of a school list and the students of an enrolment, those of rows set aside too. `unread` (student_key, school_id,
    row) are the rows set aside of a student's time by kind: without them its sum lies.
    """

    frame: Rows
    n_good: int
    flaws: tuple[Flaw, ...]
    notes: tuple[Flaw, ...]
    student_ids: frozenset[str]
    listed: frozenset[str]
    unread: pd.DataFrame


def typed(sheet: Sheet, name: str, table: SourceTable, file: str, how: Reading) -> Typed:
    """Return the canonical rows of a file of table `name`.

    Raises
    ------
    RefusedFileError
        A value identifies people, was suppressed before, or a column as a whole was read or written wrongly.
    """
    for flaw in identified(sheet, table, how.school_year):
        raise RefusedFileError(flaw, sheet.rows_in)
    if isinstance(table, SurveyTable) and table.consent is None:
        raise RefusedFileError(Flaw("no_consent"), sheet.rows_in)
    parsed: dict[str, pd.Series] = {}
    flaws = list(sheet.flaws)
    notes = [*sheet.notes, *(Flaw("extra_column", column=sheet.shown.get(c, c)) for c in sheet.columns
                             if c not in (*table.required(), *table.drop))]
    sheet, passed_by = kept_rows(sheet, table)
    notes += [Flaw("passed_by", count=len(passed_by))] if len(passed_by) else []
    columns = {**sheet.columns, **derived_columns(sheet.columns, table)}
    for target, source, parse in columns_of(table, how):
        text = _by_date(columns, source, table, how)
        distinct = {value: parse(value) for value in text.values}
        _refuse_column(sheet, text, source, distinct, how.school_year)
        broken = {value: found.rule for value, found in distinct.items() if isinstance(found, Broken)}
        flaws += [Flaw(broken[text.values[text.codes[i]]], int(sheet.rows[i]), source.column)
                  for i in np.flatnonzero(text.is_in(broken))]
        notes += _notes(text, target, source, how)
        parsed[target] = _series(distinct.values(), text)
    parsed.pop("consent", None)
    listed = frozenset(parsed[_LISTS[name]].dropna().unique()) if name in _LISTS else frozenset()
    if isinstance(table, AttendanceTable) and table.grain == "event":
        flaws += without_length(sheet, parsed, table)
    ids = sheet.columns[table.columns["student_id"].column].values if "student_id" in table.columns else ()
    totals = {flaw.row for flaw in flaws if flaw.rule == "total_row"}
    flaws = [flaw for flaw in flaws if flaw.rule == "total_row" or flaw.row not in totals]
    every = pd.DataFrame({**parsed, "row": sheet.rows})
    is_good = ~every["row"].isin({flaw.row for flaw in flaws})
    frame = every if is_good.all() else every[is_good]
    n_good = len(frame) + len(passed_by)
    frame, unanswered = _shaped(frame, name, table, file, how)
    notes += [Flaw("no_answer", count=unanswered)] if unanswered else []
    sent = frozenset(v if v == upper else upper for v in ids if (upper := v.upper()))
    return Typed(frame, n_good, tuple(flaws), tuple(notes), sent, listed, _unread(every[~is_good], table, totals))


def _unread(aside: pd.DataFrame, table: SourceTable, totals: Collection[int | None]) -> pd.DataFrame:
    """Return the parts of sums among rows set aside whose student can be told; totals are no parts."""
    if not isinstance(table, AttendanceTable) or table.grain != "part":
        return NOTHING_UNREAD
    is_part = aside["student_key"].notna() & ~aside["row"].isin(totals)
    return aside.loc[is_part, list(NOTHING_UNREAD.columns)]


def _by_date(columns: Mapping[str, Text], source: SourceColumn, table: SourceTable, how: Reading) -> Text:
    """Return a column of the file, its codes translated by the date of each row where they changed within the year."""
    text, date = columns[source.column], table.columns.get("date")
    return text if date is None else translated(text, source, columns[date.column], date.format, how.school_year)


def _series(parsed: Iterable[object], text: Text) -> pd.Series:
    """Return a parsed value per row; text as categories, so that it is held once."""
    values = [None if isinstance(value, Broken) else value for value in parsed]
    if any(isinstance(value, str) for value in values):
        known = {value: code for code, value in enumerate(dict.fromkeys(v for v in values if v is not None))}
        codes = np.fromiter((-1 if v is None else known[v] for v in values), np.int32, len(values))
        return pd.Series(pd.Categorical.from_codes(codes[text.codes], categories=pd.Index(list(known), dtype="object")))
    numbers = np.array([value or 0 for value in values], dtype=np.int64)
    is_missing = np.array([value is None for value in values], dtype=bool)
    return pd.Series(pd.arrays.IntegerArray(numbers[text.codes], is_missing[text.codes]))


def _refuse_column(sheet: Sheet, column: Text, source: SourceColumn, distinct: Mapping[str, object],
                   school_year: int) -> None:
    rules = {text: value.rule for text, value in distinct.items() if isinstance(value, Broken)}
    misread, hint = misread_dates(column, source.format or "", distinct, school_year)
    rules |= misread
    for rule in sorted(set(rules.values()) & set(REFUSE_FILE)):
        at = sheet.rows[column.is_in({text for text, broken in rules.items() if broken == rule})]
        raise RefusedFileError(Flaw(rule, int(at[0]), source.column, len(at), hint if rule == "date_format" else ""),
                               sheet.rows_in)


def _notes(text: Text, target: str, source: SourceColumn, how: Reading) -> Iterator[Flaw]:
    """Yield what was read in a way worth telling, with how many rows it touches."""
    pad = how.student_id.zero_pad or 0
    is_number = source.thousands is not None or source.decimal != "."
    found = {
        "open_spell": {v for v in text.values if is_no_date(v, source.format)} if target == "exit_date" else set(),
        "zero_padded": {v for v in text.values if 0 < len(v) < pad} if target == "student_key" else set(),
        "upper_case": {v for v in text.values if v != v.upper()} if target == "student_key" else set(),
        "not_in_crosswalk": {v for v in text.values if how.crosswalk is not None and left_behind([v], how.crosswalk)}
        if target == "student_key" else set(),
        "blank_is_unknown": {""} & set(text.values) if target in ATTRIBUTES else set(),
        "number_marks": {v for v in text.values if not v.isdecimal()} if is_number else set(),
    }
    for rule, values in found.items():
        if values:
            yield Flaw(rule, column=source.column, count=int(text.is_in(values).sum()))


def _shaped(frame: pd.DataFrame, name: str, table: SourceTable, file: str, how: Reading) -> tuple[pd.DataFrame, int]:
    """Return (canonical columns, answers left blank)."""
    frame = frame.assign(district_id=_throughout(how.district_id, frame), school_year=how.school_year)
    unanswered = 0
    if name == "school_session" and "date" in frame:
        frame = frame.assign(begin_date=frame["date"], end_date=frame["date"], session_days=1)
    if name == "school_year":
        frame = frame.assign(**{c: None for c in LINEAGE if c not in frame})
    if name == "discipline_action":
        frame = frame.assign(definition_version=versions(table.columns["action_std"], frame["date"], how.school_year))
    if name == "student_year":
        frame = frame.assign(**{a: "unknown" for a in ATTRIBUTES if a not in frame})
    if isinstance(table, AttendanceTable):
        grain = {"event": "day", "part": "year"}.get(table.grain, table.grain)
        frame = frame.assign(source_grain=_throughout(grain, frame))
        if table.grain == "part" and "date" not in frame:
            frame = frame.assign(date=f"{how.school_year}-06-30")
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


def _throughout(text: str, frame: pd.DataFrame) -> pd.Series:
    """Return one text for every row, held once."""
    codes = np.zeros(len(frame), np.int8)
    return pd.Series(pd.Categorical.from_codes(codes, categories=pd.Index([text])), index=frame.index)


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
