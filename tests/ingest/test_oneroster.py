"""OneRoster archives: by hand, from zip to canonical tables."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping

import pytest

from evaluation import engine
from evaluation.ingest.district import District, ingest_district
from evaluation.ingest.mapping.reading import read_mapping
from evaluation.params import Study
from tests.ingest.in_memory import in_memory

MAPPING = """
layout: oneroster_1_1
district_id: ia-9001
version: "1"
student_id: {zero_pad: 4}
tables:
  school_year: {columns: {calendar_days: {column: type, codes: {school: "178"}}}}
"""
FILES = {
    "orgs.csv": "sourcedId,status,name,type,identifier\no1,active,Birch District,district,9001\n"
                "s1,active,Birch Middle,school,101\ns2,active,Elm Middle,school,102\n",
    "users.csv": "sourcedId,status,role,identifier,grades\nu1,active,student,1,07\nu2,active,student,2,06\n"
                 "u3,active,teacher,77,\n",
    "enrollments.csv": "sourcedId,status,classSourcedId,schoolSourcedId,userSourcedId,role,beginDate,endDate\n"
                       "e1,active,c1,s1,u1,student,2023-08-23,2023-12-20\n"
                       "e2,active,c2,s1,u1,student,2024-01-04,2024-05-31\n"
                       "e3,active,c3,s1,u1,student,2023-08-23,2024-05-31\n"
                       "e4,active,c1,s1,u2,student,2023-08-23,2023-10-02\n"
                       "e5,active,c9,s2,u2,student,2023-10-03,\n"
                       "e6,active,c1,s1,u3,teacher,2023-08-23,2024-05-31\n"
                       "e7,tobedeleted,c4,s2,u1,student,2023-08-23,2024-05-31\n",
    "demographics.csv": "sourcedId,status,sex,americanIndianOrAlaskaNative,asian,blackOrAfricanAmerican,"
                        "nativeHawaiianOrOtherPacificIslander,white,demographicRaceTwoOrMoreRaces,"
                        "hispanicOrLatinoEthnicity\nu1,active,female,false,false,true,false,false,false,false\n"
                        "u2,active,male,false,true,false,false,true,false,false\n",
}


def archive(changes: Mapping[str, str | None] | None = None) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as opened:
        for name, text in (FILES | dict(changes or {})).items():
            if text is not None:
                opened.writestr(name, text)
    return out.getvalue()


def ingested(study: Study, content: bytes) -> District:
    mapping = read_mapping(MAPPING, where="mapping.yaml", folder="ia-9001")
    files = {"2024/oneroster.zip": content}
    with engine.session(threads=1) as session:
        found = in_memory(ingest_district(mapping, files, files.__getitem__, study, key=b"k" * 32, session=session))
    for file in found.files:
        assert file.rows_in == file.rows_accepted + file.rows_quarantined + file.rows_refused
    return found


def test_class_enrolments_become_spells_at_schools(study: Study) -> None:
    found = ingested(study, archive())
    spells = found.tables["enrollment"]
    columns = ("school_id", "entry_date", "exit_date", "grade")
    assert sorted(zip(*(spells[name] for name in columns), strict=True)) == [
        ("ia-9001-101", "2023-08-23", "2023-10-02", 6), ("ia-9001-101", "2023-08-23", "2024-05-31", 7),
        ("ia-9001-102", "2023-10-03", "2024-06-30", 6)]
    report = next(f for f in found.files if f.table == "enrollment")
    assert report.file == "ia-9001/2024/oneroster.zip#enrollments"
    assert (report.rows_in, report.rows_accepted) == (7, 7)
    assert {f.rule: f.count for f in report.findings} == {
        "passed_by": 2, "exact_duplicate": 2, "open_spell": 1, "zero_padded": 5, "roster_alone": 1}


def test_schools_and_attributes_come_from_the_same_archive(study: Study) -> None:
    found = ingested(study, archive())
    schools = found.tables["school_year"]
    assert schools[["school_id", "grade_low", "grade_high", "calendar_days"]].values.tolist() == [
        ["ia-9001-101", 6, 7, 178], ["ia-9001-102", 6, 6, 178]]
    people = found.tables["student_year"].set_index("sex")["race_ethnicity"]
    assert dict(people) == {"female": "black", "male": "two_or_more"}


def test_a_break_longer_than_a_month_is_an_exit(study: Study) -> None:
    text = FILES["enrollments.csv"].replace("e3,active,c3,s1,u1,student,2023-08-23,2024-05-31\n", "")
    found = ingested(study, archive({"enrollments.csv": text.replace("2024-01-04", "2024-03-04")}))
    mine = found.tables["enrollment"].query("grade == 7")
    assert sorted(mine["exit_date"]) == ["2023-12-20", "2024-05-31"]


@pytest.mark.parametrize(("changes", "rule", "column"), [
    ({"users.csv": FILES["users.csv"].replace("role,", "givenName,")}, "identifiable_column", "users.csv/givenName"),
    ({"users.csv": FILES["users.csv"].replace("role,", "sms,")}, "identifiable_column", "users.csv/sms"),
    ({"users.csv": None}, "missing_member", None),
    ({"users.csv": FILES["users.csv"].replace("identifier", "number")}, "missing_column", "user.identifier"),
])
def test_an_archive_that_cannot_be_taken_is_refused(changes: dict[str, str | None], rule: str, column: str | None,
                                                    study: Study) -> None:
    found = ingested(study, archive(changes))
    file = next(f for f in found.files if f.table == "enrollment")
    assert [(f.rule, f.column) for f in file.findings] == [(rule, column)]
    assert file.rows_accepted == 0
