"""Least squares beside two sets of effects: what is known, and what is not."""

import numpy as np
import pytest

from evaluation.stats.regression import fit_within, row_weights


@pytest.fixture(params=range(4))
def panel(request):
    rng = np.random.default_rng(request.param)
    unit, period = (a.ravel() for a in np.meshgrid(np.arange(12), np.arange(5), indexing="ij"))
    kept = rng.random(60) < 0.85
    unit, period = unit[kept], period[kept]
    columns, y = rng.normal(size=(len(unit), 3)), rng.normal(size=(len(unit), 2))
    return columns, y, rng.uniform(1, 9, 12)[unit], unit, period


def spelled(columns, y, w, unit, period):
    x = np.column_stack([columns, np.eye(12)[unit], np.eye(5)[period]]) * np.sqrt(w)[:, None]
    return np.linalg.lstsq(x, y * np.sqrt(w)[:, None], rcond=None)[0]


def test_coefficients_are_those_beside_all_dummies(panel):
    columns, y, w, unit, period = panel
    found, is_known = fit_within(columns, y, w, unit=unit, effect=period, cluster=unit)
    assert is_known.all()
    assert found.coefficient[:3] == pytest.approx(spelled(*panel)[:3], abs=1e-9)
    assert found.n_absorbed == len(np.unique(unit))


def test_row_weights_give_the_coefficients_of_the_outcome_itself(panel):
    columns, y, w, unit, period = panel
    found, _ = fit_within(columns, y, w, unit=unit, effect=period, cluster=unit)
    assert row_weights(found, np.eye(3, found.x.shape[1])).T @ y == pytest.approx(found.coefficient[:3], abs=1e-9)


def test_columns_the_others_explain_are_unknown_and_leave_the_known_ones_alone(panel):
    columns, y, w, unit, period = panel
    trend = np.arange(5.0)[period]
    more = np.column_stack([columns[:, 0], columns[:, 1] + trend, columns[:, 1], 2 * columns[:, 2], 1e6 * trend])
    found, is_known = fit_within(more, y, w, unit=unit, effect=period, cluster=unit)
    assert is_known.tolist() == [True, False, False, True, False]
    expected = spelled(columns, y, w, unit, period)
    assert found.coefficient[:2] == pytest.approx(np.vstack([expected[0], expected[2] / 2]), abs=1e-9)
    whole = fit_within(columns, y, w, unit=unit, effect=period, cluster=unit)[0]
    assert found.residual == pytest.approx(whole.residual, abs=1e-9)
