"""Reference cases of education statistics, and simulated answers to scales."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from evaluation.stats.standards.handbook import Handbook, handbook
from evaluation.stats.standards.one_factor import ItemMoments

CASES = Path(__file__).parents[4] / "shared" / "reference" / "education_cases.json"


@pytest.fixture(scope="session")
def education() -> dict:
    """The reference cases, each with its own source."""
    if not CASES.exists():
        (pytest.fail if os.environ.get("CI") else pytest.skip)(f"reference numbers are not at {CASES}")
    return json.loads(CASES.read_text())


@pytest.fixture(scope="session")
def book() -> Handbook:
    return handbook("5.0")


LOADING = np.array([0.7, 0.8, 0.6, 0.9, 0.5])
INTERCEPT = np.array([3.0, 3.2, 2.8, 3.5, 3.0])
RESIDUAL_SD = np.array([0.6, 0.7, 0.8, 0.5, 0.9])


@pytest.fixture(scope="session")
def answers_of() -> Callable[..., ItemMoments]:
    """Draw moments of five items in groups; `shift` and `turn` change intercepts and loadings of the second group."""

    def draw(seed: int, n: tuple[int, ...], *, factor_mean: tuple[float, ...] | None = None,
             factor_sd: tuple[float, ...] | None = None, shift: tuple[float, ...] = (0.0,) * 5,
             turn: tuple[float, ...] = (0.0,) * 5) -> ItemMoments:
        rng = np.random.default_rng(seed)
        cov, mean = [], []
        for g, size in enumerate(n):
            factor = rng.normal(factor_mean[g] if factor_mean else 0.0, factor_sd[g] if factor_sd else 1.0, size)
            loading = LOADING + (np.array(turn) if g == 1 else 0)
            level = INTERCEPT + (np.array(shift) if g == 1 else 0)
            answers = level + factor[:, None] * loading + rng.normal(size=(size, 5)) * RESIDUAL_SD
            cov.append(np.cov(answers.T))
            mean.append(answers.mean(axis=0))
        return ItemMoments(np.array(cov), np.array(mean), np.array(n))

    return draw


@pytest.fixture(scope="session")
def exact() -> Callable[..., ItemMoments]:
    """Population moments of five items in two groups of 500 (no sampling error)."""

    def make(*, factor_mean: float = 0.0, factor_sd: float = 1.0, shift: tuple[float, ...] = (0.0,) * 5) -> ItemMoments:
        common = np.outer(LOADING, LOADING)
        noise = np.diag(RESIDUAL_SD**2)
        mean = np.array([INTERCEPT, INTERCEPT + np.array(shift) + factor_mean * LOADING])
        n = np.array([500, 500])
        cov = np.array([common + noise, factor_sd**2 * common + noise]) * (n / (n - 1))[:, None, None]
        return ItemMoments(cov, mean, n)

    return make
