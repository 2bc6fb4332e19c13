"""What is wrong with a mapping.yaml is said with its key, in words, and with what to write instead."""

import pytest

from evaluation.errors import DeliveryError
from evaluation.ingest.mapping.invalid import wrong_target
from evaluation.ingest.mapping.layouts import known_layouts, with_layouts
from evaluation.ingest.mapping.reading import read_mapping

GOOD = """district_id: ia-9001
version: "1"
tables:
  school_year:
    files: "*/schools.csv"
    columns: {school_id: Bldg, grade_low: Low, grade_high: High, calendar_days: Days}
  enrollment:
    files: "*/enrollment.csv"
    columns: {student_id: ID, school_id: Bldg, entry_date: Entry, exit_date: Exit, grade: Gr}
  student_year:
    files: "*/students.csv"
    columns: {student_id: ID, race_ethnicity: {column: Race, codes: {B: black}}}
  attendance:
    files: "*/attendance.csv"
    unit: days
    columns: {student_id: ID, school_id: Bldg, days_enrolled: In, days_absent: Out, days_absent_oss: Oss, month: Mo}
  survey_response:
    files: "*/survey.csv"
    instrument: v1
    wave: Wave
    consent: given
    columns: {student_id: ID, school_id: Bldg, item_code: Item, value: Value}
"""


def _read(text: str) -> None:
    read_mapping(text, where="mapping.yaml", folder="ia-9001")


@pytest.mark.parametrize(("old", "new", "said"), [
    (GOOD, "", "mapping.yaml: the file holds no keys. `evaluation map FILES` proposes"),
    ("unit: days", "units: days", "key tables.attendance.units: there is no such key here. Did you mean `unit`?"),
    ("files: \"*/schools", "file: \"*/schools", "key tables.school_year.file: there is no such key here. Did you mean"),
    ("column: Race", "field: Race", "field: there is no such key here. Known keys: codes, codes_from, column, decimal"),
    ("consent: given", "consent: {colum: C}", "key tables.survey_response.consent.colum: there is no such key here."),
    ("consent: given", "consent: Given", "key tables.survey_response.consent: it should be 'given'."),
    ("unit: days", "unit: weeks", "key tables.attendance.unit: it should be 'days', 'half_days' or 'hours'."),
    ("version: \"1\"\n", "", "key version: the key is missing."),
    ("{B: black}", "[B]", "key tables.student_year.columns.race_ethnicity.codes: keys belong here, one a line"),
    ("B: black", "B: Black", "race_ethnicity: `Black` is no code of race_ethnicity; its codes are american_indian,"),
    ("Days}", "Days, Head: H}", "tables.school_year.columns has no place for Head."),
])
def test_a_slip_is_named_with_its_key_and_what_to_write(old: str, new: str, said: str) -> None:
    _read(GOOD)
    with pytest.raises(DeliveryError) as caught:
        _read(GOOD.replace(old, new))
    assert said in str(caught.value)
    assert not [word for word in ("input", "dict", "instance", "extra", "literal") if word in str(caught.value)]


def test_a_code_that_came_in_later_must_be_one_of_the_column_too() -> None:
    with pytest.raises(DeliveryError, match="`Hisp` is no code of race_ethnicity"):
        _read(GOOD.replace("codes: {B: black}", "codes: {B: black}, codes_from: {2025: {H: Hisp}}"))


@pytest.mark.parametrize("layout", known_layouts())
def test_every_layout_translates_to_codes_of_the_contract(layout: str) -> None:
    columns = [(field, column) for table in with_layouts({"layout": layout})["tables"].values()
               for field, column in table.get("columns", {}).items() if isinstance(column, dict)]
    assert [wrong_target(field, column.get("codes", {})) for field, column in columns] == [None] * len(columns)
