"""What an engine promises whatever it is."""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import narwhals.stable.v2 as nw
import pandas as pd
import pyarrow as pa
import pytest
import yaml

from evaluation import engine, params
from evaluation.engine.days import day_number
from evaluation.errors import StudyError


@pytest.fixture
def session(tmp_path: Path) -> Iterator[engine.Session]:
    with engine.session(memory="500MB", scratch=tmp_path / "scratch") as opened:
        yield opened


def test_days_between_two_dates_are_those_of_the_calendar(session: engine.Session) -> None:
    first, last = date(1901, 1, 1), date(2100, 12, 31)
    dates = [(first + timedelta(i)).isoformat() for i in range((last - first).days + 1)]
    rows = session.frame(pd.DataFrame({"day": dates, "i": range(len(dates))})).with_columns(n=day_number(nw.col("day")))
    found = engine.collect(rows).sort_values("i")["n"].to_numpy()
    assert (found - found[0] == range(len(dates))).all()


def test_rows_come_in_order_of_bytes_with_missing_first(session: engine.Session) -> None:
    rows = session.frame(pd.DataFrame({"name": ["b", None, "é", "B", "z"], "n": [1, 2, 3, 4, 5]}))
    table = pa.Table.from_batches(session.in_order(rows, ("name", "n")))
    assert table["name"].to_pylist() == [None, "B", "b", "z", "é"]


def test_a_kept_frame_is_computed_once(session: engine.Session) -> None:
    rows = session.kept(session.frame(pd.DataFrame({"n": [1, 2]})).with_columns(m=2 * nw.col("n")))
    assert engine.collect(rows)["m"].sum() == 6
    assert engine.collect(rows.filter(nw.col("n") == 1))["m"].tolist() == [2]


def test_a_folder_is_read_as_one_table(session: engine.Session, tmp_path: Path) -> None:
    for i in range(3):
        pd.DataFrame({"n": [i]}).to_parquet(tmp_path / f"{i}.parquet")
    assert sorted(engine.collect(session.scan(tmp_path))["n"]) == [0, 1, 2]


def test_more_than_memory_holds_goes_to_a_folder_that_is_removed(tmp_path: Path) -> None:
    scratch = tmp_path / "scratch"
    with engine.session(memory="60MB", scratch=scratch, threads=1) as session:
        rows = session.frame(pd.DataFrame({"n": range(1_000_000)})).with_columns(key=nw.concat_str(
            (nw.col("n") * 7919 % 1_000_003).cast(nw.String), nw.lit("-a-key-of-some-length" * 3)))
        spilled = max(sum(f.stat().st_size for f in scratch.iterdir()) for _ in session.in_order(rows, ("key",)))
        assert spilled > 1_000_000
    assert not scratch.exists()


def test_too_little_memory_is_said_with_its_key(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match="engine_memory"), engine.session(memory="1MB", scratch=tmp_path / "a") as one:
        engine.collect(one.frame(pd.DataFrame({"n": range(1_000_000)})).sort("n"))


@pytest.mark.parametrize(("master", "found"), [("spark://127.0.0.1:1", "no Spark master answers"),
                                               ("spark://127.0.0.1:1,127.0.0.1:2", "no Spark master answers")])
def test_a_cluster_that_does_not_answer_is_a_sentence(master: str, found: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("evaluation.engine.spark.find_spec", lambda _: object())
    monkeypatch.setattr("evaluation.engine.spark.shutil.which", lambda *_, **__: "java")
    with pytest.raises(StudyError, match=found), engine.session(master):
        pass


def test_what_spark_lacks_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("evaluation.engine.spark.find_spec", lambda _: None)
    with pytest.raises(StudyError, match="pyspark is not installed"), engine.session("local[2]"):
        pass
    monkeypatch.setattr("evaluation.engine.spark.find_spec", lambda _: object())
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    with pytest.raises(StudyError, match="Java"), engine.session("local[2]"):
        pass


@pytest.mark.parametrize(("key", "value", "is_good"), [
    ("engine", "duckdb", True), ("engine", "local[2]", True), ("engine", "local[*]", True),
    ("engine", "spark://10.0.0.1:7077", True), ("engine", "spark://a:7077,b:7077", True), ("engine", "postgres", False),
    ("engine", "spark:a", False), ("engine", "yarn", False), ("engine", "local[0]", False),
    ("engine_memory", "600MB", True), ("engine_memory", "99999999GB", False),
    ("engine_memory", "4", False), ("engine_memory", "0GB", False), ("engine_memory", "4 gigabytes", False)])
def test_an_engine_that_cannot_be_is_named_with_its_key(key: str, value: str, is_good: bool, tmp_path: Path) -> None:
    content = yaml.safe_load((Path(__file__).parents[2] / "params.yaml").read_text())
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(content | {key: value}))
    if is_good:
        assert getattr(params.settings(tmp_path), key) == value
    else:
        with pytest.raises(StudyError, match=f"key {key}"):
            params.settings(tmp_path)
