"""Cells are the same whatever computes them: threads, memory, and how districts are split into runs."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import narwhals.stable.v2 as nw
import pandas as pd
import pytest

from benchmarks.engine_data import deliver
from evaluation import engine, params
from evaluation.contracts import TABLES, conform
from evaluation.engine import Frame, Session
from evaluation.panel.cells import cells
from evaluation.panel.students import by_school, student_outcomes, student_years
from evaluation.params import Study

DISTRICTS = [f"zz-{i:04d}" for i in range(1, 21)]
KEPT = ("chronic_absence_pct", "oss_per_100", "any_suspension_pct")


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("state") / "tables"
    assert deliver(folder, 72_000) == 72_000
    return folder


@pytest.fixture(scope="module")
def study() -> Study:
    whole = params.study("partnership")
    return whole.model_copy(update={"outcomes": tuple(o for o in whole.outcomes if o.id in KEPT),
                                    "dimensions": whole.dimensions[:1]})


def _tables(session: Session, state: Path, districts: Sequence[str]) -> Mapping[str, Frame]:
    tables = {name: session.scan(state / f"{name}.parquet").filter(nw.col("district_id").is_in(districts))
              for name in ("school_year", "enrollment", "student_year", "discipline_action")}
    days = nw.concat([session.scan(state / "attendance_day" / f"{district}.parquet") for district in districts])
    none = pd.DataFrame({c: pd.Series(dtype=TABLES["attendance"].column(c).dtype)
                         for c in TABLES["attendance"].columns})
    sent = tables["school_year"].select("district_id", "school_year").unique()
    return tables | {"attendance": session.kept(by_school(session.frame(none), days))} | {
        f"{name}_sent": sent for name in ("attendance", "discipline_action", "student_year")}


def _run(study: Study, state: Path, *, splits: Sequence[Sequence[str]] = (DISTRICTS,), threads: int | None = None,
         memory: str | None = None) -> tuple[pd.DataFrame, pd.DataFrame]:
    made = []
    for districts in splits:
        with engine.session(threads=threads, memory=memory) as session:
            tables = _tables(session, state, districts)
            students = session.kept(student_years(tables))
            made.append((cells(study, students, tables), engine.collect(student_outcomes(students, tables, None))))
    return (conform(pd.concat([c for c, _ in made]), "cells"),
            conform(pd.concat([s for _, s in made]), "student_outcome"))


@pytest.mark.parametrize("way", [
    {"threads": 1}, {"threads": 8, "memory": "100MB"}, {"splits": [DISTRICTS[i:i + 4] for i in range(0, 20, 4)]},
    {"splits": [DISTRICTS[:1], DISTRICTS[:0:-1]], "threads": 3}],
    ids=["one thread", "eight threads, little memory", "five runs", "one district apart"])
def test_threads_memory_and_splits_change_nothing(study: Study, state: Path, way: dict) -> None:
    expected, found = _run(study, state), _run(study, state, **way)
    for one, other in zip(expected, found, strict=True):
        pd.testing.assert_frame_equal(one, other, check_exact=True)
    assert expected[0]["n_students"].sum() > 0
    assert set(expected[0]["outcome_id"]) == set(KEPT)


def test_a_mover_counts_for_one_school_and_all_her_days_count(study: Study, state: Path) -> None:
    _, students = _run(study, state)
    assert (students["half_days_enrolled"] == 360).all()
    assert len(students) == 400
