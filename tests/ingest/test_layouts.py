"""Presets: how they are refined, and the state and survey shapes by small hand-made files."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluation import engine
from evaluation.errors import DeliveryError
from evaluation.ingest.derived import derived_columns, federal_race
from evaluation.ingest.district import District, ingest_district
from evaluation.ingest.mapping.derivation import FederalRace
from evaluation.ingest.mapping.layouts import known_layouts, with_layouts
from evaluation.ingest.mapping.reading import read_mapping
from evaluation.ingest.mapping.schema import SourceTable
from evaluation.ingest.readers.text import Text
from evaluation.params import Study
from tests.ingest.in_memory import in_memory

HEAD = "district_id: ia-9001\nversion: '1'\n"
SCHOOLS = {
    "iowa_sri": "School Number,Lowest Grade,Highest Grade,Calendar Days\n101,6,8,180\n",
    "ohio_emis": "Building IRN,Lowest Grade,Highest Grade,Calendar Days\n101,6,8,180\n",
}
IOWA = {
    "2024/schools.csv": SCHOOLS["iowa_sri"],
    "2024/EP.csv": "State ID,School Number,Entry Date,Exit Date,Grade Level\n5001,101,08/23/2023,,7\n"
                   "5002,101,08/23/2023,05/31/2024,8\n",
    "2024/SD.csv": "State ID,Gender,English Learner,IEP,Hispanic,American Indian,Asian,Black,Pacific Islander,White\n"
                   "5001,F,N,Y,N,N,N,Y,N,Y\n5002,M,N,N,Y,N,N,N,N,N\n",
    "2024/ES.csv": "State ID,School Number,Incident Number,Removal Sequence,Removal Date,Removal Type,Days Removed\n"
                   "5001,101,17,1,10/02/2023,O,1.5\n5001,101,17,2,10/09/2023,I,1\n",
}
OHIO = {
    "2024/schools.csv": SCHOOLS["ohio_emis"],
    "2024/FS.csv": "SSID,Attending Building IRN,Admission Date,Withdrawal Date,State Equivalent Grade Level\n"
                   "AB1,101,20230823,,07\nAB2,101,20230823,20240531,08\n",
    "2024/GI.csv": "SSID,Summative Race,Gender\nAB1,B,F\nAB2,W,M\n",
    "2024/FM.csv": "SSID,Attending Building IRN,Attendance Type,Start Date,Attendance Hours\n"
                   "AB1,101,P,20230823,1000.25\nAB1,101,E,20230823,29.5\nAB1,101,U,20230823,16.25\n"
                   "AB2,101,P,20230823,1040\nAB2,101,P,20240108,\n",
    "2024/GD.csv": "SSID,Building IRN,Discipline Sequence Number,Date of Discipline,Type of Discipline,"
                   "Total Discipline Days\nAB1,101,1,20231002,OUT,3\n",
}
OHIO_MORE = """
tables:
  student_year: {columns: {race_ethnicity: {codes: {B: black, W: white}}}}
  attendance: {hours_per_day: "6.5", columns: {kind: {codes: {P: present, E: excused, U: unexcused}}}}
  discipline_action: {columns: {action_std: {codes: {OUT: OSS}}}}
"""
_BLANK = "AB2,101,P,20240108,\n"
IOWA_MORE = "tables:\n  discipline_action: {columns: {action_std: {codes: {O: OSS, I: ISS}}}}\n"


def ingested(files: Mapping[str, str], study: Study, layout: str, more: str) -> District:
    mapping = read_mapping(f"layout: {layout}\n{HEAD}{more}", where="mapping.yaml", folder="ia-9001")
    content = {name: text.encode() for name, text in files.items()}
    with engine.session(threads=1) as session:
        return in_memory(ingest_district(mapping, content, content.__getitem__, study, key=b"k" * 32, session=session))


def found_rules(found: District, table: str) -> list[tuple[str, int | None]]:
    return [(f.rule, f.row) for file in found.files if file.table == table for f in file.findings]


def test_every_preset_has_a_name_a_district_can_write() -> None:
    assert known_layouts() == ("edfi_5", "edfi_5_survey", "elevate", "iowa_sri", "ohio_emis", "oneroster_1_1",
                               "panorama", "qualtrics")


def test_an_unknown_layout_is_named_with_the_known_ones() -> None:
    with pytest.raises(DeliveryError, match="no layout `edfi_9`") as caught:
        read_mapping(f"layout: edfi_9\n{HEAD}", where="mapping.yaml", folder="ia-9001")
    assert "edfi_5" in caught.value.fix
    assert caught.value.where == "mapping.yaml, key layout"


def test_a_district_refines_a_preset_key_by_key() -> None:
    own = {"layout": "iowa_sri", "tables": {
        "enrollment": {"columns": {"entry_date": "Started", "grade": {"codes": {"TK": "0"}}}},
        "discipline_action": "~"}}
    tables = with_layouts(own)["tables"]
    columns = tables["enrollment"]["columns"]
    assert columns["entry_date"] == {"column": "Started", "format": "%m/%d/%Y"}
    assert columns["grade"] == {"column": "Grade Level", "codes": {"TK": "0"}}
    assert columns["student_id"] == "State ID"
    assert "discipline_action" not in tables


def test_iowa_records_become_canonical_tables(study: Study) -> None:
    found = ingested(IOWA, study, "iowa_sri", IOWA_MORE)
    assert all(f.refusal is None and f.rows_quarantined == 0 for f in found.files)
    people = found.tables["student_year"].set_index("sex")
    assert dict(people["race_ethnicity"]) == {"female": "two_or_more", "male": "hispanic"}
    assert dict(people["disability"]) == {"female": "yes", "male": "no"}
    actions = found.tables["discipline_action"].sort_values("date")
    assert list(zip(actions["action_std"], actions["half_days_assigned"], strict=True)) == [("OSS", 3), ("ISS", 2)]
    assert actions["action_id"].nunique() == 2


def test_removal_codes_that_nobody_declared_are_set_aside(study: Study) -> None:
    found = ingested(IOWA, study, "iowa_sri", "")
    assert found_rules(found, "discipline_action") == [("unknown_code", 2)]


def test_hours_by_type_become_days_rounded_once_over_the_year(study: Study) -> None:
    """AB1: 1046 hours of 6.5 are 160.92 days, 322 half-days; absent 45.75 hours are 7.04 days, 14 half-days."""
    files = OHIO | {"2024/FM.csv": OHIO["2024/FM.csv"].replace(_BLANK, "")}
    found = ingested(files, study, "ohio_emis", OHIO_MORE)
    table = found.tables["attendance"].sort_values("half_days_absent", ascending=False)
    rows = table[["month", "source_grain", "half_days_enrolled", "half_days_absent", "half_days_absent_oss"]]
    assert rows.values.tolist() == [[202406, "year", 322, 14, 0], [202406, "year", 320, 0, 0]]
    assert found_rules(found, "attendance") == []
    assert found.tables["discipline_action"]["half_days_assigned"].tolist() == [6]


_FM = "SSID,Attending Building IRN,Attendance Type,Start Date,Attendance Hours\n"
_AB1 = ("AB1,101,P,20230823,1000.25\n", "AB1,101,E,20230823,39\n", "AB1,101,U,20230823,13.5\n")
_AB2 = ("AB2,101,P,20230823,1040\n", "AB2,101,E,20230823,13\n")


@pytest.mark.parametrize(("broken", "rule"), [
    ("AB1,101,P,20230823,1 000.25\n", "not_a_number"), ("AB1,101,P,20230823,-3\n", "negative"),
    ("AB1,101,P,20230823,\n", "missing_value"), ("AB1,101,Present,20230823,1000.25\n", "unknown_code"),
    ("AB1,101,P,20220823,1000.25\n", "date_outside_school_year"), ("AB1,,P,20230823,1000.25\n", "missing_id")])
def test_time_of_a_student_of_which_one_part_breaks_is_set_aside_whole(broken: str, rule: str, study: Study) -> None:
    """Without the part in which AB1 was present, AB1 would have been absent all the year."""
    files = OHIO | {"2024/FM.csv": _FM + "".join((*_AB2, broken, *_AB1[1:]))}
    found = ingested(files, study, "ohio_emis", OHIO_MORE)
    assert found_rules(found, "attendance") == [(rule, 4), ("part_set_aside", 5)]
    assert found.tables["attendance"][["half_days_enrolled", "half_days_absent"]].values.tolist() == [[324, 4]]
    report = next(f for f in found.files if f.table == "attendance")
    assert (report.rows_in, report.rows_accepted, report.rows_quarantined) == (5, 2, 3)
    fixes = found.quarantine.loc[found.quarantine["rule"] == "part_set_aside", ["row", "fix"]]
    assert fixes.values.tolist() == [[5, "Row 4 broke. Mend that part."], [6, "Row 4 broke. Mend that part."]]


def test_a_part_that_breaks_in_one_file_sets_aside_those_in_another(study: Study) -> None:
    files = {name: text for name, text in OHIO.items() if name != "2024/FM.csv"} | {
        "2024/FM_1.csv": _FM + "AB1,101,P,20230823,?\n", "2024/FM_2.csv": _FM + "".join((*_AB1[1:], *_AB2))}
    more = OHIO_MORE.replace("attendance: {", 'attendance: {files: "*/FM_*.csv", ')
    found = ingested(files, study, "ohio_emis", more)
    assert found.tables["attendance"][["half_days_enrolled", "half_days_absent"]].values.tolist() == [[324, 4]]
    assert sorted(found.quarantine["rule"]) == ["not_a_number", "part_set_aside", "part_set_aside"]
    assert set(found.quarantine.loc[found.quarantine["rule"] == "part_set_aside", "fix"]) == {
        "Row 2 of 2024/FM_1.csv broke. Mend that part."}


@pytest.mark.parametrize(("other", "kept"), [("AB1,1,P,20230823,1000.25\n", 1), (_AB1[0] + "AB1,1,E,20230823,6\n", 2)])
def test_a_part_at_an_unlisted_school_is_missing_where_its_kind_is(other: str, kept: int, study: Study) -> None:
    """A lost zero takes the time present from the school's sum; time at another school takes nothing from it."""
    files = OHIO | {"2024/FM.csv": _FM + "".join((*_AB2, *_AB1[1:], other))}
    found = ingested(files, study, "ohio_emis", OHIO_MORE)
    assert len(found.tables["attendance"]) == kept  # type: ignore[arg-type]
    assert (("part_set_aside", 4) in found_rules(found, "attendance")) == (kept == 1)
    assert ("school_not_in_roster", 6 if kept == 1 else 7) in found_rules(found, "attendance")


def test_parts_that_contradict_each_other_take_the_others_with_them(study: Study) -> None:
    """A repeated part counts once; of two that differ nobody knows the right one, nor the sum."""
    twice = ingested(OHIO | {"2024/FM.csv": _FM + "".join((*_AB1, _AB1[1]))}, study, "ohio_emis", OHIO_MORE)
    assert found_rules(twice, "attendance") == [("exact_duplicate", 5)]
    other = "AB1,101,P,20230823,1000\n"
    found = ingested(OHIO | {"2024/FM.csv": _FM + "".join((*_AB1, _AB1[1], other))}, study, "ohio_emis", OHIO_MORE)
    assert found_rules(found, "attendance") == [("conflicting_duplicate", 2), ("part_set_aside", 3)]
    assert found.tables["attendance"].empty


def test_more_hours_than_the_calendar_has_are_set_aside(study: Study) -> None:
    files = OHIO | {"2024/FM.csv": OHIO["2024/FM.csv"].replace("1000.25", "1150").replace(_BLANK, "")}
    found = ingested(files, study, "ohio_emis", OHIO_MORE)
    assert ("enrolled_over_calendar", 2) in found_rules(found, "attendance")
    assert len(found.tables["attendance"]) == 1


def test_hours_need_the_length_of_a_day() -> None:
    with pytest.raises(DeliveryError, match="hours_per_day"):
        read_mapping(f"layout: ohio_emis\n{HEAD}", where="mapping.yaml", folder="ia-9001")


def test_hours_of_a_year_in_one_row_are_days_too(study: Study) -> None:
    more = """
tables:
  attendance:
    files: "*/hours.csv"
    grain: year
    unit: hours
    hours_per_day: "6"
    columns: {student_id: State ID, school_id: School Number, days_enrolled: All, days_absent: Away,
              days_absent_oss: Out}
    derived: {All: {sum: [Here, Excused, Unexcused]}, Away: {sum: [Excused, Unexcused]}}
"""
    text = "State ID,School Number,Here,Excused,Unexcused,Out\n5001,101,1044,18,9,0\n5002,101,900,x,0,0\n"
    found = ingested(IOWA | {"2024/hours.csv": text}, study, "iowa_sri", IOWA_MORE + more.removeprefix("\ntables:\n"))
    assert found.tables["attendance"][["half_days_enrolled", "half_days_absent"]].values.tolist() == [[357, 9]]
    assert found_rules(found, "attendance") == [("not_a_number", 3), ("not_a_number", 3)]


@pytest.mark.parametrize("layout", ["panorama", "elevate", "qualtrics"])
def test_survey_exports_need_their_items_and_answers_only(layout: str, study: Study) -> None:
    labels = '"Question text?",x,"I belong.","I care."\n"{""ImportId"":""QID1""}",x,y,z\n'
    labels = labels if layout == "qualtrics" else ""
    text = f"number,building,Q1,Q2\n{labels}5001,Birch,Agree,\n5002,Birch,Disagree,Agree\n"
    more = f"""
  survey_response:
    instrument: belonging_v1
    consent: given
    wave_from: "{layout}_w{{wave}}.csv"
    items: {{Q1: bel1, Q2: bel2}}
    answers: {{Disagree: 2, Agree: 4}}
    columns: {{student_id: number, school_id: {{column: building, codes: {{Birch: "101"}}}}}}
"""
    found = ingested(IOWA | {f"2024/{layout}_w2.csv": text}, study, f"[iowa_sri, {layout}]", IOWA_MORE + more)
    table = found.tables["survey_response"].sort_values(["item_code", "value_int"])
    assert list(zip(table["item_code"], table["value_int"], table["wave"], strict=True)) == [
        ("bel1", 2, 20242), ("bel1", 4, 20242), ("bel2", 4, 20242)]
    report = next(f for f in found.files if f.table == "survey_response")
    assert (report.rows_in, report.rows_accepted) == (2, 2)


RACE = FederalRace(hispanic="H", races={"B": "black", "W": "white"})


@pytest.mark.parametrize(("hispanic", "races", "expected"), [
    ("true", ["B", "W"], "hispanic"), ("0", ["B", "W"], "two_or_more"), ("No", ["B"], "black"), ("", [], ""),
    ("not asked", ["B"], "not asked"), ("n", ["B", "martian"], "martian"), ("n", ["B", "B"], "black"),
])
def test_the_federal_category_puts_hispanic_first_and_guesses_nothing(hispanic: str, races: list[str], expected: str
                                                                      ) -> None:
    assert federal_race(hispanic, races, RACE) == expected


@given(st.lists(st.tuples(st.sampled_from(["", "1", "2.5", "x", "-1", "1e9"]), st.sampled_from(["", "0", "3"])),
                min_size=1, max_size=20))
def test_a_sum_is_the_sum_or_the_text_that_spoils_it(rows: list[tuple[str, str]]) -> None:
    columns = {name: _text([row[i] for row in rows]) for i, name in enumerate("ab")}
    table = SourceTable.model_validate({"files": "x", "columns": {}, "derived": {"s": {"sum": ["a", "b"]}}})
    made = derived_columns(columns, table)["s"]
    for (a, b), code in zip(rows, made.codes, strict=True):
        spoils = next((text for text in (a, b) if text in ("", "x", "-1")), None)
        text = made.values[code]
        assert text == spoils if spoils is not None else float(text) == float(a) + float(b)


def _text(values: list[str]) -> Text:
    known = list(dict.fromkeys(values))
    return Text(tuple(known), np.array([known.index(value) for value in values], np.int32))
