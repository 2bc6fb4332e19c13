"""The benchmark of the engine compares like with like, and says which target is missed."""

from pathlib import Path

import pytest

from benchmarks.engine import OURS, PANDAS, SCAN, Run, misses, table
from benchmarks.engine_data import deliver
from benchmarks.engine_panel import by_pandas, ours, same


def test_both_programs_make_the_same_panel(tmp_path: Path) -> None:
    rows = deliver(tmp_path / "tables", 36_000)
    assert rows == 36_000
    for program, name in ((ours, "ours"), (by_pandas, "pandas")):
        program(tmp_path / "tables", tmp_path / f"{name}.parquet")
    assert same(tmp_path / "ours.parquet", tmp_path / "pandas.parquet")


def runs(*, ours_s: float = 4.0, scan_s: float = 0.3, pandas_s: float = 24.0, peak: float = 5e8, rows: int = 100_000_000
         ) -> list[Run]:
    return [Run(SCAN, rows, scan_s, scan_s, 1), Run(OURS, rows, ours_s, ours_s, int(peak)),
            Run(PANDAS, rows, pandas_s, pandas_s, 1)]


@pytest.mark.parametrize(("changes", "missed"), [
    ({}, []), ({"pandas_s": 23.9}, ["6.0 times as fast as pandas, not 6"]), ({"scan_s": 0.2}, ["20.0 scans, not 15"]),
    ({"peak": 6e8}, ["600 MB, not 600"]), ({"pandas_s": 1, "rows": 1_000_000}, [])])
def test_a_missed_target_is_named(changes: dict, missed: list[str]) -> None:
    assert misses(runs(**changes)) == missed


def test_the_table_divides_by_ours() -> None:
    assert "| 100,000,000 | by pandas | 24.00 | 24.00 | 0 | 6 | 6 |" in table(runs())
