"""A file without header shows its first row in place of one: nothing of it is repeated, and the cause is named."""

import pytest

from evaluation.ingest.readers.sheet import read_sheet
from evaluation.ingest.records import RefusedFileError, findings, sentence
from evaluation.ingest.rulebook import RULES
from tests.ingest.corpus.delivery import mapping_of

TABLES = mapping_of().tables.sent()


def _said(content: str, table: str) -> str:
    with pytest.raises(RefusedFileError) as caught:
        read_sheet(content.encode(), TABLES[table])
    return sentence(findings("refused", [caught.value.flaw], RULES)[0])


@pytest.mark.parametrize(("content", "table"), [
    ("Studer,B,N\nMiller,W,N\n", "student_year"),
    ("Student Numbers,Race,N\nMiller,W,N\n", "student_year"),
    ("0000001,101,2023-08-23,2024-05-31,5\n0000002,101,2023-08-23,,5\n", "enrollment"),
    ("Bldge,101,Enry,Exits,Greta\n0000002,101,2023-08-23,,5\n", "enrollment"),
])
def test_no_cell_of_a_line_that_may_be_data_is_repeated(content: str, table: str) -> None:
    said = _said(content, table)
    assert "the header may be missing" in said
    assert f"None of the {len(TABLES[table].required())} columns" in said
    cells = content.splitlines()[0].split(",")
    declared = " ".join(TABLES[table].required())
    assert not any(cell in said for cell in cells if len(cell) > 1 and cell not in declared)


def test_a_line_with_few_declared_columns_is_counted() -> None:
    assert "1 of the 5 columns that mapping.yaml names is in this line" in _said("Bldg,Grd,In,Out,Id\n,,,,\n",
                                                                                  "enrollment")


def test_the_nearest_name_is_told_where_the_line_is_a_header() -> None:
    assert "The nearest name in the file is `Race_Eth`." in _said("Student Number,Race_Eth,IEP\na,b,c\n",
                                                                   "student_year")
