"""CR2, CR1 and HTZ against other programs' numbers, dense formulas and what must hold."""

import numpy as np
import pytest
from scipy import stats

from evaluation.stats.cr2 import cr1, cr2, joint_htz
from evaluation.stats.records import Regression
from evaluation.stats.regression import fit, two_way


def dummies(*codes):
    _, code = np.unique(np.column_stack(codes), axis=0, return_inverse=True)
    return np.eye(code.max() + 1)[code.ravel()]


def full_rank(x):
    """Keep each column that is not a combination of the ones before it."""
    keep = []
    for j in range(x.shape[1]):
        if np.linalg.matrix_rank(x[:, [*keep, j]]) > len(keep):
            keep.append(j)
    return x[:, keep]


def dense_cr2(x, y, w, cluster, contrast, variance):
    """CR2 and df as clubSandwich has them: A_g = D'(D [(I−H)Φ(I−H)']_gg D')^{+½} D, Φ = diag(variance) = D'D."""
    bread = np.linalg.inv(x.T @ (w[:, None] * x))
    residual_maker = np.eye(len(x)) - x @ bread @ (x * w[:, None]).T
    phi = np.diag(variance)
    u = residual_maker @ y
    load = []
    for g in np.unique(cluster):
        rows = cluster == g
        root = np.diag(np.sqrt(variance[rows]))
        inner = root @ (residual_maker @ phi @ residual_maker.T)[np.ix_(rows, rows)] @ root
        values, vectors = np.linalg.eigh(inner)
        power = np.where(values > 1e-9, 1 / np.sqrt(np.maximum(values, 1e-9)), 0)
        adjust = root @ (vectors * power) @ vectors.T @ root
        load.append(residual_maker[rows].T @ adjust @ (w[rows, None] * x[rows]) @ bread @ contrast)
        load[-1] = (load[-1], contrast @ bread @ (x[rows] * w[rows, None]).T @ adjust @ u[rows])
    p = np.array([[a @ phi @ b for b, _ in load] for a, _ in load])
    return np.sqrt(sum(score**2 for _, score in load)), np.trace(p) ** 2 / (p**2).sum()


@pytest.fixture(scope="module")
def castle(cases, table, panel_of):
    rows = table("castle8.csv")
    post = (rows["post"] > 0) & (rows["sid"][:, None] == rows["sid"]).T
    cohort = np.where(post, rows["year"], np.inf).min(axis=1)
    design = panel_of(rows, unit="sid", year="year", outcome="l_homicide",
                      cohort=np.where(np.isinf(cohort), 0, cohort), cluster=rows["sid"])
    return two_way(design), cases["cr2_castle8"]


def test_castle_doctrine_by_eight_states_has_the_published_cr2(castle):
    estimate, expected = castle
    robust = cr2(estimate.regression, estimate.contrasts)
    se, df = robust.se[0, 0], robust.df[0]
    assert estimate.value[0, 0] == pytest.approx(expected["beta"], abs=1e-9)
    p_value = 2 * stats.t.sf(estimate.value[0, 0] / se, df)
    assert [se, df, p_value] == pytest.approx(expected["CR2"], abs=1e-9)


def test_castle_doctrine_has_the_published_cr1_when_state_effects_are_counted(castle):
    estimate, expected = castle
    robust = cr1(estimate.regression, estimate.contrasts, n_absorbed=8)
    assert robust.se[0, 0] == pytest.approx(expected["CR1S"], abs=1e-9)
    assert robust.df[0] == 7


def test_gap_of_eight_districts_is_the_published_triple_difference(cases, table, panel_of):
    rows, expected = table("disparity8_gaps.csv"), cases["ddd_gap_identity"]
    design = panel_of(rows, unit="district", year="year", outcome="gap", cohort=rows["first_treat"],
                      cluster=rows["district"])
    estimate = two_way(design)
    robust, by_cr1 = cr2(estimate.regression, estimate.contrasts), cr1(estimate.regression, estimate.contrasts,
                                                                       n_absorbed=8)
    beta, se, df = estimate.value[0, 0], robust.se[0, 0], robust.df[0]
    assert [beta, se, df] == pytest.approx([expected["beta"], expected["CR2_se"], expected["df"]], abs=1e-9)
    assert 2 * stats.t.sf(abs(beta) / se, df) == pytest.approx(expected["p"], abs=1e-9)
    print(by_cr1.se, expected["CR1S_se"], 2 * stats.t.sf(abs(beta) / expected["CR1S_se"], 7))
    assert by_cr1.se[0, 0] == pytest.approx(expected["CR1S_se"], abs=1e-9)
    assert 2 * stats.t.sf(abs(beta) / by_cr1.se[0, 0], 7) == pytest.approx(expected["p_t7"], abs=1e-9)


@pytest.fixture(scope="module")
def cells(table):
    rows = table("disparity8_cells.csv")
    d, t, h = rows["district"], rows["year"], rows["high_need"]
    x = full_rank(np.column_stack([rows["DH"], dummies(d, t), dummies(d, h), dummies(h, t)]))
    return x, rows["y"][:, None], rows["n"], d


def test_cells_without_weights_have_the_effect_of_the_gaps_and_their_cr2(cells, cases):
    x, y, _, district = cells
    regression = fit(x, y, np.ones(len(y)), district)
    robust, expected = cr2(regression, np.eye(1, x.shape[1])), cases["ddd_gap_identity"]
    assert regression.coefficient[0, 0] == pytest.approx(expected["beta"], abs=1e-9)
    assert [robust.se[0, 0], robust.df[0]] == pytest.approx([expected["CR2_se"], expected["df"]], abs=1e-8)


def test_cells_weighted_by_students_have_the_published_cr2_of_student_rows(cells, cases):
    x, y, n, district = cells
    regression = fit(x, y, n, district)
    robust, expected = cr2(regression, np.eye(1, x.shape[1])), cases["ddd_gap_identity"]
    assert regression.coefficient[0, 0] == pytest.approx(expected["weighted_beta"], abs=1e-9)
    assert [robust.se[0, 0], robust.df[0]] == pytest.approx(expected["student_CR2"], abs=1e-9)


def test_published_weighted_cr2_is_the_identity_working_model(cells, cases):
    x, y, n, district = cells
    found = dense_cr2(x, y[:, 0], n, district, np.eye(x.shape[1])[0], np.ones(len(y)))
    assert found == pytest.approx(tuple(cases["ddd_gap_identity"]["weighted_CR2"]), abs=1e-9)
