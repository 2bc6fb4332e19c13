"""Designs that several estimators are compared on."""

import csv
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from evaluation.stats.records import Design

DATA = Path(__file__).parents[4] / "shared" / "reference" / "data"
CASTLE = DATA / "castle_bacon_min.csv"


@pytest.fixture(scope="session")
def castle(cases: dict, design_of: Callable[..., Design]) -> Callable[[int], Design]:
    """Read log homicide in US states 2000–2010: one cohort of castle-doctrine states and those that never passed it."""
    with CASTLE.open() as lines:
        rows = list(csv.DictReader(lines))
    states = sorted({row["state"] for row in rows})
    outcome, post = np.full((2, len(states), 11), np.nan)
    for row in rows:
        at = states.index(row["state"]), int(row["year"]) - 2000
        outcome[at], post[at] = float(row["l_homicide"]), float(row["post"])
    start = np.where((post > 0).any(axis=1), 2000 + (post > 0).argmax(axis=1), np.nan)

    def build(cohort: int) -> Design:
        keep = np.isnan(start) | (start == cohort)
        return design_of(outcome[keep], start[keep], start=2000)

    return build


@pytest.fixture(scope="session")
def one_of_many(design_of: Callable[..., Design]) -> Callable[[int], Design]:
    """Draw 1 program unit, 12 donors, 10 periods, 7 of them before; parts focal, reference, gap."""

    def draw(seed: int) -> Design:
        rng = np.random.default_rng(seed)
        common = np.einsum("uf,fkt->utk", rng.normal(size=(13, 2)), rng.normal(size=(2, 2, 10)))
        parts = 20 + common + 0.3 * rng.normal(size=(13, 10, 2))
        outcome = np.dstack([parts, parts[..., 0] - parts[..., 1]])
        return design_of(outcome, [8] + [np.nan] * 12, weight=rng.uniform(1, 9, 13))

    return draw


def _codes(name: str, column: str) -> np.ndarray:
    with (DATA / name).open() as lines:
        return np.unique([row[column] for row in csv.DictReader(lines)], return_inverse=True)[1]


@pytest.fixture(scope="session")
def all_castle(table: Callable, panel_of: Callable[..., Design]) -> Design:
    """Log homicides of 50 states, 2000–2010; cohort: first full year of the castle doctrine."""
    rows = table("castle_bacon_min.csv") | {"state": _codes("castle_bacon_min.csv", "state")}
    first = np.where((rows["state"][:, None] == rows["state"]) & (rows["post"] > 0), rows["year"], np.inf).min(axis=1)
    return panel_of(rows, unit="state", year="year", outcome="l_homicide", cohort=np.where(np.isinf(first), 0, first),
                    cluster=rows["state"])


@pytest.fixture(scope="session")
def medicaid(table: Callable, panel_of: Callable[..., Design]) -> Design:
    """Share of insured adults by state, 2008–2015, without the states that expanded Medicaid in 2015."""
    rows = table("ehec_data.csv") | {"state": _codes("ehec_data.csv", "stfips")}
    kept = (rows["year"] < 2016) & (rows["yexp2"] != 2015)
    rows = {name: column[kept] for name, column in rows.items()}
    return panel_of(rows, unit="state", year="year", outcome="dins", cohort=np.nan_to_num(rows["yexp2"]),
                    cluster=rows["state"])


@pytest.fixture(scope="session")
def counties(table: Callable, panel_of: Callable[..., Design]) -> Design:
    """Log teen employment of 500 counties, 2003–2007, clustered by state."""
    rows = table("mpdta.csv")
    return panel_of(rows, unit="countyreal", year="year", outcome="lemp", cohort=rows["first.treat"],
                    cluster=(rows["countyreal"] // 1000).astype(int))


@pytest.fixture(scope="session")
def with_covariate(staggered: Callable) -> Callable[..., Design]:
    """Draw a balanced staggered design with one covariate per unit."""

    def draw(seed: int) -> Design:
        design = staggered(seed, missing=0)
        return replace(design, covariates=np.random.default_rng(seed).normal(size=(len(design.cohort), 1)))

    return draw
