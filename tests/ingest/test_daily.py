"""Attendance by day: a row is a school day on which the student was enrolled."""

from collections.abc import Callable
from datetime import date, timedelta

import pandas as pd
import pytest

from evaluation import engine
from evaluation.daily import months
from evaluation.ingest import apart
from evaluation.ingest.apart import MOST_IN_MEMORY
from evaluation.ingest.district import District
from evaluation.panel.students import by_school

FILE = "2024/attendance.csv"
DAILY = {"files": "*/attendance*.csv", "grain": "day", "columns": {
    "student_id": "Student Number", "school_id": "Bldg", "date": {"column": "Date", "format": "%m/%d/%Y"},
    "days_absent": "Absent", "days_absent_oss": "OSS"}}
GOOD = ("0000001,101,09/05/2023,0,0", "0000001,101,09/06/2023,1,1", "0000001,101,10/02/2023,0.5,0",
        "0000002,101,09/05/2023,0,0")


@pytest.fixture(params=[MOST_IN_MEMORY, 0], ids=["few rows, in memory", "many rows, in the engine's scratch"])
def days(take: Callable[..., District], request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
         ) -> Callable[..., District]:
    monkeypatch.setattr(apart, "MOST_IN_MEMORY", request.param)

    def taken(*rows: str, **changes: object) -> District:
        content = "\n".join(["Student Number,Bldg,Date,Absent,OSS", *rows]) + "\n"
        return take({FILE: content.encode(), **changes.pop("files", {})}, tables__attendance=DAILY, **changes)
    return taken


def _found(district: District) -> list[tuple[str, int | None]]:
    report = next(f for f in district.files if f.file.endswith(FILE))
    assert report.rows_in == report.rows_accepted + report.rows_quarantined + report.rows_refused
    return [(f.rule, f.row) for f in report.findings]


def test_days_are_accepted_as_half_days(days: Callable[..., District]) -> None:
    district = days(*GOOD)
    assert _found(district) == []
    assert "attendance" not in district.tables
    rows = district.tables["attendance_day"]
    assert rows.groupby("date")["half_days_absent"].sum().to_dict() == {"2023-09-05": 0, "2023-09-06": 2,
                                                                        "2023-10-02": 1}
    assert rows["half_days_absent_oss"].sum() == 2


@pytest.mark.parametrize(("row", "rule"), [
    ("0000001,101,08/22/2023,1,0", "not_enrolled_that_day"),          # the day before her spell
    ("0000001,101,06/01/2024,1,0", "not_enrolled_that_day"),          # the day after it
    ("0000001,102,09/07/2023,1,0", "not_enrolled_at_school"),
    ("0000001,999,09/07/2023,1,0", "school_not_in_roster"),
    ("0000001,101,08/01/2024,1,0", "date_outside_school_year"),
    ("0000001,101,13/01/2023,1,0", "bad_date"),
    ("0000001,101,09/07/2023,1.5,0", "absent_over_enrolled"),
    ("0000001,101,09/07/2023,0.5,1", "oss_over_absent"),
    ("0000001,101,09/07/2023,,0", "missing_value"),
    ("0000001,101,09/05/2023,0,0", "exact_duplicate"),
])
def test_a_day_that_cannot_be_is_told(days: Callable[..., District], row: str, rule: str) -> None:
    district = days(*GOOD, row)
    assert _found(district) == [(rule, 6)]
    assert len(district.tables["attendance_day"]) == len(GOOD)


def test_two_rows_of_a_day_that_differ_are_both_set_aside(days: Callable[..., District]) -> None:
    district = days(*GOOD, "0000001,101,09/05/2023,1,0")
    assert _found(district) == [("conflicting_duplicate", 2)]
    assert len(district.tables["attendance_day"]) == len(GOOD) - 1


def test_first_and_last_day_of_a_spell_belong_to_it(days: Callable[..., District]) -> None:
    assert _found(days("0000001,101,08/23/2023,0,0", "0000001,101,05/31/2024,0,0")) == []


def test_a_day_between_two_spells_at_a_school_is_set_aside(days: Callable[..., District]) -> None:
    spells = ("Student Number,Bldg,Entry,Exit,Gr\n0000001,101,08/23/2023,10/31/2023,7\n"
              "0000001,101,02/01/2024,05/31/2024,7\n0000002,101,08/23/2023,05/31/2024,7\n")
    district = days("0000001,101,10/31/2023,0,0", "0000001,101,11/01/2023,0,0", "0000001,101,02/01/2024,0,0",
                    "0000002,101,11/01/2023,0,0", files={"2024/enrollment.csv": spells.encode()})
    assert _found(district) == [("not_enrolled_that_day", 3)]
    assert len(district.tables["attendance_day"]) == 3


def test_more_days_than_the_calendar_has_are_set_aside(days: Callable[..., District]) -> None:
    first = date(2023, 8, 23)
    rows = [f"0000001,101,{first + timedelta(i):%m/%d/%Y},0,0" for i in range(181)]
    assert _found(days(*rows, GOOD[3])) == [("enrolled_over_calendar", 2)]
    assert _found(days(*rows[:180], GOOD[3])) == []


def test_attendance_by_day_and_by_month_give_one_sum(days: Callable[..., District], take: Callable[..., District],
                                                     rows_of: Callable[..., bytes]) -> None:
    monthly = take({FILE: rows_of("attendance", ["0000001,101,2023-09,2,1,1", "0000001,101,2023-10,1,0.5,0",
                                                 "0000002,101,2023-09,1,0,0"])}).tables["attendance"]
    daily = days(*GOOD).tables["attendance_day"]
    by = ["student_key", "school_id", "month"]
    with engine.session() as session:
        summed = engine.collect(months(session.frame(daily)).select(*monthly.columns)).sort_values(by)
        both = [engine.collect(by_school(session.frame(attended), when)).sort_values("student_key", ignore_index=True)
                for attended, when in ((monthly, None), (monthly[:0], session.frame(daily)))]
    pd.testing.assert_frame_equal(summed.drop(columns="source_grain").reset_index(drop=True),
                                  monthly.sort_values(by, ignore_index=True).drop(columns="source_grain"))
    assert set(summed["source_grain"]) == {"day"}
    pd.testing.assert_frame_equal(both[1][both[0].columns], both[0])
