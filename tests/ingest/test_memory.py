"""How much memory a district takes: that of its largest file and table by year, however many of them there are."""

import subprocess
import sys
from pathlib import Path

import pytest

_ROWS = 300_000
_MARGIN = 100e6
"""Bytes; held at once, the rows of the further years below took 370 bytes each, 660 MB."""
_PROGRAM = """
import io, resource, sys
from datetime import date, timedelta
import pandas as pd
from evaluation import engine, params
from evaluation.ingest.district import ingest_district
from tests.ingest.corpus.delivery import KEY, mapping_of
from tests.ingest.test_daily import DAILY

n_years, n_students = int(sys.argv[1]), int(sys.argv[2]) // 150
ids = [f"{i:07d}" for i in range(1, n_students + 1)]
files = {}
for year in range(2025 - n_years, 2025):
    days = [f"{date(year - 1, 9, 1) + timedelta(i):%m/%d/%Y}" for i in range(150)]
    content = io.BytesIO()
    pd.DataFrame({"Student Number": [i for i in ids for _ in days], "Bldg": "101", "Date": days * n_students,
                  "Absent": "0", "OSS": "0"}).to_parquet(content, index=False)
    files[f"{year}/attendance.parquet"] = content.getvalue()
    spells = "".join(f"{i},101,08/23/{year - 1},05/31/{year},7\\n" for i in ids)
    files[f"{year}/schools.csv"] = b"Bldg,Low,High,Days\\n101,6,8,180\\n"
    files[f"{year}/enrollment.csv"] = ("Student Number,Bldg,Entry,Exit,Gr\\n" + spells).encode()
daily = DAILY | {"files": "*/attendance*"}
with engine.session(memory="200MB", threads=1) as session:
    found = ingest_district(mapping_of(tables__attendance=daily), files, files.__getitem__, params.study("partnership"),
                            key=KEY, session=session)
assert sum(f.rows_accepted for f in found.files if f.table == "attendance") == n_years * n_students * 150
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)
"""


def _peak(n_years: int) -> int:
    done = subprocess.run([sys.executable, "-c", _PROGRAM, str(n_years), str(_ROWS)], check=False, capture_output=True,
                          text=True, cwd=Path(__file__).parents[2])
    assert done.returncode == 0, done.stderr
    return int(done.stdout.split()[-1])  # before it the engine may draw how far it is


@pytest.mark.real
@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the peak has another unit")
def test_memory_does_not_grow_with_the_years_of_a_district() -> None:
    few, many = _peak(2), _peak(8)
    assert many - few < _MARGIN, (few, many)
