"""A known layout is proposed where a district's headers show it, and what is unsure of it is marked."""

from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml

from evaluation.errors import DeliveryError
from evaluation.ingest.check_delivery import check_delivery
from evaluation.ingest.mapping.reading import read_mapping
from evaluation.ingest.proposal.propose_files import propose_files
from tests.ingest.test_layouts import IOWA, OHIO
from tests.ingest.test_oneroster import FILES, archive

QUALTRICS = (
    "StartDate,EndDate,Status,Progress,Finished,ResponseId,StudentNumber,School,Q4_1,Q4_2\n"
    'Start Date,End Date,Type,Progress,Finished,Response ID,Number,School,I belong.,I am known.\n'
    '"{""ImportId"":""startDate""}",x,x,x,x,x,x,x,"{""ImportId"":""QID1""}",x\n'
    "2024-01-08 10:00:00,2024-01-08 10:09:00,IP Address,100,True,R_1,5001,101,Agree,Disagree\n"
    "2024-01-08 10:00:00,2024-01-08 10:09:00,IP Address,100,True,R_2,5002,101,Strongly agree,\n")


def _written(folder: Path, files: Mapping[str, str | bytes]) -> Path:
    for name, content in files.items():
        path = folder / "ia-9001" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder / "ia-9001"


def _proposed(folder: Path, files: Mapping[str, str | bytes]) -> tuple[str, dict]:
    text = propose_files([_written(folder, files)], None)
    return text, yaml.load(text, Loader=yaml.BaseLoader)


def _checked(folder: Path, text: str) -> dict:
    district = folder / "ia-9001"
    (district / "mapping.yaml").write_text(text)
    return check_delivery([district], None)


def test_iowa_records_are_read_by_their_layout_and_need_their_codes_only(tmp_path: Path) -> None:
    text, found = _proposed(tmp_path, IOWA)
    assert found["layout"] == ["iowa_sri"]
    assert "layout: [iowa_sri]  # check: iowa_sri is known by its columns" in text
    assert set(found["tables"]) == {"discipline_action"}
    content = _checked(tmp_path, text.replace("column: Removal Type", "column: Removal Type\n        codes: {O: OSS, "
                                                                     "I: ISS}"))
    assert content["verdict"]["sentence"] == "Send it: every row was accepted."


def test_ohio_records_ask_for_the_length_of_a_day_and_declare_no_code_by_guess(tmp_path: Path) -> None:
    files = OHIO | {"2024/FM.csv": OHIO["2024/FM.csv"].replace(",P,", ",Present,").replace(",U,", ",Unexcused,")}
    text, found = _proposed(tmp_path, files)
    assert found["layout"] == ["ohio_emis"]
    assert found["tables"]["attendance"]["columns"]["kind"]["codes"] == {"Present": "present", "Unexcused": "unexcused"}
    assert "# check: add how long a school day is" in text
    with pytest.raises(DeliveryError, match="hours_per_day"):
        read_mapping(text, where="proposal", folder="ia-9001")
    mended = text.replace("    # check: add how", '    hours_per_day: "6.5"\n    # check: add how')
    assert read_mapping(mended, where="proposal", folder="ia-9001").tables.attendance is not None


def test_columns_and_files_named_otherwise_are_said_and_marked(tmp_path: Path) -> None:
    files = {name.replace("EP.csv", "enrol.csv"): text for name, text in IOWA.items()}
    files["2024/enrol.csv"] = (files["2024/enrol.csv"].replace("State ID", "StateStudentID")
                               .replace("08/23/2023", "2023-08-23").replace("05/31/2024", "2024-05-31"))
    text, found = _proposed(tmp_path, files)
    assert "which lacks State ID" in text
    table = found["tables"]["enrollment"]
    assert table["files"] == "*/enrol.csv"
    assert table["columns"]["student_id"] == "StateStudentID"
    assert "student_id: StateStudentID  # check:" in text
    assert table["columns"]["entry_date"] == {"column": "Entry Date", "format": "%Y-%m-%d"}
    states = {f["table"]: f["rows_accepted"] for f in _checked(tmp_path, text)["files"]}
    assert states["enrollment"] == 2


def test_columns_that_any_system_has_prove_no_layout(tmp_path: Path) -> None:
    _, found = _proposed(tmp_path, {name: IOWA[name] for name in ("2024/schools.csv", "2024/EP.csv")})
    assert "layout" not in found
    assert found["tables"]["enrollment"]["columns"]["student_id"] == "State ID"


def test_a_table_of_another_shape_is_mapped_without_what_the_layout_says_of_it(tmp_path: Path) -> None:
    files = {name: text for name, text in OHIO.items() if "FM" not in name}
    files["2024/attendance.csv"] = "SSID,Building IRN,Days Enrolled,Days Absent,OSS\nAB1,101,160,3.5,0\n"
    text, found = _proposed(tmp_path, files)
    assert found["tables"]["attendance"]["grain"] == "year"
    mapping = read_mapping(text, where="proposal", folder="ia-9001")
    assert set(mapping.tables.attendance.columns) == {"student_id", "school_id", "days_enrolled", "days_absent",
                                                      "days_absent_oss"}


def test_a_table_of_the_layout_that_was_not_given_is_taken_away_and_named(tmp_path: Path) -> None:
    text, found = _proposed(tmp_path, {name: text for name, text in OHIO.items() if "FM" not in name})
    assert found["tables"]["attendance"] == "~"
    assert "attendance: ~  # check: no file of this table was given" in text
    assert read_mapping(text, where="proposal", folder="ia-9001").tables.attendance is None


def test_a_roster_is_proposed_without_its_days_and_names_what_to_delete(tmp_path: Path) -> None:
    users = FILES["users.csv"].replace("role,", "givenName,role,").replace("active,", "active,Xqzcanary,")
    text, found = _proposed(tmp_path, {"2024/oneroster.zip": archive({"users.csv": users})})
    assert found["layout"] == ["oneroster_1_1"]
    assert "#   users.csv/givenName (name)" in text
    assert "canary" not in text.casefold()
    (tmp_path / "ia-9001/2024/oneroster.zip").write_bytes(archive())
    assert _checked(tmp_path, text)["verdict"]["exit_code"] == 2
    mended = text.replace('{school: ""}', '{school: "178"}')
    assert _checked(tmp_path, mended)["verdict"]["exit_code"] == 0


def test_a_roster_in_loose_files_is_to_be_put_together(tmp_path: Path) -> None:
    with pytest.raises(DeliveryError, match="OneRoster") as caught:
        _proposed(tmp_path, {f"2024/{name}": text for name, text in FILES.items()})
    assert "one archive" in caught.value.fix


def test_qualtrics_is_known_by_its_rows_below_the_header(tmp_path: Path) -> None:
    text, found = _proposed(tmp_path, IOWA | {"2024/qualtrics_w1.csv": QUALTRICS})
    assert found["layout"] == ["iowa_sri", "qualtrics"]
    table = found["tables"]["survey_response"]
    assert table["items"] == {"Q4_1": "q41", "Q4_2": "q42"}
    assert table["answers"] == {"Disagree": "2", "Agree": "4", "Strongly agree": "5"}
    assert "label_rows" not in table
    content = _checked(tmp_path, text.replace("# check: add `consent: given`", "consent: given #"))
    survey = next(f for f in content["files"] if f["table"] == "survey_response")
    assert (survey["rows_in"], survey["rows_accepted"]) == (2, 2)


@pytest.mark.parametrize("layout", ["panorama", "elevate"])
def test_a_survey_known_by_its_files_name_alone_is_marked(layout: str, tmp_path: Path) -> None:
    rows = "Student ID,School,Q1,Q2\n1,7,Agree,\n2,7,Disagree,Agree\n"
    text, found = _proposed(tmp_path, {f"2024/{layout}_w1.csv": rows})
    assert f"layout: [{layout}]  # check: {layout} is known by the file's name alone" in text
    assert found["tables"]["survey_response"]["items"] == {"Q1": "q1", "Q2": "q2"}
    assert text.count("# check: no file of this table was given") == 3
    read_mapping(text, where="proposal", folder="ia-9001")


def test_two_years_of_a_layout_are_one_table(tmp_path: Path) -> None:
    later = {name.replace("2024/", "2025/"): text for name, text in IOWA.items()}
    _, found = _proposed(tmp_path, IOWA | later)
    assert set(found["tables"]) == {"discipline_action"}


def test_a_file_without_layout_beside_others_of_its_table_is_not_mapped(tmp_path: Path) -> None:
    more = {"2025/enrolment.csv": "Pupil Number,Campus,Enter Date,Leave Date,Grd\n1,2,2024-08-20,,7\n"}
    text, _ = _proposed(tmp_path, IOWA | more)
    assert "# check: not mapped: 2025/enrolment.csv" in text
    read_mapping(text, where="proposal", folder="ia-9001")
