"""Local layouts: how four invented student information systems name, code and order the same things."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal
from zlib import crc32

Names = Mapping[str, str]
"""Canonical name → local header, or canonical value → local code."""


@dataclass(frozen=True)
class Layout:
    """One local layout. `headers` gives each table's columns in local order; a canonical name starting with `_` is an
    extra column that the mapping tells ingest to drop. `codes` translate canonical values."""

    delimiter: str
    encoding: str
    title: str
    id_prefix: str
    id_width: int
    date_format: str
    month_format: str
    unit: Literal["days", "half_days"]
    grain: Literal["month", "year", "day"]
    survey: Literal["long", "wide", "wide_by_wave"]
    files: Names
    headers: Mapping[str, Names]
    codes: Mapping[str, Names]


_FLAGS = ("english_learner", "disability", "economic")
_ITEMS = tuple(f"bel{i}" for i in range(1, 6))


def _codes(race: Names, sex: Names, yes_no: tuple[str, str], actions: tuple[str, str, str]) -> dict[str, Names]:
    flag = dict(zip(("yes", "no"), yes_no, strict=True))
    return {"race_ethnicity": race, "sex": sex, **dict.fromkeys(_FLAGS, flag),
            "action_std": dict(zip(("ISS", "OSS", "ODR"), actions, strict=True))}


_LETTERS = Layout(
    delimiter=",", encoding="utf-8", title="", id_prefix="", id_width=8, date_format="%m/%d/%Y", month_format="%m/%Y",
    unit="days", grain="month", survey="long",
    files={"school_year": "schools", "enrollment": "enrollment", "student_year": "students",
           "attendance": "attendance", "discipline_action": "discipline", "survey_response": "survey"},
    headers={
        "school_year": {"school_id": "Bldg", "grade_low": "Low", "grade_high": "High", "calendar_days": "Days",
                        "merged_into": "Merged Into"},
        "enrollment": {"student_id": "Student Number", "school_id": "Bldg", "entry_date": "Entry Date",
                       "exit_date": "Exit Date", "grade": "Gr", "_homeroom": "Homeroom"},
        "student_year": {"student_id": "Student Number", "race_ethnicity": "RaceEth", "sex": "Gender",
                         "english_learner": "EL", "disability": "IEP", "economic": "FRL"},
        "attendance": {"student_id": "Student Number", "school_id": "Bldg", "month": "Month",
                       "days_enrolled": "Membership", "days_absent": "Absences", "days_absent_oss": "Abs OSS"},
        "discipline_action": {"action_id": "Log ID", "student_id": "Student Number", "school_id": "Bldg",
                              "date": "Action Date", "action_std": "Consequence", "days_assigned": "Duration"},
        "survey_response": {"student_id": "Student Number", "school_id": "Bldg", "wave": "Wave", "item_code": "Item",
                            "value": "Answer"},
    },
    codes=_codes({"american_indian": "I", "asian": "A", "black": "B", "hispanic": "H", "pacific_islander": "P",
                  "two_or_more": "M", "white": "W", "unknown": "U"}, {"female": "F", "male": "M"}, ("Y", "N"),
                 ("ISS", "OSS", "REF")) | {"item_code": {item: item.upper() for item in _ITEMS}},
)
_NUMBERS = Layout(
    delimiter=",", encoding="utf-8", title="", id_prefix="", id_width=6, date_format="%Y-%m-%d", month_format="%Y-%m",
    unit="half_days", grain="month", survey="wide",
    files={"school_year": "calendar", "enrollment": "enr", "student_year": "demographics",
           "attendance": "att_monthly", "discipline_action": "behavior_resolutions", "survey_response": "belonging"},
    headers={
        "school_year": {"calendar_days": "instructionalDays", "school_id": "schoolNumber", "grade_low": "gradeFrom",
                        "grade_high": "gradeTo", "merged_into": "mergedIntoSchool"},
        "enrollment": {"grade": "grade", "student_id": "studentNumber", "entry_date": "startDate",
                       "exit_date": "endDate", "school_id": "schoolNumber"},
        "student_year": {"sex": "gender", "race_ethnicity": "federalRaceCode", "student_id": "studentNumber",
                         "disability": "spedFlag", "english_learner": "ellFlag", "economic": "mealFlag"},
        "attendance": {"month": "period", "student_id": "studentNumber", "school_id": "schoolNumber",
                       "days_absent": "halfDaysAbsent", "days_absent_oss": "halfDaysSuspended",
                       "days_enrolled": "halfDaysEnrolled"},
        "discipline_action": {"student_id": "studentNumber", "school_id": "schoolNumber", "action_id": "resolutionID",
                              "action_std": "resolutionCode", "date": "resolutionDate", "days_assigned": "days"},
        "survey_response": {"student_id": "studentNumber", "school_id": "schoolNumber", "wave": "administration",
                            **{item: f"q{i}" for i, item in enumerate(_ITEMS, 1)}},
    },
    codes=_codes({"hispanic": "1", "american_indian": "2", "asian": "3", "black": "4", "pacific_islander": "5",
                  "white": "6", "two_or_more": "7", "unknown": "9"}, {"female": "F", "male": "M"}, ("1", "0"),
                 ("21", "31", "11")),
)
_WORDS = Layout(
    delimiter=";", encoding="cp1252", title="", id_prefix="s", id_width=7, date_format="%d-%b-%Y",
    month_format="%b %Y", unit="days", grain="month", survey="long",
    files={"school_year": "Buildings", "enrollment": "Enrolment Spells", "student_year": "Student Info",
           "attendance": "Attendance by Month", "discipline_action": "Discipline Actions",
           "survey_response": "Belonging Survey"},
    headers={
        "school_year": {"school_id": "School Code", "_name": "Building", "grade_low": "Lowest Grade",
                        "grade_high": "Highest Grade", "calendar_days": "Calendar Days", "merged_into": "Merged With"},
        "enrollment": {"student_id": "Local ID", "school_id": "School Code", "grade": "Grade Level",
                       "entry_date": "Entered", "exit_date": "Withdrew"},
        "student_year": {"student_id": "Local ID", "race_ethnicity": "Race / Ethnicity", "sex": "Sex",
                         "economic": "Econ Disadv", "english_learner": "English Learner", "disability": "Disability"},
        "attendance": {"student_id": "Local ID", "month": "Month", "school_id": "School Code",
                       "days_enrolled": "Days Enrolled", "days_absent": "Days Absent",
                       "days_absent_oss": "Of Which Suspended"},
        "discipline_action": {"action_id": "Case", "student_id": "Local ID", "date": "Date", "school_id": "School Code",
                              "action_std": "Action", "days_assigned": "Days"},
        "survey_response": {"wave": "Round", "student_id": "Local ID", "school_id": "School Code",
                            "item_code": "Question", "value": "Response"},
    },
    codes=_codes({"american_indian": "American Indian or Alaska Native", "asian": "Asian",
                  "black": "Black or African American", "hispanic": "Hispanic or Latino",
                  "pacific_islander": "Native Hawaiian or Pacific Islander", "two_or_more": "Two or More Races",
                  "white": "White", "unknown": "Not reported"}, {"female": "Female", "male": "Male"}, ("Yes", "No"),
                 ("In-School Suspension", "Out-of-School Suspension", "Office Referral"))
    | {"item_code": {item: f"Belonging {i}" for i, item in enumerate(_ITEMS, 1)},
       "value": {"1": "Strongly disagree", "2": "Disagree", "3": "Neither", "4": "Agree", "5": "Strongly agree"}},
)
_YEARLY = Layout(
    delimiter=",", encoding="utf-8", title="District data warehouse extract", id_prefix="", id_width=9,
    date_format="%Y%m%d", month_format="", unit="days", grain="year", survey="wide_by_wave",
    files={"school_year": "SCHOOL", "enrollment": "ENROLL", "student_year": "STUDENT", "attendance": "ATTEND_YR",
           "discipline_action": "DISCIPLINE", "survey_response": "survey_w"},
    headers={
        "school_year": {"school_id": "BLDG_IRN", "grade_low": "GR_LOW", "grade_high": "GR_HIGH",
                        "calendar_days": "CAL_DAYS", "merged_into": "MERGED_IRN"},
        "enrollment": {"school_id": "BLDG_IRN", "student_id": "STU_ID", "grade": "GR_LVL", "entry_date": "ADM_DT",
                       "exit_date": "WD_DT"},
        "student_year": {"student_id": "STU_ID", "sex": "SEX_CD", "race_ethnicity": "RACE_CD", "disability": "DISAB",
                         "economic": "ECON", "english_learner": "LEP"},
        "attendance": {"student_id": "STU_ID", "school_id": "BLDG_IRN", "days_enrolled": "MEMB_DAYS",
                       "days_absent": "ABS_DAYS", "days_absent_oss": "SUSP_DAYS"},
        "discipline_action": {"student_id": "STU_ID", "action_id": "DISC_SEQ", "school_id": "BLDG_IRN",
                              "action_std": "DISC_TYPE", "date": "DISC_DT", "days_assigned": "DISC_DAYS"},
        "survey_response": {"student_id": "STU_ID", "school_id": "BLDG_IRN",
                            **{item: f"BEL_{i:02d}" for i, item in enumerate(_ITEMS, 1)}},
    },
    codes=_codes({"american_indian": "IN", "asian": "AS", "black": "BL", "hispanic": "HI", "pacific_islander": "PA",
                  "two_or_more": "MU", "white": "WH", "unknown": "NS"}, {"female": "2", "male": "1"}, ("YES", "NO"),
                 ("4", "3", "8")) | {"value": {str(v): f"{v} of 5" for v in range(1, 6)}},
)
LAYOUTS = (_LETTERS, _NUMBERS, _WORDS, _YEARLY)
_CHOSEN = {"ia-3141": _NUMBERS, "oh-043489": _YEARLY}


def layout_of(district_id: str, grain: Literal["layout", "day"] = "layout") -> Layout:
    """Return a district's layout; it depends on the district only, but for attendance by day where `grain` asks it."""
    layout = _CHOSEN.get(district_id) or LAYOUTS[crc32(f"layout {district_id}".encode()) % len(LAYOUTS)]
    return layout if grain == "layout" else _by_day(layout)


def _by_day(layout: Layout) -> Layout:
    kept = {name: local for name, local in layout.headers["attendance"].items()
            if name not in ("month", "days_enrolled")}
    by_day = kept | {"date": layout.headers["discipline_action"]["date"]}
    return replace(layout, grain="day", headers={**layout.headers, "attendance": by_day})
