"""A delivery compared on the district's own machine with the one it sent before, as a dated version would be."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from evaluation.cli import program
from evaluation.errors import DeliveryError
from evaluation.ingest.check_delivery import check_delivery
from evaluation.ingest.report.html import page
from tests.ingest.corpus.delivery import put

OLD, NEW = b"101,2023-09,20,1,0", b"101,2023-09,20,4,0"


@pytest.fixture
def sent(tmp_path: Path, files: Callable[[], dict[str, bytes]], mapping_text: str) -> Path:
    return put(tmp_path / "sent" / "ia-9001", files(), mapping_text)


@pytest.fixture
def now(sent: Path, tmp_path: Path) -> Path:
    """The same delivery with one corrected value."""
    district = tmp_path / "ia-9001"
    shutil.copytree(sent, district)
    _edit(district / "2024" / "attendance.csv", OLD, NEW)
    return district


def _edit(file: Path, old: bytes, new: bytes) -> None:
    assert old in file.read_bytes()
    file.write_bytes(file.read_bytes().replace(old, new))


def _table(content: dict[str, Any], table: str) -> dict[str, Any]:
    return next(one for one in content["revisions"] if one["table"] == table)


def test_it_is_compared_as_the_dated_version_in_one_folder_would_be(sent: Path, now: Path) -> None:
    content = check_delivery([now], None, previous=sent)
    dated = sent / "2024@2025-02-01"
    shutil.copytree(now / "2024", dated)
    expected = check_delivery([sent], None)
    for name in ("verdict", "totals", "to_mend", "coverage", "level_shifts", "linking", "k_anonymity", "advice"):
        assert json.dumps(content[name]) == json.dumps(expected[name]), name
    for mine, theirs in zip(content["revisions"], expected["revisions"], strict=True):
        assert mine | {"version": "", "before": ""} == theirs | {"version": "", "before": ""}
    changed = _table(content, "attendance")
    assert (changed["version"], changed["before"], changed["changed"]) == ("2024", "2024 as sent before", "1–9")
    assert "9999" not in json.dumps(content)
    assert "9999" not in page(content)


def test_the_folder_of_all_districts_does_and_the_terminal_says_what_changed(sent: Path, now: Path) -> None:
    done = CliRunner().invoke(program, ["check", str(now), "--previous", str(sent.parent)])
    assert done.exit_code == 0
    assert ("Changed: ia-9001 attendance 2024: 2024 replaces 2024 as sent before; rows 1–9 → 1–9, 0 added, 0 removed, "
            "1–9 changed (half_days_absent); students 1–9 → 1–9.") in done.output.replace("\n", " ")
    assert "survey_response" not in done.output


def test_the_same_delivery_again_changes_nothing(sent: Path, now: Path) -> None:
    shutil.copytree(sent, now, dirs_exist_ok=True)
    content = check_delivery([now], None, previous=sent)
    assert content["revisions"] == []
    assert "No file differs" in page(content)
    done = CliRunner().invoke(program, ["check", str(now), "--previous", str(sent)])
    assert "no row changed" in done.output


def test_a_table_that_lost_a_fifth_of_its_rows_is_held(sent: Path, now: Path) -> None:
    file = now / "2024" / "attendance.csv"
    file.write_bytes(b"".join(file.read_bytes().splitlines(keepends=True)[:-1]))
    content = check_delivery([now], None, previous=sent)
    assert content["verdict"]["exit_code"] == 2
    assert [p["rule"] for p in content["to_mend"]] == ["delivery_shrinks"]
    assert content["to_mend"][0]["first_file"] == "ia-9001/2024/attendance.csv"


def test_a_corrected_file_alone_rests_on_what_was_sent_before(sent: Path, now: Path) -> None:
    for file in (now / "2024").iterdir():
        if file.name != "attendance.csv":
            file.unlink()
    content = check_delivery([now / "2024" / "attendance.csv"], None, previous=sent)
    assert content["verdict"]["exit_code"] == 0
    assert _table(content, "attendance")["changed"] == "1–9"


def test_a_later_folder_beside_a_changed_one_stays_later(sent: Path, now: Path) -> None:
    for district in (sent, now):
        shutil.copytree(sent / "2024", district / "2024@2025-02-01")
    content = check_delivery([now], None, previous=sent)
    assert _table({"revisions": content["revisions"][::-1]}, "attendance")["version"] == "2024@2025-02-01"


def test_what_cannot_be_read_under_the_present_mapping_is_said_not_to_be_compared(sent: Path, now: Path) -> None:
    _edit(sent / "2024" / "attendance.csv", b"Absent", b"Away")
    done = CliRunner().invoke(program, ["check", str(now), "--previous", str(sent)])
    assert "Not compared: ia-9001/2024/attendance.csv" in done.output
    assert "Not compared" in page(check_delivery([now], None, previous=sent))


@pytest.mark.parametrize("name", ["absent", "report.json"])
def test_what_is_no_earlier_delivery_says_what_to_name(name: str, now: Path, tmp_path: Path) -> None:
    (tmp_path / "report.json").write_text("{}")
    with pytest.raises(DeliveryError, match="no earlier delivery of `ia-9001`"):
        check_delivery([now], None, previous=tmp_path / name)


def test_the_delivery_of_another_district_is_none_before(sent: Path, now: Path) -> None:
    other = sent.rename(sent.with_name("ia-9002"))
    mapping = other / "mapping.yaml"
    mapping.write_text(mapping.read_text().replace("ia-9001", "ia-9002"))
    with pytest.raises(DeliveryError, match="no earlier delivery of `ia-9001`"):
        check_delivery([now], None, previous=other)
