"""Files are whole or absent, and equal rows give equal bytes."""

import pandas as pd
import pyarrow.parquet as pq
import pytest

from evaluation import store


@pytest.fixture
def quarantine() -> pd.DataFrame:
    return pd.DataFrame({"district_id": "ia-1", "school_year": 2024, "table": "enrollment", "file": "f.csv",
                         "row": [3, 2], "column": ["Grade", "Grade"], "rule": "r", "fix": "f"})


def test_row_order_does_not_change_a_byte(quarantine, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    first = store.write(quarantine, "quarantine", "s").read_bytes()
    second = store.write(quarantine[::-1], "quarantine", "s").read_bytes()
    assert first == second


def test_what_is_written_is_read_back(quarantine, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    path = store.write(quarantine, "quarantine", "s")
    assert path.as_posix() == "data/restricted/ingest/s/quarantine.parquet"
    assert store.read("quarantine", "s")["row"].tolist() == [2, 3]
    assert list(path.parent.iterdir()) == [path]


def test_parquet_carries_no_column_statistics(quarantine, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    meta = pq.read_metadata(store.write(quarantine, "quarantine", "s"))
    assert all(not meta.row_group(0).column(i).is_stats_set for i in range(meta.num_columns))


def test_a_failed_write_leaves_the_old_file(tmp_path, monkeypatch) -> None:
    target = tmp_path / "x.json"
    store.write_json({"a": 1}, target)

    def fail(_: int) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(store.os, "fsync", fail)
    with pytest.raises(OSError, match="disk full"):
        store.write_json({"a": 2}, target)
    assert '"a": 1' in target.read_text()
