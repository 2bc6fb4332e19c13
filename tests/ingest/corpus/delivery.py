"""The plain delivery of one small district, and its mapping: what every case of the corpus spoils."""

from collections.abc import Mapping
from pathlib import Path

import yaml

from evaluation.ingest.mapping.reading import read_mapping
from evaluation.ingest.mapping.schema import DistrictMapping

KEY = b"a key for tests, thirty-two bytes"
YEAR = 2024

MAPPING = """
district_id: ia-9001
version: "1"
tables:
  school_year:
    files: "*/schools*.csv"
    columns: {school_id: Bldg, grade_low: Low, grade_high: High, calendar_days: Days}
  enrollment:
    files: "*/enrollment*.csv"
    columns:
      student_id: Student Number
      school_id: Bldg
      entry_date: {column: Entry, format: "%m/%d/%Y"}
      exit_date: {column: Exit, format: "%m/%d/%Y"}
      grade: Gr
    drop: [Homeroom]
  student_year:
    files: "*/students*.csv"
    columns:
      student_id: Student Number
      race_ethnicity: {column: RaceEth, codes: {B: black, W: white, H: hispanic, NA: american_indian}}
      disability: {column: IEP, codes: {Y: yes, N: no}}
  attendance:
    files: "*/attendance*.csv"
    grain: month
    columns:
      student_id: Student Number
      school_id: Bldg
      month: {column: Month, format: "%Y-%m"}
      days_enrolled: Enrolled
      days_absent: Absent
      days_absent_oss: OSS
  discipline_action:
    files: "*/discipline*.csv"
    columns:
      student_id: Student Number
      school_id: Bldg
      action_id: Log
      date: {column: Date, format: "%m/%d/%Y"}
      action_std: {column: Action, codes: {In: ISS, Out: OSS}}
      days_assigned: Days
  survey_response:
    files: "*/survey*.csv"
    instrument: belonging_v1
    wave: Wave
    consent: given
    columns: {student_id: Student Number, school_id: Bldg, item_code: Item, value: Value}
"""

HEADERS = {
    "schools": "Bldg,Low,High,Days", "enrollment": "Student Number,Bldg,Entry,Exit,Gr",
    "students": "Student Number,RaceEth,IEP", "attendance": "Student Number,Bldg,Month,Enrolled,Absent,OSS",
    "discipline": "Student Number,Bldg,Log,Date,Action,Days", "survey": "Student Number,Bldg,Wave,Item,Value",
}
ROWS = {
    "schools": ["101,6,8,180", "102,6,8,180"],
    "enrollment": [f"{s},101,08/23/2023,05/31/2024,7" for s in ("0000001", "0000002", "0000003")],
    "students": ["0000001,B,Y", "0000002,W,N", "0000003,H,N"],
    "attendance": [f"{s},101,2023-09,20,{a},0" for s, a in (("0000001", "1"), ("0000002", "2.5"), ("0000003", "0"))],
    "discipline": ["0000001,101,7,10/02/2023,Out,1"],
    "survey": [f"0000001,101,1,bel{i},{i}" for i in range(1, 6)],
}


def csv_of(table: str, rows: list[str] | None = None) -> bytes:
    return ("\n".join([HEADERS[table], *(ROWS[table] if rows is None else rows)]) + "\n").encode()


def good_files() -> dict[str, bytes]:
    return {f"{YEAR}/{table}.csv": csv_of(table) for table in HEADERS}


def put(folder: Path, files: Mapping[str, bytes], mapping: str) -> Path:
    """Write a delivery and its mapping into a district's folder."""
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    (folder / "mapping.yaml").write_text(mapping)
    return folder


def mapping_of(**changes: object) -> DistrictMapping:
    content = yaml.load(MAPPING, Loader=yaml.BaseLoader)
    for path, value in changes.items():
        *above, last = path.split("__")
        at = content
        for part in above:
            at = at[part]
        if value is None:
            del at[last]
        else:
            at[last] = value
    return read_mapping(yaml.safe_dump(content), where="mapping.yaml", folder="ia-9001")
