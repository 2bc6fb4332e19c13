"""Checking on a district's own machine: the partnership's rules and report, from the files alone."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from evaluation.errors import DeliveryError
from evaluation.ingest.check_delivery import check_delivery
from evaluation.ingest.district import District
from evaluation.params import Study
from tests.ingest.corpus.delivery import put


@pytest.fixture
def delivered(tmp_path: Path, files: Callable[[], dict[str, bytes]], mapping_text: str) -> Path:
    return put(tmp_path / "ia-9001", files(), mapping_text)


def test_a_file_is_judged_as_in_the_delivery(delivered: Path, study: Study, take: Callable[..., District]) -> None:
    broken = delivered / "2024" / "attendance.csv"
    broken.write_bytes(broken.read_bytes().replace(b"101,2023-09,20,1,0", b"999,2023-09,20,1,0"))
    [report] = check_delivery([broken], study)["files"]
    delivery = take({"2024/attendance.csv": broken.read_bytes()})
    expected = next(f for f in delivery.files if f.table == "attendance")
    assert [report[count] for count in ("rows_in", "rows_accepted", "rows_quarantined", "rows_refused")] == [
        expected.rows_in, expected.rows_accepted, expected.rows_quarantined, expected.rows_refused]
    [finding] = report["findings"]
    assert (finding["rule"], finding["rows"], finding["count"]) == ("school_not_in_roster", [2], 1)


def test_a_folder_is_reported_whole_and_a_file_alone(delivered: Path) -> None:
    whole = check_delivery([delivered], None)
    assert {f["table"] for f in whole["files"]} == {"school_year", "enrollment", "student_year", "attendance",
                                                    "discipline_action", "survey_response"}
    assert whole["verdict"] == {"sentence": "Send it: every row was accepted.", "exit_code": 0}
    alone = check_delivery([delivered / "2024" / "students.csv"], None)
    assert [f["table"] for f in alone["files"]] == ["student_year"]
    assert {row["table"] for row in alone["coverage"]} == {"student_year"}


def test_several_districts_are_checked_together(delivered: Path, mapping_text: str) -> None:
    other = delivered.with_name("ia-9002")
    (other / "2024").mkdir(parents=True)
    (other / "mapping.yaml").write_text(mapping_text.replace("ia-9001", "ia-9002"))
    (other / "2024" / "schools.csv").write_bytes((delivered / "2024" / "schools.csv").read_bytes())
    found = check_delivery([delivered.parent], None)
    assert [d["district_id"] for d in found["districts"]] == ["ia-9001", "ia-9002"]


def test_no_study_is_needed_and_any_school_year_is_taken(delivered: Path, study: Study) -> None:
    old = delivered / "2009"
    (delivered / "2024").rename(old)
    for file in old.iterdir():
        file.write_bytes(file.read_bytes().replace(b"2023", b"2008").replace(b"2024", b"2009"))
    assert check_delivery([old], None)["verdict"]["exit_code"] == 0
    assert check_delivery([old], study)["verdict"]["exit_code"] == 2


def test_a_district_that_is_not_in_the_study_is_refused(delivered: Path, study: Study) -> None:
    other = study.model_copy(update={"districts": study.districts[2:]})
    with pytest.raises(DeliveryError, match="no district `ia-9001`"):
        check_delivery([delivered], other)


def test_linked_folders_of_years_and_versions_are_read(delivered: Path) -> None:
    whole = check_delivery([delivered], None)
    linked = delivered.with_name("elsewhere")
    (delivered / "2024").rename(linked)
    (delivered / "2024").symlink_to(linked)
    (linked / "back").symlink_to(delivered)
    assert check_delivery([delivered], None) == whole
    assert check_delivery([delivered / "2024"], None)["totals"] == whole["totals"]
    (delivered / "2024@2025-02-01").symlink_to(linked)
    assert len(check_delivery([delivered], None)["superseded_files"]) == len(whole["files"])


def test_a_name_in_another_encoding_is_refused_in_words(delivered: Path) -> None:
    students = delivered / "2024" / "students.csv"
    students.rename(os.fsdecode(os.fsencode(students).replace(b"students", b"students\xe9")))
    with pytest.raises(DeliveryError, match=r"2024/students\\xe9\.csv: the name is not in UTF-8"):
        check_delivery([delivered], None)


@pytest.mark.parametrize(("name", "what"), [("a.csv", r"mapping\.yaml"), ("absent.csv", "no such file")])
def test_a_file_that_cannot_be_checked_says_what_to_do(name: str, what: str, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("a\n1\n")
    with pytest.raises(DeliveryError, match=what):
        check_delivery([tmp_path / name], None)


def test_an_undeclared_delimiter_is_named(delivered: Path, study: Study) -> None:
    file = delivered / "2024" / "attendance.csv"
    file.write_bytes(file.read_bytes().replace(b",", b";"))
    found = check_delivery([file], study)
    assert "holds `;`: declare `delimiter`" in found["to_mend"][0]["fix"]
    assert found["verdict"]["sentence"] == "Mend this first: 1 file cannot be taken as it is."


def test_a_late_version_is_compared_with_the_one_before(delivered: Path) -> None:
    late = delivered / "2024@2025-02-01"
    late.mkdir()
    rows = (delivered / "2024" / "attendance.csv").read_bytes()
    (late / "attendance.csv").write_bytes(rows.replace(b"101,2023-09,20,1,0", b"101,2023-09,20,4,0"))
    [revision] = check_delivery([delivered], None)["revisions"]
    assert (revision["version"], revision["changed"], revision["columns"]) == (
        "2024@2025-02-01", "1–9", ["half_days_absent"])


def test_daily_attendance_is_covered_as_attendance(delivered: Path, mapping_text: str) -> None:
    content = yaml.load(mapping_text, Loader=yaml.BaseLoader)
    content["tables"]["attendance"] = {"files": "*/attendance.csv", "grain": "day", "columns": {
        "student_id": "Student Number", "school_id": "Bldg", "date": "Date", "days_absent": "Absent",
        "days_absent_oss": "OSS"}}
    (delivered / "mapping.yaml").write_text(yaml.safe_dump(content))
    (delivered / "2024" / "attendance.csv").write_text(
        "Student Number,Bldg,Date,Absent,OSS\n0000001,101,2023-09-05,1,0\n0000001,101,2023-09-06,0,0\n")
    found = check_delivery([delivered], None)
    states = {row["table"]: row["years"][0] for row in found["coverage"] if row["school_id"] == "ia-9001-101"}
    assert found["verdict"]["exit_code"] == 0
    assert states["attendance"] == {"school_year": 2024, "state": "sent", "rows": "1–9"}
    assert "attendance_day" not in states


def test_answers_that_no_scale_judged_are_noted(delivered: Path, study: Study) -> None:
    def notes(known: Study | None) -> set[str]:
        [survey] = check_delivery([delivered / "2024" / "survey.csv"], known)["files"]
        return {finding["rule"] for finding in survey["findings"]}
    assert notes(None) == {"scale_not_checked"}
    assert notes(study) == set()
    mapping = delivered / "mapping.yaml"
    declared = "    consent: given\n    answers: {Never: 1, Always: 5}"
    mapping.write_text(mapping.read_text().replace("    consent: given", declared))
    assert notes(None) == set()


def test_what_operating_systems_leave_in_folders_is_no_delivered_file(delivered: Path) -> None:
    before = check_delivery([delivered], None)
    for name in ("Thumbs.db", ".DS_Store", "desktop.ini", "2024/Desktop.ini", "2024/Thumbs.db"):
        (delivered / name).write_bytes(b"x")
    assert check_delivery([delivered], None) == before


def test_an_empty_folder_of_a_year_is_mentioned(delivered: Path) -> None:
    for name in ("2026", "2024@2024-10-14"):
        (delivered / name).mkdir()
    told = [one["what"] for one in check_delivery([delivered], None)["advice"]]
    assert {"The folder 2024@2024-10-14 is empty.", "The folder 2026 is empty."} <= set(told)
