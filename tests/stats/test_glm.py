"""Generalised linear models: closed forms, and what has no maximum."""

import numpy as np
import pytest

from evaluation.stats.glm import maximize


def test_a_saturated_logit_has_the_logarithm_of_the_odds():
    x = np.array([[1, 0], [1, 0], [1, 0], [1, 1], [1, 1.0]])
    y, w = np.array([1, 0, 0, 1, 0.0]), np.array([1, 1, 1, 3, 1.0])
    found = maximize(x, w * y, w, link="logit")
    assert found.coefficient == pytest.approx([np.log(1 / 2), np.log(3 / 1) - np.log(1 / 2)])
    assert found.mean == pytest.approx([1 / 3] * 3 + [3 / 4] * 2)


def test_a_poisson_constant_is_the_logarithm_of_the_mean_with_information_of_the_total():
    found = maximize(np.ones((3, 1)), np.array([1, 2, 6.0]), np.ones(3), link="log")
    assert found.coefficient == pytest.approx([np.log(3)])
    assert found.inverse == pytest.approx(np.array([[1 / 9]]))


@pytest.mark.parametrize("seed", range(5))
def test_the_score_is_zero_at_the_maximum(seed):
    rng = np.random.default_rng(seed)
    x = np.column_stack([np.ones(60), rng.normal(size=(60, 3))])
    w = rng.uniform(1, 5, 60)
    y = {"logit": (rng.random(60) < 0.4).astype(float), "log": rng.poisson(3, 60).astype(float)}
    for link, outcome in y.items():
        found = maximize(x, w * outcome, w, link=link)
        assert x.T @ (w * (outcome - found.mean)) == pytest.approx(np.zeros(4), abs=1e-8)


@pytest.mark.parametrize("outcome", [[0, 0, 0, 1, 1, 1], [0, 0, 1, 1, 1, 1], [0, 0, 0, 0, 0, 0]])
def test_separation_has_no_maximum(outcome):
    x = np.column_stack([np.ones(6), [0, 0, 1, 1, 2, 2]])
    y = np.array(outcome, dtype=float)
    assert maximize(x, y, np.ones(6), link="logit") is None


def test_zeros_everywhere_and_collinear_regressors_have_no_maximum():
    x = np.ones((4, 1))
    assert maximize(x, np.zeros(4), np.ones(4), link="log") is None
    assert maximize(np.hstack([x, x]), np.ones(4), np.ones(4), link="log") is None
