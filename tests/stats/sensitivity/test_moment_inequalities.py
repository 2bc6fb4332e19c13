"""The solved moment inequalities against linear programs, and the shortest interval against a general optimizer."""

import numpy as np
import pytest
from scipy import optimize, stats

from evaluation.stats.sensitivity.conditional import accepts, confidence_set, least_favourable
from evaluation.stats.sensitivity.event_study import differences
from evaluation.stats.sensitivity.flci import folded_quantile, frontier, interval, lasso_path
from evaluation.stats.sensitivity.moments import bound, moments


def inequalities(study, contrast, kind, m, yardstick):
    """A(β − τ) ≤ d of the rows that reach into the program, and the directions of τ that leave the contrast alone."""
    _, rows = differences(study, 1 if kind == "relative_magnitude" else 2)
    relative = 0 if kind == "smoothness" else m
    a = np.vstack([rows - relative * yardstick, -rows - relative * yardstick])
    d = np.full(len(a), m if kind == "smoothness" else 0.0)
    free = np.linalg.svd(contrast[None, :])[2][1:]
    return a, d, free


def by_linear_program(y, a_post, sd, free):
    """η and the dual vertex of min η subject to y − A τ ≤ η sd, τ in the free directions."""
    x = a_post @ free.T
    found = optimize.linprog(-y, A_eq=np.vstack([sd, x.T]), b_eq=np.eye(1, 1 + x.shape[1])[0], method="highs-ds")
    return -found.fun, found.x


def cut_by_bisection(y, eta, gamma, sigma, solve):
    """Ends of the values of γ'Y for which γ stays optimal, the independent part held fixed."""
    along = sigma @ gamma / (gamma @ sigma @ gamma)
    rest = y - along * eta

    def stays(c):
        return solve(rest + along * c)[0] <= c + 1e-9

    out = []
    for sign in (-1, 1):
        inside, outside = eta, eta + sign * 50.0
        if stays(outside):
            out.append(sign * np.inf)
            continue
        for _ in range(36):
            middle = (inside + outside) / 2
            inside, outside = (middle, outside) if stays(middle) else (inside, middle)
        out.append(inside)
    return out


@pytest.mark.parametrize("kind", ["relative_magnitude", "smoothness", "relative_smoothness"])
@pytest.mark.parametrize("seed", range(4))
def test_every_decision_is_that_of_the_linear_program(random_study, kind, seed):
    study = random_study(seed, n_pre=2, n_post=3, has_holes=seed % 2 == 1)
    rng = np.random.default_rng(seed)
    contrast = np.eye(3)[0] if seed == 0 else rng.normal(size=3)
    of, m, level = bound(study, study.covariance, contrast, kind), 0.7, 0.05
    mom = moments(of, m, kind)
    theta = of.point + rng.normal(size=3) * 2 * np.sqrt(np.diag(study.covariance).max())
    for s, yardstick in enumerate(of.yardsticks):
        a, d, free = inequalities(study, contrast, kind, m, yardstick)
        sigma = a @ study.covariance @ a.T
        sd, lift = np.sqrt(np.diag(sigma)), contrast / (contrast @ contrast)
        alone = type(mom)(mom.level[[s]], mom.slope[[s]], mom.plane[[s]])
        for t in theta:
            y = a @ study.value - d - a[:, 2:] @ lift * t
            eta, gamma = by_linear_program(y, a[:, 2:], sd, free)
            assert (mom.level[s] - mom.slope[s] * t).max() == pytest.approx(eta, abs=1e-9)
            spread = np.sqrt(max(gamma @ sigma @ gamma, 0))
            expected = eta <= 0
            if not expected and spread > 1e-8:
                low, high = cut_by_bisection(y, eta, gamma, sigma, lambda y, a=a, sd=sd, free=free: by_linear_program(
                    y, a[:, 2:], sd, free))
                z = stats.norm.sf(np.array([eta, high, low]) / spread)
                expected = (z[0] - z[1]) / (z[2] - z[1]) >= level
            assert accepts(alone, np.array([t]), np.array([np.inf]), level)[0] == expected


def decision(mom, s, theta, cut, level):
    """Decide one problem and θ, moment by moment, its limits by bisection."""
    y, covariance = mom.level[s] - mom.slope[s] * theta, mom.covariance[s]
    j, eta = int(y.argmax()), float(y.max())
    if eta <= 0 or covariance[j, j] < 1e-16:
        return eta <= 0
    gamma = np.eye(len(y))[j]
    low, high = cut_by_bisection(y, eta, gamma, covariance, lambda y: (y.max(), None))
    z = stats.norm.sf(np.array([eta, min(high, cut), low]) / np.sqrt(covariance[j, j]))
    return bool(eta <= cut and (z[0] - z[1]) / (z[2] - z[1]) >= level)


@pytest.mark.parametrize("kind", ["relative_magnitude", "smoothness"])
@pytest.mark.parametrize("m", [0.2, 1.0, 5.0])
def test_decisions_with_and_without_a_first_stage_by_bisection(random_study, kind, m):
    for seed in range(8):
        study = random_study(seed, n_pre=2)
        rng = np.random.default_rng(seed)
        mom = moments(bound(study, study.covariance, rng.normal(size=study.n_post), kind), m, kind)
        centre, spread = (mom.level[:, 0] / mom.slope[:, 0]).mean(), 3 / mom.slope[:, 0].min()
        theta = centre + spread * rng.normal(size=12)
        for cut, level in ((least_favourable(mom, 0.005), 0.045 / 0.995), (np.full(len(mom.level), np.inf), 0.05)):
            expected = [any(decision(mom, s, t, cut[s], level) for s in range(len(cut))) for t in theta]
            assert np.array_equal(accepts(mom, theta, cut, level), expected)


def test_a_moment_that_would_overtake_limits_the_largest_from_above(random_study):
    # in this study decisions near these values of θ differ when the upper limit is forgotten
    study = random_study(22, n_pre=2, n_post=2)
    mom = moments(bound(study, study.covariance, np.ones(2), "relative_magnitude"), 0.5, "relative_magnitude")
    alone, cut = type(mom)(mom.level[[0]], mom.slope[[0]], mom.plane[[0]]), np.array([np.inf])
    theta = np.linspace(-4.0, -2.0, 100)
    expected = [decision(mom, 0, t, np.inf, 0.05) for t in theta]
    assert np.array_equal(accepts(alone, theta, cut, 0.05), expected)


@pytest.mark.parametrize("test", ["c_lf", "conditional"])
def test_the_ends_of_a_set_are_where_decisions_turn(medicaid, test):
    for m, contrast in ((1.0, np.array([1.0, 0.0])), (2.0, np.array([0.5, 0.5]))):
        mom = moments(bound(medicaid, medicaid.covariance, contrast, "relative_magnitude"), m, "relative_magnitude")
        cut = least_favourable(mom, 0.005) if test == "c_lf" else np.full(len(mom.level), np.inf)
        level = 0.045 / 0.995 if test == "c_lf" else 0.05
        low, high = confidence_set(mom, 0.05, test)
        for theta, expected in ((low - 1e-7, False), (low + 1e-7, True), (high - 1e-7, True), (high + 1e-7, False)):
            assert any(decision(mom, s, theta, cut[s], level) for s in range(len(cut))) == expected


@pytest.mark.parametrize("kind", ["relative_magnitude", "smoothness"])
def test_the_least_favourable_value_is_a_quantile_of_the_largest_moment(random_study, kind):
    study = random_study(5, n_pre=2, n_post=3)
    mom = moments(bound(study, study.covariance, np.ones(3), kind), 1.5, kind)
    draws = np.random.default_rng(0).normal(size=(2, 400_000))
    for s, value in enumerate(least_favourable(mom, 0.05)):
        assert np.mean((mom.plane[s] @ draws).max(axis=0) > value) == pytest.approx(0.05, abs=0.0015)


def test_one_number_under_smoothness_has_the_two_sided_normal_quantile(random_study):
    study = random_study(1, n_pre=3, n_post=1)
    mom = moments(bound(study, study.covariance, np.ones(1), "smoothness"), 2.0, "smoothness")
    assert least_favourable(mom, 0.005) == pytest.approx([stats.norm.isf(0.0025)], abs=1e-9)


@pytest.mark.parametrize("t", [0.0, 0.01, 0.5, 2.0, 9.0, 1e4])
@pytest.mark.parametrize("alpha", [0.01, 0.05, 0.2])
def test_folded_quantile_is_scipys(t, alpha):
    assert folded_quantile(t, alpha) == pytest.approx(np.sqrt(stats.ncx2.ppf(1 - alpha, 1, t**2)) if t < 20
                                                      else t + stats.norm.isf(alpha), rel=1e-8)


@pytest.mark.parametrize("seed", range(10))
def test_every_corner_of_the_lasso_path_is_optimal(seed):
    rng = np.random.default_rng(seed)
    root, cross = rng.normal(size=(7, 6)), rng.normal(size=6)
    gram = root.T @ root
    corners = lasso_path(gram, cross)
    assert corners[0] == pytest.approx(np.zeros(6))
    assert corners[-1] == pytest.approx(-np.linalg.solve(gram, cross), rel=1e-9, abs=1e-9)
    for c in corners[:-1]:
        slope = gram @ c + cross
        penalty = np.abs(slope).max()
        assert slope[c != 0] == pytest.approx(-penalty * np.sign(c[c != 0]), abs=1e-9)


@pytest.mark.parametrize("seed", range(8))
def test_no_other_affine_estimator_has_a_shorter_interval(random_study, seed):
    study = random_study(seed, n_pre=4, has_holes=True)
    contrast = np.random.default_rng(seed).normal(size=study.n_post)
    of, m = bound(study, study.covariance, contrast, "smoothness"), 0.3
    low, high = interval(frontier(of), study.value, m, 0.05)

    def half(split):
        c = split[:3] - split[3:]
        weight = of.load @ of.rows + c @ of.pre_rows
        sd = np.sqrt(weight @ study.covariance @ weight)
        return folded_quantile(m * (of.reach + split.sum()) / sd, 0.05) * sd

    starts = np.random.default_rng(seed).uniform(0, 1, (4, 6))
    best = min(optimize.minimize(half, x, bounds=[(0, None)] * 6, tol=1e-12).fun for x in starts)
    assert (high - low) / 2 == pytest.approx(best, rel=1e-6)
