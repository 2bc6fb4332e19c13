"""Cases 1 to 33: containers, encodings, lines, headers."""

import gzip
import io
import zipfile
from collections.abc import Sequence
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq

from tests.ingest.corpus.case import Case, Files, changed, line, same, with_file
from tests.ingest.corpus.delivery import HEADERS, ROWS, csv_of, good_files

STUDENTS = csv_of("students")
ANY = {"tables__student_year__files": "*/students*"}
RECORDS = [row.split(",") for row in (HEADERS["students"], *ROWS["students"])]
OLD_WORKBOOK = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
SAME = same("student_year")
_N_STUDENTS, _N_MONTHS = 6_000, 10


def workbook(records: Sequence[Sequence[Any]], *more: Sequence[Sequence[Any]], merge: str = "") -> bytes:
    """Return an .xlsx workbook with a sheet per argument."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for i, rows in enumerate((records, *more), start=1):
        sheet = book.create_sheet(f"Sheet{i}")
        for row in rows:
            sheet.append(list(row))
        if merge:
            sheet.merge_cells(merge)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def parquet(records: Sequence[Sequence[str]]) -> bytes:
    """Return a Parquet file of text."""
    header, *rows = records
    out = io.BytesIO()
    pq.write_table(pa.table({name: [row[i] for row in rows] for i, name in enumerate(header)}), out)
    return out.getvalue()


def zipped(*members: tuple[str, bytes]) -> bytes:
    """Return a zip archive."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return out.getvalue()


def _many() -> Files:
    students = [f"{i:07d}" for i in range(1, _N_STUDENTS + 1)]
    months = ["2023-08", "2023-09", "2023-10", "2023-11", "2023-12", "2024-01", "2024-02", "2024-03", "2024-04",
              "2024-05"]
    return good_files() | {
        "2024/enrollment.csv": csv_of("enrollment", [f"{s},101,08/23/2023,05/31/2024,7" for s in students]),
        "2024/attendance.csv": csv_of("attendance", [f"{s},101,{m},18,{int(s) % 3},0" for s in students
                                                     for m in months])}


def _instead(name: str, content: bytes) -> Any:
    return with_file(f"2024/{name}", content, instead="2024/students.csv")


_CP1252 = {"tables__student_year__columns__race_ethnicity": {
    "column": "RaceEth", "codes": {"B": "black", "Wé": "white", "H": "hispanic"}}}
_ROSTER = [["Bldg", "Low", "High", "Days"], [101, 6, 8, 180], [None, 6, 8, 180], [None, 6, 8, 180]]

CASES = (
    Case(1, "UTF-16 with byte-order mark", "N", "read_as",
         changed("students", lambda b: b.decode().encode("utf-16")), reads=SAME),
    Case(2, "UTF-16 without mark", "F", "nul_bytes",
         changed("students", lambda b: b.decode().encode("utf-16-le")), rows=(1,)),
    Case(3, "UTF-8 with byte-order mark", "N", "read_as", changed("students", lambda b: b"\xef\xbb\xbf" + b),
         reads=SAME),
    Case(4, "Windows-1252, declared", "N", None, changed("students", lambda b: b.replace(b",W,", b",W\xe9,")),
         mapping={**_CP1252, "tables__student_year__encoding": "cp1252"}, reads=SAME),
    Case(4, "Windows-1252, not declared", "F", "encoding",
         changed("students", lambda b: b.replace(b",W,", b",W\xe9,")), rows=(3,), mapping=_CP1252),
    Case(5, "two encodings in one file", "F", "encoding",
         changed("students", lambda b: b.replace(b"2,W", "2,é".encode()).replace(b"3,H", b"3,\xff")), rows=(4,)),
    Case(6, "NUL bytes", "F", "nul_bytes", changed("students", lambda b: b.replace(b"1,B", b"1,\0")), rows=(2,)),
    Case(7, "an empty file", "F", "empty_file", changed("students", lambda _: b"")),
    Case(8, "a header only", "F", "header_only", changed("students", lambda b: b.splitlines()[0] + b"\n"),
         hint="0 rows"),
    Case(8, "a header and rows of empty fields only", "F", "header_only",
         changed("students", lambda b: b.splitlines()[0] + b"\n,,\n,,\n"), hint="0 rows"),
    Case(9, "gzip cut off", "F", "damaged", _instead("students.csv.gz", gzip.compress(STUDENTS, mtime=0)[:-9]),
         "2024/students.csv.gz", mapping=ANY),
    Case(9, "gzip, whole", "N", None, _instead("students.csv.gz", gzip.compress(STUDENTS, mtime=0)),
         "2024/students.csv.gz", mapping=ANY, reads=SAME),
    Case(10, "a zip archive that writes outside its folder", "F", "unsafe_archive",
         _instead("students.zip", zipped(("../students.csv", STUDENTS))), "2024/students.zip", mapping=ANY,
         hint="outside the archive"),
    Case(10, "a zip archive of one file", "N", None, _instead("students.zip", zipped(("s/students.csv", STUDENTS))),
         "2024/students.zip", mapping=ANY, reads=SAME),
    Case(10, "a zip archive of several files", "F", "archive_members",
         _instead("students.zip", zipped(("a.csv", STUDENTS), ("b.csv", STUDENTS))), "2024/students.zip", mapping=ANY,
         hint="2 files"),
    Case(11, "a zip bomb", "F", "unsafe_archive", _instead("students.zip", zipped(("students.csv", bytes(20_000_000)))),
         "2024/students.zip", mapping=ANY),
    Case(11, "a gzip bomb", "F", "unsafe_archive", _instead("students.csv.gz", gzip.compress(bytes(20_000_000), 9)),
         "2024/students.csv.gz", mapping=ANY),
    Case(12, "a workbook named .csv", "F", "misnamed", _instead("students.csv", workbook(RECORDS)), hint=".xlsx"),
    Case(12, "an .xlsx workbook", "N", None, _instead("students.xlsx", workbook(RECORDS)), "2024/students.xlsx",
         mapping=ANY, reads=SAME),
    Case(13, "a workbook locked with a password", "F", "password_protected",
         _instead("students.xlsx", OLD_WORKBOOK + bytes(504) + "EncryptedPackage".encode("utf-16-le") + bytes(96)),
         "2024/students.xlsx", mapping=ANY),
    Case(14, "several sheets, none named", "F", "several_sheets",
         _instead("students.xlsx", workbook(RECORDS, [["a"], [1]])), "2024/students.xlsx", mapping=ANY,
         hint="2 sheets"),
    Case(14, "several sheets, one named", "N", None,
         _instead("students.xlsx", workbook([["a"], [1]], RECORDS)), "2024/students.xlsx",
         mapping={**ANY, "tables__student_year__sheet": "Sheet2"}, reads=SAME),
    Case(15, "Parquet cut off", "F", "damaged", _instead("students.parquet", parquet(RECORDS)[:-30]),
         "2024/students.parquet", mapping=ANY),
    Case(15, "Parquet, whole", "N", None, _instead("students.parquet", parquet(RECORDS)), "2024/students.parquet",
         mapping=ANY, reads=SAME),
    Case(16, "Parquet with other columns", "F", "missing_column",
         _instead("students.parquet", parquet([["Student Number", "RaceEth", "Ed"], *RECORDS[1:]])),
         "2024/students.parquet", rows=(1,), column="IEP", mapping=ANY),
    Case(17, "60,000 rows here, 10 million in `make verify`: in little memory", "N", None, _many,
         "2024/attendance.csv",
         reads=lambda found, _: len(found.tables["attendance"]) == _N_STUDENTS * _N_MONTHS),
    Case(18, "lines that end with a lone carriage return", "N", "read_as",
         changed("students", lambda b: b.replace(b"\n", b"\r")), reads=SAME),
    Case(19, "cut off in the middle of the last row", "F", "cut_off", changed("students", lambda b: b[:-4]), rows=(4,)),
    Case(19, "cut off between the last value and the end of its line", "N", "no_last_line_end",
         changed("students", lambda b: b[:-1]), reads=SAME),
    Case(20, "a stray quotation mark", "F", "stray_quote", line("students", 3, '0000002,"W" x,N'), rows=(3,)),
    Case(20, "a quotation mark that is never closed", "F", "stray_quote", line("students", 3, '0000002,"W,N'),
         rows=(4,)),
    Case(21, "semicolons, declared", "N", None, changed("students", lambda b: b.replace(b",", b";")),
         mapping={"tables__student_year__delimiter": ";"}, reads=SAME),
    Case(21, "tabs, declared", "N", None, changed("students", lambda b: b.replace(b",", b"\t")),
         mapping={"tables__student_year__delimiter": "\t"}, reads=SAME),
    Case(21, "semicolons, not declared", "F", "missing_column", changed("students", lambda b: b.replace(b",", b";")),
         rows=(1,), column="IEP", hint="declare `delimiter`"),
    Case(22, "a row with a field too many", "Q", "row_too_long", line("students", 3, "0000002,W,N,N"), rows=(3,)),
    Case(23, "a row with a field too few", "Q", "row_too_short", line("students", 3, "0000002,W"), rows=(3,)),
    Case(24, "title lines before the header, not declared", "F", "title_rows",
         changed("students", lambda b: b"District\nReport\n" + b), rows=(3,), hint="row 3"),
    Case(24, "title lines before the header, declared", "N", None,
         changed("students", lambda b: b"District\nReport\n" + b), mapping={"tables__student_year__title_rows": "2"},
         reads=SAME),
    Case(25, "the header twice", "Q", "header_again", line("students", 3, HEADERS["students"]), rows=(3,)),
    Case(26, "a total row", "Q", "total_row", line("students", 3, "Total,,"), rows=(3,), column="Student Number"),
    Case(27, "a column twice", "F", "duplicate_column", line("students", 1, "Student Number,RaceEth,IEP,IEP"),
         rows=(1,), column="IEP"),
    Case(28, "a column renamed", "F", "missing_column", line("students", 1, "Student Number,Race_Eth,IEP"), rows=(1,),
         column="RaceEth", hint="`Race_Eth`"),
    Case(29, "a column more", "N", "extra_column",
         changed("students", lambda b: b.replace(b"\n", b",z\n").replace(b"IEP,z", b"IEP,Bus")), column="Bus",
         reads=SAME),
    Case(29, "a column more that identifies people", "F", "identifiable_value",
         changed("students", lambda b: b.replace(b"\n", b",123-45-6789\n").replace(b"IEP,123-45-6789", b"IEP,Bus")),
         rows=(2,), column="Bus", hint="social security"),
    Case(30, "a required column missing", "F", "missing_column", line("students", 1, "Student Number,RaceEth,Bus"),
         rows=(1,), column="IEP"),
    Case(31, "columns in another order", "N", None, changed("students", lambda b: b"\n".join(
        b",".join(row.split(b",")[::-1]) for row in b.splitlines()) + b"\n"), reads=SAME),
    Case(32, "merged cells", "F", "merged_cells", _instead("students.xlsx", workbook(RECORDS, merge="B2:B3")),
         "2024/students.xlsx", rows=(2,), mapping=ANY),
    Case(32, "an id given once for several rows of a workbook", "F", "blank_down",
         with_file("2024/schools.xlsx", workbook(_ROSTER), instead="2024/schools.csv"), "2024/schools.xlsx",
         column="Bldg", mapping={"tables__school_year__files": "*/schools*"}),
    Case(33, "a spreadsheet error", "Q", "formula_error", line("attendance", 3, "0000002,101,2023-09,20,#REF!,0"),
         "2024/attendance.csv", rows=(3,), column="Absent"),
    Case(33, "a spreadsheet error in a workbook", "Q", "formula_error",
         _instead("students.xlsx", workbook([*RECORDS[:2], ["0000002", "#REF!", "N"], RECORDS[3]])),
         "2024/students.xlsx", rows=(3,), column="RaceEth", mapping=ANY),
)
