"""Small interchange files in the Ed-Fi layout, written by hand."""

from __future__ import annotations

import gzip
from collections.abc import Iterable
from xml.etree import ElementTree

ROOT = '<Interchange{name} xmlns="http://ed-fi.org/5.2.0">{records}</Interchange{name}>'
SCHOOL, OTHER = "255901044", "255901001"


def interchange(name: str, records: Iterable[str]) -> bytes:
    return ROOT.format(name=name, records="".join(records)).encode()


def reference(kind: str, identity: str, path: str, value: str) -> str:
    return f"<{kind}Reference><{identity}Identity><{path}>{value}</{path}></{identity}Identity></{kind}Reference>"


def student(key: str) -> str:
    return reference("Student", "Student", "StudentUniqueId", key)


def school(key: str, kind: str = "School") -> str:
    return reference(kind, "School", "SchoolId", key)


def descriptor(kind: str, value: str) -> str:
    return f"uri://ed-fi.org/{kind}Descriptor#{value}"


def organisation(key: str, grades: Iterable[str]) -> str:
    levels = "".join(f"<GradeLevel>{descriptor('GradeLevel', g)}</GradeLevel>" for g in grades)
    return (f'<School id="S_{key}"><NameOfInstitution>Birch Middle</NameOfInstitution><Address><StreetNumberName>1 Elm '
            f"Street</StreetNumberName></Address><SchoolId>{key}</SchoolId>{levels}</School>")


def session(key: str, begin: str, end: str, days: int) -> str:
    return (f"<Session><SessionName>Term</SessionName><BeginDate>{begin}</BeginDate><EndDate>{end}</EndDate>"
            f"<TotalInstructionalDays>{days}</TotalInstructionalDays>{school(key)}</Session>")


def association(key: str, at: str, entry: str, leave: str, grade: str = "Seventh grade") -> str:
    end = f"<ExitWithdrawDate>{leave}</ExitWithdrawDate>" if leave else ""
    return (f"<StudentSchoolAssociation>{student(key)}{school(at)}<EntryDate>{entry}</EntryDate>{end}"
            f"<EntryGradeLevel>{descriptor('GradeLevel', grade)}</EntryGradeLevel></StudentSchoolAssociation>")


def demographics(key: str, sex: str, hispanic: str, races: Iterable[str]) -> str:
    listed = "".join(f"<Race>{descriptor('Race', race)}</Race>" for race in races)
    return (f"<StudentEducationOrganizationAssociation>{student(key)}<Sex>{descriptor('Sex', sex)}</Sex>"
            f"<HispanicLatinoEthnicity>{hispanic}</HispanicLatinoEthnicity>{listed}"
            "</StudentEducationOrganizationAssociation>")


def event(key: str, at: str, day: str, category: str, length: str) -> str:
    duration = f"<EventDuration>{length}</EventDuration>" if length else ""
    return (f"<StudentSchoolAttendanceEvent><AttendanceEvent><EventDate>{day}</EventDate><AttendanceEventCategory>"
            f"{descriptor('AttendanceEventCategory', category)}</AttendanceEventCategory>{duration}</AttendanceEvent>"
            f"{student(key)}{school(at)}</StudentSchoolAttendanceEvent>")


def action(key: str, at: str, day: str, discipline: str, length: str) -> str:
    return (f"<DisciplineIncident><ReporterName>Birch</ReporterName></DisciplineIncident><DisciplineAction>"
            f"<DisciplineActionIdentifier>7</DisciplineActionIdentifier><Discipline>"
            f"{descriptor('Discipline', discipline)}</Discipline><DisciplineDate>{day}</DisciplineDate>"
            f"<DisciplineActionLength>{length}</DisciplineActionLength>"
            f"{student(key)}{school(at, 'ResponsibilitySchool')}</DisciplineAction>")


def survey(answers: Iterable[tuple[str, str, str]], *, extra: str = "") -> bytes:
    """Return a survey of answers (student, item, value); `extra` stands in every response."""
    named = reference("Survey", "Survey", "SurveyIdentifier", "BEL_1")
    at = reference("EducationOrganization", "EducationOrganization", "EducationOrganizationId", SCHOOL)
    records = [f"<Survey><SurveyIdentifier>BEL_1</SurveyIdentifier>{at}</Survey>"]
    for i, (key, item, value) in enumerate(answers):
        who = student(key) if key else ""
        number = f"<NumericResponse>{value}</NumericResponse>" if value else ""
        records += [f"<SurveyQuestionResponse><SurveyQuestionReference><SurveyQuestionIdentity><QuestionCode>{item}"
                    f"</QuestionCode>{named}</SurveyQuestionIdentity></SurveyQuestionReference><SurveyResponseReference>"
                    f"<SurveyResponseIdentity><SurveyResponseIdentifier>{i}</SurveyResponseIdentifier>{named}"
                    "</SurveyResponseIdentity></SurveyResponseReference><SurveyQuestionResponseValue>"
                    f"{number}</SurveyQuestionResponseValue></SurveyQuestionResponse>",
                    f"<SurveyResponse><SurveyResponseIdentifier>{i}</SurveyResponseIdentifier>{named}{extra}{who}"
                    "</SurveyResponse>"]
    return interchange("Survey", records)


def delivery() -> dict[str, bytes]:
    """Return a year of two students at one middle school: 1 all year, 2 from 2 October."""
    return {
        "2024/EducationOrganization.xml": interchange("EducationOrganization", [
            organisation(SCHOOL, ["Eighth grade", "Sixth grade", "Seventh grade"])]),
        "2024/EducationOrgCalendar.xml": interchange("EducationOrgCalendar", [
            session(SCHOOL, "2023-09-04", "2023-09-15", 10), session(SCHOOL, "2023-10-02", "2023-10-13", 5)]),
        "2024/StudentEnrollment.xml": interchange("StudentEnrollment", [
            association("1", SCHOOL, "2023-09-04", ""), association("2", SCHOOL, "2023-10-03", "2024-05-31"),
            demographics("1", "Female", "false", ["White", "Asian"]), demographics("2", "Male", "true", ["White"])]),
        "2024/StudentSchoolAttendance.xml": interchange("StudentAttendance", [
            event("1", SCHOOL, "2023-09-05", "Excused Absence", "1"),
            event("1", SCHOOL, "2023-09-06", "Unexcused Absence", "0.5"),
            event("1", SCHOOL, "2023-09-07", "Tardy", "")]),
        "2024/StudentDiscipline.xml": interchange("StudentDiscipline", [
            action("1", SCHOOL, "2023-10-04", "Out of School Suspension", "2")]),
    }


def pairs(packed: bytes) -> set[tuple[str, str]]:
    """Return (student, school) of every attendance event, by another reader."""
    return {(found["student"], found["school"]) for found in _events(packed)}


def absences(packed: bytes, schools: set[str]) -> int:
    """Return how many whole-day absences there are at `schools`, by another reader."""
    return sum(1 for found in _events(packed) if found["school"] in schools and "Absence" in found["category"])


def _events(packed: bytes) -> list[dict[str, str]]:
    names = {"student": ".//{*}StudentUniqueId", "school": "{*}SchoolReference//{*}SchoolId",
             "category": ".//{*}AttendanceEventCategory"}
    root = ElementTree.fromstring(gzip.decompress(packed))
    return [{name: event.findtext(path, "") for name, path in names.items()} for event in root]
