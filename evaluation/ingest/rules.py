"""Rules that look beyond one cell: keys, duplicates, spells, references. Lazy narwhals frames in and out.

Every frame carries `at`, a number that is unique to a delivered row, and `rule`, the first rule it breaks.
"""

from __future__ import annotations

from collections.abc import Sequence

import narwhals.stable.v2 as nw

from evaluation.contracts import TABLES
from evaluation.engine import Frame
from evaluation.engine.days import day_number
from evaluation.ingest.attendance_parts import DAY, PRESENT

SCHOOL = ("school_id", "school_year")
STUDENT_SCHOOL = ("student_key", "school_id", "school_year")
ENROLLED_ON = {
    "student_year": ("not_enrolled", ("student_key", "school_year")),
    "attendance": ("not_enrolled_at_school", STUDENT_SCHOOL),
    "attendance_part": ("not_enrolled_at_school", STUDENT_SCHOOL),
    "attendance_day": ("not_enrolled_at_school", STUDENT_SCHOOL),
    "discipline_action": ("not_enrolled_at_school", STUDENT_SCHOOL),
    "survey_response": ("not_enrolled_at_school", STUDENT_SCHOOL),
}
"""Per table, the rule that asks for an accepted enrolment, and the columns it must share."""
KEEPS_NO_ROW = ("exact_duplicate",)
"""Rules that are notes: the row is accepted and counts once with the one it repeats."""
_WHOLE_DAY = 2
"""Half-days of a day."""


def judged(name: str, rows: Frame, roster: Frame | None, enrolled: Frame | None, *, sessions: Frame | None = None,
           keys_repeat: bool = True) -> Frame:
    """Return `rows` of table `name` with the rule each breaks.

    Parameters
    ----------
    rows : canonical columns and `at`.
    roster : the accepted `school_year` rows; needed by every table with schools but `school_year` itself.
    enrolled : the accepted `enrollment` rows; needed by every table of students but `enrollment` itself.
    sessions : the accepted `school_session` rows; needed by absences.
    keys_repeat : whether rows may share a key; where none do, nothing is a duplicate and need not be looked for.
    """
    frame = rows.with_columns(rule=nw.lit(None, dtype=nw.String))
    if roster is not None and name not in ("school_year", "student_year"):
        wanted = ["grade_low", "grade_high", "calendar_days"]
        frame = frame.join(roster.select(*SCHOOL, *wanted), on=list(SCHOOL), how="left")
        frame = _flag(frame, "school_not_in_roster", nw.col("calendar_days").is_null())
    frame = _alone(name, frame)
    if name in ENROLLED_ON and enrolled is not None:
        rule, on = ENROLLED_ON[name]
        known = enrolled.select(*on).unique().with_columns(is_known=nw.lit(True))
        frame = frame.join(known, on=list(on), how="left")
        frame = _flag(frame, rule, nw.col("is_known").is_null())
    if enrolled is not None:
        frame = _dated(name, frame, enrolled, sessions)
    if keys_repeat:
        frame = _duplicates(frame, name)
    return _together(name, frame).select("at", "rule", *TABLES[name].columns)


def _alone(name: str, frame: Frame) -> Frame:
    """Mark rows that cannot be, whatever the others are; parts of a calendar that share a day among them."""
    if name == "school_session":
        frame = _sessions(frame)
    if name == "school_year":
        frame = _flag(frame, "no_calendar", nw.col("calendar_days").is_null())
        frame = _flag(frame, "grade_range_reversed", nw.col("grade_low") > nw.col("grade_high"))
        frame = _flag(frame, "no_grade_band", nw.col("grade_band") == "")
    if name == "enrollment":
        in_school = (nw.col("grade") >= nw.col("grade_low")) & (nw.col("grade") <= nw.col("grade_high"))
        frame = _flag(frame, "grade_outside_school", ~in_school)
        frame = _flag(frame, "exit_before_entry", nw.col("exit_date") < nw.col("entry_date"))
    if name in ("attendance", "attendance_day"):
        enrolled_for = nw.col("half_days_enrolled") if name == "attendance" else _WHOLE_DAY
        frame = _flag(frame, "absent_over_enrolled", nw.col("half_days_absent") > enrolled_for)
        frame = _flag(frame, "oss_over_absent", nw.col("half_days_absent_oss") > nw.col("half_days_absent"))
    return frame


def _days_of_month() -> nw.Expr:
    """Return the days of `month`, a yyyymm."""
    year, month = nw.col("month") // 100, nw.col("month") % 100
    february = nw.when(year % 4 == 0).then(nw.lit(29)).otherwise(nw.lit(28))
    others = nw.when(month.is_in([4, 6, 9, 11])).then(nw.lit(30)).otherwise(nw.lit(31))
    return nw.when(month == 2).then(february).otherwise(others)


def _dated(name: str, frame: Frame, enrolled: Frame, sessions: Frame | None) -> Frame:
    """Mark attendance of a day outside the student's spells, or outside the school's calendar."""
    spell = ("entry_date", "exit_date")
    if name == "attendance_part" and sessions is not None:
        is_day = nw.col("source_grain") == "day"
        frame = _within(frame, enrolled, STUDENT_SCHOOL, spell)
        frame = _flag(frame, "not_enrolled_that_day", is_day & ~nw.col("is_within"))
        frame = _within(frame, sessions, SCHOOL, ("begin_date", "end_date"))
        frame = _flag(frame, "no_school_day", is_day & ~nw.col("is_within"))
    if name == "attendance_day":
        frame = _within(frame, enrolled, STUDENT_SCHOOL, spell)
        frame = _flag(frame, "not_enrolled_that_day", ~nw.col("is_within"))
    return frame


def _together(name: str, frame: Frame) -> Frame:
    """Mark rows that cannot all be: spells that overlap, and more time than a day, a month or a calendar has."""
    if name == "enrollment":
        frame = _overlaps(frame)
    if name == "attendance_part":
        frame = _too_long(frame)
    if name in ("attendance", "attendance_day"):
        enrolled_for = nw.col("half_days_enrolled").sum() if name == "attendance" else _WHOLE_DAY * nw.len()
        year = enrolled_for.over(*STUDENT_SCHOOL, "rule")
        frame = _flag(frame, "enrolled_over_calendar", year > _WHOLE_DAY * nw.col("calendar_days"))
    if name == "attendance":
        is_over = nw.col("half_days_enrolled") > _WHOLE_DAY * _days_of_month()
        frame = _flag(frame, "enrolled_over_month", (nw.col("source_grain") == "month") & is_over)
    return frame


def _sessions(frame: Frame) -> Frame:
    """Mark parts of a calendar that cannot be, and all that share a day with another of the school."""
    begin, end = day_number(nw.col("begin_date")), day_number(nw.col("end_date"))
    frame = _flag(frame, "session_reversed", nw.col("end_date") < nw.col("begin_date"))
    frame = _flag(frame, "session_too_full", nw.col("session_days") > end - begin + 1)
    part = ("begin_date", "end_date", "session_days")
    is_same = nw.all_horizontal(*(nw.col(name) == nw.col(f"other_{name}") for name in part), ignore_nulls=False)
    overlap = (nw.col("begin_date") <= nw.col("other_end_date")) & (nw.col("other_begin_date") <= nw.col("end_date"))
    return _flag_clashes(frame, "overlapping_sessions", SCHOOL, part, ~is_same & overlap)


def _within(frame: Frame, spans: Frame, on: Sequence[str], ends: tuple[str, str]) -> Frame:
    """Return rows with `is_within`: whether the date lies in one of the spans that share `on`, both ends included."""
    first, last = (nw.col(name) for name in ends)
    rows = frame.select("at", "date", *on)
    # apart from longer spans, or a calendar of single days would pair every row with every day
    days = spans.filter(first == last).select(*on, date=first).unique()
    on_day = rows.join(days, on=[*on, "date"], how="inner").select("at")
    pairs = rows.join(spans.filter(first != last).select(*on, *ends), on=list(on), how="inner")
    inside = pairs.filter((nw.col("date") >= first) & (nw.col("date") <= last)).select("at")
    marks = nw.concat([on_day, inside]).unique().with_columns(is_within=nw.lit(True))
    rows = frame.drop("is_within", strict=False).join(marks, on="at", how="left")
    return rows.with_columns(is_within=~nw.col("is_within").is_null())


def _too_long(frame: Frame) -> Frame:
    """Mark absences of one day that are longer than a day, and time in a year that is longer than its calendar."""
    none = nw.lit(0, dtype=nw.Int64)
    is_day, is_absent = nw.col("source_grain") == "day", nw.col("kind") != PRESENT
    frame = frame.with_columns(absent=nw.when(is_absent).then(nw.col("day_parts")).otherwise(none))
    in_day = nw.col("absent").sum().over("student_key", "date", "rule")
    frame = _flag(frame, "over_a_day", is_day & is_absent & (in_day > DAY))
    in_year = nw.col("day_parts").sum().over(*STUDENT_SCHOOL, "rule")
    return _flag(frame, "enrolled_over_calendar", ~is_day & (in_year > DAY * nw.col("calendar_days")))


def _flag(frame: Frame, rule: str, is_broken: nw.Expr) -> Frame:
    """Mark rows that break `rule` and no earlier one."""
    return frame.with_columns(
        rule=nw.when(nw.col("rule").is_null() & is_broken).then(nw.lit(rule)).otherwise(nw.col("rule")))


def _duplicates(frame: Frame, name: str) -> Frame:
    """Mark repeated rows but the first, then rows that share a key and differ."""
    content: Sequence[str] = TABLES[name].columns
    first = nw.col("at").min().over(*content, "rule")
    frame = _flag(frame, "exact_duplicate", nw.col("at") > first)
    shared = nw.len().over(*TABLES[name].key, "rule")
    return _flag(frame, "conflicting_duplicate", shared > 1)


def _overlaps(frame: Frame) -> Frame:
    """Mark every spell that shares more than its boundary day with another spell of the student and year."""
    is_other = nw.col("at") != nw.col("other_at")
    overlap = (nw.col("entry_date") < nw.col("other_exit_date")) & (nw.col("other_entry_date") < nw.col("exit_date"))
    return _flag_clashes(frame, "overlapping_spells", ("student_key", "school_year"), ("entry_date", "exit_date"),
                         is_other & overlap)


def _flag_clashes(frame: Frame, rule: str, on: Sequence[str], columns: Sequence[str], is_clash: nw.Expr) -> Frame:
    """Mark rows that clash with one of the same `on`, whose `at` and `columns` are called `other_…` in `is_clash`."""
    kept = frame.filter(nw.col("rule").is_null()).select("at", *on, *columns)
    other = kept.select(*on, **{f"other_{name}": nw.col(name) for name in ("at", *columns)})
    clashing = kept.join(other, on=list(on), how="inner").filter(is_clash).select("at").unique()
    marked = frame.join(clashing.with_columns(clashes=nw.lit(True)), on="at", how="left")
    return _flag(marked, rule, ~nw.col("clashes").is_null())
