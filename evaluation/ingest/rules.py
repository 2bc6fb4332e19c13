"""Rules that look beyond one cell: keys, duplicates, spells, references. Lazy narwhals frames in and out.

Every frame carries `at`, a number that is unique to a delivered row, and `rule`, the first rule it breaks.
"""

from __future__ import annotations

from collections.abc import Sequence

import narwhals.stable.v2 as nw

from evaluation.contracts import TABLES
from evaluation.engine import Frame

SCHOOL = ("school_id", "school_year")
STUDENT_SCHOOL = ("student_key", "school_id", "school_year")
ENROLLED_ON = {
    "student_year": ("not_enrolled", ("student_key", "school_year")),
    "attendance": ("not_enrolled_at_school", STUDENT_SCHOOL),
    "discipline_action": ("not_enrolled_at_school", STUDENT_SCHOOL),
    "survey_response": ("not_enrolled_at_school", STUDENT_SCHOOL),
}
"""Per table, the rule that asks for an accepted enrolment, and the columns it must share."""
KEEPS_NO_ROW = ("exact_duplicate",)
"""Rules that are notes: the row is accepted and counts once with the one it repeats."""


def judged(name: str, rows: Frame, roster: Frame | None, enrolled: Frame | None) -> Frame:
    """Return `rows` of table `name` with the rule each breaks.

    Parameters
    ----------
    rows : canonical columns and `at`.
    roster : the accepted `school_year` rows; needed by every table with schools but `school_year` itself.
    enrolled : the accepted `enrollment` rows; needed by every table of students but `enrollment` itself.
    """
    frame = rows.with_columns(rule=nw.lit(None, dtype=nw.String))
    if roster is not None and name not in ("school_year", "student_year"):
        wanted = ["grade_low", "grade_high", "calendar_days"]
        frame = frame.join(roster.select(*SCHOOL, *wanted), on=list(SCHOOL), how="left")
        frame = _flag(frame, "school_not_in_roster", nw.col("calendar_days").is_null())
    if name == "school_year":
        frame = _flag(frame, "grade_range_reversed", nw.col("grade_low") > nw.col("grade_high"))
        frame = _flag(frame, "no_grade_band", nw.col("grade_band") == "")
    if name == "enrollment":
        in_school = (nw.col("grade") >= nw.col("grade_low")) & (nw.col("grade") <= nw.col("grade_high"))
        frame = _flag(frame, "grade_outside_school", ~in_school)
        frame = _flag(frame, "exit_before_entry", nw.col("exit_date") < nw.col("entry_date"))
    if name == "attendance":
        frame = _flag(frame, "absent_over_enrolled", nw.col("half_days_absent") > nw.col("half_days_enrolled"))
        frame = _flag(frame, "oss_over_absent", nw.col("half_days_absent_oss") > nw.col("half_days_absent"))
    if name in ENROLLED_ON and enrolled is not None:
        rule, on = ENROLLED_ON[name]
        known = enrolled.select(*on).unique().with_columns(is_known=nw.lit(True))
        frame = frame.join(known, on=list(on), how="left")
        frame = _flag(frame, rule, nw.col("is_known").is_null())
    frame = _duplicates(frame, name)
    if name == "enrollment":
        frame = _overlaps(frame)
    if name == "attendance":
        year = nw.col("half_days_enrolled").sum().over(*STUDENT_SCHOOL, "rule")
        frame = _flag(frame, "enrolled_over_calendar", year > 2 * nw.col("calendar_days"))
    return frame.select("at", "rule", *TABLES[name].columns)


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
    kept = frame.filter(nw.col("rule").is_null())
    other = kept.select("student_key", "school_year", other="at", starts="entry_date", ends="exit_date")
    pairs = kept.select("at", "student_key", "school_year", "entry_date", "exit_date").join(
        other, on=["student_key", "school_year"], how="inner")
    clash = pairs.filter((nw.col("at") != nw.col("other")) & (nw.col("entry_date") < nw.col("ends"))
                         & (nw.col("starts") < nw.col("exit_date")))
    marks = clash.select("at").unique().with_columns(overlaps=nw.lit(True))
    return _flag(frame.join(marks, on="at", how="left"), "overlapping_spells", ~nw.col("overlaps").is_null())
