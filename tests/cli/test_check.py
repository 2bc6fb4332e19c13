"""`evaluation check` as a data manager meets it: outside the project, without a study, with an exit code."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from evaluation.cli import program
from evaluation.errors import DeliveryError, UserError

FILES = {
    "schools.csv": "Bldg,Low,High,Days\n101,6,8,180\n",
    "enrollment.csv": "ID,Bldg,Entry,Exit,Gr\n" + "".join(f"{i},101,2023-08-23,,7\n" for i in range(100, 160)),
    "students.csv": "ID,RaceEth\n" + "".join(f"{i},black\n" for i in range(100, 160)),
}
MAPPING = """
district_id: ia-9001
version: "1"
tables:
  school_year:
    files: "*/schools.csv"
    columns: {school_id: Bldg, grade_low: Low, grade_high: High, calendar_days: Days}
  enrollment:
    files: "*/enrollment.csv"
    columns: {student_id: ID, school_id: Bldg, entry_date: Entry, exit_date: Exit, grade: Gr}
  student_year: {files: "*/students.csv", columns: {student_id: ID, race_ethnicity: RaceEth}}
"""


@pytest.fixture
def district(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Write a delivery into an empty folder and go there."""
    folder = tmp_path / "ia-9001"
    (folder / "2024").mkdir(parents=True)
    (folder / "mapping.yaml").write_text(MAPPING)
    for name, content in FILES.items():
        (folder / "2024" / name).write_text(content)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("EVALUATION_PSEUDONYM_KEY", raising=False)
    return folder


def _check(*words: str) -> tuple[int, str, str]:
    done = CliRunner().invoke(program, ["check", *words])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.exit_code, done.stdout, done.stderr


@pytest.mark.parametrize(("old", "new", "code", "said"), [
    ("black", "black", 0, "Send it: every row was accepted."),
    ("100,black", "100,blue", 0, "Send it: 1 row of 121 is set aside"),
    ("10", "10x", 3, "Mend this first. ia-9001, "),
    ("RaceEth", "Race", 2, "Mend this first: 1 file cannot be taken as it is."),
])
def test_the_exit_code_says_what_the_first_sentence_says(old: str, new: str, code: int, said: str,
                                                         district: Path) -> None:
    file = district / "2024" / "students.csv"
    file.write_text(file.read_text().replace(old, new))
    found, out, err = _check("ia-9001")
    assert (found, out) == (code, "")
    assert said in err


def test_nothing_is_written_unless_asked_for(district: Path, tmp_path: Path) -> None:
    before = sorted(tmp_path.rglob("*"))
    _check("ia-9001")
    assert sorted(tmp_path.rglob("*")) == before
    code, out, _ = _check("ia-9001", "--html", "report.html", "--json", "report.json")
    assert (code, out) == (0, "report.html\nreport.json\n")
    assert Path("report.html").read_text().startswith("<!doctype html>")
    assert json.loads(Path("report.json").read_text())["totals"]["rows_in"] == 121


def test_a_report_is_not_written_among_the_delivered_files(district: Path) -> None:
    with pytest.raises(DeliveryError, match="taken for a delivered file"):
        _check("ia-9001", "--html", "ia-9001/2024/report.html")


def test_a_study_is_named_by_its_file(district: Path) -> None:
    root = Path(__file__).parents[2]
    code, _, err = _check("ia-9001", "--study", str(root / "studies" / "partnership.yaml"))
    assert code == 0
    assert "Send it" in err


@pytest.mark.parametrize("name", ["Race [/]", "Race [bold]", "Race :smile:", "Race" + 8 * " of the student"])
def test_names_from_outside_stand_to_the_letter_and_whole(name: str, district: Path,
                                                          monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    delivered, mapping = district / "2024" / "students.csv", district / "mapping.yaml"
    file = delivered.rename(delivered.with_name(f"students {name.replace('/', '')}.csv"))
    file.write_text(file.read_text().replace("RaceEth", name).replace("black", "x"))
    mapping.write_text(MAPPING.replace("RaceEth", f"{{column: '{name}', codes: {{B: black}}}}")
                       .replace("students.csv", "students*.csv"))
    code, out, err = _check("ia-9001", "--html", "[a] report.html")
    assert (code, out) == (3, "[a] report.html\n")
    assert f"  ia-9001/2024/{file.name}, row 2, column {name}\n" in err
    assert name in Path("[a] report.html").read_text()


@pytest.mark.parametrize(("words", "said"), [
    (["--html", "."], "this is a folder"), (["--json", "nowhere/report.json"], "there is no such folder"),
    (["--html", "report", "--json", "./report"], "two results"), (["--html", 300 * "r"], "cannot be written")])
def test_what_cannot_be_written_is_said_and_makes_no_folder(words: list[str], said: str, district: Path,
                                                            tmp_path: Path) -> None:
    with pytest.raises(UserError, match=said):
        _check("ia-9001", *words)
    assert list(tmp_path.iterdir()) == [district]
