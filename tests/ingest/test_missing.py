"""What is not there, or cannot be opened, is told: a delivery without a table that has to be sent is not accepted."""

from collections.abc import Callable
from pathlib import Path

import pytest

from evaluation.ingest.check_delivery import check_delivery
from evaluation.ingest.district import District
from evaluation.ingest.report.account import refused_files
from tests.ingest.corpus.delivery import put


@pytest.fixture
def delivered(tmp_path: Path, files: Callable[[], dict[str, bytes]], mapping_text: str) -> Path:
    return put(tmp_path / "ia-9001", files(), mapping_text)


@pytest.mark.parametrize(("name", "table"), [("schools", "school_year"), ("enrollment", "enrollment"),
                                             ("students", "student_year")])
def test_a_table_of_which_no_file_came_is_refused_and_the_run_stops(
        name: str, table: str, take: Callable[..., District], files: Callable[[], dict[str, bytes]]) -> None:
    sent = files()
    del sent[f"2024/{name}.csv"]
    reports = take(sent, only=True).files
    missing = next(f for f in reports if f.file == f"ia-9001/*/{name}*.csv")
    assert (missing.table, missing.school_year, missing.rows_in) == (table, 2024, 0)
    assert [f.rule for f in missing.findings] == ["no_file"]
    assert missing in refused_files(reports, ())[0]
    assert missing not in refused_files(reports, (f"ia-9001/*/{name}*.csv",))[0]


def test_a_whole_folder_is_told_what_it_lacks_and_a_single_file_is_not(delivered: Path) -> None:
    (delivered / "2024" / "students.csv").unlink()
    content = check_delivery([delivered], None)
    assert content["verdict"]["exit_code"] == 2
    assert [(p["rule"], p["table"], p["is_blocking"]) for p in content["to_mend"]] == [
        ("no_file", "student_year", True)]
    assert {y["state"] for row in content["coverage"] if row["table"] == "student_year" for y in row["years"]} == {
        "not_sent"}
    alone = check_delivery([delivered / "2024" / "attendance.csv"], None)
    assert alone["verdict"]["exit_code"] == 0


@pytest.mark.parametrize("place", ["link", "folder"])
def test_a_link_to_nowhere_or_a_folder_in_a_files_place_is_refused(place: str, delivered: Path) -> None:
    file = delivered / "2024" / "students.csv"
    file.unlink()
    if place == "link":
        file.symlink_to(delivered / "nowhere.csv")
    else:
        file.mkdir()
    content = check_delivery([delivered], None)
    assert content["verdict"]["exit_code"] == 2
    [problem] = content["to_mend"]
    assert (problem["rule"], problem["first_file"]) == ("cannot_be_opened", "ia-9001/2024/students.csv")


def test_empty_folders_of_versions_and_years_are_no_files(delivered: Path) -> None:
    for name in ("2024@2024-11-06", "2025", "2024/.cache"):
        (delivered / name).mkdir()
    assert check_delivery([delivered], None)["verdict"]["exit_code"] == 0


def _listed(ids: list[str], extra: list[str], rows_of: Callable[..., bytes]) -> dict[str, bytes]:
    return {"2024/schools.csv": rows_of("schools", [f"{school},6,8,180" for school in ("101", "102", *extra)]),
            "2024/enrollment.csv": rows_of("enrollment", [f"{i},101,08/23/2023,05/31/2024,7" for i in ids])}


@pytest.mark.parametrize(("ids", "extra", "rule"), [
    ([f"{i:07d}" for i in range(1, 60)], [f"{i:07d}" for i in range(1, 6)], "schools_are_students"),
    ([f"{i:07d}" for i in range(1, 60)], [f"{i:07d}" for i in range(1, 4)], None),
    ([f"a{i}" for i in range(100, 160)], [f"A{i}" for i in range(100, 160)], "schools_are_students"),
    ([str(i) for i in range(100, 900)], [str(i) for i in range(103, 123)], None),
])
def test_a_school_list_of_students_is_refused_and_they_are_not_named(
        ids: list[str], extra: list[str], rule: str | None, take: Callable[..., District],
        rows_of: Callable[..., bytes]) -> None:
    found = take(_listed(ids, extra, rows_of))
    schools = next(f for f in found.files if f.table == "school_year")
    assert {f.rule for f in schools.findings if f.kind == "refused"} == ({rule} if rule else set())
    if rule:
        assert found.tables["school_year"].empty
        assert not any(i in str(found.files) for i in extra)
