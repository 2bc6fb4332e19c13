"""Late and corrected deliveries: the newest version of a table stands, whole, and what it changed is counted."""

from collections.abc import Callable

import pytest

from evaluation import engine
from evaluation.errors import DeliveryError
from evaluation.ingest.district import District, ingest_district
from evaluation.ingest.records import FileReport
from evaluation.ingest.report.revised import lines
from evaluation.ingest.versions import snapshot, year_and_day
from evaluation.params import Study
from tests.ingest.in_memory import in_memory

Take = Callable[..., District]
RowsOf = Callable[..., bytes]
MAY, JUNE = "2024@2025-05-01", "2024@2025-06-01"
ATTENDANCE = ["0000001,101,2023-09,20,1,0", "0000002,101,2023-09,20,2.5,0", "0000003,101,2023-09,20,0,0"]


def _report(found: District, file: str) -> FileReport:
    return next(f for f in found.files if f.file == f"ia-9001/{file}.csv")


def _rules(report: FileReport) -> set[str]:
    return {finding.rule for finding in report.findings}


def test_a_folder_names_its_year_and_the_day_of_its_version() -> None:
    assert year_and_day("2024") == (2024, "")
    assert year_and_day("2024@2025-02-01") == (2024, "2025-02-01")
    assert year_and_day("2024@2025-02-01 (2)") == (2024, "2025-02-01")
    assert [year_and_day(name) for name in ("24", "2024@2025-02-30", "2024@2025-2-1", "2024@soon", "2024-25", "²024")
            ] == [None] * 6


def test_a_folder_that_is_no_version_is_told_how_to_be_named(take: Take) -> None:
    with pytest.raises(DeliveryError, match="2024@2025-02-01"):
        take({"2024 corrected/attendance.csv": b"x"})


def test_a_corrected_table_supersedes_and_its_difference_is_counted(take: Take, rows_of: RowsOf) -> None:
    rows = [ATTENDANCE[0], ATTENDANCE[1].replace("2.5", "3"), "0000003,101,2023-10,20,0,0"]
    found = take({f"{MAY}/attendance.csv": rows_of("attendance", rows)})
    old, new = _report(found, "2024/attendance"), _report(found, f"{MAY}/attendance")
    assert sorted(found.tables["attendance"]["half_days_absent"]) == [0, 2, 6]
    assert (old.superseded_by, new.superseded_by) == (MAY, None)
    assert "superseded" in _rules(old)
    assert "corrected_delivery" in _rules(new)
    (revision,) = found.revisions
    assert (revision.version, revision.before) == (MAY, "2024")
    changed = revision.difference
    assert (changed.added, changed.removed, changed.changed) == (1, 1, 1)
    assert changed.columns == ("half_days_absent",)
    assert "rows 1 added, 1 removed, 1 changed; students 3 before, 3 now" in lines(found.revisions, (), None)[0]


def test_every_version_is_accounted_for_row_by_row(take: Take, rows_of: RowsOf) -> None:
    found = take({"2024/attendance.csv": rows_of("attendance", [*ATTENDANCE, "0000009,101,2023-09,20,0,0", "x"]),
                  f"{MAY}/attendance.csv": rows_of("attendance", [*ATTENDANCE, "0000003,101,2023-10,20,0,0"])})
    old = _report(found, "2024/attendance")
    assert (old.rows_in, old.rows_accepted, old.rows_quarantined, old.rows_refused) == (5, 3, 2, 0)


def test_tables_a_version_does_not_hold_stay_as_they_were(take: Take, rows_of: RowsOf) -> None:
    found = take({f"{MAY}/attendance.csv": rows_of("attendance", ATTENDANCE[:3])})
    first = take()
    for name in ("enrollment", "student_year", "discipline_action", "survey_response"):
        assert found.tables[name].equals(first.tables[name])


def test_a_late_table_is_taken_and_noted(take: Take, files: Callable[[], dict[str, bytes]]) -> None:
    early = files()
    late = {f"{MAY}/attendance.csv": early.pop("2024/attendance.csv")}
    found = take(early | late, only=True)
    assert len(found.tables["attendance"]) == 3
    assert _rules(_report(found, f"{MAY}/attendance")) == {"late_delivery"}
    assert found.revisions == ()


def test_the_same_delivery_twice_changes_nothing_and_is_noted(take: Take,
                                                             files: Callable[[], dict[str, bytes]]) -> None:
    again = {name.replace("2024/", f"{MAY}/"): content for name, content in files().items()}
    found, first = take(again), take()
    assert all(found.tables[name].equals(first.tables[name]) for name in first.tables)
    assert all("same_delivery" in _rules(f) for f in found.files if f.superseded_by is None)
    assert all(r.difference.is_same for r in found.revisions)
    assert len(found.revisions) == 6


def test_two_differing_versions_of_one_day_are_both_refused(take: Take, rows_of: RowsOf) -> None:
    changed = [ATTENDANCE[0].replace(",1,0", ",2,0"), *ATTENDANCE[1:]]
    found = take({f"{MAY}/attendance.csv": rows_of("attendance", ATTENDANCE),
                  f"{MAY} (2)/attendance.csv": rows_of("attendance", changed)})
    refused = {f.file: f.findings[0].rule for f in found.files if f.refusal}
    assert refused == {f"ia-9001/{MAY}/attendance.csv": "version_conflict",
                       f"ia-9001/{MAY} (2)/attendance.csv": "version_conflict"}


def test_two_equal_versions_of_one_day_are_one(take: Take, rows_of: RowsOf) -> None:
    same = rows_of("attendance", ATTENDANCE)
    found = take({f"{MAY}/attendance.csv": same, f"{MAY} (2)/attendance.csv": same})
    assert [f.file for f in found.files if f.refusal] == []


def test_a_delivery_that_shrinks_by_more_than_a_fifth_is_held(take: Take, rows_of: RowsOf) -> None:
    ten = [f"{s},101,2023-{m:02d},20,0,0" for s in ("0000001", "0000002") for m in range(8, 13)]
    for rows, rule in ((ten[:8], None), (ten[:7], "delivery_shrinks")):
        found = take({"2024/attendance.csv": rows_of("attendance", ten),
                      f"{MAY}/attendance.csv": rows_of("attendance", rows)})
        report = _report(found, f"{MAY}/attendance")
        assert (report.findings[0].rule if report.refusal else None) == rule
    assert "7 rows, 10 in 2024" in (report.refusal or "")
    assert "accept_smaller" in (report.refusal or "")


def test_a_smaller_delivery_that_the_study_expects_is_taken(study: Study, rows_of: RowsOf, mapping_text: str,
                                                            files: Callable[[], dict[str, bytes]]) -> None:
    from evaluation.ingest.mapping.reading import read_mapping
    given = files() | {f"{MAY}/attendance.csv": rows_of("attendance", ATTENDANCE[:1])}
    smaller = study.model_copy(update={"deliveries": study.deliveries.model_copy(
        update={"accept_smaller": (f"ia-9001/{MAY}/*",)})})
    with engine.session() as session:
        found = in_memory(ingest_district(
            read_mapping(mapping_text, where="m", folder="ia-9001"), given, given.__getitem__, smaller,
            key=b"a key for tests, thirty-two bytes", session=session))
    assert _report(found, f"{MAY}/attendance").refusal is None
    assert len(found.tables["attendance"]) == 1


def test_the_newest_of_three_versions_stands_and_each_step_is_shown(take: Take, rows_of: RowsOf) -> None:
    second = [ATTENDANCE[0].replace(",1,0", ",2,0"), *ATTENDANCE[1:]]
    third = [ATTENDANCE[0].replace(",1,0", ",4,0"), *ATTENDANCE[1:]]
    found = take({f"{JUNE}/attendance.csv": rows_of("attendance", third),
                  f"{MAY}/attendance.csv": rows_of("attendance", second)})
    assert sorted(found.tables["attendance"]["half_days_absent"]) == [0, 5, 8]
    steps = [(r.version, r.before, r.difference.changed) for r in found.revisions]
    assert steps == [(MAY, "2024", 1), (JUNE, MAY, 1)]


def test_a_corrected_file_mends_a_refused_one(take: Take, rows_of: RowsOf) -> None:
    found = take({"2024/attendance.csv": b"", f"{MAY}/attendance.csv": rows_of("attendance", ATTENDANCE)})
    assert [f.file for f in found.files if f.refusal and f.superseded_by is None] == []
    assert len(found.tables["attendance"]) == 3


def test_a_snapshot_leaves_out_what_came_later_and_keeps_first_deliveries() -> None:
    paths = ["2024/a.csv", f"{MAY}/a.csv", f"{JUNE}/a.csv"]
    assert snapshot(paths, None) == (sorted(paths), [])
    assert snapshot(paths, "2025-05-01") == (["2024/a.csv", f"{MAY}/a.csv"], [f"{JUNE}/a.csv"])
    assert snapshot(paths, "2020-01-01") == (["2024/a.csv"], [f"{MAY}/a.csv", f"{JUNE}/a.csv"])


def test_a_version_dated_before_its_school_year_stops_with_its_file(take: Callable[..., District],
                                                                    files: Callable[[], dict[str, bytes]]) -> None:
    content = files()["2024/attendance.csv"]
    with pytest.raises(DeliveryError, match="before its school year begins") as caught:
        take({"2024@2023-06-30/attendance.csv": content})
    assert "ia-9001/2024@2023-06-30/attendance.csv" in str(caught.value)
    assert take({"2024@2023-07-01/attendance.csv": content}).files
