"""Files are whole or absent, and equal rows give equal bytes."""

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from evaluation import store
from evaluation.errors import ContractError


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


@pytest.mark.parametrize("sizes", [(10,), (3, 3, 4), (1,) * 10, (0, 7, 3)])
def test_rows_that_come_in_parts_are_written_as_those_that_come_at_once(sizes, quarantine, tmp_path, monkeypatch
                                                                        ) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(store, "ROWS_PER_GROUP", 4)
    rows = pd.concat([quarantine[:1].assign(row=row) for row in range(1, 11)], ignore_index=True)
    at_once = store.write(rows[::-1], "quarantine", "s").read_bytes()
    whole = pa.Table.from_pandas(rows[["file", "row", *rows.columns.difference(["file", "row"])]])
    batches, first = [], 0
    for size in sizes:
        batches += whole[first:first + size].to_batches()
        first += size
    assert store.write_in_order(batches, "quarantine", "s").read_bytes() == at_once
    assert pq.read_metadata(store.path("quarantine", "s")).num_row_groups == 3


def test_pieces_of_text_change_no_byte(quarantine, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    rows = quarantine.iloc[[0] * 40_000].reset_index(drop=True).assign(row=range(1, 40_001))
    rows["file"] = [f"delivered/of/somebody/{row:06}.csv" for row in rows["row"]]
    whole = pa.Table.from_pandas(rows, preserve_index=False)
    found = {store.write_in_order(whole.to_batches(max_chunksize=size), "quarantine", "s").read_bytes()
             for size in (700, 7_000, 40_000)}
    assert found == {store.write(rows, "quarantine", "s").read_bytes()}


def test_a_table_without_rows_is_written_alike(quarantine, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    empty = store.write(quarantine[:0], "quarantine", "s").read_bytes()
    assert store.write_in_order(iter(()), "quarantine", "s").read_bytes() == empty


def test_a_key_that_repeats_across_parts_is_refused_and_nothing_is_left(quarantine, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(store, "ROWS_PER_GROUP", 1)
    twice = pa.Table.from_pandas(quarantine[:1], preserve_index=False).to_batches() * 2
    with pytest.raises(ContractError, match=r"key repeats \(1 rows\)"):
        store.write_in_order(twice, "quarantine", "s")
    assert not list(tmp_path.rglob("*.*"))


def test_a_table_by_district_is_a_folder_of_files(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    day = pd.DataFrame({"student_key": ["a"], "school_id": ["ia-1-1"], "district_id": ["ia-1"], "school_year": [2024],
                        "date": ["2023-09-01"], "half_days_absent": [1], "half_days_absent_oss": [0]})
    file = store.write(day, "attendance_day", "s", district="ia-1")
    assert file == store.path("attendance_day", "s") / "ia-1.parquet"
