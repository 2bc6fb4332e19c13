"""`evaluation key hash` and `rotate`: run in a district's folder, they hand on declared columns and no person."""

from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from evaluation.cli.key import key
from evaluation.errors import DeliveryError
from evaluation.ingest.check_delivery import check_delivery
from evaluation.ingest.district_folder import read_folder_mapping
from evaluation.ingest.identity.pseudonym import key_id
from tests.ingest.corpus.delivery import MAPPING, good_files, put

SECRET = "a secret of thirty-two characters"
IDS = (b"0000001", b"0000002", b"0000003")


def _say(*arguments: str) -> str:
    result = CliRunner().invoke(key, arguments)
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.output


@pytest.fixture
def hashed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[Path, str]]:
    """Hash a delivery with some files changed, in a folder with nothing else, and return (copy, what was said)."""
    monkeypatch.setenv("EVALUATION_PSEUDONYM_KEY", SECRET)
    monkeypatch.delenv("EVALUATION_PSEUDONYM_KEY_FILE", raising=False)
    monkeypatch.chdir(tmp_path)

    def run(changed: dict[str, bytes] | None = None, *, mapping: str = MAPPING) -> tuple[Path, str]:
        put(Path("ia-9001"), good_files() | (changed or {}), mapping)
        return Path("handed-on/ia-9001"), _say("hash", "ia-9001", "--to", "handed-on")
    return run


def _with_column(content: bytes, name: bytes, *values: bytes) -> bytes:
    lines = content.rstrip(b"\n").split(b"\n")
    return b"\n".join(line + b"," + cell for line, cell in zip(lines, (name, *values), strict=True)) + b"\n"


def test_what_the_mapping_does_not_read_stays_with_the_district(hashed: Callable) -> None:
    plain = good_files()["2024/students.csv"]
    sent = _with_column(_with_column(plain, b"Last Name", b"Zyxxyqua", b"Miller", b"Smith"), b"Xq9",
                        b"123-45-6789", b"987-65-4320", b"219-09-9999")
    copy, said = hashed({"2024/students.csv": sent})
    lines = (copy / "2024/students.csv").read_bytes().splitlines()
    assert lines[0] == b"Student Number,RaceEth,IEP"
    assert len(lines) == len(sent.splitlines())
    assert not any(secret in path.read_bytes() for path in copy.rglob("*.csv")
                   for secret in (*IDS, b"Zyxxyqua", b"123-45-6789"))
    assert "2024/students.csv: not copied, since mapping.yaml does not read them: Last Name, column 5" in said
    assert "Zyxxyqua" not in said


def test_a_linked_year_is_hashed_too(hashed: Callable, tmp_path: Path) -> None:
    whole, _ = hashed()
    Path("ia-9001/2024").rename("elsewhere")
    Path("ia-9001/2024").symlink_to(tmp_path / "elsewhere")
    for number, asked in enumerate(("ia-9001", "ia-9001/2024", "ia-9001/2024/students.csv")):
        _say("hash", asked, "--to", f"again{number}")
    assert [p.name for p in sorted(Path("again0/ia-9001/2024").iterdir())] == [
        p.name for p in sorted((whole / "2024").iterdir())]
    assert [p.name for p in Path("again2/ia-9001/2024").iterdir()] == ["students.csv"]


def test_a_person_in_a_declared_column_is_refused_as_check_refuses_him(hashed: Callable) -> None:
    spoiled = good_files()["2024/students.csv"].replace(b",B,", b",219-09-9998,")
    with pytest.raises(DeliveryError, match=r"2024/students\.csv: .*column `RaceEth`") as caught:
        hashed({"2024/students.csv": spoiled, "2024/schools.csv": b"Bldg,Low,High,Days\nzyx@district.org,K,5,180\n"})
    assert "column `Bldg`" in str(caught.value)
    assert not any(value in str(caught.value) for value in ("219-09-9998", "zyx@"))
    assert not Path("handed-on").exists()
    found = {f["file"]: f["findings"][0] for f in check_delivery([Path("ia-9001")], None)["files"]}
    assert found["ia-9001/2024/students.csv"]["rule"] == "identifiable_value"


@pytest.mark.parametrize("path", ["2024/parents.csv", "old/enrollment.csv", "names.csv"])
def test_a_file_that_no_table_reads_is_not_handed_on(hashed: Callable, path: str) -> None:
    with pytest.raises(DeliveryError, match=path):
        hashed({path: b"Guardian\nZyxxyqua Miller\n"})
    assert not Path("handed-on").exists()


def test_a_shifted_row_stays_a_row_and_its_cells_stay_behind(hashed: Callable) -> None:
    sent = good_files()["2024/students.csv"] + b"Zyxxyqua,0000001,B,Y\n0000002\n , ,\n\n0000003,H\n"
    copy, _ = hashed({"2024/students.csv": sent})
    content = (copy / "2024/students.csv").read_bytes()
    assert not any(secret in content for secret in (*IDS, b"Zyxxyqua"))
    counts = [_counts(Path(folder), "students") for folder in ("ia-9001", "handed-on/ia-9001")]
    assert counts[0] == counts[1]
    assert counts[0][1] == 3


def _counts(folder: Path, table: str) -> tuple[int, int, int]:
    file = next(f for f in check_delivery([folder], None)["files"] if f["file"].endswith(f"{table}.csv"))
    return file["rows_in"], file["rows_quarantined"], file["rows_refused"]


def test_words_before_the_header_and_below_it_stay_behind(hashed: Callable) -> None:
    plain = good_files()["2024/students.csv"].split(b"\n", 1)
    mapping = MAPPING.replace('"*/students*.csv"', '"*/students*.csv"\n    title_rows: 1\n    label_rows: 1')
    copy, _ = hashed({"2024/students.csv": b"Zyxxyqua\n" + plain[0] + b"\n0000001,a,b\n" + plain[1]}, mapping=mapping)
    lines = (copy / "2024/students.csv").read_bytes().splitlines()
    assert lines[:3] == [b"emptied", b"Student Number,RaceEth,IEP", b"emptied"]
    assert len(lines) == 3 + len(plain[1].splitlines())


def test_a_file_cut_off_in_its_last_line_is_so_in_the_copy(hashed: Callable) -> None:
    copy, _ = hashed({"2024/students.csv": good_files()["2024/students.csv"].removesuffix(b"\n")})
    assert not (copy / "2024/students.csv").read_bytes().endswith(b"\n")


def test_copies_are_not_written_into_a_district_s_folder(hashed: Callable) -> None:
    hashed()
    with pytest.raises(DeliveryError, match="taken for delivered"):
        _say("hash", "ia-9001", "--to", "ia-9001/copies")


@pytest.mark.parametrize("said", ["", "student_id: {zero_pad: 7, hashed_with: {2020: 0123456789ab}}\n"])
def test_the_copied_mapping_is_the_same_and_says_which_years_are_hashed(said: str, hashed: Callable) -> None:
    copy, _ = hashed(mapping=f"{MAPPING}\n# Zyxxyqua made this\n{said}")
    before, after = (read_folder_mapping(folder) for folder in (Path("ia-9001"), copy))
    years = {**before.student_id.hashed_with, 2024: key_id(SECRET.encode())}
    assert after == before.model_copy(update={"student_id": before.student_id.model_copy(
        update={"hashed_with": years})})
    assert b"Zyxxyqua" not in (copy / "mapping.yaml").read_bytes()


def test_a_crosswalk_needs_no_project_and_no_study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    put(Path("ia-9001"), good_files(), MAPPING)
    for name in ("old", "new"):
        _say("new", f"{name}.key")
    _say("rotate", "old.key", "new.key", "--ids", "ia-9001")
    assert len(list(Path("ia-9001").glob("crosswalk_*_*.csv"))) == 1
