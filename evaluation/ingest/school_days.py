"""Instructional days of a school's calendar within a span of days, month by month."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache

_SATURDAY = 5


@dataclass(frozen=True)
class Session:
    """A part of a school's calendar, both ends included: a term with its number of days, or a single day."""

    begin: date
    end: date
    days: int


def month_days(sessions: Iterable[Session], first: date, last: date) -> Mapping[int, int]:
    """Return instructional days from `first` to `last`, both included, by month (yyyymm); months without are absent.

    Where only the number of a term's days is known they are spread evenly over its weekdays: until its k-th weekday of
    n, floor(days × k / n) days are over. A session that has more days than weekdays runs on all days of the week.
    """
    found: Counter[int] = Counter()
    for session in sessions:
        for day in _instructional(session):
            if first <= day <= last:
                found[day.year * 100 + day.month] += 1
    return dict(found)


@cache
def _instructional(session: Session) -> tuple[date, ...]:
    """Return the days that count as taught, in order: the k-th weekday when floor(days × k / n) has grown."""
    span = [session.begin + timedelta(i) for i in range((session.end - session.begin).days + 1)]
    weekdays = [day for day in span if day.weekday() < _SATURDAY]
    days = weekdays if len(weekdays) >= session.days else span
    return tuple(day for k, day in enumerate(days, start=1)
                 if session.days * k // len(days) > session.days * (k - 1) // len(days))
