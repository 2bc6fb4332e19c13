"""Group-level public files: hand-made files in the publisher's layouts, every row accounted for."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluation import params
from evaluation.errors import DeliveryError, StudyError
from evaluation.ingest.__main__ import _public as ingest_public
from evaluation.ingest.check_delivery import check_delivery
from evaluation.ingest.public import archive
from evaluation.ingest.public.cells import PublicIntake, read_public
from evaluation.ingest.public.file import RULES, read_file

ROOT = Path(__file__).parents[2]
UNITS = {"0010011": "ct-0010011", "0020011": "ct-0020011"}
TABLE = params.PublicTable(
    outcome="any_suspension_pct", dimension="race_ethnicity", files="sus/raw/sus__*_race.csv",
    period_pattern=r"__(?P<start>\d{4})-(?P<end>\d{2})_", unit_id_column="District Code", name_column="District",
    group_column="Race/Ethnicity", value_columns=("% Absent", "%"),
    groups={"Black or African American": "black", "White": "white"}, total_codes=("0000000",))
HEADER = '"District","District Code","Race/Ethnicity","Count","%"\r\n'
PLAIN = (HEADER + '"Ashford","=""0010011""","Black or African American",12,7.5\r\n'
         '"Ashford","=""0010011""","White","*","*"\r\n'
         '"Birch","=""0020011""","Black or African American","N/A","N/A"\r\n\r\n')
TITLED = ('"Chronic Absenteeism, 2011-12"\r\n", Race/Ethnicity"\r\n\r\n"",,,"Chronically Absent",\r\n' + HEADER
          + '"Birch","=""0020011""","White",3,0.0\r\n')


def row(name: str = "Ashford", code: str = '"=""0010011"""', group: str = "White", value: str = "4.5") -> str:
    return f'"{name}",{code},"{group}",9,{value}\r\n'


def only_rule(*rows: str) -> tuple[int, str | None, str]:
    found = read_file((HEADER + "".join(rows)).encode(), TABLE, UNITS)
    assert found.rows_in == len(found.cells) + len(found.set_aside) == len(rows)
    (aside,) = found.set_aside
    return aside.row, aside.column, aside.rule


def test_values_and_the_publishers_codes_become_means_and_statuses():
    cells = read_file(PLAIN.encode(), TABLE, UNITS).cells
    assert [(c.row, c.unit_id, c.group_id, c.mean, c.status) for c in cells] == [
        (2, "ct-0010011", "black", 7.5, "reported"), (3, "ct-0010011", "white", None, "suppressed"),
        (4, "ct-0020011", "black", None, "not_applicable")]


def test_title_lines_are_skipped_rows_keep_their_spreadsheet_number_and_zero_is_a_value():
    found = read_file(TITLED.encode(), TABLE, UNITS)
    assert [(c.row, c.mean, c.status) for c in found.cells] == [(6, 0.0, "reported")]


def test_a_value_column_may_change_its_name_and_a_byte_order_mark_is_no_title():
    text = '\ufeff"District","District Code","Race/Ethnicity","% Absent"\n"Ashford",0010011,"White",100\n'
    assert [c.mean for c in read_file(text.encode(), TABLE, UNITS).cells] == [100.0]


@pytest.mark.parametrize(("line", "column", "rule"), [
    (row(code='"="""""'), "District Code", "no_code"),
    (row(code='""'), "District Code", "no_code"),
    (row("State Level", '"=""0000000"""'), "District Code", "total_row"),
    (row(code='"=""0990011"""'), "District Code", "district_not_in_study"),
    (row(code="10011"), "District Code", "district_not_in_study"),
    (row(group="Martian"), "Race/Ethnicity", "unknown_group"),
    (row(value="-1"), "%", "not_a_percentage"),
    (row(value="100.1"), "%", "not_a_percentage"),
    (row(value="<5"), "%", "not_a_percentage"),
    (row(value="nan"), "%", "not_a_percentage"),
    (row(value=""), "%", "not_a_percentage"),
    ('"Ashford","=""0010011""","White",9\r\n', None, "row_length"),
    (HEADER, "District Code", "district_not_in_study"),
])
def test_a_row_that_breaks_a_rule_is_set_aside_with_it(line, column, rule):
    assert only_rule(row(), row(group="Black or African American"), line) == (4, column, rule)


def test_an_equal_repeat_counts_once_and_conflicting_ones_not_at_all():
    assert only_rule(row(), row()) == (3, "Race/Ethnicity", "duplicate_row")
    conflict = read_file((HEADER + row() + row(value='"*"')).encode(), TABLE, UNITS)
    assert not conflict.cells
    assert [a.rule for a in conflict.set_aside] == ["conflicting_rows", "conflicting_rows"]


@pytest.mark.parametrize(("content", "reason"), [
    (PLAIN.encode("utf-16-le"), "NUL"),
    (PLAIN.replace("Ashford", "Ñandú").encode("cp1252"), "UTF-8"),
    (PLAIN.replace("District Code", "Town").encode(), "no header row"),
    (HEADER.replace("Count", "% Absent").encode(), "no header row"),
    (HEADER.encode(), "0 rows"),
    (b"", "no header row"),
    ((HEADER + 'Ash"ford",1\r\n"Bir"ch,x\r\n').encode(), "stray quote"),
])
def test_a_file_that_cannot_be_read_is_refused_with_all_its_rows(content, reason):
    found = read_file(content, TABLE, UNITS)
    assert reason in (found.refusal or "")
    assert not found.cells
    assert not found.set_aside


@given(st.lists(st.tuples(st.sampled_from(["0010011", "0020011", "0000000", "", "7"]),
                          st.sampled_from(["White", "Black or African American", "Other"]),
                          st.sampled_from(["*", "N/A", "0", "12.5", "101", ""])), min_size=1, max_size=25))
def test_every_row_is_accepted_or_set_aside_and_no_cell_comes_twice(rows):
    text = HEADER + "".join(f'"D","=""{code}""","{group}",1,"{value}"\n' for code, group, value in rows)
    found = read_file(text.encode(), TABLE, UNITS)
    assert found.rows_in == len(rows) == len(found.cells) + len(found.set_aside)
    assert len({(c.unit_id, c.group_id) for c in found.cells}) == len(found.cells)
    assert {a.rule for a in found.set_aside} <= set(RULES)


def small_study(**delivery: object) -> params.Study:
    whole = params.study("connecticut", ROOT)
    districts = [{"id": i, "name": i, "state": "ct", "role": "comparison"} for i in UNITS.values()]
    block = {"adapter": "public_group_level", "publisher": "The Birch Board.", "archive": "birch.zip",
             "tables": (TABLE,), **delivery}
    return whole.model_copy(update={
        "deliveries": params.Delivery.model_validate(block),
        "districts": tuple(params.District.model_validate(d) for d in districts),
        "periods": whole.periods.model_copy(update={"first": 2012, "last": 2013})})


def pack(folder: Path, **files: str) -> None:
    with zipfile.ZipFile(folder / "birch.zip", "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)


def take(folder: Path, extra: dict[str, str] | None = None) -> PublicIntake:
    files = {"sus/raw/sus__2011-12_race.csv": PLAIN, "sus/raw/sus__2012-13_race.csv": TITLED + row(group="Martian")}
    pack(folder, **files, **(extra or {}))
    return read_public(folder, small_study())


def test_an_archive_becomes_conforming_tables_and_state_files_are_not_read(tmp_path):
    unread = ("sus/raw/sus__2011-12_race_ct.csv", "sus/raw/sus__2013-14_race.csv")
    taken = take(tmp_path, dict.fromkeys(unread, "not read"))
    assert taken.public_cell["period"].to_list() == [2012, 2012, 2012, 2013]
    assert taken.public_cell["n_students"].isna().all()
    assert taken.intake[["rows_in", "rows_accepted", "rows_quarantined", "rows_refused"]].to_numpy().tolist() == [
        [3, 3, 0, 0], [2, 1, 1, 0]]
    aside = taken.quarantine.iloc[0]
    assert (aside["file"], aside["row"], aside["rule"], aside["district_id"]) == (
        "birch.zip/sus/raw/sus__2012-13_race.csv", 7, "unknown_group", "ct-0010011")


def test_a_refused_file_is_in_the_intake_report_with_its_reason(tmp_path):
    pack(tmp_path, **{"sus/raw/sus__2011-12_race.csv": PLAIN, "sus/raw/sus__2012-13_race.csv": "a,b\n1,2\n"})
    refused = read_public(tmp_path, small_study()).intake.iloc[1]
    assert (refused["rows_in"], refused["rows_accepted"], refused["rows_refused"]) == (2, 0, 2)
    assert "no header row" in refused["refusal"]


def test_a_refused_publishers_file_stops_the_stage_unless_the_study_goes_without_it(tmp_path, monkeypatch, capsys):
    pack(tmp_path, **{"sus/raw/sus__2011-12_race.csv": PLAIN, "sus/raw/sus__2012-13_race.csv": "a,b\n1,2\n"})
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DeliveryError, match=r"birch\.zip/sus/raw/sus__2012-13_race\.csv"):
        ingest_public(tmp_path, small_study(), "connecticut")
    assert list(tmp_path.glob("data/*/ingest/connecticut/intake.parquet"))
    ingest_public(tmp_path, small_study(accept_without=("birch.zip/*2012-13*",)), "connecticut")
    assert "2 files, 5 rows in = 3 accepted + 0 set aside + 2 refused" in capsys.readouterr().err


def test_a_missing_archive_says_who_publishes_it_and_where_it_belongs(tmp_path):
    with pytest.raises(DeliveryError, match=r"birch\.zip.*missing.*Birch Board") as error:
        read_public(tmp_path, small_study())
    assert error.value.where == str(tmp_path)


def test_a_missing_or_doubled_year_is_refused_unless_published_from_later_on(tmp_path):
    pack(tmp_path, **{"sus/raw/sus__2012-13_race.csv": TITLED})
    with pytest.raises(DeliveryError, match=r"no file .* 2012.*Birch Board"):
        read_public(tmp_path, small_study())
    later = TABLE.model_copy(update={"first_period": 2013})
    assert len(read_public(tmp_path, small_study(tables=(later,))).public_cell) == 1
    with pytest.raises(DeliveryError, match="two files"):
        take(tmp_path, {"sus/raw/sus__2011-12_b_race.csv": PLAIN})


@pytest.mark.parametrize("name", ["../x.csv", "/etc/x.csv", "a/../../x.csv", "..\\x.csv", "C:x.csv"])
def test_a_name_that_leaves_the_archive_refuses_it(tmp_path, name):
    with pytest.raises(DeliveryError, match="points outside"):
        take(tmp_path, {name: "x"})


def test_an_encrypted_file_or_a_doubled_name_refuses_the_archive(tmp_path):
    with zipfile.ZipFile(tmp_path / "birch.zip", "w") as archive:
        archive.writestr("a.csv", "1")
        with pytest.warns(UserWarning, match="Duplicate name"):
            archive.writestr("a.csv", "2")
    with pytest.raises(DeliveryError, match="same name"):
        read_public(tmp_path, small_study())
    take(tmp_path)
    content = bytearray((tmp_path / "birch.zip").read_bytes())
    content[content.index(b"PK\x01\x02") + 8] |= 1
    (tmp_path / "birch.zip").write_bytes(content)
    with pytest.raises(DeliveryError, match="encrypted"):
        read_public(tmp_path, small_study())


def test_a_damaged_or_oversized_archive_is_refused(tmp_path, monkeypatch):
    (tmp_path / "birch.zip").write_bytes(b"PK not a zip")
    with pytest.raises(DeliveryError, match="not a readable zip"):
        read_public(tmp_path, small_study())
    take(tmp_path)
    whole = (tmp_path / "birch.zip").read_bytes()
    (tmp_path / "birch.zip").write_bytes(whole.replace(b"Ashford", b"Ashfort"))
    with pytest.raises(DeliveryError, match="not a readable zip"):
        read_public(tmp_path, small_study())
    monkeypatch.setattr(archive, "MAX_FILE_BYTES", 50)
    with pytest.raises(DeliveryError, match="larger than 50"):
        take(tmp_path)
    monkeypatch.setattr(archive, "MAX_TOTAL_BYTES", 50)
    with pytest.raises(DeliveryError, match="unpacks to more than 50"):
        take(tmp_path)


def test_a_study_without_archive_or_of_two_states_is_refused(tmp_path):
    with pytest.raises(StudyError, match="archive"):
        read_public(tmp_path, small_study(archive=None))
    take(tmp_path)
    study = small_study()
    two = (*study.districts, study.districts[0].model_copy(update={"id": "oh-0010011", "state": "oh"}))
    with pytest.raises(StudyError, match="one state"):
        read_public(tmp_path, study.model_copy(update={"districts": two}))


@pytest.mark.parametrize(("right", "wrong", "message"), [
    ("White: white", "White: martian", "no group of race_ethnicity `martian`"),
    ("- outcome: any_suspension_pct", "- outcome: tardiness_pct", "no outcome `tardiness_pct`"),
    ("dimension: race_ethnicity\n      files", "dimension: race\n      files", "no dimension `race`"),
])
def test_a_public_table_that_points_nowhere_is_a_study_error(tmp_path, right, wrong, message):
    text = (ROOT / "studies/connecticut.yaml").read_text(encoding="utf-8")
    (tmp_path / "connecticut.yaml").write_text(text.replace(right, wrong, 1), encoding="utf-8")
    with pytest.raises(StudyError, match=message):
        params.read_study(tmp_path / "connecticut.yaml")


def test_a_published_archive_is_checked_as_the_stage_reports_it(tmp_path):
    take(tmp_path)
    content = check_delivery([tmp_path], small_study())
    assert content["verdict"] == {"sentence": "Send it: 1 row of 5 is set aside, within the 2 % that "
                                  "are tolerated.", "exit_code": 0}
    [problem] = content["to_mend"]
    assert (problem["rule"], problem["first_row"], problem["rows"], problem["is_blocking"]) == ("unknown_group", 7, 1,
                                                                                               False)
    pack(tmp_path, **{"sus/raw/sus__2011-12_race.csv": PLAIN, "sus/raw/sus__2012-13_race.csv": "a,b\n1,2\n"})
    assert "no header row" in check_delivery([tmp_path], small_study())["to_mend"][0]["fix"]
