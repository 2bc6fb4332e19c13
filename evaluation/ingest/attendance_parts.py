"""Attendance by month or year from what some systems send: absences alone, or time by kind."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import narwhals.stable.v2 as nw
import pandas as pd

from evaluation.contracts import TABLES, conform
from evaluation.engine import Session as Engine
from evaluation.engine import collect
from evaluation.ingest.school_days import Session, month_days

DAY = 10_000
"""`day_parts` of a whole day."""
_HALF_DAY = DAY // 2
_AT_SCHOOL = ["student_key", "school_id", "district_id", "school_year", "month"]
PRESENT = "present"


def attendance(parts: pd.DataFrame, enrolled: pd.DataFrame, sessions: pd.DataFrame | None,
               engine: Engine) -> pd.DataFrame:
    """Return `attendance` from accepted parts; of sums half-days are rounded half-even, once.

    Parameters
    ----------
    parts : accepted `attendance_part` rows.
    enrolled, sessions : accepted `enrollment` and `school_session` rows; absences alone need them.

    Absences (`source_grain` day) say nothing of days enrolled: those are the instructional days of the school's
    calendar within the student's spells, in every month, with or without absences; a month has at least the days a
    student was absent in it. Time by kind (`source_grain` year) is all there is: its sum is the time enrolled.
    """
    events = parts[parts["source_grain"] == "day"]
    rows = [_time_by_kind(parts[parts["source_grain"] != "day"], engine)]
    if len(events) and sessions is not None:
        years = enrolled["school_year"].isin(events["school_year"].unique())
        rows.append(_absences(events, enrolled_days(enrolled[years], sessions), engine))
    return conform(pd.concat(rows, ignore_index=True)[list(TABLES["attendance"].columns)], "attendance")


def enrolled_days(enrolled: pd.DataFrame, sessions: pd.DataFrame) -> pd.DataFrame:
    """Return instructional days within enrolment spells by student, school and month, as `half_days_enrolled`.

    A day that ends one spell and begins the next at the same school counts once: no month has more than its own days.
    """
    calendars = _calendars(sessions)
    kinds = enrolled[["school_id", "school_year", "entry_date", "exit_date"]].drop_duplicates()
    spans = [(school, year, entry, leave, month, days)
             for school, year, entry, leave in kinds.itertuples(index=False)
             for month, days in month_days(calendars.get((school, year), ()), date.fromisoformat(entry),
                                           date.fromisoformat(leave)).items()]
    whole = [(school, year, month, days) for (school, year), calendar in calendars.items()
             for month, days in month_days(calendar, date.min, date.max).items()]
    months = pd.DataFrame(spans, columns=[*kinds.columns, "month", "days"])
    most = pd.DataFrame(whole, columns=["school_id", "school_year", "month", "most"])
    found = enrolled.merge(months, on=list(kinds.columns)).groupby(_AT_SCHOOL, as_index=False)["days"].sum()
    found = found.merge(most, on=["school_id", "school_year", "month"])
    half_days = 2 * found[["days", "most"]].min(axis=1).astype("int64")
    table: pd.DataFrame = found[_AT_SCHOOL].assign(half_days_enrolled=half_days)
    return table


def _calendars(sessions: pd.DataFrame) -> Mapping[tuple[str, int], list[Session]]:
    found: dict[tuple[str, int], list[Session]] = {}
    columns = ("school_id", "school_year", "begin_date", "end_date", "session_days")
    for school, year, begin, end, days in zip(*(sessions[name].tolist() for name in columns), strict=True):
        found.setdefault((school, year), []).append(Session(date.fromisoformat(begin), date.fromisoformat(end), days))
    return found


def _absences(events: pd.DataFrame, enrolled: pd.DataFrame, engine: Engine) -> pd.DataFrame:
    sums = _sums(events, engine)
    rows = enrolled.merge(sums.drop(columns="all"), on=_AT_SCHOOL, how="outer")
    filled = rows.fillna({"half_days_enrolled": 0, "absent": 0, "suspended": 0})
    return filled.assign(half_days_enrolled=filled[["half_days_enrolled", "absent"]].max(axis=1).astype("int64"),
                         half_days_absent=filled["absent"].astype("int64"),
                         half_days_absent_oss=filled["suspended"].astype("int64"), source_grain="day")


def _time_by_kind(parts: pd.DataFrame, engine: Engine) -> pd.DataFrame:
    sums = _sums(parts, engine)
    return sums.rename(columns={"all": "half_days_enrolled", "absent": "half_days_absent",
                                "suspended": "half_days_absent_oss"}).assign(source_grain="year")


def _sums(parts: pd.DataFrame, engine: Engine) -> pd.DataFrame:
    """Return half-days by student, school and month: `all` of them, `absent` (all but present), `suspended`."""
    if parts.empty:
        return pd.DataFrame(columns=[*_AT_SCHOOL, "all", "absent", "suspended"])
    frame = engine.frame(parts)
    by_day = (nw.col("date").str.slice(0, 4).cast(nw.Int64) * 100 + nw.col("date").str.slice(5, 2).cast(nw.Int64))
    month = nw.when(nw.col("source_grain") == "day").then(by_day).otherwise(nw.col("school_year") * 100 + 6)
    none = nw.lit(0, dtype=nw.Int64)
    absent = nw.when(nw.col("kind") != PRESENT).then(nw.col("day_parts")).otherwise(none)
    suspended = nw.when(nw.col("kind") == "suspended").then(nw.col("day_parts")).otherwise(none)
    sums = frame.with_columns(month=month.cast(nw.Int64), absent=absent, suspended=suspended).group_by(*_AT_SCHOOL).agg(
        nw.col("day_parts").sum().cast(nw.Int64).alias("all"), nw.col("absent").sum().cast(nw.Int64),
        nw.col("suspended").sum().cast(nw.Int64))
    names = ("all", "absent", "suspended")
    return collect(sums.with_columns(*(_half_days(nw.col(name)).alias(name) for name in names)))


def _half_days(day_parts: nw.Expr) -> nw.Expr:
    """Return whole half-days, ties to the even number; integers all the way."""
    whole, rest = day_parts // _HALF_DAY, day_parts % _HALF_DAY
    is_up = (2 * rest > _HALF_DAY) | ((2 * rest == _HALF_DAY) & (whole % 2 == 1))
    return (whole + is_up.cast(nw.Int64)).cast(nw.Int64)
