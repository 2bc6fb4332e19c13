"""What is wrong is called by its name, with what to do about it."""

import json
from collections.abc import Callable

import pytest

from evaluation.ingest.district import District
from evaluation.ingest.identity.identifiers import kind_of_header
from evaluation.ingest.readers.sheet import read_sheet
from evaluation.ingest.records import RefusedFileError, findings, sentence
from evaluation.ingest.rulebook import RULES
from tests.ingest.corpus.delivery import mapping_of

Take = Callable[..., District]


def _rules(found: District, file: str) -> list[str]:
    return [f.rule for report in found.files if report.file.endswith(file) for f in report.findings if f.kind != "note"]


def test_a_label_that_is_not_declared_is_to_be_declared_under_answers(take: Take, rows_of: Callable[..., bytes]
                                                                      ) -> None:
    rows = [f"0000001,101,1,bel{i + 1},{answer}" for i, answer in enumerate(["Agree", "agree", "7", "Agree"])]
    found = take({"2024/survey.csv": rows_of("survey", rows)}, tables__survey_response__answers={"Agree": "4"})
    assert _rules(found, "survey.csv") == ["unknown_answer", "item_outside_scale"]
    assert "`answers`" in RULES["unknown_answer"].fix


@pytest.mark.parametrize(("text", "rules"), [('"2,5"', []), ("2.5", ["decimal_point"]), ("2", []),
                                             (".5", ["decimal_point"]),
                                             ("a.b", ["not_a_number"])])
def test_a_point_where_a_comma_is_declared_is_called_a_point(text: str, rules: list[str], take: Take,
                                                             rows_of: Callable[..., bytes]) -> None:
    found = take({"2024/attendance.csv": rows_of("attendance", [f"0000001,101,2023-09,20,{text},0"])},
                 tables__attendance__columns__days_absent={"column": "Absent", "decimal": ","})
    assert _rules(found, "attendance.csv") == rules


def _said(content: bytes) -> str:
    with pytest.raises(RefusedFileError) as caught:
        read_sheet(content, mapping_of().tables.sent()["student_year"])
    return sentence(findings("refused", [caught.value.flaw], RULES)[0])


@pytest.mark.parametrize(("header", "said"), [
    ("student number,raceeth,iep", "column 3 differs from `IEP` only by capitals:"),
    ("StudentNumber,RaceEth,IEP", "column 1 differs from `Student Number` only by spaces:"),
    ("student  number,RaceEth,IEP", "only by capitals and spaces:"),
    ("Student\u00a0Number,RaceEth,IEP", "column 1 differs from `Student Number` only by the character NO-BREAK SPACE:"),
    ("Student Number,RaceEth\u200b,IEP", "column 2 differs from `RaceEth` only by the character ZERO WIDTH SPACE:"),
    ("\ufeff\ufeffStudent Number,RaceEth,IEP", "only by the character BYTE-ORDER MARK:"),
])
def test_a_header_that_looks_alike_is_told_from_the_declared_one(header: str, said: str) -> None:
    text = _said(f"{header}\n0000001,B,Y\n".encode())
    assert said in text
    assert "may be missing" not in text


@pytest.mark.parametrize(("content", "kind"), [
    (b"7z\xbc\xaf\x27\x1c" + bytes(100), "archive of another kind"), (b"%PDF-1.4\nx\n", "PDF"),
    (json.dumps([{"Student Number": "0000001"}]).encode(), "JSON"), (b'{\n "rows": []}', "JSON"),
    ("Student Number,RaceEth,IEP\n".encode("utf-32"), "UTF-32"),
])
def test_a_file_of_another_kind_is_called_by_it(content: bytes, kind: str) -> None:
    said = _said(content)
    assert said.startswith(RULES["not_a_table"].what)
    assert kind in said


def test_tables_of_which_no_file_came_are_named(take: Take, files: Callable[[], dict[str, bytes]]) -> None:
    found = take({"2024/schools.csv": files()["2024/schools.csv"]}, only=True)
    told = [f.fix for report in found.files for f in report.findings if f.rule == "no_file"]
    assert [name for name in ("enrollment", "student_year") if any(f"`{name}`" in fix for fix in told)] == [
        "enrollment", "student_year"]
    assert len(set(told)) == len(told) == 2


def test_an_address_of_mail_is_no_address_of_a_home() -> None:
    assert kind_of_header("ElectronicMailAddress", is_declared=False) == "e-mail"
