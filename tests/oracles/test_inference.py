"""Wild bootstrap and jackknife against diff-diff and pyfixest on random regressions."""

import numpy as np
import pytest

from evaluation.stats.inference.cr2 import cr1, cr2
from evaluation.stats.inference.cv3 import cv3_of_regression
from evaluation.stats.inference.wild import wild_bootstrap
from evaluation.stats.regression import fit

pd = pytest.importorskip("pandas")
pytestmark = [pytest.mark.oracles, pytest.mark.filterwarnings("ignore")]


def draw(seed, clusters):
    rng = np.random.default_rng(seed)
    n = 8 * clusters
    cluster = np.concatenate([np.arange(clusters), rng.integers(0, clusters, n - clusters)])
    x = np.column_stack([rng.normal(size=n) + cluster % 2, np.ones(n), rng.normal(size=n)])
    y = 0.2 * x[:, 0] + rng.normal(size=n) + rng.normal(size=clusters)[cluster]
    return x, y, cluster, fit(x, y[:, None], np.ones(n), cluster)


@pytest.mark.parametrize(("seed", "clusters"), [(0, 7), (1, 8), (2, 10)])
def test_diff_diff_enumerates_the_same_draws_and_counts_no_ties(seed, clusters):
    utils = pytest.importorskip("diff_diff.utils")
    x, y, cluster, r = draw(seed, clusters)
    other = utils.wild_bootstrap_se(x, y, np.zeros(len(y)), cluster, 0, n_bootstrap=2**clusters)
    own_draws = 2 / 2**clusters  # the observed one and its mirror
    found = wild_bootstrap(r, np.eye(1, 3), levels=(0.95 - own_draws,))
    assert found.p_value[0, 0] - own_draws == pytest.approx(other.p_value, abs=1e-12)
    assert found.ci_low[0, 0, 0] == pytest.approx(other.ci_lower, abs=1e-7)
    assert found.ci_high[0, 0, 0] == pytest.approx(other.ci_upper, abs=1e-7)
    assert cr1(r, np.eye(1, 3)).se[0, 0] == pytest.approx(other.se, rel=1e-9)


@pytest.mark.parametrize("seed", [3, 4])
def test_diff_diff_draws_as_large_a_share(seed):
    utils = pytest.importorskip("diff_diff.utils")
    x, y, cluster, r = draw(seed, 25)
    other = utils.wild_bootstrap_se(x, y, np.zeros(len(y)), cluster, 0, n_bootstrap=19_999, seed=1)
    found = wild_bootstrap(r, np.eye(1, 3), levels=(0.95,), draws=19_999, rng=np.random.default_rng(1))
    p = found.p_value[0, 0]
    assert p == pytest.approx(other.p_value, abs=4 * np.sqrt(2 * p * (1 - p) / 20_000))
    width = other.ci_upper - other.ci_lower
    assert found.ci_low[0, 0, 0] == pytest.approx(other.ci_lower, abs=0.05 * width)
    assert found.ci_high[0, 0, 0] == pytest.approx(other.ci_upper, abs=0.05 * width)


@pytest.mark.parametrize(("seed", "clusters"), [(0, 7), (1, 30)])
def test_pyfixest_has_the_jackknife_and_cr1_with_its_small_sample_factors(seed, clusters):
    pf = pytest.importorskip("pyfixest")
    x, y, cluster, r = draw(seed, clusters)
    rows = pd.DataFrame({"y": y, "a": x[:, 0], "b": x[:, 2], "cluster": cluster})
    n, g = len(y), clusters
    for name, found, factor in (
            ("CRV1", cr1(r, np.eye(1, 3)), 1.0),
            ("CRV3", cv3_of_regression(r, np.eye(1, 3)), (n - 1) / (n - 3) * (g / (g - 1)) ** 2)):
        other = pf.feols("y ~ a + b", rows, vcov={name: "cluster"})
        assert found.se[0, 0] * np.sqrt(factor) == pytest.approx(float(other.se()["a"]), rel=1e-8)


@pytest.mark.parametrize(("seed", "clusters"), [(0, 7), (1, 30)])
def test_diff_diff_has_the_same_cr2_and_degrees_of_freedom(seed, clusters):
    linalg = pytest.importorskip("diff_diff.linalg")
    x, y, cluster, r = draw(seed, clusters)
    other = linalg.LinearRegression(include_intercept=False, vcov_type="hc2_bm", cluster_ids=cluster).fit(x, y)
    found, inference = cr2(r, np.eye(1, 3)), other.get_inference(0)
    assert found.se[0, 0] == pytest.approx(inference.se, rel=1e-8)
    assert found.df[0] == pytest.approx(inference.df, rel=1e-6)
