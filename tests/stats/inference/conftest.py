"""Regressions to state facts about."""

from collections.abc import Callable

import numpy as np
import pytest

from evaluation.stats.estimators.twfe import twfe
from evaluation.stats.records import Estimate, Regression
from evaluation.stats.regression import fit


@pytest.fixture(scope="session")
def mean_of() -> Callable[..., Regression]:
    """A mean of one value per cluster: everything about it can be worked by hand."""

    def build(*values: float) -> Regression:
        n = len(values)
        return fit(np.ones((n, 1)), np.array(values, dtype=float)[:, None], np.ones(n), np.arange(n))

    return build


@pytest.fixture(scope="session")
def drawn() -> Callable[..., Regression]:
    """Weighted rows in clusters of unequal size, four regressors, one of them constant within clusters; two parts."""

    def build(seed: int, clusters: int = 9) -> Regression:
        rng = np.random.default_rng(seed)
        n = 7 * clusters
        cluster = np.concatenate([np.arange(clusters), rng.integers(0, clusters, n - clusters)])
        x = np.column_stack([np.ones(n), rng.normal(size=(n, 2)), cluster % 2])
        y = rng.normal(size=(n, 2)) + rng.normal(size=(clusters, 2))[cluster]
        return fit(x, y, rng.uniform(1, 5, n), cluster)

    return build


@pytest.fixture(scope="session")
def collapsed(cases, table) -> tuple[Regression, dict]:
    """Self-employed women before and after 1988, 16 cells in 8 years (`wcb_collapsed`)."""
    rows = {name: column[:16] for name, column in table("boottest_collapsed.csv").items()}
    x = np.column_stack([rows["post_self"], np.ones(16), rows["selfemployed"], rows["post"]])
    return fit(x, rows["hasinsurance"][:, None], np.ones(16), rows["year"].astype(int)), cases["wcb_collapsed"]


@pytest.fixture(scope="session")
def castle(cases, table, panel_of) -> tuple[Estimate, dict]:
    """Castle doctrine in eight states (`cr2_castle8`)."""
    rows = table("castle8.csv")
    post_years = np.where((rows["sid"][:, None] == rows["sid"]) & (rows["post"] > 0), rows["year"], np.inf)
    cohort = post_years.min(axis=1)
    design = panel_of(rows, unit="sid", year="year", outcome="l_homicide",
                      cohort=np.where(np.isinf(cohort), 0, cohort), cluster=rows["sid"])
    return twfe(design), cases["cr2_castle8"]


@pytest.fixture(scope="session")
def disparity(cases, table, panel_of) -> tuple[Estimate, dict]:
    """The gap in eight districts (`ddd_gap_identity`)."""
    rows = table("disparity8_gaps.csv")
    design = panel_of(rows, unit="district", year="year", outcome="gap", cohort=rows["first_treat"],
                      cluster=rows["district"])
    return twfe(design), cases["ddd_gap_identity"]


@pytest.fixture
def renamed() -> Callable[[Regression, int], Regression]:
    """The same regression, rows in another order and clusters under other codes."""

    def make(r: Regression, seed: int) -> Regression:
        rng = np.random.default_rng(seed)
        order, name = rng.permutation(len(r.x)), rng.permutation(200)
        return Regression(r.x[order], r.w[order], name[r.cluster[order]], r.residual[order], r.coefficient, r.n_obs)

    return make
