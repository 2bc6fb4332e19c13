import numpy as np
import pytest
from scipy import integrate, stats

from evaluation.stats.forecast import crps_normal


def test_crps_is_the_reference_case(education):
    case = education["crps"]
    found = crps_normal(case["mu"], case["sigma"], case["y"])
    assert found == pytest.approx(case["crps"], abs=1e-14), case["source"]


@pytest.mark.parametrize(("mean", "sd", "observed"), [(0, 1, 0.7), (3, 2, -1), (10, 0.5, 10.2)])
def test_crps_is_the_squared_distance_of_distributions(mean, sd, observed):
    below = integrate.quad(lambda x: stats.norm.cdf(x, mean, sd) ** 2, -np.inf, observed)[0]
    above = integrate.quad(lambda x: stats.norm.sf(x, mean, sd) ** 2, observed, np.inf)[0]
    assert crps_normal(mean, sd, observed) == pytest.approx(below + above, abs=1e-8)


def test_a_sharper_forecast_that_is_right_scores_lower():
    score = crps_normal(np.zeros(3), np.array([2.0, 1.0, 0.5]), np.zeros(3))
    assert (np.diff(score) < 0).all()
