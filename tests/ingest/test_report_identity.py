"""Linking and k-anonymity in the report: what needs doing is said, small counts and values are not."""

from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from evaluation.cli import program
from evaluation.ingest.check_delivery import check_delivery
from evaluation.ingest.report.html import page
from evaluation.ingest.report.identity import identity_content

LINKED = {"ia-9001": {"id_type": "local_id", "years_that_do_not_link": []}}
SHARES = {"1": 0.5, "2-4": 0.0, "5-9": 0.0, "10+": 0.5}


def _moved(students: int, entered: int | None) -> dict[str, Any]:
    return {"district_id": "ia-9001", "school_year": 2024, "students": students, "entered": entered,
            "entered_from_another": None, "left": None, "left_to_another": None}


def _singled(records: int, unique: float, by_day: float) -> dict[str, Any]:
    return {"ia-9001": {"records": records, "k": 10, "share_by_class_size": SHARES, "share_unique": unique,
                        "share_unique_by_day": by_day, "without": {"grade": 0.0, "sex": unique},
                        "worst": [{"column": "grade", "share_unique": unique, "share_below_k": unique}]}}


def test_no_small_count_of_students_or_records_is_told() -> None:
    found = identity_content(LINKED, [_moved(104, 7)], _singled(200, 0.02, 0.3))
    [row] = found["linking"]["movement"]
    assert (row["students"], row["entered"], row["left"], row["school_year"]) == ("100", "1–9", None, 2024)
    told = found["k_anonymity"]["ia-9001"]
    assert (told["records"], told["share_unique"], told["share_unique_by_day"]) == ("200", "few", "30 %")
    assert told["least_without"] == {"column": "grade", "share_unique": "0 %"}


@pytest.mark.parametrize(("students", "entered", "is_said"), [(100, 80, False), (100, 81, True), (9, 9, False),
                                                              (100, None, False)])
def test_a_year_of_strangers_may_be_ids_written_in_two_ways(students: int, entered: int | None, is_said: bool) -> None:
    advice = identity_content(LINKED, [_moved(students, entered)], {})["advice"]
    assert bool(advice) is is_said
    if is_said:
        assert advice[0]["what"] == "81 % of the students of 2024 were not there in 2023."


def test_months_are_proposed_where_days_single_out_many_more() -> None:
    assert identity_content(LINKED, [], _singled(200, 0.2, 0.29))["advice"] == []
    [advice] = identity_content(LINKED, [], _singled(200, 0.2, 0.3))["advice"]
    assert "dates: month" in advice["fix"]


def test_years_under_another_key_ask_for_a_crosswalk() -> None:
    [advice] = identity_content({"ia-9001": LINKED["ia-9001"] | {"years_that_do_not_link": [2022, 2023]}}, [], {}
                                )["advice"]
    assert "2022, 2023" in advice["what"]
    assert "evaluation key rotate" in advice["fix"]


@pytest.fixture
def two_years(tmp_path: Path, mapping_text: str) -> Path:
    """A district whose ids are written in another way in the second year."""
    district = tmp_path / "ia-9001"
    for year, first in ((2024, "0"), (2025, "9")):
        ids = [f"{first}{i:06d}" for i in range(1, 31)]
        files = {"schools": "Bldg,Low,High,Days\n101,6,8,180\n",
                 "enrollment": "Student Number,Bldg,Entry,Exit,Gr\n" + "".join(
                     f"{i},101,08/23/{year - 1},,7\n" for i in ids),
                 "students": "Student Number,RaceEth,IEP\n" + "".join(f"{i},B,Y\n" for i in ids)}
        (district / str(year)).mkdir(parents=True)
        for name, text in files.items():
            (district / str(year) / f"{name}.csv").write_text(text)
    (district / "mapping.yaml").write_text(mapping_text)
    return district


def test_the_check_and_the_page_say_that_years_do_not_link(two_years: Path) -> None:
    content = check_delivery([two_years], None)
    assert [row["entered"] for row in content["linking"]["movement"]] == [None, "30"]
    assert "100 % of the students of 2025 were not there in 2024" in content["advice"][0]["what"]
    shown = page(content)
    assert "100 % of the students of 2025 were not there in 2024" in shown
    assert "How far students link" in shown
    assert "Who could be singled out" in shown
    said = CliRunner().invoke(program, ["check", str(two_years)])
    assert "Look at this: ia-9001: 100 % of the students of 2025" in said.output


def test_a_single_file_says_nothing_of_linking(two_years: Path) -> None:
    content = check_delivery([two_years / "2024" / "students.csv"], None)
    assert "linking" not in content
    assert "How far students link" not in page(content)
