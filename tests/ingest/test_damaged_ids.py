"""Ids that a spreadsheet changed are found, and never become other students."""

from collections.abc import Callable

import pytest

from evaluation.ingest.district import District

Take = Callable[..., District]
NAMES = ("enrollment", "students", "attendance")
IDS = [b"0000001", b"0000002", b"0000003"]


def _written(files: dict[str, bytes], form: str, *names: str) -> dict[str, bytes]:
    """Return files of a delivery with every student's id in another form."""
    found = {f"2024/{name}.csv": files[f"2024/{name}.csv"] for name in names}
    for one in IDS:
        found = {name: b.replace(one, (form % one.decode()).encode()) for name, b in found.items()}
    return found


@pytest.mark.parametrize("form", ["'%s", "%s.0", "%s.00", "’%s"])
def test_an_id_that_a_spreadsheet_changed_refuses_its_file(form: str, take: Take,
                                                           files: Callable[[], dict[str, bytes]]) -> None:
    changed = _written(files(), form, *NAMES)
    for given in (changed, {"2024/students.csv": changed["2024/students.csv"]}):
        found = take(given)
        told = {f.file: f for f in found.files}
        report = told["ia-9001/2024/students.csv"]
        assert report.rows_refused == report.rows_in > 0
        assert [f.rule for f in report.findings if f.kind == "refused"] == ["changed_id"]
        assert "formatted as text" in report.findings[0].fix


@pytest.mark.parametrize("form", ['="%s"', '"=""%s"""', ' ="%s" '])
def test_an_id_written_as_a_formula_that_keeps_zeros_is_read(form: str, take: Take, plain: District,
                                                             files: Callable[[], dict[str, bytes]]) -> None:
    found = take(_written(files(), form, *NAMES))
    for table in ("enrollment", "student_year", "attendance"):
        assert found.tables[table].equals(plain.tables[table])
    report = next(f for f in found.files if f.file.endswith("students.csv"))
    assert "text_formula" in {f.rule for f in report.findings}


@pytest.mark.parametrize("text", [b"NULL", b"null", b"NaN", b"N/A", b"(null)"])
def test_a_word_for_nothing_is_a_missing_id(text: bytes, take: Take, files: Callable[[], dict[str, bytes]]) -> None:
    content = files()["2024/students.csv"].replace(b"0000002", text)
    found = take({"2024/students.csv": content})
    report = next(f for f in found.files if f.file.endswith("students.csv"))
    assert report.rows_quarantined == 1
    assert {f.rule for f in report.findings if f.kind == "quarantined"} == {"missing_id"}
