"""Daily attendance to the student-year panel: as stage `panel` makes it, and by pandas, district by district."""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable, Mapping
from itertools import chain
from pathlib import Path

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from evaluation import engine
from evaluation.contracts import TABLES
from evaluation.panel.students import by_school, student_outcomes, student_years

MEMORY = "350MB"
"""What DuckDB may hold; Python and its libraries take some 150 MB more."""
_TABLES = ("school_year", "enrollment", "student_year", "discipline_action")
_STUDENT = ["district_id", "student_key", "school_year"]
_HALF_DAYS = ["half_days_enrolled", "half_days_absent", "half_days_absent_oss"]
_SQL_FILES = "attendance_day/*.parquet"


def scan(folder: Path, _: Path) -> None:
    """Read three columns of all days and add them up: what no program can do without."""
    duckdb.sql(f"select sum(school_year), sum(half_days_absent), sum(half_days_absent_oss) from '{folder / _SQL_FILES}'"
               ).fetchall()


def ours(folder: Path, target: Path) -> None:
    """Write the panel with the functions of stage `panel`, out of core."""
    with engine.session(memory=MEMORY, scratch=target.with_suffix(".scratch")) as session:
        tables = {table: session.scan(folder / f"{table}.parquet") for table in _TABLES}
        days = session.scan(folder / "attendance_day")
        none = session.frame(pd.DataFrame({c: pd.Series(dtype=TABLES["attendance"].column(c).dtype)
                                           for c in TABLES["attendance"].columns}))
        tables["attendance"] = session.kept(by_school(none, days))
        tables["discipline_action_sent"] = tables["school_year"].select("district_id", "school_year").unique()
        students = session.kept(student_years(tables))
        rows = session.in_order(student_outcomes(students, tables, None), TABLES["student_outcome"].key)
        first = next(rows)
        with pq.ParquetWriter(target, first.schema, compression="zstd") as writer:
            for batch in chain((first,), rows):
                writer.write_batch(batch)


def by_pandas(folder: Path, target: Path) -> None:
    """Write the same panel as most would: a district at a time, in memory."""
    read = {name: pd.read_parquet(folder / f"{name}.parquet") for name in _TABLES}
    parts = [_district(pd.read_parquet(file, columns=[*_STUDENT, "school_id", *_HALF_DAYS[1:]]), read)
             for file in sorted((folder / "attendance_day").glob("*.parquet"))]
    whole = pd.concat(parts, ignore_index=True).sort_values(_STUDENT, ignore_index=True)
    whole[list(TABLES["student_outcome"].columns)].to_parquet(target)


def _district(days: pd.DataFrame, read: dict[str, pd.DataFrame]) -> pd.DataFrame:
    mine = {name: rows[rows["district_id"] == days["district_id"].iloc[0]] for name, rows in read.items()}
    at_school = days.groupby([*_STUDENT, "school_id"], sort=False, as_index=False).agg(
        half_days_enrolled=("half_days_absent", "size"), half_days_absent=("half_days_absent", "sum"),
        half_days_absent_oss=("half_days_absent_oss", "sum"))
    at_school["half_days_enrolled"] *= 2
    entered = mine["enrollment"].groupby([*_STUDENT, "school_id"], as_index=False)["entry_date"].max()
    homes = at_school.merge(entered, on=[*_STUDENT, "school_id"]).sort_values(["half_days_enrolled", "entry_date"])
    homes = homes.drop_duplicates(_STUDENT, keep="last")[[*_STUDENT, "school_id"]]
    panel = homes.merge(at_school.groupby(_STUDENT, as_index=False)[_HALF_DAYS].sum(), on=_STUDENT)
    bands = mine["school_year"][["school_id", "school_year", "grade_band"]]
    panel = panel.merge(bands, on=["school_id", "school_year"])
    panel = panel.merge(mine["student_year"], on=_STUDENT)
    for name, code in (("iss_actions", "ISS"), ("oss_actions", "OSS")):
        actions = mine["discipline_action"]
        counted = actions[actions["action_std"] == code].groupby(_STUDENT, as_index=False).size()
        panel = panel.merge(counted.rename(columns={"size": name}), on=_STUDENT, how="left")
        panel[name] = panel[name].fillna(0).astype("int64")
    none = pd.array([None] * len(panel), "Int64")
    return panel.assign(belonging_e6=none, waves_answered=none)


def same(one: Path, other: Path) -> bool:
    """Return whether two panels hold the same rows."""
    columns = list(TABLES["student_outcome"].columns)
    found: list[pa.Table] = [pq.read_table(file, columns=columns) for file in (one, other)]
    return bool(found[0].cast(found[1].schema).equals(found[1]))


def peak_bytes() -> int:
    """Return the most memory this process held; Linux's usual figure would be the parent's where that held more."""
    if sys.platform == "linux":
        lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
        return 1024 * next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else 1024 * most


PROGRAMS: Mapping[str, Callable[[Path, Path], None]] = {"scan": scan, "ours": ours, "by_pandas": by_pandas}

if __name__ == "__main__":
    program, folder, target = sys.argv[1:]
    wall, cpu = time.perf_counter(), time.process_time()
    PROGRAMS[program](Path(folder), Path(target))
    print(json.dumps({"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu,
                      "peak_bytes": peak_bytes()}))
