from collections.abc import Callable
from pathlib import Path

import pytest

from evaluation.errors import DeliveryError
from evaluation.ingest.check_file import check_file
from evaluation.ingest.district import District
from evaluation.params import Study


@pytest.fixture
def delivered(tmp_path: Path, files: Callable[[], dict[str, bytes]], mapping_text: str) -> Path:
    district = tmp_path / "ia-9001"
    for name, content in files().items():
        (district / name).parent.mkdir(parents=True, exist_ok=True)
        (district / name).write_bytes(content)
    (district / "mapping.yaml").write_text(mapping_text)
    return district


def test_a_file_is_judged_as_in_the_delivery(delivered: Path, study: Study, take: Callable[..., District]) -> None:
    broken = delivered / "2024" / "attendance.csv"
    broken.write_bytes(broken.read_bytes().replace(b"101,2023-09,20,1,0", b"999,2023-09,20,1,0"))
    report = check_file(broken, study)
    delivery = take({"2024/attendance.csv": broken.read_bytes()})
    assert report == next(f for f in delivery.files if f.table == "attendance")
    assert [(f.rule, f.row, f.count) for f in report.findings] == [("school_not_in_roster", 2, 1)]


def test_a_district_that_is_not_in_the_study_is_refused(delivered: Path, study: Study) -> None:
    other = study.model_copy(update={"districts": study.districts[2:]})
    with pytest.raises(DeliveryError, match="no district `ia-9001`"):
        check_file(delivered / "2024" / "attendance.csv", other)


def test_a_file_without_mapping_says_what_to_do(tmp_path: Path, study: Study) -> None:
    file = tmp_path / "a.csv"
    file.write_text("a\n1\n")
    with pytest.raises(DeliveryError, match=r"mapping\.yaml"):
        check_file(file, study)


def test_an_undeclared_delimiter_is_named(delivered: Path, study: Study) -> None:
    file = delivered / "2024" / "attendance.csv"
    file.write_bytes(file.read_bytes().replace(b",", b";"))
    assert "holds `;`: declare `delimiter`" in str(check_file(file, study).refusal)
