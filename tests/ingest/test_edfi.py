"""Ed-Fi interchanges: a hand-made district from XML to canonical tables, and the standard's own sample."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluation import engine
from evaluation.errors import DeliveryError
from evaluation.ingest.district import District, ingest_district
from evaluation.ingest.mapping.reading import read_mapping
from evaluation.ingest.readers.xml_records import xml_records
from evaluation.ingest.records import RefusedFileError
from evaluation.ingest.report.content import report_content
from evaluation.params import Study
from tests.ingest import edfi
from tests.ingest.in_memory import in_memory

SAMPLE = Path(__file__).parents[3] / "shared" / "real" / "edfi-sample"
KEY = b"a key for tests, thirty-two bytes"
SURVEY = """
tables:
  survey_response:
    instrument: belonging_v1
    consent: given
    wave: {codes: {BEL_1: "1"}}
"""


def ingested(files: Mapping[str, bytes], study: Study, *, layout: str = "edfi_5", more: str = "") -> District:
    text = f"layout: {layout}\ndistrict_id: ia-9001\nversion: '1'\n{more}"
    mapping = read_mapping(text, where="mapping.yaml", folder="ia-9001")
    with engine.session(threads=1) as session:
        found = in_memory(ingest_district(mapping, files, files.__getitem__, study, key=KEY, session=session))
    for file in found.files:
        assert file.rows_in == file.rows_accepted + file.rows_quarantined + file.rows_refused
    return found


def rules(found: District, table: str) -> list[tuple[str, int | None, str | None]]:
    return [(f.rule, f.row, f.column) for file in found.files if file.table == table for f in file.findings]


def test_a_district_is_read_from_its_interchanges(study: Study) -> None:
    found = ingested(edfi.delivery(), study)
    assert {(f.table, f.rows_in, f.rows_accepted) for f in found.files} == {
        ("school_session", 2, 2), ("school_year", 1, 1), ("enrollment", 2, 2), ("student_year", 2, 2),
        ("attendance", 3, 3), ("discipline_action", 1, 1)}
    school = found.tables["school_year"].iloc[0]
    assert (school["grade_low"], school["grade_high"], school["calendar_days"]) == (6, 8, 15)
    assert sorted(found.tables["enrollment"]["exit_date"]) == ["2024-05-31", "2024-06-30"]
    people = found.tables["student_year"].set_index("sex")["race_ethnicity"]
    assert dict(people) == {"female": "two_or_more", "male": "hispanic"}
    (action,) = found.tables["discipline_action"].itertuples()
    assert (action.action_std, action.half_days_assigned, action.date) == ("OSS", 4, "2023-10-04")


def test_a_file_that_feeds_two_tables_is_one_file_with_two_accounts(study: Study) -> None:
    found = ingested(edfi.delivery(), study)
    said = report_content(found.files, found.quarantine, {}, tolerance=0.02, accept_without=(), silent=(),
                          definitions="tests", pseudonyms="tests")
    delivered = len(edfi.delivery())
    assert (said["totals"]["files"], said["districts"][0]["files"]) == (delivered, delivered)
    assert len(said["files"]) > delivered
    assert said["totals"]["rows_in"] == sum(file["rows_in"] for file in said["files"])


def test_days_enrolled_come_from_calendar_and_spells_and_absences_from_events(study: Study) -> None:
    """10 days on 10 weekdays of September; 5 on 10 weekdays of October, every second: 3, 5, 9, 11, 13."""
    table = ingested(edfi.delivery(), study).tables["attendance"]
    months = {(m, e, a) for m, e, a in zip(table["month"], table["half_days_enrolled"], table["half_days_absent"],
                                           strict=True)}
    assert months == {(202309, 20, 3), (202310, 10, 0)}
    assert len(table) == 3
    assert set(table["source_grain"]) == {"day"}
    assert table["half_days_absent_oss"].sum() == 0


def test_events_that_cannot_be_are_set_aside_one_by_one(study: Study) -> None:
    events = [edfi.event("1", edfi.SCHOOL, "2023-09-05", "Excused Absence", "1"),
              edfi.event("2", edfi.SCHOOL, "2023-09-05", "Excused Absence", "1"),      # enrolled from 3 October
              edfi.event("1", edfi.SCHOOL, "2023-11-06", "Excused Absence", "1"),      # in no session
              edfi.event("1", edfi.SCHOOL, "2023-09-08", "Excused Absence", ""),       # no length
              edfi.event("1", edfi.SCHOOL, "2023-09-11", "Excused Absence", "0.5"),
              edfi.event("1", edfi.SCHOOL, "2023-09-11", "Unexcused Absence", "0.7"),
              edfi.event("1", edfi.SCHOOL, "2023-09-12", "Excused Absence", "0.7"),    # two kinds, more than a day
              edfi.event("1", edfi.SCHOOL, "2023-09-12", "Suspended", "0.7"),
              edfi.event("1", edfi.SCHOOL, "2023-09-13", "Field trip", "1"),           # undeclared
              edfi.event("1", edfi.SCHOOL, "2023-09-14", "Excused Absence", "2"),      # longer than a day
              edfi.event("1", edfi.SCHOOL, "2023-09-05", "Excused Absence", "1")]      # told twice
    more = """
tables:
  attendance: {columns: {kind: {codes: {Suspended: suspended}}}}
"""
    files = edfi.delivery() | {"2024/StudentSchoolAttendance.xml": edfi.interchange("StudentAttendance", events)}
    found = ingested(files, study, more=more)
    assert rules(found, "attendance") == [
        ("not_enrolled_that_day", 3, None), ("no_school_day", 4, None),
        ("missing_value", 5, "AttendanceEvent/EventDuration"), ("over_a_day", 6, None),
        ("unknown_code", 10, "AttendanceEvent/AttendanceEventCategory"),
        ("out_of_range", 11, "AttendanceEvent/EventDuration"), ("exact_duplicate", 12, None)]
    assert found.tables["attendance"]["half_days_absent"].sum() == 2


def test_without_the_enrolment_file_it_says_what_to_send(study: Study) -> None:
    files = edfi.delivery()
    del files["2024/StudentEnrollment.xml"]
    found = ingested(files, study)
    refusals = {f.table: f.refusal or "" for f in found.files}
    for table in ("attendance", "discipline_action"):
        assert refusals[table].startswith("Enrolment of this district and year was not accepted.")
        assert "*StudentEnrollment*.xml*" in refusals[table]


@pytest.mark.parametrize(("content", "rule"), [
    (b'<!DOCTYPE x [<!ENTITY a "b">]><InterchangeStudentAttendance/>', "xml_doctype"),
    (b'<!DOCTYPE x SYSTEM "file:///etc/passwd"><x>&xxe;</x>', "xml_doctype"),
    (b"<x>&lol;</x>", "bad_xml"),
    (b"<x><y></x></y>", "bad_xml"),
    (b'<?xml version="1.0" encoding="x-none"?><x/>', "encoding"),
    (b'<?xml version="1.0" encoding="shift_jis"?><x/>', "encoding"),
    (b"<a>" * 150 + b"</a>" * 150, "bad_xml"),
    (b"<InterchangeStudentAttendance/>", "header_only"), (b"<Students><Student/></Students>", "header_only"),
    (edfi.delivery()["2024/StudentSchoolAttendance.xml"][:-40], "cut_off"),
    (edfi.delivery()["2024/StudentSchoolAttendance.xml"].replace(b"StudentUniqueId", b"StudentUSI"), "missing_column"),
    (edfi.delivery()["2024/StudentSchoolAttendance.xml"].replace(
        b"<EventDate>", b"<Nurse><FirstName>Ida</FirstName></Nurse><EventDate>"), "identifiable_column"),
])
def test_xml_that_cannot_be_trusted_is_refused_whole(content: bytes, rule: str, study: Study) -> None:
    found = ingested(edfi.delivery() | {"2024/StudentSchoolAttendance.xml": content}, study)
    (file,) = (f for f in found.files if f.table == "attendance")
    assert [f.rule for f in file.findings] == [rule]
    assert file.rows_accepted == 0
    assert "Ida" not in repr(found)


@given(cut=st.integers(0, 2000), put=st.binary(max_size=12), size=st.integers(0, 40))
@settings(deadline=None, max_examples=200)
def test_damaged_xml_is_read_or_refused_and_never_fails(cut: int, put: bytes, size: int) -> None:
    content = edfi.delivery()["2024/StudentSchoolAttendance.xml"]
    damaged = content[:cut] + put + content[cut + size:]
    table = read_mapping("layout: edfi_5\ndistrict_id: ia-9001\nversion: '1'\n", where="mapping.yaml",
                         folder="ia-9001").tables.attendance
    assert table is not None
    with suppress(RefusedFileError):
        header, *records = xml_records(damaged, table)
        assert {len(record) for record in records} <= {len(header)}


def test_a_calendar_of_single_days_is_a_calendar_of_sessions_of_one_day(study: Study) -> None:
    days = [f"<CalendarDate><Date>2023-{day}</Date><CalendarEvent>{edfi.descriptor('CalendarEvent', kind)}"
            f"</CalendarEvent><CalendarReference><CalendarIdentity>{edfi.school(edfi.SCHOOL)}</CalendarIdentity>"
            "</CalendarReference></CalendarDate>"
            for day, kind in (("09-05", "Instructional day"), ("09-06", "Instructional day"), ("09-07", "Holiday"))]
    files = edfi.delivery() | {"2024/EducationOrgCalendar.xml": edfi.interchange("EducationOrgCalendar", days)}
    more = """
tables:
  school_session:
    xml: {record: CalendarDate}
    only: {CalendarEvent: [Instructional day]}
    columns:
      school_id: CalendarReference/CalendarIdentity/SchoolReference/SchoolIdentity/SchoolId
      date: Date
      begin_date: ~
      end_date: ~
      session_days: ~
"""
    found = ingested(files, study, more=more)
    assert rules(found, "school_session") == [("passed_by", None, None)]
    assert found.tables["school_year"]["calendar_days"].tolist() == [2]
    assert rules(found, "attendance") == [("no_school_day", 4, None)]
    assert found.tables["attendance"]["half_days_enrolled"].tolist() == [4]


@pytest.mark.parametrize(("sessions", "rule"), [
    ([("2023-10-13", "2023-10-02", 5)], "session_reversed"),
    ([("2023-10-02", "2023-10-04", 5)], "session_too_full"),
    ([("2023-10-02", "2023-10-20", 5), ("2023-10-20", "2023-10-27", 5)], "overlapping_sessions"),
])
def test_parts_of_a_calendar_that_cannot_be_are_set_aside_and_the_school_with_them(
        sessions: list[tuple[str, str, int]], rule: str, study: Study) -> None:
    records = [edfi.session(edfi.SCHOOL, *session) for session in sessions]
    files = edfi.delivery() | {"2024/EducationOrgCalendar.xml": edfi.interchange("EducationOrgCalendar", records)}
    found = ingested(files, study)
    assert rules(found, "school_session") == [(rule, 2, None)]
    assert rules(found, "school_year") == [("no_calendar", 2, None)]


def test_survey_answers_find_their_student_and_school_in_other_records(study: Study) -> None:
    answers = [("1", f"bel{i}", str(i)) for i in range(1, 6)] + [("", "bel1", "3"), ("2", "bel1", "")]
    files = edfi.delivery() | {"2024/Survey.xml": edfi.survey(answers)}
    found = ingested(files, study, layout="[edfi_5, edfi_5_survey]", more=SURVEY)
    table = found.tables["survey_response"]
    assert table["value_int"].tolist() == [1, 2, 3, 4, 5]
    assert set(table["wave"]) == {20241}
    assert ("missing_id", 7, "SurveyResponse:StudentReference/StudentIdentity/StudentUniqueId") in rules(
        found, "survey_response")


def test_a_survey_that_names_people_is_refused(study: Study) -> None:
    named = edfi.survey([("1", "bel1", "3")], extra="<FullName>Ida Birch</FullName>")
    found = ingested(edfi.delivery() | {"2024/Survey.xml": named}, study, layout="[edfi_5, edfi_5_survey]", more=SURVEY)
    assert rules(found, "survey_response") == [("identifiable_column", None, "SurveyResponse/FullName")]
    assert "Ida" not in repr(found)


def test_absences_without_a_calendar_are_no_mapping() -> None:
    text = "layout: edfi_5\ndistrict_id: ia-9001\nversion: '1'\ntables:\n  school_session: ~\n"
    with pytest.raises(DeliveryError, match=r"school_session"):
        read_mapping(text, where="mapping.yaml", folder="ia-9001")


@pytest.mark.skipif(not SAMPLE.is_dir(), reason="the standard's sample is not beside the project")
def test_the_standards_sample_lacks_its_enrolment_and_the_rest_is_read(study: Study) -> None:
    files = {f"2022/{path.name}": path.read_bytes() for path in SAMPLE.glob("*.xml.gz")}
    found = {f.table: f for f in ingested(files, study, layout="[edfi_5, edfi_5_survey]", more=SURVEY).files}
    assert (found["school_session"].rows_in, found["school_session"].rows_accepted) == (6, 6)
    assert (found["school_year"].rows_in, found["school_year"].rows_accepted) == (3, 2)
    for table, rows in (("attendance", 1917), ("discipline_action", 25)):
        assert (found[table].rows_in, found[table].rows_refused) == (rows, rows)
        assert [f.rule for f in found[table].findings] == ["no_enrollment"]
    assert [f.rule for f in found["survey_response"].findings] == ["identifiable_column"]
    assert found["unclaimed"].file.endswith("Student.xml.gz")


@pytest.mark.skipif(not SAMPLE.is_dir(), reason="the standard's sample is not beside the project")
def test_with_an_enrolment_file_the_standards_sample_gives_attendance(study: Study) -> None:
    """Every student of the two schools of the study's grades that had an event, enrolled all year."""
    files = {f"2022/{path.name}": path.read_bytes() for path in SAMPLE.glob("*.xml.gz") if path.name[:3] != "Sur"}
    events = edfi.pairs(files["2022/StudentSchoolAttendance.xml.gz"])
    grades = {"255901001": "Ninth grade", "255901044": "Seventh grade", "255901107": "Third grade"}
    enrolled = [edfi.association(who, at, "2021-08-23", "2022-05-27", grades[at]) for who, at in sorted(events)]
    files["2022/StudentEnrollment.xml"] = edfi.interchange("StudentEnrollment", enrolled)
    found = ingested(files, study)
    table = found.tables["attendance"]
    assert table.groupby("student_key")["half_days_enrolled"].sum().unique().tolist() == [2 * 169]
    (file,) = (f for f in found.files if f.table == "attendance")
    aside = {f.rule: f.count for f in file.findings}
    assert file.rows_in == 1917
    assert set(aside) == {"unknown_code", "missing_value", "school_not_in_roster"}
    absences = edfi.absences(files["2022/StudentSchoolAttendance.xml.gz"], {"255901001", "255901044"})
    assert table["half_days_absent"].sum() == 2 * absences
