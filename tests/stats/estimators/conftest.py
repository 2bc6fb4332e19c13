"""Designs that several estimators are compared on."""

import csv
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from evaluation.stats.records import Design

CASTLE = Path(__file__).parents[4] / "shared" / "reference" / "data" / "castle_bacon_min.csv"


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
