"""Cases 40 to 72: values of cells, and rules between rows and tables."""

from collections.abc import Callable

import pandas as pd

from evaluation.ingest.district import District
from tests.ingest.corpus.case import Case, Files, changed, line, same, with_file
from tests.ingest.corpus.delivery import ROWS, csv_of, good_files

ATTENDANCE, ENROLLMENT, SURVEY, SCHOOLS = ("2024/attendance.csv", "2024/enrollment.csv", "2024/survey.csv",
                                           "2024/schools.csv")
_ISO = {"tables__enrollment__columns__entry_date": "Entry", "tables__enrollment__columns__exit_date": "Exit"}
_LONG_IDS = ("12345678901234567890", "12345678901234567891")


def _days(row: str) -> Callable[[], Files]:
    """Return the plain delivery with row 3 of attendance replaced."""
    return line("attendance", 3, f"0000002,101,2023-09,{row}")


def _spell(text: str) -> Callable[[], Files]:
    return line("enrollment", 3, f"0000002,101,{text}")


def _rows(table: str, *rows: str) -> Callable[[], Files]:
    return with_file(f"2024/{table}.csv", csv_of(table, list(rows)))


def _codes(**codes: str) -> dict[str, object]:
    return {"tables__student_year__columns__race_ethnicity": {"column": "RaceEth", "codes": codes}}


def _long_ids() -> Files:
    more = {"enrollment": "{},101,08/23/2023,05/31/2024,7", "students": "{},W,N"}
    return good_files() | {f"2024/{t}.csv": csv_of(t, [*ROWS[t], *map(row.format, _LONG_IDS)])
                           for t, row in more.items()}


def _next_year() -> Files:
    rows = {"schools": ROWS["schools"], "students": ["0000001,W,Y"],
            "enrollment": ["0000001,101,08/23/2024,05/30/2025,8"]}
    return good_files() | {f"2025/{table}.csv": csv_of(table, lines) for table, lines in rows.items()}


def _spelled(content: bytes) -> bytes:
    return content.replace(b"0000001", b"  a1 ").replace(b"0000002", b"0000002 ")


def _with_letters() -> Files:
    files = {name: content.replace(b"0000001", b"A1") for name, content in good_files().items()}
    return files | {ATTENDANCE: good_files()[ATTENDANCE].replace(b"0000001", b"  a1 ")}


def _column(found: District, table: str, column: str) -> list[object]:
    values: pd.Series = found.tables[table][column]
    return sorted(values.tolist())


CASES = (
    Case(40, "leading zeros lost in over 1 % of the ids", "F", "leading_zeros_lost",
         changed("attendance", lambda b: b.replace(b"000000", b"")), ATTENDANCE, column="Student Number"),
    Case(40, "leading zeros lost, their number declared", "N", "zero_padded",
         changed("attendance", lambda b: b.replace(b"000000", b"")), ATTENDANCE, column="Student Number",
         mapping={"student_id": {"zero_pad": "7"}}, reads=same("attendance")),
    Case(41, "an id rounded to 1.23E+11", "F", "scientific_id", line("students", 3, "1.23E+11,W,N"), rows=(3,),
         column="Student Number"),
    Case(42, "ids of 20 digits that differ in the last one", "N", None, _long_ids,
         reads=lambda found, _: found.tables["student_year"]["student_key"].nunique() == 5),
    Case(43, "ids in small letters", "N", "upper_case", _with_letters, ATTENDANCE, column="Student Number",
         reads=lambda found, _: len(found.tables["attendance"]) == 3),
    Case(43, "ids with spaces around them", "N", "trimmed", _with_letters, ATTENDANCE, column="Student Number",
         reads=lambda found, _: len(found.tables["attendance"]) == 3),
    Case(44, "the same student-year twice", "N", "exact_duplicate",
         _rows("students", "0000001,B,Y", "0000001,B,Y", "0000002,W,N", "0000003,H,N"), rows=(3,),
         reads=same("student_year")),
    Case(45, "two rows of a student-year that differ", "Q", "conflicting_duplicate",
         _rows("students", "0000001,B,Y", "0000002,W,N", "0000001,W,Y"), rows=(2, 4)),
    Case(46, "no id", "Q", "missing_id", line("students", 3, ",W,N"), rows=(3,), column="Student Number"),
    Case(47, "groups that are called NA, None and nan", "N", None,
         _rows("students", "0000001,NA,Y", "0000002,None,N", "0000003,nan,N"),
         mapping=_codes(NA="american_indian", **{"None": "black", "nan": "white"}),
         reads=lambda found, _: _column(found, "student_year", "race_ethnicity") == ["american_indian", "black",
                                                                                     "white"]),
    Case(48, "a group code that is not declared", "Q", "unknown_code", line("students", 3, "0000002,QQ,N"), rows=(3,),
         column="RaceEth"),
    Case(49, "group codes that change in the middle of the year", "N", None,
         _rows("students", "0000001,B,Y", "0000002,5,N", "0000003,H,N"),
         mapping=_codes(B="black", W="white", H="hispanic", **{"5": "white"}), reads=same("student_year")),
    Case(50, "a student's group changes from one year to the next", "N", None, _next_year, "2025/students.csv",
         reads=lambda found, _: len(found.tables["student_year"]) == 4),
    Case(51, "dates that can be read in two ways, no format declared", "F", "date_format_undeclared",
         changed("enrollment", lambda b: b), ENROLLMENT, rows=(2,), column="Entry", mapping=_ISO),
    Case(51, "dates written month first, declared day first", "F", "date_format",
         changed("enrollment", lambda b: b), ENROLLMENT, rows=(2,), column="Entry", hint="the other order",
         mapping={"tables__enrollment__columns__entry_date": {"column": "Entry", "format": "%d/%m/%Y"}}),
    Case(52, "dates as a spreadsheet's day numbers", "F", "excel_serial_date",
         line("enrollment", 2, "0000001,101,45161,05/31/2024,7"), ENROLLMENT, rows=(2,), column="Entry",
         hint="Format the column as a date"),
    Case(53, "a date in the future", "Q", "date_outside_school_year", _spell("08/23/2099,05/31/2024,7"), ENROLLMENT,
         rows=(3,), column="Entry"),
    Case(54, "a date outside the school year", "Q", "date_outside_school_year", _spell("08/23/2022,05/31/2024,7"),
         ENROLLMENT, rows=(3,), column="Entry"),
    Case(55, "a last day in 9999 that means none", "N", "open_spell", _spell("08/23/2023,12/31/9999,7"), ENROLLMENT,
         column="Exit", reads=lambda found, _: _column(found, "enrollment", "exit_date")[-1] == "2024-06-30"),
    Case(56, "1,180 in a column that declares thousands", "N", "number_marks", _rows(
        "schools", '101,6,8,"0,180"', '102,6,8,"0,180"'), SCHOOLS, column="Days",
         mapping={"tables__school_year__columns__calendar_days": {"column": "Days", "thousands": ","}},
         reads=same("school_year")),
    Case(57, "a decimal comma", "Q", "decimal_comma", _days('20,"2,5",0'), ATTENDANCE, rows=(3,), column="Absent"),
    Case(57, "a decimal comma, declared", "N", "number_marks", _days('20,"2,5",0'), ATTENDANCE, column="Absent",
         mapping={"tables__attendance__columns__days_absent": {"column": "Absent", "decimal": ","}},
         reads=same("attendance")),
    Case(58, "a number with its unit", "Q", "not_a_number", _days("20,12 days,0"), ATTENDANCE, rows=(3,),
         column="Absent"),
    Case(59, "negative days", "Q", "negative", _days("20,-1,0"), ATTENDANCE, rows=(3,), column="Absent"),
    Case(60, "more days absent than enrolled", "Q", "absent_over_enrolled", _days("20,21,0"), ATTENDANCE, rows=(3,)),
    Case(61, "more days enrolled than the calendar has", "Q", "enrolled_over_calendar", _days("181,1,0"), ATTENDANCE,
         rows=(3,)),
    Case(62, "Inf as a number", "Q", "not_a_number", _days("20,Inf,0"), ATTENDANCE, rows=(3,), column="Absent"),
    Case(62, "NaN as a number", "Q", "not_a_number", _days("20,NaN,0"), ATTENDANCE, rows=(3,), column="Absent"),
    Case(63, "an answer left blank is no answer, not 0", "N", "no_answer",
         _rows("survey", *ROWS["survey"][:4], "0000001,101,1,bel5,"), SURVEY,
         reads=lambda found, _: _column(found, "survey_response", "value_int") == [1, 2, 3, 4]),
    Case(63, "an attribute left blank is unknown", "N", "blank_is_unknown", line("students", 3, "0000002,,N"),
         column="RaceEth",
         reads=lambda found, _: "unknown" in _column(found, "student_year", "race_ethnicity")),
    Case(63, "days left blank are not 0 days", "Q", "missing_value", _days("20,,0"), ATTENDANCE, rows=(3,),
         column="Absent"),
    *(Case(64, f"{mark} in a file of students: suppressed before", "F", "already_suppressed", _days(f"20,{mark},0"),
           ATTENDANCE, rows=(3,), column="Absent") for mark in ("-99", "*", "<10")),
    Case(65, "spells that overlap", "Q", "overlapping_spells", _rows(
        "enrollment", "0000001,101,08/23/2023,12/20/2023,7", "0000001,102,12/01/2023,05/31/2024,7",
        *ROWS["enrollment"][1:]), ENROLLMENT, rows=(2, 3)),
    Case(66, "a spell that ends before it starts", "Q", "exit_before_entry", _spell("05/31/2024,08/23/2023,7"),
         ENROLLMENT, rows=(3,)),
    Case(67, "two schools on the day a student changes", "N", None, _rows(
        "enrollment", "0000001,101,08/23/2023,12/20/2023,7", "0000001,102,12/20/2023,05/31/2024,7",
        *ROWS["enrollment"][1:]), ENROLLMENT, reads=lambda found, _: len(found.tables["enrollment"]) == 4),
    Case(68, "grades as 07, 7th and K", "N", None, lambda: good_files() | {
        SCHOOLS: csv_of("schools", ["101,K,8,180", "102,06,08,180"]),
        ENROLLMENT: csv_of("enrollment", [f"000000{i},101,08/23/2023,05/31/2024,{g}"
                                          for i, g in ((1, "07"), (2, "7th"), (3, "K"))])}, ENROLLMENT,
         reads=lambda found, _: _column(found, "enrollment", "grade") == [0, 7, 7]),
    Case(68, "a grade that the school does not teach", "Q", "grade_outside_school", _spell("08/23/2023,05/31/2024,5"),
         ENROLLMENT, rows=(3,)),
    Case(68, "a grade that does not exist", "Q", "out_of_range", _spell("08/23/2023,05/31/2024,13"), ENROLLMENT,
         rows=(3,), column="Gr"),
    Case(69, "an answer outside its scale", "Q", "item_outside_scale", line("survey", 3, "0000001,101,1,bel2,6"),
         SURVEY, rows=(3,), column="Value"),
    Case(70, "a survey that says nothing of consent", "F", "no_consent", good_files, SURVEY,
         mapping={"tables__survey_response__consent": None}),
    Case(70, "an answer without consent", "Q", "consent_refused", lambda: good_files() | {
        SURVEY: b"Student Number,Bldg,Wave,Item,Value,Ok\n0000001,101,1,bel1,1,Y\n0000001,101,1,bel2,2,N\n"},
         SURVEY, rows=(3,), column="Ok",
         mapping={"tables__survey_response__consent": {"column": "Ok", "codes": {"Y": "yes", "N": "no"}}}),
    *(Case(70, f"a code of consent that is not declared: {code}", "Q", "unknown_code",
           lambda code=code: good_files() | {SURVEY: "Student Number,Bldg,Wave,Item,Value,Ok\n0000001,101,1,bel1,1,Y\n"
                                                     f"0000001,101,1,bel2,2,{code}\n".encode()},
           SURVEY, rows=(3,), column="Ok",
           mapping={"tables__survey_response__consent": {"column": "Ok", "codes": {"Y": "yes", "N": "no"}}})
      for code in ("y", "Yes", "1")),
    Case(71, "discipline of a student who is not enrolled", "Q", "not_enrolled_at_school",
         _rows("discipline", *ROWS["discipline"], "0000009,101,8,10/02/2023,Out,1"), "2024/discipline.csv", rows=(3,)),
    Case(72, "a school that is not in the school list", "Q", "school_not_in_roster",
         line("attendance", 3, "0000002,999,2023-09,20,1,0"), ATTENDANCE, rows=(3,)),
)
