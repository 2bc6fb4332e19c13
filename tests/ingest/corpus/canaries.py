"""Deliveries seeded with names, a social security number, mail, ids and a key: good ones, and broken ones."""

import gzip
import io
import zipfile
from collections.abc import Mapping

import pandas as pd

from tests.ingest.corpus.delivery import HEADERS

SURNAME, GIVEN, SOCIAL, MAIL, ID = "Zyxxyqua", "Marigoldina", "987-65-4321", "zyxxyqua@example.org", "CNRY90817"
LONG_ID, CASE, KEY = "98761234509876", "CASE55512377", "canary-key-0f9e8d7c6b5a49382716-canary"
CANARIES = (SURNAME, GIVEN, SOCIAL, "987654321", MAIL, ID, LONG_ID, CASE, KEY)
NAME = f"{SURNAME}, {GIVEN}"
IDS = (ID, LONG_ID, "0000003")
YEARS = (2022, 2023, 2024)


def good(year: int) -> dict[str, bytes]:
    """Files that are accepted: the ids in them are canaries, as are the cases of discipline."""
    rows = {
        "schools": ["101,6,8,180", "102,6,8,180"],
        "enrollment": [f"{s},101,08/23/{year - 1},05/31/{year},7" for s in IDS],
        "students": [f"{s},{race},N" for s, race in zip(IDS, "BWH", strict=True)],
        "attendance": [f"{s},101,{year - 1}-09,20,{a},0" for s, a in zip(IDS, ("1", "2.5", "0"), strict=True)],
        "discipline": [f"{ID},101,{CASE}{year},10/02/{year - 1},Out,1"],
        "survey": [f"{LONG_ID},101,1,bel{i},{i}" for i in range(1, 6)],
    }
    return {f"{year}/{table}.csv": _csv(HEADERS[table], rows[table]) for table in HEADERS}


def _csv(header: str, rows: list[str]) -> bytes:
    return ("\n".join([header, *rows]) + "\n").encode()


def _students(*rows: str, header: str = HEADERS["students"]) -> bytes:
    return _csv(header, list(rows))


def _zip(name: str, content: bytes) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr(name, content)
    return held.getvalue()


def _parquet(frame: pd.DataFrame) -> bytes:
    held = io.BytesIO()
    frame.to_parquet(held)
    return held.getvalue()


def _xlsx(sheet: str, frame: pd.DataFrame) -> bytes:
    held = io.BytesIO()
    frame.to_excel(held, sheet_name=sheet, index=False)
    return held.getvalue()


_FRAME = pd.DataFrame({"Student Number": [ID, LONG_ID], "RaceEth": ["B", SURNAME], "IEP": ["Y", "N"]})
_ROW = f"{ID},B,Y"
BROKEN: Mapping[str, bytes] = {
    "students_name_column.csv": _students(f"{_ROW},{NAME!r}", header=f"{HEADERS['students']},Last Name"),
    "students_name_value.csv": _students(f'{_ROW},"{NAME}"', header=f"{HEADERS['students']},Extra"),
    "students_social.csv": _students(f"{_ROW},{SOCIAL}", header=f"{HEADERS['students']},Extra"),
    "students_mail.csv": _students(f"{_ROW},{MAIL}", header=f"{HEADERS['students']},Extra"),
    "students_told.csv": _students(f"{_ROW},{GIVEN} was sent home and her mother was called by {SURNAME}",
                                   header=f"{HEADERS['students']},Extra"),
    "students_named_column.csv": _students(f"{_ROW},x", header=f"{HEADERS['students']},{GIVEN} {SURNAME}"),
    "students_named_id.csv": _students(*(f'"{SURNAME}, {g}",B,Y' for g in ("Maria", "John", GIVEN))),
    "students_code.csv": _students(f"{ID},{SURNAME},Y", f"{LONG_ID},W,{GIVEN}"),
    "students_social_code.csv": _students(f"{ID},{SOCIAL},Y"),
    "students_long.csv": _students(f"{_ROW},{NAME}"),
    "students_short.csv": _students(SURNAME),
    "students_quote.csv": _students(f'{ID},"B" {SURNAME},Y'),
    "students_open_quote.csv": _students(f'{ID},"{NAME},Y'),
    "students_break.csv": _students(f'{ID},"B\n{SURNAME}",Y'),
    "students_nul.csv": _students(_ROW).replace(b"B", b"\x00" + SURNAME.encode()),
    "students_cp1252.csv": _students(f"{SURNAME},B,Y") + b"\xff\xfe\xe9" + SURNAME.encode(),
    "students_utf16.csv": _students(_ROW, f"{ID},{SURNAME},Y").decode().encode("utf-16"),
    "students_utf16_bare.csv": _students(_ROW, f"{ID},{SURNAME},Y").decode().encode("utf-16-le"),
    "students_no_header.csv": f"{ID},{SURNAME},{GIVEN}\n{ID},B,Y\n".encode(),
    "students_titles.csv": f"Report for {GIVEN} {SURNAME}\n{SOCIAL}\n".encode() + _students(_ROW),
    "students_twice_named.csv": _students(f"{_ROW},x,y", header=f"{HEADERS['students']},{SURNAME},{SURNAME}"),
    "students_one_column.csv": _students(f"{ID};{SURNAME};Y", header=f"Student Number;{SURNAME};IEP"),
    "students_conflict.csv": _students(f"{ID},W,Y", f"{ID},H,N"),
    "students_cut.csv": _students(_ROW, f"{ID},{SURNAME}")[:-3],
    "students_rounded.csv": _students("9.87E+13,B,Y", _ROW),
    "students_empty.csv": b"",
    "students_total.csv": _students(f"Total,{SURNAME},Y"),
    "students_workbook.csv": _xlsx(SURNAME, _FRAME),
    "students_book.xlsx": _xlsx(SURNAME, _FRAME.assign(Extra=[NAME, SOCIAL])),
    "students_columns.parquet": _parquet(_FRAME.assign(**{SURNAME: [SOCIAL, MAIL]})),
    "students_other.parquet": _parquet(pd.DataFrame({SURNAME: [NAME]})),
    "students_cut.csv.gz": gzip.compress(_students(_ROW))[:-9],
    "students_packed.csv.gz": gzip.compress(_students(f"{ID},{SURNAME},Y")),
    "students_packed.csv.zip": _zip(f"{SURNAME}.csv", _students(f"{ID},{SURNAME},Y")),
    "students_out.csv.zip": _zip(f"../{SURNAME}.csv", _students(_ROW)),
    "attendance_number.csv": _csv(HEADERS["attendance"], [
        f"{ID},101,2023-10,20,{SURNAME},0", f"{ID},101,{GIVEN},20,1,0", f"{ID},101,2023-11,20,1,{SOCIAL}"]),
    "attendance_stranger.csv": _csv(HEADERS["attendance"], [f"{SURNAME},101,2023-10,20,1,0"]),
    "enrollment_dates.csv": _csv(HEADERS["enrollment"], [f"{ID},101,{SURNAME},05/31/2024,7",
                                                          f"{ID},{GIVEN},08/23/2023,05/31/2024,7",
                                                          f"{ID},101,08/23/2023,05/31/2024,{SURNAME}"]),
    "discipline_action.csv": _csv(HEADERS["discipline"], [f"{ID},101,{CASE},10/02/2023,{SURNAME},1",
                                                           f"{ID},101,{NAME},10/02/2023,Out,1"]),
    "survey_answer.csv": _csv(HEADERS["survey"], [f"{ID},101,1,{SURNAME},1", f"{ID},101,1,bel1,{GIVEN}"]),
    "roster.csv": _csv("Name,SSN", [f"{GIVEN} {SURNAME},{SOCIAL}"]),
    "notes.txt": f"{GIVEN} {SURNAME} {SOCIAL} {KEY}".encode(),
}
