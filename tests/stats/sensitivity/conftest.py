"""Event studies of the reference cases, and random ones."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from evaluation.stats.sensitivity.event_study import EventStudy

DATA = Path(__file__).parents[4] / "shared" / "reference" / "data"


@pytest.fixture(scope="session")
def medicaid(cases: dict) -> EventStudy:
    """Insurance coverage around the 2014 Medicaid expansion: 5 pre and 2 post years, base 2013."""
    given = json.loads((DATA / "medicaid_eventstudy_pyfixest.json").read_text())
    return EventStudy(np.array(given["beta"]), np.array(given["sigma"]), np.array(given["years"]) - 2014, 5)


@pytest.fixture(scope="session")
def he_wang(cases: dict) -> EventStudy:
    """He & Wang (2017), figure 2A: 3 pre and 4 post years, base −1."""
    given = json.loads((DATA / "he_wang_eventstudy.json").read_text())
    return EventStudy(np.array(given["beta"]), np.array(given["sigma"]), np.array(given["tVec"]), 3)


@pytest.fixture(scope="session")
def random_study() -> Callable[..., EventStudy]:
    """Draw a study of 1–5 pre and 1–4 post periods, a hole here and there when told."""

    def draw(seed: int, *, n_pre: int | None = None, n_post: int | None = None, has_holes: bool = False) -> EventStudy:
        rng = np.random.default_rng(seed)
        n_pre, n_post = n_pre or int(rng.integers(1, 6)), n_post or int(rng.integers(1, 5))
        steps = rng.integers(1, 3 if has_holes else 2, n_pre + n_post)
        time = np.concatenate([-1 - np.cumsum(steps[:n_pre])[::-1], np.cumsum(steps[n_pre:]) - 1])
        root = rng.normal(size=(len(time), len(time)))
        covariance = root @ root.T / len(time) + 0.2 * np.eye(len(time))
        return EventStudy(2 * rng.normal(size=len(time)), covariance, time, n_pre)

    return draw
