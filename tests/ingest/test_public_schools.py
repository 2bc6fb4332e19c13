"""Published files with a row per school and columns of counts per group: by hand, and the real sample."""

from __future__ import annotations

import csv
import io
import zipfile
from pathlib import Path

import pytest
from pydantic import ValidationError

from evaluation import params
from evaluation.errors import StudyError
from evaluation.ingest.public.account import public_content
from evaluation.ingest.public.cells import read_public
from evaluation.ingest.public.wide import read_wide

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT.parent / "shared" / "real" / "crdc-sample" / "crdc201314_sample1000.zip"
GROUPS = {"BL": "black", "WH": "white"}
RESERVE = {"suppressed": ("-2", "-11"), "not_applicable": ("-9",), "not_published": ("-3", "-5", "-6", "-8")}
TABLE = params.PublicTable(
    outcome="chronic_absence_pct", dimension="race_ethnicity", files="CRDC*.csv",
    period_pattern=r"CRDC(?P<start>\d{4})_(?P<end>\d{2})\.csv", unit_id_column="SCHID", name_column="SCH_NAME",
    district_id_column="LEAID", groups=GROUPS, **RESERVE,
    value_columns=("SCH_ABSENT_{group}_M", "SCH_ABSENT_{group}_F"),
    of_columns=("SCH_ENR_{group}_M", "SCH_ENR_{group}_F"))
HEADER = ["LEAID", "SCHID", "SCH_NAME", "CCD_LONCOD", *(f"SCH_{what}_{group}_{sex}" for group in GROUPS
                                                      for what in ("ABSENT", "ENR") for sex in "MF")]
UNITS = {"1900001": "ia-1900001"}


def school(*counts: object, leaid: str = "1900001", schid: str = "00017") -> list[object]:
    return [leaid, schid, "Birch, Middle", "-91.5", *counts]


def file_of(*rows: list[object]) -> bytes:
    out = io.StringIO()
    csv.writer(out).writerows([HEADER, *rows])
    return out.getvalue().encode()


def test_counts_of_both_sexes_over_students_make_the_percentage_and_longitude_is_not_looked_at():
    found = read_wide(file_of(school(3, 2, 20, 20, 0, 1, 50, 50)), TABLE, UNITS)
    assert [(c.unit_id, c.district_id, c.group_id, c.mean, c.n_students, c.status) for c in found.cells] == [
        ("ia-1900001-00017", "ia-1900001", "black", 12.5, 40, "reported"),
        ("ia-1900001-00017", "ia-1900001", "white", 1.0, 100, "reported")]


@pytest.mark.parametrize(("counts", "status", "students"), [
    ((-9, -9, 20, 20), "not_applicable", 40), ((-2, 1, 20, 20), "suppressed", 40), ((-5, 0, 2, 2), "not_published", 4),
    ((1, 1, -2, 20), "suppressed", None), ((-2, -5, 1, 1), "suppressed", 2), ((0, 0, 0, 0), "not_applicable", 0),
])
def test_reserve_codes_are_statuses_and_never_numbers(counts, status, students):
    found = read_wide(file_of(school(*counts, 0, 0, 1, 1)), TABLE, UNITS)
    black = found.cells[0]
    assert (black.status, black.mean, black.n_students) == (status, None, students)
    assert (found.cells[1].status, found.cells[1].mean) == ("reported", 0.0)


@pytest.mark.parametrize(("row", "column", "rule"), [
    (school(1, 1, 20, 20, 0, 0, 1, 1, leaid="1900009"), "LEAID", "district_not_in_study"),
    (school(1, 1, 20, 20, 0, 0, 1, 1, schid=""), "LEAID", "no_code"),
    (school(-4, 1, 20, 20, 0, 0, 1, 1), "SCH_ABSENT_BL_M", "not_a_count"),
    (school(1.5, 1, 20, 20, 0, 0, 1, 1), "SCH_ABSENT_BL_M", "not_a_count"),
    (school(1, 1, 20, 20, 0, 0, "", 1), "SCH_ENR_WH_M", "not_a_count"),
    (school(21, 20, 20, 20, 0, 0, 1, 1), "SCH_ABSENT_BL_M", "more_than_students"),
    (school(1, 1, 20), None, "row_length"),
])
def test_a_row_that_breaks_a_rule_is_set_aside_as_a_whole(row, column, rule):
    found = read_wide(file_of(row, school(1, 1, 20, 20, 0, 0, 1, 1, schid="00018")), TABLE, UNITS)
    assert [(a.row, a.column, a.rule) for a in found.set_aside] == [(2, column, rule)]
    assert (found.rows_in, len(found.cells)) == (2, 2)


def test_a_school_listed_twice_counts_once_or_not_at_all():
    one, other = school(1, 1, 20, 20, 0, 0, 1, 1), school(2, 1, 20, 20, 0, 0, 1, 1)
    assert [a.rule for a in read_wide(file_of(one, one), TABLE, UNITS).set_aside] == ["duplicate_row"]
    assert [a.rule for a in read_wide(file_of(one, other), TABLE, UNITS).set_aside] == ["conflicting_rows"] * 2


@pytest.mark.parametrize(("content", "reason"), [
    (file_of(), "0 rows"), (b"", "no header row"), (b"a,b\n1,2\n", "no header row"),
    (file_of(school(1, 1, 2, 2, 0, 0, 1, 1)).replace(b"Birch", b"Bl\xe4tter"), "UTF-8"),
])
def test_a_file_that_cannot_be_read_is_refused(content, reason):
    found = read_wide(content, TABLE, UNITS)
    assert reason in (found.refusal or "")
    assert not found.cells


@pytest.mark.parametrize("change", [{"of_columns": ()}, {"group_column": "Group"},
                                    {"value_columns": ("SCH_ABSENT_BL_M",)}])
def test_a_table_is_long_or_wide(change):
    with pytest.raises(ValidationError):
        params.PublicTable.model_validate(TABLE.model_dump() | change)


def study_of(districts: list[str], archive: str, *tables: params.PublicTable, unit: str = "school") -> params.Study:
    whole = params.study("connecticut", ROOT)
    known = [{"id": d, "name": d, "state": d[:2], "role": "comparison"} for d in districts]
    block = {"adapter": "public_group_level", "publisher": "The Birch Board.", "archive": archive, "tables": tables}
    periods = {"kind": "school_year", "first": 2014, "last": 2014}
    return whole.model_copy(update={
        "unit": unit, "districts": tuple(params.District.model_validate(d) for d in known),
        "deliveries": params.Delivery.model_validate(block), "periods": type(whole.periods).model_validate(periods)})


def test_schools_become_public_cells_with_students_and_two_tables_read_one_file(tmp_path):
    with zipfile.ZipFile(tmp_path / "crdc.zip", "w") as archive:
        archive.writestr("CRDC2013_14.csv", file_of(school(3, 2, 20, 20, 0, 1, 50, 50), school(1, leaid="1900002")))
    other = TABLE.model_copy(update={"outcome": "any_suspension_pct"})
    found = read_public(tmp_path, study_of(["ia-1900001"], "crdc.zip", TABLE, other))
    assert set(found.public_cell["unit"]) == {"school"}
    assert set(found.public_cell["district_id"]) == {"ia-1900001"}
    assert found.public_cell["n_students"].tolist() == [40, 40, 100, 100]
    assert found.intake[["rows_in", "rows_accepted", "rows_quarantined", "rows_refused"]].values.tolist() == [
        [2, 1, 1, 0]] * 2
    with pytest.raises(StudyError, match="unit: school"):
        read_public(tmp_path, study_of(["ia-1900001"], "crdc.zip", TABLE, unit="district"))


@pytest.mark.skipif(not SAMPLE.is_file(), reason="the real sample is not beside the project")
def test_the_sample_of_the_civil_rights_data_collection_is_read_whole():
    groups = {"HI": "hispanic", "AM": "american_indian", "AS": "asian", "HP": "pacific_islander", "BL": "black",
              "WH": "white", "TR": "two_or_more"}
    rows = list(csv.DictReader(io.StringIO(zipfile.ZipFile(SAMPLE).read("CRDC2013_14.csv").decode())))
    districts = sorted({f"{row['LEA_STATE']}-{row['LEAID']}".lower() for row in rows})
    table = TABLE.model_copy(update={"groups": groups})
    found = read_public(SAMPLE.parent, study_of(districts, SAMPLE.name, table))
    odd = sum(1 for row in rows if any(
        sum(int(row[f"SCH_ABSENT_{g}_{sex}"]) for sex in "MF") > sum(int(row[f"SCH_ENR_{g}_{sex}"]) for sex in "MF")
        for g in groups))
    assert found.intake.iloc[0][["rows_in", "rows_accepted", "rows_quarantined"]].tolist() == [1000, 1000 - odd, odd]
    assert set(found.quarantine["rule"]) == {"more_than_students"}
    hidden = sum(row[f"SCH_ABSENT_{g}_M"] == "-9" for row in rows for g in groups)
    assert (found.public_cell["status"] == "not_applicable").sum() >= hidden == 119
    black = found.public_cell.query("group_id == 'black' and status == 'reported'").set_index("unit_id")
    for row in rows:
        unit = f"{row['LEA_STATE']}-{row['LEAID']}-{row['SCHID']}".lower()
        if unit in black.index:
            absent, enrolled = (sum(int(row[f"SCH_{what}_BL_{sex}"]) for sex in "MF") for what in ("ABSENT", "ENR"))
            assert black.loc[unit, "mean"] == pytest.approx(100 * absent / enrolled)
            assert black.loc[unit, "n_students"] == enrolled


@pytest.mark.skipif(not SAMPLE.is_file(), reason="the real sample is not beside the project")
def test_rows_of_other_districts_are_told_and_take_nothing_and_the_tolerance_is_the_studys():
    rows = list(csv.DictReader(io.StringIO(zipfile.ZipFile(SAMPLE).read("CRDC2013_14.csv").decode())))
    districts = sorted({f"{row['LEA_STATE']}-{row['LEAID']}".lower() for row in rows
                        if row["LEA_STATE"] in {"CA", "TX", "IA", "OH"}})
    study = study_of(districts, SAMPLE.name, TABLE)
    content = public_content(read_public(SAMPLE.parent, study), study, definitions="")
    mend = {p["rule"]: p for p in content["to_mend"]}
    assert set(mend) == {"district_not_in_study", "more_than_students"}
    others = sum(f"{row['LEA_STATE']}-{row['LEAID']}".lower() not in districts for row in rows)
    assert (mend["district_not_in_study"]["rows"], mend["more_than_students"]["rows"]) == (others, 1)
    assert mend["more_than_students"]["column"] == "SCH_ABSENT_WH_M"
    assert content["files"][0]["findings"][0]["rows"][:1] == [mend["district_not_in_study"]["first_row"]]
    assert content["verdict"] == {"exit_code": 0, "sentence": "Send it: 1 row of 1,000 is set aside, within the 2 % "
                                  f"that are tolerated; {others} more, without loss to the study."}


def test_more_faults_than_tolerated_stop_the_run_and_rows_of_other_districts_do_not(tmp_path):
    faults = [school(50, 0, 20, 20, 0, 1, 50, 50, schid=f"0001{i}") for i in (1, 2)]
    good = [school(3, 2, 20, 20, 0, 1, 50, 50, schid=f"0002{i}") for i in range(8)]
    elsewhere = [school(3, 2, 20, 20, 0, 1, 50, 50, leaid="1900002", schid=f"0003{i}") for i in range(90)]
    with zipfile.ZipFile(tmp_path / "crdc.zip", "w") as archive:
        archive.writestr("CRDC2013_14.csv", file_of(*faults, *good, *elsewhere))
    study = study_of(["ia-1900001"], "crdc.zip", TABLE)
    verdict = public_content(read_public(tmp_path, study), study, definitions="")["verdict"]
    assert verdict["exit_code"] == 3
    assert "2 of 10 rows were set aside (20.0 %)" in verdict["sentence"]
