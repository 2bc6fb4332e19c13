"""Every row is accounted for, nothing identifies a person, and equal input gives equal tables."""

import hashlib
import hmac
from collections.abc import Callable

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evaluation.contracts import TABLES
from evaluation.errors import DeliveryError, StudyError, ToleranceError
from evaluation.ingest.district import District
from evaluation.ingest.identity.pseudonym import chosen_key, pseudonyms
from evaluation.ingest.mapping.reading import read_mapping
from evaluation.ingest.records import FileReport
from evaluation.ingest.report.account import stop_unless_usable, summary
from evaluation.ingest.survey_items import item_scales
from evaluation.params import Study

Take = Callable[..., District]
TEXT = st.text(alphabet="0123456789,;\"\n\r.-*#/ AWNYé", max_size=60)


@given(lines=st.lists(TEXT, max_size=8), table=st.sampled_from(["students", "attendance", "survey"]))
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_rows_in_are_accepted_plus_set_aside_plus_refused(lines: list[str], table: str, take: Take,
                                                          files: Callable[[], dict[str, bytes]]) -> None:
    name = f"2024/{table}.csv"
    schools = "2024/schools.csv"
    found = take({schools: files()[schools], name: files()[name] + "\n".join(lines).encode()}, only=True)
    for report in found.files:
        assert report.rows_in == report.rows_accepted + report.rows_quarantined + report.rows_refused
        mine = found.quarantine[found.quarantine["file"] == report.file]
        assert mine["row"].nunique() == report.rows_quarantined


def test_good_delivery_is_accepted_whole(take: Take) -> None:
    found = take()
    assert {f.table: (f.rows_in, f.rows_accepted) for f in found.files} == {
        "school_year": (2, 2), "enrollment": (3, 3), "student_year": (3, 3), "attendance": (3, 3),
        "discipline_action": (1, 1), "survey_response": (5, 5)}
    assert found.quarantine.empty
    half_days = found.tables["attendance"].set_index("half_days_absent").index
    assert sorted(half_days) == [0, 2, 5]


def test_no_source_id_is_in_any_canonical_table(take: Take, files: Callable[[], dict[str, bytes]]) -> None:
    canary = {name: content.replace(b"0000001", b"XQZCANARY") for name, content in files().items()}
    found = take(canary)
    tables = "".join(table.to_csv() for table in [*found.tables.values(), found.quarantine])
    assert "XQZCANARY" not in tables.upper()
    assert "XQZCANARY" not in repr(found.files).upper()
    assert len(found.tables["enrollment"]) == 3


@pytest.mark.parametrize("threads", [1, 4])
def test_tables_do_not_depend_on_row_order_or_threads(threads: int, take: Take,
                                                      files: Callable[[], dict[str, bytes]]) -> None:
    turned = {name: b"\n".join([(rows := content.splitlines())[0], *rows[:0:-1]]) + b"\n"
              for name, content in files().items()}
    a, b = take(threads=1), take(turned, threads=threads)
    for name in a.tables:
        pd.testing.assert_frame_equal(a.tables[name], b.tables[name])


def test_a_year_without_school_list_is_refused_and_the_other_year_is_not(take: Take,
                                                                         files: Callable[[], dict[str, bytes]]) -> None:
    moved = {name.replace("2024", "2023"): content.replace(b"2023", b"2022").replace(b"2024", b"2023")
             for name, content in files().items() if "schools" not in name}
    found = take(moved)
    reasons = {f.file: f.findings[0].rule for f in found.files if f.school_year == 2023 and f.refusal}
    assert reasons["ia-9001/2023/enrollment.csv"] == "no_roster"
    assert reasons["ia-9001/2023/attendance.csv"] == "no_roster"
    assert all(f.refusal is None for f in found.files if f.school_year == 2024)


def test_files_nobody_claims_and_years_outside_the_study_are_reported(take: Take) -> None:
    found = take({"2024/buses.csv": b"a\n1\n\n2\n", "1999/students.csv": b"a\n1\n", "2024/notes.docx": b"\0\1",
                  "2024/students.xlsx": b"a\n1\n2\n3\n"},
                 tables__student_year__files="*/students.*")
    assert {f.file: (f.findings[0].rule, f.rows_in) for f in found.files if f.refusal} == {
        "ia-9001/2024/buses.csv": ("unclaimed_file", 2), "ia-9001/1999/students.csv": ("outside_periods", 1),
        "ia-9001/2024/notes.docx": ("unclaimed_file", 0), "ia-9001/2024/students.xlsx": ("misnamed", 3)}


def test_a_year_without_events_is_sent_when_the_mapping_declares_it(take: Take, rows_of: Callable[..., bytes]) -> None:
    empty = {"2024/discipline.csv": rows_of("discipline", [])}
    refused = take(empty).files
    declared = take(empty, tables__discipline_action__nothing_in=["2024"]).files
    assert [f.refusal is None for f in refused if f.table == "discipline_action"] == [False]
    assert [f.refusal is None for f in declared if f.table == "discipline_action"] == [True]


def test_wide_survey_gives_the_same_answers_as_a_long_one(take: Take) -> None:
    wide = b"Student Number,Bldg,a,b,c,d,e\n0000001,101,1,2,3,4,5\n0000002,101,,,Often,,\n"
    found = take({"2024/survey.csv": b"", "2024/wide_w1.csv": wide}, tables__survey_response={
        "files": "*/wide_w*.csv", "layout": "wide", "instrument": "belonging_v1", "wave_from": "wide_w{wave}.csv",
        "consent": "given",
        "columns": {"student_id": "Student Number", "school_id": "Bldg"}, "answers": {"Often": "4"},
        "items": {"a": "bel1", "b": "bel2", "c": "bel3", "d": "bel4", "e": "bel5"}})
    first = found.tables["survey_response"].query("value_int == 4 and item_code == 'bel3'")
    assert len(first) == 1
    long = take().tables["survey_response"]
    key = long["student_key"].iloc[0]
    answers = found.tables["survey_response"]
    mine = answers[answers["student_key"] == key].reset_index(drop=True)
    pd.testing.assert_frame_equal(mine, long)


def test_pseudonyms_are_known_answers_and_differ_by_district() -> None:
    key = b"k" * 32
    known = hmac.new(key, b"v1|ia-9001|student_id|0001", hashlib.sha256).hexdigest()[:32]
    assert pseudonyms(key, "ia-9001", "student_id")("0001") == known
    assert pseudonyms(key, "ia-9002", "student_id")("0001") != known
    assert len(known) == 32


def test_key_must_be_given_and_is_never_in_the_message() -> None:
    with pytest.raises(DeliveryError, match="EVALUATION_PSEUDONYM_KEY"):
        chosen_key({}, None, str)
    with pytest.raises(DeliveryError) as caught:
        chosen_key({"EVALUATION_PSEUDONYM_KEY": "short-secret"}, None, str)
    assert "short-secret" not in str(caught.value)
    assert chosen_key({}, "# demo\n" + "d" * 32, str) == b"d" * 32
    assert chosen_key({"EVALUATION_PSEUDONYM_KEY": "k" * 32}, "# demo\n" + "d" * 32, str) == b"d" * 32


@pytest.mark.parametrize(("text", "key"), [
    ("district_id: ia-9001\nversion: '1'\ntables: {}\nextra: 1", "key extra"),
    ("district_id: [", "line 1"),
    ("district_id: ia-9001\nversion: '1'\nversion: '2'", "line 3"),
    ("district_id: ia-9001\nversion: é".encode("cp1252"), "mapping.yaml"),
])
def test_broken_mapping_names_file_and_key(text: str | bytes, key: str) -> None:
    with pytest.raises(DeliveryError) as caught:
        read_mapping(text, where="ia-9001/mapping.yaml", folder="ia-9001")
    assert "ia-9001/mapping.yaml" in caught.value.where
    assert key in caught.value.where


def test_a_mapped_item_that_the_study_lacks_is_named_with_its_key(take: Take) -> None:
    with pytest.raises(DeliveryError, match=r"`bel99`") as caught:
        take(tables__survey_response={
            "files": "*/wide_w*.csv", "layout": "wide", "instrument": "belonging_v1", "wave_from": "wide_w{wave}.csv",
            "consent": "given", "columns": {"student_id": "Student Number", "school_id": "Bldg"},
            "items": {"a": "bel99"}})
    assert "tables.survey_response.items" in caught.value.where


@pytest.mark.parametrize("parameters", [{"items": ("bel1",), "low": 1.0}, {"low": 1.0, "high": 5.0},
                                        {"items": ("bel1",), "low": "one", "high": 5.0}])
def test_a_scale_without_its_ends_or_items_is_a_study_error(parameters: dict[str, object], study: Study) -> None:
    outcomes = tuple(o.model_copy(update={"parameters": parameters}) if o.measure == "scale_score" else o
                     for o in study.outcomes)
    with pytest.raises(StudyError, match="`low` and `high`"):
        item_scales(study.model_copy(update={"outcomes": outcomes}))


def test_a_folder_of_digits_that_are_no_number_is_no_school_year(take: Take) -> None:
    with pytest.raises(DeliveryError, match="no school year's folder"):
        take({"²⁰²⁴/students.csv": b"a\n1\n"})


def _file(accepted: int, aside: int, refused: int, name: str = "ia-9001/2024/f.csv") -> FileReport:
    return FileReport("ia-9001", 2024, "attendance", name, accepted + aside + refused, accepted, aside, refused,
                      "It is empty. Send it again." if refused else None)


def test_a_refused_file_stops_the_run_unless_the_study_accepts_to_go_without_it() -> None:
    files = (_file(98, 2, 0), _file(0, 0, 50, "ia-9001/2024/g.csv"))
    with pytest.raises(DeliveryError, match=r"ia-9001/2024/g\.csv.*accept_without") as caught:
        stop_unless_usable(files, 0.02, (), "report.json")
    assert caught.value.exit_code == 2
    with pytest.raises(DeliveryError):
        stop_unless_usable(files, 0.02, ("ia-9001/2024/f.csv",), "report.json")
    stop_unless_usable(files, 0.02, ("ia-9001/2024/g.csv",), "report.json")
    stop_unless_usable(files, 0.02, ("ia-9001/2024/*",), "report.json")


def test_more_rows_set_aside_than_tolerated_stop_the_run_with_a_code_of_their_own() -> None:
    stop_unless_usable((_file(98, 2, 0),), 0.02, (), "report.json")
    with pytest.raises(ToleranceError, match=r"3\.0 %") as caught:
        stop_unless_usable((_file(97, 3, 0),), 0.02, (), "report.json")
    assert caught.value.exit_code == 3
    with pytest.raises(DeliveryError, match=r"3\.0 %") as both:
        stop_unless_usable((_file(97, 3, 0), _file(0, 0, 1)), 0.02, (), "report.json")
    assert both.value.exit_code == 2


def test_the_summary_names_the_first_refused_files_and_the_silent_districts() -> None:
    files = (_file(1_000, 2, 0), *(_file(0, 0, 50, f"ia-9001/2024/{i}.csv") for i in range(7)))
    lines = [text for text, _ in summary(files, {"ia-9003", "ia-9002"}, ("ia-9001/2024/0.csv",), "report.json")]
    assert lines[0] == ("8 files, 1,352 rows in = 1,000 accepted + 2 set aside + 350 refused; report: report.json")
    assert lines[1] == "Refused: ia-9001/2024/1.csv: It is empty. Send it again."
    assert lines[6] == "… and 2 more refused files."
    assert "ia-9002, ia-9003" in lines[7]
    assert len(lines) == 8


def test_refused_files_that_the_study_goes_without_are_still_told() -> None:
    told = summary((_file(0, 0, 50),), set(), ("ia-9001/*",), "report.json")
    assert [style for _, style in told] == ["yellow", "yellow"]
    assert summary((_file(5, 0, 0),), set(), (), "report.json") == [(
        "1 file, 5 rows in = 5 accepted + 0 set aside + 0 refused; report: report.json", "green")]


def test_counts_that_do_not_add_up_are_a_defect() -> None:
    with pytest.raises(AssertionError):
        FileReport("ia-9001", 2024, "attendance", "f.csv", 10, 5, 4, 0)


def test_every_canonical_table_conforms_to_its_contract(take: Take) -> None:
    for name, table in take().tables.items():
        assert tuple(table.columns) == TABLES[name].columns
