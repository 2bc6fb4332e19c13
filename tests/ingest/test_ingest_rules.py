"""What the corpus of bad input does not hold: identifiers, further rules, and what makes no difference."""

from collections.abc import Callable

import pytest

from evaluation.errors import DeliveryError
from evaluation.ingest.district import District
from evaluation.ingest.records import FileReport

Take = Callable[..., District]
CANARY = "Zyxxyqua"


def _report(found: District, table: str) -> FileReport:
    return next(f for f in found.files if f.file == f"ia-9001/2024/{table}.csv")


_BOTH = ("schools", "enrollment")
NEEDS = {"schools": (), "enrollment": ("schools",), "students": _BOTH, "attendance": _BOTH, "survey": _BOTH,
         "discipline": _BOTH}


def _with_needed(changed: dict[str, bytes], table: str, files: dict[str, bytes]) -> dict[str, bytes]:
    return {f"2024/{name}.csv": files[f"2024/{name}.csv"] for name in NEEDS[table]} | changed


def _changed(table: str, row: int, text: str) -> Callable[[dict[str, bytes]], dict[str, bytes]]:
    """Replace a spreadsheet row (1 is the header)."""
    def change(files: dict[str, bytes]) -> dict[str, bytes]:
        lines = files[f"2024/{table}.csv"].decode().splitlines()
        lines[row - 1:row] = [text]
        return {f"2024/{table}.csv": ("\n".join(lines) + "\n").encode()}
    return change


def _bytes(table: str, change: Callable[[bytes], bytes]) -> Callable[[dict[str, bytes]], dict[str, bytes]]:
    return lambda files: {f"2024/{table}.csv": change(files[f"2024/{table}.csv"])}


HEAD = {"header": "Student Number,RaceEth,IEP,{}", "row": "000000{},W,N,{}"}


def _with_extra(header: str, value: str) -> dict[str, bytes]:
    lines = [HEAD["header"].format(header), *(HEAD["row"].format(i, value if i == 2 else "x") for i in (1, 2, 3))]
    return {"2024/students.csv": ("\n".join(lines) + "\n").encode()}


@pytest.mark.parametrize(("header", "kind"), [
    ("Last Name", "name"), ("StudentName", "name"), ("SSN", "social security number"), ("DOB", "date of birth"),
    ("Birth Date", "date of birth"), ("E-mail", "e-mail"), ("Home_Phone", "phone"), ("Street Address", "address"),
    ("Comments", "free text"), ("LAST_NM", "name"), ("StudentLast", "name"), ("Lastname", "name"), ("Student", "name"),
    ("Nm", "name"), ("Nombre del estudiante", "name"), ("Soc", "social security number")])
def test_identifiable_column_is_refused_by_name(header: str, kind: str, take: Take) -> None:
    finding = _report(take(_with_extra(header, "x"), only=True), "students").findings[0]
    assert (finding.rule, finding.row, finding.column) == ("identifiable_column", 1, header)
    assert kind in finding.fix


@pytest.mark.parametrize(("value", "kind"), [
    ("123-45-6789", "social security number"), (f"{CANARY}@example.org", "e-mail"), ("(515) 555-0134", "phone"),
    ("515-555-0134", "phone"), (f"12 {CANARY} Street", "address"), ("04/17/2011", "date of birth"),
    (f"{CANARY}; was seen by the nurse at noon on Monday", "free text")])
def test_identifiable_value_is_refused_and_never_repeated(value: str, kind: str, take: Take) -> None:
    found = take(_with_extra("Extra", value), only=True)
    finding = _report(found, "students").findings[0]
    assert (finding.rule, finding.row, finding.column, finding.count) == ("identifiable_value", 3, "Extra", 1)
    assert kind in finding.fix
    assert value not in repr(found)
    assert CANARY not in repr(found)


@pytest.mark.parametrize("dates", [("20090314", "20100102", "20111231"), ("03/14/09", "1/2/10", "12/31/11")])
def test_compact_dates_of_birth_are_refused(dates: tuple[str, ...], take: Take) -> None:
    rows = "".join(HEAD["row"].format(i, d) + "\n" for i, d in enumerate(dates, start=1))
    finding = _report(take({"2024/students.csv": f"{HEAD['header'].format('Extra')}\n{rows}".encode()}), "students")
    assert (finding.findings[0].rule, finding.findings[0].count) == ("identifiable_value", 3)


def test_a_column_without_a_name_is_looked_through(take: Take) -> None:
    assert _report(take(_with_extra("", "123-45-6789")), "students").findings[0].column == "column 4"
    noted = _report(take(_with_extra("", "y")), "students").findings
    assert [(f.rule, f.column) for f in noted] == [("extra_column", "column 4")]


def test_a_header_that_could_be_a_value_is_not_repeated(take: Take) -> None:
    for header in ("Jane Zyxxyqua", "0000123", "Zyxxyqua phone 515"):
        assert header not in repr(_report(take(_with_extra(header, "y")), "students"))


def test_a_mapped_column_may_have_an_ambiguous_name(take: Take, files: Callable[[], dict[str, bytes]]) -> None:
    renamed = files()["2024/students.csv"].replace(b"Student Number", b"Student")
    found = take({"2024/students.csv": renamed}, tables__student_year__columns__student_id="Student")
    assert _report(found, "students").refusal is None


SET_ASIDE = {
    "out_of_range_days": ("attendance", 3, "Absent", "0000002,101,2023-09,20,99999999999999999999,0"),
    "out_of_range_suspension": ("discipline", 2, "Days", "0000001,101,7,10/02/2023,Out,400"),
    "not_half_days": ("attendance", 3, "Absent", "0000002,101,2023-09,20,1.25,0"),
    "oss_over_absent": ("attendance", 3, None, "0000002,101,2023-09,20,1,2"),
    "bad_date": ("enrollment", 3, "Entry", "0000002,101,31/31/2023,05/31/2024,7"),
    "not_enrolled_at_school": ("attendance", 4, None, "0000009,101,2023-09,20,1,0"),
    "not_enrolled": ("students", 4, None, "0000009,W,N"),
    "no_grade_band": ("schools", 3, None, "102,0,5,180"),
}


@pytest.mark.parametrize("rule", SET_ASIDE)
def test_row_is_set_aside_and_located(rule: str, take: Take, files: Callable[[], dict[str, bytes]]) -> None:
    table, row, column, text = SET_ASIDE[rule]
    found = take(_with_needed(_changed(table, row, text)(files()), table, files()), only=True)
    report = _report(found, table)
    assert report.rows_quarantined == 1
    assert report.rows_accepted == len(files()[f"2024/{table}.csv"].splitlines()) - 2
    finding = next(f for f in report.findings if f.kind == "quarantined")
    wanted = "out_of_range" if rule.startswith("out_of_range") else rule
    assert (finding.rule, finding.row, finding.column) == (wanted, row, column)
    where = found.quarantine[found.quarantine["file"] == report.file]
    assert set(where["row"]) == {row}


@pytest.mark.parametrize(("month", "days"), [("2023-09", 30), ("2023-10", 31), ("2024-02", 29), ("2023-12", 31)])
def test_a_month_has_no_more_days_enrolled_than_days(month: str, days: int, take: Take,
                                                     rows_of: Callable[..., bytes]) -> None:
    rows = [f"0000001,101,{month},{days},1,0", f"0000002,101,{month},{days}.5,1,0", f"0000003,101,{month},59,40,0"]
    found = take({"2024/attendance.csv": rows_of("attendance", rows)})
    report = _report(found, "attendance")
    assert [(f.rule, f.row, f.count) for f in report.findings] == [("enrolled_over_month", 3, 2)]
    assert found.tables["attendance"]["half_days_enrolled"].tolist() == [2 * days]  # type: ignore[index]


@pytest.mark.parametrize(("table", "stranger"), [
    ("attendance", "0000009,101,2023-09,20,1,0"), ("survey", "0000009,101,1,bel1,1"),
    ("discipline", "0000009,101,8,10/02/2023,Out,1")])
def test_rows_of_students_who_are_not_enrolled_at_the_school_are_set_aside(
        table: str, stranger: str, take: Take, rows_of: Callable[..., bytes], files: Callable[[], dict[str, bytes]],
) -> None:
    elsewhere = stranger.replace("0000009,101", "0000001,102").replace(",8,", ",9,")
    name = f"2024/{table}.csv"
    found = take({name: files()[name] + f"{stranger}\n{elsewhere}\n".encode()})
    report = _report(found, table)
    assert report.rows_quarantined == 2
    assert {f.rule for f in report.findings} == {"not_enrolled_at_school"}


STRANGERS = {"students": "000000{},B,Y", "attendance": "000000{},101,2023-09,20,1,0", "survey": "000000{},101,1,bel1,1",
             "discipline": "000000{0},101,{0},10/02/2023,Out,1"}


@pytest.mark.parametrize("table", STRANGERS)
def test_a_file_with_mostly_other_students_is_taken_for_another_districts(table: str, take: Take,
                                                                           rows_of: Callable[..., bytes]) -> None:
    def report_of(*students: int) -> FileReport:
        rows = [STRANGERS[table].format(student) for student in students]
        return _report(take({f"2024/{table}.csv": rows_of(table, rows)}), table)
    half, most = report_of(1, 2, 8, 9), report_of(1, 7, 8)
    assert (half.rows_accepted, half.rows_quarantined) == (2, 2)
    assert (most.rows_refused, most.findings[0].rule) == (3, "another_district")
    assert "2 of 3 students" in (most.refusal or "")


@pytest.mark.parametrize("table", STRANGERS)
def test_a_file_is_refused_when_its_year_has_no_accepted_enrolment(table: str, take: Take) -> None:
    report = _report(take({"2024/enrollment.csv": b""}), table)
    assert (report.rows_accepted, report.findings[0].rule) == (0, "no_enrollment")


def test_undeclared_date_format_is_refused_unless_iso(take: Take, files: Callable[[], dict[str, bytes]]) -> None:
    columns = {"tables__enrollment__columns__entry_date": "Entry", "tables__enrollment__columns__exit_date": "Exit"}
    assert _report(take(**columns), "enrollment").findings[0].rule == "date_format_undeclared"
    iso = files()["2024/enrollment.csv"].replace(b"08/23/2023", b"2023-08-23").replace(b"05/31/2024", b"2024-05-31")
    assert _report(take({"2024/enrollment.csv": iso}, **columns), "enrollment").refusal is None


def test_wrong_date_format_refuses_the_file(take: Take) -> None:
    found = take(tables__enrollment__columns__entry_date={"column": "Entry", "format": "%d.%m.%Y"})
    first = _report(found, "enrollment").findings[0]
    assert (first.rule, first.column, first.count) == ("date_format", "Entry", 3)


@pytest.mark.parametrize(("entries", "count"), [
    (("09/05/2023", "10/31/2023", "01/15/2024", "03/20/2024"), 4), (("09/05/2023", "08/01/2023", "12/13/2023"), 3),
    (("08/23/2023",) * 6 + ("23/08/2023",) * 2, 6)])
def test_a_file_whose_days_and_months_stand_in_the_other_order_is_refused_whole(
        entries: tuple[str, ...], count: int, take: Take, rows_of: Callable[..., bytes]) -> None:
    rows = [f"000000{i},101,{entry},,7" for i, entry in enumerate(entries, start=1)]
    report = _report(take({"2024/enrollment.csv": rows_of("enrollment", rows)},
                          tables__enrollment__columns__entry_date={"column": "Entry", "format": "%d/%m/%Y"}),
                     "enrollment")
    finding = report.findings[0]
    assert (finding.rule, finding.column, finding.count) == ("date_format", "Entry", count)
    assert "Day and month" in finding.fix
    assert report.rows_refused == len(entries)


@pytest.mark.parametrize(("bad", "good", "is_refused"), [(1, 1, False), (1, 30, False), (2, 30, False), (4, 30, True)])
def test_few_dates_out_of_form_are_rows_and_many_are_the_format(bad: int, good: int, is_refused: bool, take: Take,
                                                                rows_of: Callable[..., bytes]) -> None:
    rows = [f"{i:07},101,{'08/23/2023' if i > bad else 'Aug 23'},,7" for i in range(1, bad + good + 1)]
    report = _report(take({"2024/enrollment.csv": rows_of("enrollment", rows)}), "enrollment")
    assert {f.rule for f in report.findings} & {"date_format", "bad_date"} == {
        "date_format" if is_refused else "bad_date"}
    assert report.rows_quarantined == (0 if is_refused else bad)


@pytest.mark.parametrize(("form", "good", "bad", "rule", "file_rule"), [
    ("", "2023-08-23", "2024-02-30", "bad_date", "date_format_undeclared"),
    ("", "2023-08-23", "08/23/2023", "bad_date", "date_format_undeclared"),
    ("", "2023-08-23", "2023-08-23T00:00:00Z", "bad_date", "date_format_undeclared"),
    ("", "2023-08-23", "45161", "day_number", "excel_serial_date"),
    ("%m/%d/%Y", "08/23/2023", "45161", "day_number", "excel_serial_date")])
def test_one_date_out_of_form_is_a_row_and_more_than_a_tenth_are_the_file(
        form: str, good: str, bad: str, rule: str, file_rule: str, take: Take, rows_of: Callable[..., bytes]) -> None:
    column = {"column": "Entry", "format": form} if form else "Entry"
    for n_bad, kind in ((1, "quarantined"), (2, "quarantined"), (7, "refused")):
        rows = [f"{i:07},101,{bad if i <= n_bad else good},,7" for i in range(1, 61)]
        report = _report(take({"2024/enrollment.csv": rows_of("enrollment", rows)},
                              tables__enrollment__columns__entry_date=column), "enrollment")
        found = [(f.kind, f.rule, f.row, f.column, f.count) for f in report.findings if f.kind != "note"]
        assert found == [(kind, file_rule if kind == "refused" else rule, 2, "Entry", n_bad)]
        assert report.rows_in == 60


def test_dates_of_another_year_are_not_taken_for_another_order(take: Take, rows_of: Callable[..., bytes]) -> None:
    entries = ("10/04/2024", "11/05/2024", "08/23/2024", "31/31/2023")
    rows = [f"000000{i},101,{entry},,7" for i, entry in enumerate(entries, start=1)]
    report = _report(take({"2024/enrollment.csv": rows_of("enrollment", rows)}), "enrollment")
    assert (report.refusal, report.rows_quarantined) == (None, 4)


READ_CORRECTLY = {
    "windows_line_ends": lambda b: b.replace(b"\n", b"\r\n"),
    "spaces_and_blank_lines": lambda b: b.replace(b",", b" , ").replace(b"\n", b"\n\n"),
}


@pytest.mark.parametrize("case", READ_CORRECTLY)
def test_harmless_differences_change_nothing(case: str, take: Take, files: Callable[[], dict[str, bytes]]) -> None:
    found = take(_bytes("students", READ_CORRECTLY[case])(files()), only=True)
    plain = take({"2024/students.csv": files()["2024/students.csv"]}, only=True)
    assert found.tables["student_year"].equals(plain.tables["student_year"])


def test_sentinel_and_blank_last_days_mean_still_enrolled(take: Take, rows_of: Callable[..., bytes]) -> None:
    rows = ["0000001,101,08/23/2023,,K7", "0000002,101,08/23/2023,12/31/9999,7th", "0000003,101,08/23/2023,,07"]
    found = take({"2024/enrollment.csv": rows_of("enrollment", rows)})
    kept = found.tables["enrollment"]
    assert list(kept["exit_date"]) == ["2024-06-30"] * 2
    assert list(kept["grade"]) == [7, 7]


def test_group_named_na_is_a_code_and_not_missing(take: Take, rows_of: Callable[..., bytes]) -> None:
    found = take({"2024/students.csv": rows_of("students", ["0000001,NA,Y", "0000002,,N", "0000003,None,N"])})
    assert sorted(found.tables["student_year"]["race_ethnicity"]) == ["american_indian", "unknown"]
    assert list(found.quarantine["rule"]) == ["unknown_code"]


def test_one_column_is_not_read_twice_as_days(take: Take) -> None:
    with pytest.raises(DeliveryError, match="`days_absent` and `days_absent_oss` are read from one column"):
        take(tables__attendance__columns__days_absent_oss="Absent")
    coded = {"column": "Absent", "codes": {"1": "0", "2.5": "0"}}
    assert _report(take(tables__attendance__columns__days_absent_oss=coded), "attendance").rows_accepted == 3
