"""Readers: what is written in one kind of file is read the same from every other; no bytes make a reader fail."""

import csv
import gzip
import importlib.util
import io
import subprocess
import sys
from datetime import date, datetime
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluation.ingest.mapping.schema import SourceTable
from evaluation.ingest.readers.sheet import Sheet, read_sheet
from evaluation.ingest.readers.text import Text, coded
from evaluation.ingest.records import Flaw, RefusedFileError
from tests.ingest.corpus.containers import parquet, workbook, zipped

ROOT = Path(__file__).parents[2]
TABLE = SourceTable(files="*", columns={"school_id": "A", "grade_low": "B"})
DATES = SourceTable(files="*", columns={"school_id": "A", "date": {"column": "B", "format": "%m/%d/%Y"}})
PRINTABLE = st.characters(categories=("L", "N", "P", "S"), exclude_characters="\ufffe\uffff")
CELLS = st.lists(st.tuples(st.text(PRINTABLE, min_size=1, max_size=6), st.text(PRINTABLE, max_size=6)), min_size=1,
                 max_size=20).filter(lambda rows: not any(cell.startswith("=") for row in rows for cell in row))


def texts(sheet: Sheet) -> dict[str, list[str]]:
    return {name: [text.values[code] for code in text.codes] for name, text in sheet.columns.items()}


def as_csv(rows: list[tuple[str, str]], delimiter: str = ",") -> bytes:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator="\n").writerows([("A", "B"), *rows])
    return out.getvalue().encode()


def refusal(content: bytes, table: SourceTable = TABLE) -> Flaw:
    with pytest.raises(RefusedFileError) as caught:
        read_sheet(content, table)
    return caught.value.flaw


def read_or_refusal(content: bytes) -> Sheet | RefusedFileError:
    try:
        return read_sheet(content, TABLE)
    except RefusedFileError as refused:
        return refused


@given(rows=CELLS)
@settings(max_examples=50)
def test_every_kind_of_file_reads_the_same(rows: list[tuple[str, str]]) -> None:
    expected = {"A": [a for a, _ in rows], "B": [b for _, b in rows]}
    plain = as_csv(rows)
    for content in (plain, plain.decode().encode("utf-16"), gzip.compress(plain), zipped(("a.csv", plain)),
                    parquet([("A", "B"), *rows])):
        sheet = read_sheet(content, TABLE)
        assert texts(sheet) == expected
        assert sheet.rows.tolist() == list(range(2, len(rows) + 2))
        assert sheet.rows_in == len(rows)


@given(rows=CELLS)
@settings(max_examples=20)
def test_a_workbook_reads_as_the_text_it_holds(rows: list[tuple[str, str]]) -> None:
    sheet = read_sheet(workbook([("A", "B"), *rows]), TABLE)
    assert texts(sheet) == {"A": [a for a, _ in rows], "B": [b for _, b in rows]}


@given(content=st.binary(max_size=300) | st.tuples(st.sampled_from(
    [b"PK\x03\x04", b"\x1f\x8b\x08", b"PAR1", b"\xd0\xcf\x11\xe0", b"\xff\xfe", b"A,B\n", b"<?xml", b'A,B\n"']),
    st.binary(max_size=200)).map(b"".join))
@settings(max_examples=300)
def test_bytes_are_read_or_refused(content: bytes) -> None:
    found = read_or_refusal(content)
    if isinstance(found, Sheet):
        assert found.rows_in == len(found.rows) + len(found.flaws) > 0
    else:
        assert found.rows >= 0


@given(rows=CELLS, at=st.integers(0, 10_000), form=st.sampled_from(["gz", "zip", "parquet", "xlsx"]))
@settings(max_examples=60)
def test_what_was_packed_and_cut_off_is_refused(rows: list[tuple[str, str]], at: int, form: str) -> None:
    whole = {"gz": gzip.compress(as_csv(rows)), "zip": zipped(("a.csv", as_csv(rows))),
             "parquet": parquet([("A", "B"), *rows]), "xlsx": workbook([("A", "B"), *rows])}[form]
    assert refusal(whole[:len(whole) - 1 - at % (len(whole) - 5)]).rule in {"damaged", "unsafe_archive"}


@given(records=st.lists(st.lists(st.text("ab", max_size=2), max_size=3), max_size=30))
def test_columns_hold_every_text_once_and_every_row_in_order(records: list[list[str]]) -> None:
    found = coded(iter(records), 2, 1)
    whole = [(i, record) for i, record in enumerate(records, start=1) if len(record) == 2 and any(record)]
    assert found.rows.tolist() == [i for i, _ in whole]
    for place, column in enumerate(found.columns):
        assert [column.values[code] for code in column.codes] == [record[place] for _, record in whole]
        assert len(set(column.values)) == len(column.values) == len(set(column.codes.tolist()))
    odd = [i for i, record in enumerate(records, start=1) if len(record) in (1, 3) and any(record)]
    assert [row for row, _ in found.odd] == odd
    assert found.empty == sum(1 for record in records if record and not any(record))


def test_rows_of_empty_fields_are_no_rows_and_keep_their_numbers() -> None:
    sheet = read_sheet(b"A,B\n1,2\n,\n , \n,,,\n3,\n" + b",\n" * 500, TABLE)
    assert texts(sheet) == {"A": ["1", "3"], "B": ["2", ""]}
    assert sheet.rows.tolist() == [2, 6]
    assert (sheet.rows_in, sheet.flaws, sheet.notes) == (2, (), (Flaw("empty_rows", count=503),))
    assert refusal(b"A,B\n,\n,\n").rule == "header_only"


def test_rows_taken_away_take_their_values_along() -> None:
    text = coded(iter([["x"], ["y"], ["x"], ["z"]]), 1, 1).columns[0]
    kept = text.kept(text.is_in({"y", "z"}))
    assert isinstance(kept, Text)
    assert [kept.values[code] for code in kept.codes] == ["y", "z"]
    assert set(kept.values) == {"y", "z"}


@pytest.mark.parametrize(("cell", "form", "text"), [
    (7, None, "7"), (7.0, None, "7"), (2.5, None, "2.5"), (True, None, "TRUE"), (None, None, ""),
    (123, "0000000", "0000123"), (10**15, None, "1.00000000000000E+15"), (date(2024, 9, 1), None, "09/01/2024"),
    (datetime(2024, 9, 1), None, "09/01/2024"), ("#REF!", None, "#REF!"), ("0012", None, "0012")])
def test_cells_of_a_workbook_become_text(cell: object, form: str | None, text: str) -> None:
    book = openpyxl.Workbook()
    book.active.append(["A", "B"])
    book.active.append(["1", cell])
    if form is not None:
        book.active["B2"].number_format = form
    out = io.BytesIO()
    book.save(out)
    assert texts(read_sheet(out.getvalue(), DATES)) == {"A": ["1"], "B": [text]}


def test_a_date_without_declared_format_is_written_year_month_day() -> None:
    assert texts(read_sheet(workbook([("A", "B"), ("1", date(2024, 9, 1))]), TABLE))["B"] == ["2024-09-01"]


def test_typed_columns_of_a_parquet_file_become_text() -> None:
    out = io.BytesIO()
    pq.write_table(pa.table({"A": pa.array([12345678901234567890, 2], pa.uint64()),
                             "B": pa.array([date(2024, 9, 1), None], pa.date32())}), out)
    assert texts(read_sheet(out.getvalue(), DATES)) == {"A": ["12345678901234567890", "2"], "B": ["09/01/2024", ""]}


@pytest.mark.parametrize(("name", "shown"), [("B", "B"), ("Jane Doe", "column 2")])
def test_lists_in_a_parquet_file_are_refused(name: str, shown: str) -> None:
    out = io.BytesIO()
    pq.write_table(pa.table({"A": ["1"], name: [[1, 2]]}), out)
    assert refusal(out.getvalue()) == Flaw("not_cells", column=shown)


@pytest.mark.parametrize(("content", "flaw"), [
    (b'A,"B\nb"\n1,x\n', Flaw("line_break", 1)), (b'A,B\n1,x\n2,"y\nz"\n', Flaw("line_break", 3)),
    (b'A,B\n1,"x\n2,y\n', Flaw("stray_quote", 3)), (b"A,B\n1,x\n2," + 3_000_000 * b"y" + b"\n", Flaw("long_field", 3)),
    (b'A,B\n1,"x\n' + 50_000 * b"2,y\n", Flaw("stray_quote", 32_770)),
    (b"A,Jane Doe,B,Jane Doe\n1,2,3,4\n", Flaw("duplicate_column", 1, "column 4", hint="They are columns 2 and 4.")),
], ids=["line break in the header", "line break", "open quotation mark", "field without end",
        "open quotation mark in a long file", "column twice"])
def test_what_is_wrong_with_a_text_is_told_apart(content: bytes, flaw: Flaw) -> None:
    assert refusal(content) == flaw


def test_a_formula_counts_by_its_result_and_without_one_refuses_the_file() -> None:
    assert refusal(workbook([("A", "B"), ("1", "=1+1")])) == Flaw("uncomputed_formula", 2, "B")
    rows = [("A", "B", "Smith, Ann"), ("1", "x", "y"), ("1", "x", "=1+1"), (), ("2", "x", "z")]
    with pytest.raises(RefusedFileError) as caught:
        read_sheet(workbook(rows), TABLE)
    assert (caught.value.flaw, caught.value.rows) == (Flaw("uncomputed_formula", 3, "column 3"), 3)


def test_rows_of_several_sheets_are_counted_below_their_headers() -> None:
    with pytest.raises(RefusedFileError) as caught:
        read_sheet(workbook([("A", "B"), ("1", "x"), (), ("2", "y")], [("C",), ("3",)]), TABLE)
    assert (caught.value.flaw.rule, caught.value.rows) == ("several_sheets", 3)


def test_empty_rows_of_a_workbook_are_no_rows_and_keep_their_numbers() -> None:
    sheet = read_sheet(workbook([("A", "B"), ("1", "x"), (), ("2", "y")]), TABLE)
    assert (sheet.rows.tolist(), sheet.rows_in) == ([2, 4], 2)


@pytest.mark.parametrize(("merge", "row"), [("A1:B1", None), ("A1:B2", None), ("A4:B4", None), ("A2:A3", 2),
                                            ("A3:A4", 3), ("B4:B5", 4)])
def test_merged_cells_matter_where_they_span_rows_from_the_header_on(merge: str, row: int | None) -> None:
    content = workbook([("Extract of 1 May 2024",), (), ("A", "B"), ("1", "x"), ("2", "y")], merge=merge)
    table = TABLE.model_copy(update={"title_rows": 1})
    if row is None:
        assert texts(read_sheet(content, table))["A"] == ["1", "2"]
    else:
        assert refusal(content, table) == Flaw("merged_cells", row)


def test_a_sheet_that_is_not_there_is_refused_without_naming_the_others() -> None:
    named = TABLE.model_copy(update={"sheet": "Jane Doe"})
    flaw = refusal(workbook([("A", "B"), ("1", "x")]), named)
    assert (flaw.rule, flaw.hint) == ("no_sheet", "It has 1 sheets.")


@pytest.mark.parametrize(("content", "rule"), [
    (b"<html><table><tr><td>A</td></tr></table></html>", "not_a_table"),
    (b"\xd0\xcf\x11\xe0" + bytes(600), "not_a_table"),
    (zipped(("a.zip", zipped(("a.csv", b"A,B\n1,2\n")))), "unsafe_archive"), (zipped(), "archive_members"),
    (zipped(("zz", b"A,B\n1,2\n")).replace(b"zz", b"\0z"), "damaged"),
    (zipped(("mimetype", b"ods"), ("content.xml", b"<a/>")), "not_a_table"),
    (gzip.compress(gzip.compress(b"A,B\n1,2\n")), "unsafe_archive"), (gzip.compress(b"A,B\n1,2\n") + b"x", "damaged"),
], ids=["html", "old workbook", "archive in archive", "empty archive", "broken name", "no workbook", "gzip of gzip",
        "bytes after gzip"])
def test_what_is_no_table_is_refused(content: bytes, rule: str) -> None:
    assert refusal(content).rule == rule


@pytest.mark.parametrize("suffix", [".csv", ".xlsx", ".parquet", ".csv.gz", ".zip"])
def test_a_suffix_must_fit_the_content_and_an_unknown_one_says_nothing(suffix: str) -> None:
    plain, records = b"A,B\n1,2\n", [("A", "B"), ("1", "2")]
    content = {".csv": plain, ".xlsx": workbook(records), ".parquet": parquet(records),
               ".csv.gz": gzip.compress(plain), ".zip": zipped(("a.csv", plain))}[suffix]
    assert texts(read_sheet(content, TABLE, name=f"2024/a{suffix}")) == {"A": ["1"], "B": ["2"]}
    assert texts(read_sheet(content, TABLE, name="2024/a.dat")) == {"A": ["1"], "B": ["2"]}
    with pytest.raises(RefusedFileError) as caught:
        read_sheet(content, TABLE, name="2024/a.xml")
    assert caught.value.flaw.rule == "misnamed"


_LARGE = """
import resource
from evaluation.ingest.parsers import Reading
from evaluation.ingest.identity.pseudonym import pseudonyms
from evaluation.ingest.readers.sheet import read_sheet
from evaluation.ingest.typed import typed
from tests.ingest.corpus.delivery import mapping_of
students, months = 500_000, [f"2023-{m:02d}" for m in range(7, 13)] * 4
rows = (f"{s:07d},101,{m},5,{s % 3},0\\n" for s in range(students) for m in months[:20])
content = ("Student Number,Bldg,Month,Enrolled,Absent,OSS\\n" + "".join(rows)).encode()
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
mapping = mapping_of()
key = pseudonyms(bytes(32), "ia-9001", "student_id")
how = Reading("ia-9001", 2024, mapping.student_id, key, key, {})
found = typed(read_sheet(content, mapping.tables.attendance), "attendance", mapping.tables.attendance, "a.csv", how)
assert len(found.frame) == 10_000_000
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


@pytest.mark.verify
def test_ten_million_rows_are_read_in_less_than_three_gigabytes() -> None:
    run = subprocess.run([sys.executable, "-c", _LARGE], cwd=ROOT, capture_output=True, text=True, check=True)
    assert int(run.stdout) < 3_000_000


@pytest.mark.real
@pytest.mark.skipif(importlib.util.find_spec("atheris") is None, reason="Atheris has no build for this system")
def test_a_guided_search_finds_no_bytes_on_which_a_reader_fails() -> None:
    run = subprocess.run([sys.executable, "-m", "tests.ingest.fuzz", "20000", "1"], cwd=ROOT, capture_output=True,
                         text=True, check=False)
    assert run.returncode == 0, run.stderr[-4_000:]
    assert "DONE" in run.stderr
