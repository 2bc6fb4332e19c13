"""Instructional days of a calendar within a span."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from evaluation.ingest.school_days import Session, month_days

TERM = Session(date(2023, 9, 4), date(2023, 9, 15), 10)
DAYS = st.integers(0, 400).map(lambda n: date(2023, 8, 1) + timedelta(n))


def test_a_full_term_has_its_weekdays() -> None:
    assert month_days([TERM], date(2023, 9, 6), date(2023, 9, 11)) == {202309: 4}
    assert month_days([TERM], date(2023, 9, 9), date(2023, 9, 10)) == {}


def test_fewer_days_than_weekdays_are_spread_evenly() -> None:
    half = Session(date(2023, 9, 4), date(2023, 9, 15), 5)
    taught = [day for day in range(4, 16) if month_days([half], date(2023, 9, day), date(2023, 9, day))]
    assert taught == [5, 7, 11, 13, 15]


def test_more_days_than_weekdays_include_the_weekend() -> None:
    assert month_days([Session(date(2023, 9, 8), date(2023, 9, 10), 3)], date.min, date.max) == {202309: 3}


@given(DAYS, st.integers(1, 120), st.data(), DAYS)
def test_two_spans_that_meet_have_the_days_of_both(begin: date, length: int, data: st.DataObject, cut: date) -> None:
    days = data.draw(st.integers(1, length))
    session = [Session(begin, begin + timedelta(length - 1), days)]
    before, after = month_days(session, date.min, cut), month_days(session, cut + timedelta(1), date.max)
    assert sum(before.values()) + sum(after.values()) == days == sum(month_days(session, date.min, date.max).values())
