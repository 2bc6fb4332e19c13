"""A proposed mapping is one that can be read, says what is unsure, and repeats nothing of a person."""

import io
from collections.abc import Callable
from pathlib import Path
from random import Random

import openpyxl
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from evaluation.cli import program
from evaluation.errors import DeliveryError
from evaluation.ingest.check_delivery import check_delivery
from evaluation.ingest.mapping.reading import read_mapping
from evaluation.ingest.proposal.propose_files import propose_files

WORDS = st.text(alphabet="abcXYZ0129 .,:;#'\"{}[]-*&!|>%@`_/\\é\t", min_size=1, max_size=12)


def _written(folder: Path, files: dict[str, str | bytes]) -> Path:
    for name, content in files.items():
        path = folder / "ia-9001" / "2024" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder / "ia-9001"


def _proposed(text: str) -> dict:
    read_mapping(text, where="proposal", folder="ia-9001")
    return yaml.load(text, Loader=yaml.BaseLoader)


def _of(folder: Path, name: str, content: str | bytes) -> str:
    return propose_files([_written(folder, {name: content}) / "2024" / name], None)


def test_a_delivery_is_accepted_under_the_mapping_proposed_for_it(tmp_path: Path,
                                                                  files: Callable[[], dict[str, bytes]]) -> None:
    district = _written(tmp_path, {name.removeprefix("2024/"): content for name, content in files().items()})
    text = propose_files([district], None)
    (district / "mapping.yaml").write_text(text.replace("# check: add `consent: given`", "consent: given #"))
    found = check_delivery([district], None)
    assert found["verdict"]["sentence"] == "Send it: every row was accepted."
    assert found["totals"]["rows_accepted"] == 17


@pytest.mark.parametrize(("lines", "expected"), [
    (["Student ID;Race;Sex", "1;B;M", "2;W;F"], {"delimiter": ";"}),
    (["Extract of 1 May 2024", "", "Student ID,Race,Sex", "1,B,M"], {"title_rows": "1"}),
    (["Student ID\tRace\tSex", "1\tB\tM"], {"delimiter": "\t"}),
])
def test_how_a_file_is_written_is_found(lines: list[str], expected: dict[str, str], tmp_path: Path) -> None:
    table = _proposed(_of(tmp_path, "students_2024.csv", "\n".join(lines)))["tables"]["student_year"]
    assert {key: table[key] for key in expected} == expected
    assert table["files"] == "*/students_*.csv"


@pytest.mark.parametrize("is_workbook", [False, True])
def test_a_title_and_a_blank_line_are_passed_over_as_the_intake_does(is_workbook: bool, tmp_path: Path) -> None:
    rows = [["Extract"], [], ["School ID", "Low", "High", "Days"], ["101", "6", "8", "180"]]
    content: str | bytes = "\n".join(",".join(row) for row in rows)
    if is_workbook:
        made, out = openpyxl.Workbook(), io.BytesIO()
        for row in rows:
            made.active.append(row)
        made.save(out)
        content = out.getvalue()
    name = f"schools.{'xlsx' if is_workbook else 'csv'}"
    district = _written(tmp_path, {name: content})
    (district / "mapping.yaml").write_text(propose_files([district], None))
    file = next(f for f in check_delivery([district / "2024" / name], None)["files"] if f["table"] == "school_year")
    assert (file["rows_in"], file["rows_accepted"]) == (1, 1)


def test_an_encoding_that_nothing_tells_is_marked(tmp_path: Path) -> None:
    text = _of(tmp_path, "schools.csv", "School ID,Building,Low,High,Days\n1,Peña,6,8,180\n".encode("cp1252"))
    assert "encoding: cp1252  # check:" in text
    assert _proposed(text)["tables"]["school_year"]["encoding"] == "cp1252"


@pytest.mark.parametrize(("dates", "form", "is_sure"), [
    (["08/23/2023", "05/31/2024"], "%m/%d/%Y", True), (["08/09/2023", "05/03/2024"], "%m/%d/%Y", False),
    (["23/08/2023", "31/05/2024"], "%d/%m/%Y", True), (["20230823", "20240531"], "%Y%m%d", True),
    (["2023-08-23", "2024-05-31"], None, True)])
def test_the_format_of_dates_is_found_and_doubted_where_two_fit(dates: list[str], form: str | None, is_sure: bool,
                                                                tmp_path: Path) -> None:
    rows = "".join(f"{i},101,{day},,7\n" for i, day in enumerate(dates))
    text = _of(tmp_path, "enrolment.csv", "Student ID,School,Entry Date,Exit Date,Grade\n" + rows)
    entry = _proposed(text)["tables"]["enrollment"]["columns"]["entry_date"]
    assert entry == ("Entry Date" if form is None else {"column": "Entry Date", "format": form})
    line = next(line for line in text.splitlines() if "entry_date" in line)
    assert ("# check:" in line) is not is_sure


def test_known_codes_are_mapped_and_unknown_ones_only_named(tmp_path: Path) -> None:
    rows = [f"{i},{code}" for i, code in enumerate(["B", "White", *["Q9"] * 10, "Zz"])]
    text = _of(tmp_path, "students.csv", "\n".join(["Student ID,Race", *rows]))
    assert _proposed(text)["tables"]["student_year"]["columns"]["race_ethnicity"]["codes"] == {
        "B": "black", "White": "white"}
    assert "# Q9:" in text
    assert "1 unknown value in few rows" in text
    assert "Zz" not in text


def test_columns_that_identify_people_are_to_be_deleted_and_never_mapped(tmp_path: Path) -> None:
    text = _of(tmp_path, "students.csv", "Student ID,First Name,Contact,Race\n"
               + "".join(f"{i},Xqzcanary,xqz{i}@canary.org,B\n" for i in range(20)))
    assert "# check: delete these columns at the source" in text
    assert '"First Name"' in text or "First Name (name)" in text
    assert "Contact (" in text
    table = _proposed(text)["tables"]["student_year"]
    assert "First Name" not in str(table)
    assert "Contact" not in str(table)
    assert "canary" not in text.casefold()


def test_ids_are_never_repeated_and_their_width_is(tmp_path: Path) -> None:
    text = _of(tmp_path, "students.csv", "Student ID,Race,Sex\n" + "".join(f"00{i},B,M\n" for i in range(71000, 71040)))
    assert _proposed(text)["student_id"] == {"width": "7"}
    assert "7100" not in text


def test_a_file_without_header_is_refused_and_not_repeated(tmp_path: Path) -> None:
    with pytest.raises(DeliveryError) as caught:
        _of(tmp_path, "students.csv", "Xqzcanary,Anna,B\nXqzother,Ben,W\n")
    assert "canary" not in str(caught.value).casefold()


@pytest.mark.parametrize(("content", "is_read"), [
    (b"Student ID,Race\n00700001,B\n0070\r0002,B\n", True),
    (b"Student ID,Race\n00700001," + 140_000 * b"B", False),
    (Random(1).randbytes(5_000), False),
], ids=["a lone carriage return", "a field without end", "no text"])
def test_a_broken_file_keeps_no_other_from_being_mapped(content: bytes, is_read: bool, tmp_path: Path) -> None:
    files = {"students_a.csv": content, "students_b.csv": "Student ID,Race\n1,B\n"}
    text = propose_files([_written(tmp_path, files)], None)
    assert list(_proposed(text)["tables"]) == ["school_year", "enrollment", "student_year"]
    assert ("not mapped: 2024/students_a.csv" in text) is not is_read


def test_tables_that_must_be_sent_are_asked_for(tmp_path: Path) -> None:
    text = _of(tmp_path, "discipline.csv", "Case,Student ID,School,Date,Action,Days\n1,2,3,2023-10-02,OSS,1\n")
    tables = _proposed(text)["tables"]
    assert set(tables) == {"school_year", "enrollment", "student_year", "discipline_action"}
    assert text.count("# check: no file of this table was given") == 3


def test_a_wide_survey_is_proposed_with_its_items_and_wave(tmp_path: Path) -> None:
    text = _of(tmp_path, "survey_w2_2024.csv", "Student ID,School,Q1,Q2\n1,7,Strongly agree,\n2,7,Disagree,Agree\n")
    table = _proposed(text)["tables"]["survey_response"]
    assert (table["layout"], table["wave_from"]) == ("wide", "survey_w{wave}*")
    assert table["items"] == {"Q1": "q1", "Q2": "q2"}
    assert table["answers"] == {"Disagree": "2", "Agree": "4", "Strongly agree": "5"}


def test_a_scale_of_which_not_every_label_was_seen_is_to_be_checked(tmp_path: Path) -> None:
    def told(*labels: str) -> str:
        rows = "".join(f"{i},7,{label}\n" for i, label in enumerate(labels))
        text = _of(tmp_path, "survey_w1.csv", f"Student ID,School,Q1\n{rows}")
        return next(line for line in text.splitlines() if line.startswith("    answers:"))
    assert "# check: labels of 3 of 5 points were seen" in told("Agree", "Disagree", "Strongly agree")
    assert "# check" not in told("Agree", "Disagree", "Strongly agree", "Strongly disagree", "Neutral")


def test_dates_of_a_year_are_no_births_where_the_intake_takes_them(tmp_path: Path) -> None:
    rows = "".join(f"{i},101,09/{11 + i:02}/2023,A\n" for i in range(9))
    for header in ("Seen On", "Att_Date"):
        assert "date of birth" not in _of(tmp_path, "marks.csv", f"Student_Number,School,{header},Code\n{rows}")
    apart = tmp_path / "marks.csv"
    apart.write_text(f"Student_Number,School,Att_Date,Code\n{rows}")
    assert "date of birth" not in propose_files([apart], None)
    births = rows.replace("2023", "2012")
    assert "column 3 (date of birth)" in _of(tmp_path, "marks.csv", f"Student_Number,School,Seen On,Code\n{births}")


def test_a_file_with_an_id_alone_takes_no_table_from_one_with_its_columns(tmp_path: Path) -> None:
    district = _written(tmp_path, {"absences.csv": "Student_Number,School,Att_Date,Code\n1,101,09/11/2023,A\n",
                                   "students.csv": "Student Number,Race,Gender,SPED\n1,B,F,Y\n"})
    text = propose_files([district], None)
    assert _proposed(text)["tables"]["student_year"]["files"] == "*/students.csv"
    assert "# check: not mapped: 2024/absences.csv: no column tells what table it feeds" in text


@pytest.mark.parametrize(("header", "row", "grain"), [
    ("Student ID,School,Month,Enrolled,Absent,OSS", "1,7,2023-09,20,1,0", "month"),
    ("Student ID,School,Enrolled,Absent,OSS", "1,7,170,1,0", "year"),
    ("Student ID,School,Date,Absent,OSS", "1,7,09/25/2023,1,0", "day")])
def test_the_grain_of_attendance_is_found(header: str, row: str, grain: str, tmp_path: Path) -> None:
    table = _proposed(_of(tmp_path, "attendance_2024.csv", f"{header}\n{row}\n"))["tables"]["attendance"]
    assert table["grain"] == grain
    assert ("date" in table["columns"]) is (grain == "day")


@pytest.mark.parametrize(("codes", "expected", "is_sure"), [
    ("FRP", {"F": "yes", "R": "yes", "P": "no"}, False), ("TF", {"T": "yes", "F": "no"}, True),
    (["Free", "Paid"], {"Free": "yes", "Paid": "no"}, True)])
def test_free_and_reduced_meals_are_no_true_and_false(codes: list[str], expected: dict[str, str], is_sure: bool,
                                                      tmp_path: Path) -> None:
    text = _of(tmp_path, "students.csv", "Student ID,Race,Lunch Status\n" + "".join(
        f"{i},B,{code}\n" for i, code in enumerate(codes)))
    found = _proposed(text)["tables"]["student_year"]["columns"]["economic"]["codes"]
    assert found == expected
    assert ("# check: a guess" not in text) is is_sure


def test_files_of_a_table_that_are_not_alike_are_not_mapped_together(tmp_path: Path) -> None:
    wide, long = "Student ID,School,Grade,Q1\n1,7,6,Agree\n", "Student ID,School,Question,Answer\n1,7,Q1,4\n"
    district = _written(tmp_path, {"survey_w1.csv": wide, "survey_w2.csv": wide, "survey_w3.csv": long})
    text = propose_files([district], None)
    table = _proposed(text)["tables"]["survey_response"]
    assert (table["layout"], table["items"]) == ("wide", {"Q1": "q1"})
    assert "# check: not mapped: 2024/survey_w3.csv" in text


def test_of_a_workbook_with_several_sheets_the_one_with_known_columns_is_named(tmp_path: Path) -> None:
    def book(title: str) -> bytes:
        made, out = openpyxl.Workbook(), io.BytesIO()
        made.active.append(["Exported by the office"])
        made.create_sheet(title)
        for row in (["Student ID", "Race", "Sex"], ["1", "B", "F"]):
            made[title].append(row)
        made.save(out)
        return out.getvalue()
    text = _of(tmp_path, "students.xlsx", book("Students"))
    assert "sheet: Students  # check:" in text
    assert _proposed(text)["tables"]["student_year"]["sheet"] == "Students"
    with pytest.raises(DeliveryError, match="several sheets") as caught:
        _of(tmp_path, "students.xlsx", book("Xqzcanary Jones"))
    assert "canary" not in str(caught.value)


@given(headers=st.lists(WORDS, max_size=5), values=st.lists(WORDS, max_size=4), table=st.sampled_from(
    ["Student ID,Race,Sex", "Student ID,School,Item,Answer", "Case,Student ID,School,Action Date,Action"]))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_a_file_holds_the_proposal_can_be_read(headers: list[str], values: list[str], table: str,
                                                        tmp_path: Path) -> None:
    def field(text: str) -> str:
        return '"' + text.replace('"', '""') + '"'
    first = ",".join([table, *map(field, headers)])
    row = ",".join(map(field, (values * 10 + [""] * 10)[:len(table.split(",")) + len(headers)]))
    try:
        text = _of(tmp_path, "file.csv", "\n".join([first, *[row] * 12]))
    except DeliveryError:
        return
    _proposed(text)


def test_the_command_writes_no_file_over_another(tmp_path: Path) -> None:
    district = _written(tmp_path, {"students.csv": "Student ID,Race\n1,B\n"})
    target = tmp_path / "mapping.yaml"
    done = CliRunner().invoke(program, ["map", str(district), "--output", str(target)])
    assert (done.exit_code, target.read_text().startswith("# Proposed")) == (0, True)
    again = CliRunner().invoke(program, ["map", str(district), "--output", str(target)])
    assert isinstance(again.exception, DeliveryError)


@pytest.mark.parametrize(("name", "layouts"), [("StudentDiscipline.xml", ["edfi_5"]),
                                               ("Survey.xml", ["edfi_5_survey"])])
def test_ed_fi_files_are_read_by_their_layout(name: str, layouts: list[str], tmp_path: Path) -> None:
    whole = _written(tmp_path, {name: '<?xml version="1.0"?><Interchange/>',
                                "EducationOrganization.xml": '<?xml version="1.0"?><Interchange/>',
                                "Student.xml": '<?xml version="1.0"?><Interchange/>'})
    text = propose_files([whole], None)
    assert set(_proposed(text)["layout"]) == {"edfi_5", *layouts}
    assert "# check: not mapped: 2024/Student.xml" in text
