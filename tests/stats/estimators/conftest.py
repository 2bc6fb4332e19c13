"""Reference panels whose units have names, and designs that several estimators are compared on."""

import csv
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from evaluation.stats.records import Design

DATA = Path(__file__).parents[4] / "shared" / "reference" / "data"


def _codes(name: str, column: str) -> np.ndarray:
    with (DATA / name).open() as lines:
        return np.unique([row[column] for row in csv.DictReader(lines)], return_inverse=True)[1]


@pytest.fixture(scope="session")
def castle(table: Callable, panel_of: Callable[..., Design]) -> Design:
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
