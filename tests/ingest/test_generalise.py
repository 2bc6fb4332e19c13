"""Dates of enrolment are told by month where a district says so, and no spell is lost or made to overlap."""

from collections.abc import Callable
from itertools import pairwise

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluation import engine
from evaluation.contracts import TABLES, conform
from evaluation.engine import collect
from evaluation.ingest.identity.generalise import by_month

COLUMNS = TABLES["enrollment"].columns


def _by_month(spells: list[tuple[str, str, str]]) -> list[tuple[str, str, str]]:
    """(school, entry, exit) of one student's spells, before and after."""
    frame = pd.DataFrame([{"student_key": "s", "district_id": "d", "school_year": 2024, "grade": 7, "school_id": school,
                           "entry_date": entry, "exit_date": last} for school, entry, last in spells])[list(COLUMNS)]
    with engine.session() as session:
        found = conform(collect(by_month(session.frame(frame))), "enrollment")
    return sorted(found[["school_id", "entry_date", "exit_date"]].itertuples(index=False, name=None),
                  key=lambda row: (row[1], row[2]))


def test_entry_and_exit_become_the_first_of_their_month_and_an_open_end_stays() -> None:
    assert _by_month([("a", "2023-08-23", "2023-11-14"), ("b", "2023-11-14", "2024-06-30")]) == [
        ("a", "2023-08-01", "2023-11-01"), ("b", "2023-11-01", "2024-06-30")]


def test_two_spells_that_begin_in_one_month_at_one_school_become_one() -> None:
    assert _by_month([("a", "2023-08-23", "2023-08-25"), ("a", "2023-08-28", "2023-12-20")]) == [
        ("a", "2023-08-01", "2023-12-01")]


DAYS = st.lists(st.dates(pd.Timestamp("2023-07-01").date(), pd.Timestamp("2024-06-29").date()), min_size=2, max_size=8,
                unique=True).map(sorted)


@settings(max_examples=40)
@given(DAYS)
def test_spells_that_do_not_overlap_by_day_do_not_by_month(days: list) -> None:
    spells = [(f"s{i % 3}", first.isoformat(), last.isoformat()) for i, (first, last) in enumerate(pairwise(days))]
    found = _by_month(spells)
    assert {school for school, _, _ in found} == {school for school, _, _ in spells}
    assert all(entry <= last for _, entry, last in found)
    assert all(one[2] <= other[1] or one[1] == other[1] for one, other in pairwise(found))


def test_a_district_says_so_in_its_mapping(take: Callable) -> None:
    assert set(take().tables["enrollment"]["entry_date"]) == {"2023-08-23"}
    by_months = take(dates="month").tables["enrollment"]
    assert (set(by_months["entry_date"]), set(by_months["exit_date"])) == ({"2023-08-01"}, {"2024-05-01"})
