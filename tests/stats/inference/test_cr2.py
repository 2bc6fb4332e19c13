"""CR2, CR1 and HTZ against other programs' numbers, dense formulas and what must hold."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from evaluation.stats.inference.cr2 import covariance, cr1, cr2, joint_htz
from evaluation.stats.inference.infer import infer
from evaluation.stats.records import Regression
from evaluation.stats.regression import fit, influence_of


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


def test_castle_doctrine_has_the_published_cr0_and_cr1_from_the_influence_of_its_states(castle):
    estimate, expected = castle
    influence = influence_of(estimate)
    assert np.sqrt((influence.of_cluster**2).sum()) == pytest.approx(expected["CR0"], abs=1e-9)
    without = replace(estimate, regression=None, contrasts=None, influence=influence)
    assert infer(without, method="cr1")[0][0].se == pytest.approx(expected["CR1"], abs=1e-9)


def test_gap_of_eight_districts_is_the_published_triple_difference(disparity):
    estimate, expected = disparity
    robust = cr2(estimate.regression, estimate.contrasts)
    by_cr1 = cr1(estimate.regression, estimate.contrasts, n_absorbed=8)
    beta, se, df = estimate.value[0, 0], robust.se[0, 0], robust.df[0]
    assert [beta, se, df] == pytest.approx([expected["beta"], expected["CR2_se"], expected["df"]], abs=1e-9)
    assert 2 * stats.t.sf(abs(beta) / se, df) == pytest.approx(expected["p"], abs=1e-9)
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


@pytest.fixture(scope="module")
def mpdta(table):
    rows = table("mpdta.csv")
    return rows, rows["countyreal"] // 1000


def test_pooled_regression_by_29_states_has_the_published_cr2(mpdta, cases):
    rows, state = mpdta
    in_program = rows["treat"] * (rows["year"] >= rows["first.treat"])
    x = np.column_stack([in_program, rows["treat"], rows["lpop"], dummies(rows["year"])])
    regression = fit(x, rows["lemp"][:, None], np.ones(len(x)), state)
    robust, expected = cr2(regression, np.eye(3, x.shape[1])), cases["cr2_mpdta_pooled"]
    for i, name in enumerate(("D", "treat", "lpop")):
        found = [regression.coefficient[i, 0], robust.se[i, 0], robust.df[i]]
        # printed to ten digits, so the largest df is known to 5e-9 only
        assert found == pytest.approx(expected[name][:3], abs=1e-8)
    p_value = 2 * stats.t.sf(regression.coefficient[0, 0] / robust.se[0, 0], robust.df[0])
    assert p_value == pytest.approx(expected["D"][3], abs=1e-9)


def test_joint_test_of_three_pre_periods_has_the_published_f_and_df(mpdta, cases):
    rows, state = mpdta
    distance = np.where(rows["first.treat"] > 0, rows["year"] - rows["first.treat"], -1)
    times = [e for e in np.unique(distance) if e != -1]
    events = np.column_stack([distance == e for e in times]).astype(float)
    x = full_rank(np.column_stack([events, dummies(rows["year"])]))
    county, code = np.unique(rows["countyreal"], return_inverse=True)
    x = full_rank(x - np.array([x[code == i].mean(axis=0) for i in range(len(county))])[code])
    regression = fit(x, rows["lemp"][:, None], np.ones(len(x)), state)
    (test,) = joint_htz(regression, np.eye(3, x.shape[1]))
    expected = cases["htz_pretrend_mpdta"]["HTZ"]
    assert times[:3] == [-4, -3, -2]
    assert test.statistic == pytest.approx(expected["F"], abs=1e-3)
    assert (test.df1, test.df2) == (3, pytest.approx(expected["df2"], abs=5e-3))
    assert test.p_value == pytest.approx(expected["p"], abs=1e-3)


@pytest.fixture(params=range(4))
def random_regression(request):
    rng = np.random.default_rng(request.param)
    cluster = rng.integers(0, 9, 60)
    x = np.column_stack([np.ones(60), rng.normal(size=(60, 2)), cluster >= 5])
    return fit(x, rng.normal(size=(60, 2)) + cluster[:, None], rng.integers(1, 5, 60).astype(float), cluster), rng


def test_a_row_of_weight_n_is_n_rows_in_the_dense_formula(random_regression):
    r, rng = random_regression
    contrast = rng.normal(size=4)
    found = cr2(r, contrast[None, :])
    x, cluster = np.repeat(r.x, r.w.astype(int), axis=0), np.repeat(r.cluster, r.w.astype(int))
    y = np.repeat(r.x @ r.coefficient + r.residual, r.w.astype(int), axis=0)
    se, df = dense_cr2(x, y[:, 1], np.ones(len(y)), cluster, contrast, np.ones(len(y)))
    assert (found.se[0, 1], found.df[0]) == (pytest.approx(se, rel=1e-9), pytest.approx(df, rel=1e-9))


def test_one_row_per_cluster_gives_hc2(random_regression):
    r, _ = random_regression
    alone = Regression(r.x, np.ones(60), np.arange(60), r.residual, r.coefficient, 60)
    bread = np.linalg.inv(r.x.T @ r.x)
    hat = np.einsum("ij,jk,ik->i", r.x, bread, r.x)
    meat = r.x.T @ (r.x * (r.residual[:, :1] ** 2 / (1 - hat)[:, None]))
    assert cr2(alone, np.eye(4)).se[:, 0] == pytest.approx(np.sqrt(np.diag(bread @ meat @ bread)), rel=1e-10)


def test_names_of_clusters_and_order_of_rows_do_not_matter(random_regression):
    r, rng = random_regression
    order, name = rng.permutation(60), rng.permutation(100)
    other = Regression(r.x[order], r.w[order], name[r.cluster[order]], r.residual[order], r.coefficient, r.n_obs)
    for method in (cr1, cr2):
        a, b = method(r, np.eye(4)), method(other, np.eye(4))
        assert np.allclose(a.se, b.se, rtol=1e-10)
        assert np.allclose(a.df, b.df, rtol=1e-10)
    tests = zip(joint_htz(r, np.eye(2, 4)), joint_htz(other, np.eye(2, 4)), strict=True)
    assert all(a.p_value == pytest.approx(b.p_value, rel=1e-9) for a, b in tests)


def test_joint_test_of_one_contrast_is_the_squared_t(random_regression):
    r, _ = random_regression
    robust, joint = cr2(r, np.eye(1, 4)), joint_htz(r, np.eye(1, 4))
    for part, test in enumerate(joint):
        assert test.statistic == pytest.approx((r.coefficient[0, part] / robust.se[0, part]) ** 2, rel=1e-9)
        assert test.df2 == pytest.approx(robust.df[0], rel=1e-9)


def test_joint_test_does_not_depend_on_how_the_null_is_written(random_regression):
    r, rng = random_regression
    turn = rng.normal(size=(3, 3))
    for a, b in zip(joint_htz(r, np.eye(3, 4)), joint_htz(r, turn @ np.eye(3, 4)), strict=True):
        assert (a.statistic, a.df2) == (pytest.approx(b.statistic, rel=1e-7), pytest.approx(b.df2, rel=1e-7))


def test_no_joint_test_of_more_contrasts_than_clusters_can_carry():
    rng = np.random.default_rng(1)
    x = np.eye(8)[np.tile(np.arange(8), 5)]
    r = fit(x, rng.normal(size=(40, 1)), np.ones(40), np.repeat(np.arange(5), 8))
    assert joint_htz(r, np.eye(8))[0].p_value is None
    assert joint_htz(r, np.zeros((0, 8)))[0].statistic is None


def test_a_cluster_alone_in_its_dummy_adds_no_variance():
    cluster = np.repeat(np.arange(4), 3)
    r = fit(np.column_stack([cluster == 0, cluster > 0]).astype(float), np.arange(12.0)[:, None] ** 2, np.ones(12),
            cluster)
    robust = cr2(r, np.eye(2))
    assert robust.se[0, 0] == 0
    assert np.isnan(robust.df[0])
    assert robust.se[1, 0] > 0


def test_collinear_regressors_are_refused():
    with pytest.raises(ValueError, match="full column rank"):
        fit(np.ones((5, 2)), np.zeros((5, 1)), np.ones(5), np.arange(5))


def test_covariance_turns_with_the_contrasts_and_has_the_squared_errors_on_its_diagonal(random_regression):
    r, rng = random_regression
    turn = rng.normal(size=(3, 4))
    of, turned = covariance(r, np.eye(4)), covariance(r, turn)
    assert np.sqrt(np.einsum("pmm->mp", of.matrix)) == pytest.approx(cr2(r, np.eye(4)).se, rel=1e-12)
    assert of.df == pytest.approx(cr2(r, np.eye(4)).df, rel=1e-12)
    for part in range(2):
        assert turned.matrix[part] == pytest.approx(turn @ of.matrix[part] @ turn.T, rel=1e-8)
        assert np.linalg.eigvalsh(of.matrix[part]).min() > 0
