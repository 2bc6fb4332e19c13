"""Reference cases, and small designs to state facts about."""

import csv
import gzip
import json
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from evaluation.stats.records import Design

REFERENCE = Path(__file__).parents[3] / "shared" / "reference"
Table = dict[str, np.ndarray]


@pytest.fixture(scope="session")
def cases() -> dict[str, dict]:
    if not REFERENCE.exists():
        (pytest.fail if os.environ.get("CI") else pytest.skip)(f"reference numbers are not at {REFERENCE}")
    return {case["id"]: case["expected"] for case in json.loads((REFERENCE / "did_cases.json").read_text())}


@pytest.fixture(scope="session")
def table(cases: dict) -> Callable[[str], Table]:
    """Read a reference table: columns as numbers, anything else as NaN."""

    def read(name: str) -> Table:
        path = REFERENCE / "data" / name
        with gzip.open(path, "rt") if path.suffix == ".gz" else path.open() as lines:
            rows = list(csv.reader(lines))
        return {name: np.array([_number(row[i]) for row in rows[1:]]) for i, name in enumerate(rows[0])}

    return read


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return np.nan


def _design(outcome: np.ndarray, cohort: list[float] | np.ndarray, **given: object) -> Design:
    units, periods = outcome.shape[:2]
    outcome = outcome.reshape(units, periods, -1)
    start = int(given.pop("start", 1))
    fields = {
        "parts": tuple(f"part{k}" for k in range(outcome.shape[2])), "unit_ids": tuple(map(str, range(units))),
        "periods": np.arange(start, start + periods), "position": np.arange(periods), "cluster": np.arange(units),
        "stratum": np.zeros(units, dtype=np.int64), "weight": np.ones(units),
        "is_break": np.zeros(periods, dtype=bool),
    }
    return Design(outcome=outcome.astype(float), cohort=np.array(cohort, dtype=float), **fields | given)


@pytest.fixture(scope="session")
def design_of() -> Callable[..., Design]:
    """Build a design from outcome (U, T[, K]) and cohorts; each unit its own cluster unless told."""
    return _design


@pytest.fixture(scope="session")
def panel_of(table: Callable[[str], Table]) -> Callable[..., Design]:
    """Turn a long reference table into a design of one part; `cohort` 0 or NaN is never."""

    def build(rows: Table, *, unit: str, year: str, outcome: str, cohort: np.ndarray, cluster: np.ndarray) -> Design:
        ids, u = np.unique(rows[unit], return_inverse=True)
        first = int(rows[year].min())
        values = np.full((len(ids), int(rows[year].max()) - first + 1), np.nan)
        values[u, rows[year].astype(int) - first] = rows[outcome]
        start, code = np.full(len(ids), np.nan), np.zeros(len(ids), dtype=int)
        start[u], code[u] = np.where(cohort == 0, np.nan, cohort), cluster
        return _design(values, start, cluster=code, start=first)

    return build


@pytest.fixture(scope="session")
def staggered() -> Callable[..., Design]:
    """Draw an unbalanced staggered design: 24 clusters of 1–3 units in 2 strata; parts focal, reference, gap."""

    def draw(seed: int, *, missing: float = 0.1) -> Design:
        rng = np.random.default_rng(seed)
        cluster = np.repeat(np.arange(24), rng.integers(1, 4, 24))
        cohort = np.array([4, 4, 4, 6, 6, 6] + [np.nan] * 6)[cluster % 12]
        parts = rng.normal(size=(len(cluster), 7, 2)).cumsum(axis=1)
        parts[rng.random(parts.shape[:2]) < missing] = np.nan
        outcome = np.dstack([parts, parts[..., 0] - parts[..., 1]])
        return _design(outcome, cohort, cluster=cluster, stratum=cluster // 12, weight=rng.uniform(1, 50, len(cluster)))

    return draw
