"""Cases 34 to 39: a delivery against the one before it, and against its district."""

from collections.abc import Sequence

from evaluation.ingest.district import District
from tests.ingest.corpus.case import Case, Files, same, with_file
from tests.ingest.corpus.delivery import ROWS, csv_of, good_files

LATER = "2024@2025-05-01"
ATTENDANCE = ROWS["attendance"]
_CORRECTED = [*ATTENDANCE[:2], ATTENDANCE[2].replace(",0,0", ",4,0")]
_TEN = [f"{s},101,2023-{m:02d},20,0,0" for s in ("0000001", "0000002") for m in range(8, 13)]


def _again() -> Files:
    return good_files() | {name.replace("2024/", f"{LATER}/"): content for name, content in good_files().items()}


def _late() -> Files:
    files = good_files()
    return files | {f"{LATER}/attendance.csv": files.pop("2024/attendance.csv")}


def _attendance(folder: str, rows: Sequence[str]) -> Files:
    return {f"{folder}/attendance.csv": csv_of("attendance", list(rows))}


def _difference_is_shown(found: District, _: District) -> bool:
    (revision,) = found.revisions
    is_told = (revision.difference.changed, revision.difference.columns) == (1, ("half_days_absent",))
    return is_told and sorted(found.tables["attendance"]["half_days_absent"]) == [2, 5, 8]


CASES = (
    Case(34, "the same delivery twice", "N", "same_delivery", _again, f"{LATER}/students.csv",
         reads=same("student_year")),
    Case(35, "a table that comes late", "N", "late_delivery", _late, f"{LATER}/attendance.csv",
         reads=same("attendance")),
    Case(36, "a corrected table", "N", "corrected_delivery", lambda: good_files() | _attendance(LATER, _CORRECTED),
         f"{LATER}/attendance.csv", reads=_difference_is_shown),
    Case(37, "two versions of one day that differ", "F", "version_conflict",
         lambda: good_files() | _attendance(LATER, ATTENDANCE) | _attendance(f"{LATER} (2)", _CORRECTED),
         f"{LATER}/attendance.csv"),
    Case(38, "a delivery with over 20 % fewer rows than the one before", "F", "delivery_shrinks",
         lambda: good_files() | _attendance("2024", _TEN) | _attendance(LATER, _TEN[:7]), f"{LATER}/attendance.csv"),
    Case(39, "another district's schools", "F", "another_district",
         with_file("2024/attendance.csv", csv_of("attendance", [r.replace(",101,", ",901,") for r in ATTENDANCE])),
         "2024/attendance.csv"),
    Case(39, "another district's students", "F", "another_district",
         with_file("2024/attendance.csv", csv_of("attendance", [r.replace("000000", "000001") for r in ATTENDANCE])),
         "2024/attendance.csv", hint="3 of 3 students"),
)
