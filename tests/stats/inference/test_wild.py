"""The restricted wild cluster bootstrap by hand, against published counts, row by row, and by what must hold."""

from dataclasses import replace

import numpy as np
import pytest

from evaluation.stats.aggregate import aggregate
from evaluation.stats.estimators.group_time_att import group_time_att
from evaluation.stats.inference.blocks import blocks_of
from evaluation.stats.inference.cr2 import cr1
from evaluation.stats.inference.signs import Signs, draw_signs, every_sign, n_vectors
from evaluation.stats.inference.wild import wild_bootstrap, wild_statistics
from evaluation.stats.inference.wild_draws import Signed, contrast_of
from evaluation.stats.regression import fit

NAN = np.nan


def strict_share(regression, contrast, null, weights, *, is_restricted=True):
    """Share of all draws with |t*| > |t|, ties and the observed draw left out.

    Without the restriction the null of the draws is the estimate, from which they do not depart.
    """
    contrast_ = contrast_of(blocks_of(regression, contrast), 0, only_relevant=True)
    delta = float((contrast @ regression.coefficient)[0, 0]) - null
    signed = Signed(contrast_, Signs(every_sign(len(contrast_.cluster), weights)))
    top, variance = next(signed.of_parts()).at(delta if is_restricted else 0.0)
    return float((top**2 * contrast_.variance(0) > (1 + 1e-10) ** 2 * delta**2 * variance).mean())


def p_by_rows(r, c, part, null, signs):
    """Fit every draw again from its rows, as the method is defined."""
    root = np.sqrt(r.w)[:, None]
    x, y = r.x * root, (r.y * root)[:, [part]]
    bread = np.linalg.inv(x.T @ x)

    def t_of(y):
        b = bread @ x.T @ y
        u = y - x @ b
        meat = sum((c @ bread @ x[r.cluster == g].T @ u[r.cluster == g])[0] ** 2 for g in np.unique(r.cluster))
        return (c @ b - null)[0] / np.sqrt(meat)

    b = bread @ x.T @ y
    restricted = b - bread @ c[:, None] * (c @ b - null) / (c @ bread @ c)
    u = y - x @ restricted
    _, g = np.unique(r.cluster, return_inverse=True)
    drawn = np.array([t_of(x @ restricted + v[g, None] * u) for v in signs.T])
    return float((np.abs(drawn) >= abs(t_of(y)) * (1 - 1e-10)).mean())


@pytest.mark.parametrize(("values", "p_value"), [((1, 2, 3, 4, 5, 6), 2 / 64), ((-1, 2, 3, 4, 5, 6), 4 / 64)])
def test_the_mean_of_six_values_by_hand(mean_of, values, p_value):
    # |t*| grows with |Σ v y|; of 64 sums only ±21, or ±21 and ±19, are as large as the observed one
    found = wild_bootstrap(mean_of(*values), np.eye(1))
    assert found.p_value[0, 0] == p_value
    assert (found.n_clusters[0], found.n_draws[0], found.is_enumerated[0]) == (6, 64, True)


def test_the_confidence_set_of_a_mean_by_hand(mean_of):
    # 2/64 is below .05, 4/64 is not: a null is rejected where all values lie on one side of it
    found = wild_bootstrap(mean_of(1, 2, 3, 4, 5, 6), np.eye(1), levels=(0.95,))
    assert (found.ci_low[0, 0, 0], found.ci_high[0, 0, 0]) == (pytest.approx(1), pytest.approx(6))


def test_insurance_of_the_self_employed_has_both_published_counts(collapsed):
    # WildBootTests.jl; strict counts by wildboottest, diff-diff and StatsPAI
    r, expected = collapsed
    contrast = np.eye(1, 4)
    assert (r.coefficient[0, 0] - 0.04) / cr1(r, contrast).se[0, 0] == pytest.approx(expected["t"], abs=1e-6)
    assert strict_share(r, contrast, 0.04, "rademacher") == expected["rademacher_exact"] == 18 / 256
    assert wild_bootstrap(r, contrast, null=0.04).p_value[0, 0] == 20 / 256


def test_insurance_of_the_self_employed_has_the_published_webb_share(collapsed):
    r, expected = collapsed
    strict = strict_share(r, np.eye(1, 4), 0.04, "webb")
    assert strict == pytest.approx(expected["webb_exact"], abs=1e-12)
    weak = wild_bootstrap(r, np.eye(1, 4), null=0.04, weights="webb")
    assert weak.p_value[0, 0] - strict == pytest.approx(6 / 6**8, abs=1e-12)
    assert weak.p_value[0, 0] == pytest.approx(expected["webb_reported"], abs=5e-5)


def test_without_the_restriction_the_same_draws_have_the_shares_of_the_unrestricted_bootstrap(collapsed):
    # full enumeration; a method that is not offered, from the same algebra
    r, expected = collapsed
    for weights in ("rademacher", "webb"):
        found = strict_share(r, np.eye(1, 4), 0.04, weights, is_restricted=False)
        assert found == pytest.approx(expected[f"wcu_{weights}"], abs=1e-12)


def test_the_gap_of_eight_districts_has_the_published_shares(disparity):
    # exact enumeration, strict and weak
    estimate, expected = disparity
    r, c = estimate.regression, estimate.contrasts
    found = [strict_share(r, c, 0, "rademacher"), wild_bootstrap(r, c).p_value[0, 0]]
    assert found == expected["wcr_rademacher_p"]
    assert strict_share(r, c, 0, "webb") == pytest.approx(expected["wcr_webb_p"], abs=1e-9)


@pytest.mark.parametrize(("seed", "clusters"), [(0, 6), (1, 8), (2, 9)])
def test_enumeration_is_fitting_every_draw_from_its_rows(drawn, seed, clusters):
    r = drawn(seed, clusters)
    signs = np.hstack([every_sign(clusters, "rademacher"), -every_sign(clusters, "rademacher")])
    c = np.array([0.0, 1, -1, 0.3])
    for null in (0.0, 0.4):
        found = wild_bootstrap(r, c[None], null=null)
        for part in range(2):
            assert found.p_value[0, part] == pytest.approx(p_by_rows(r, c, part, null, signs), abs=1e-15)
            assert (found.p_value[0, part] * 2**clusters) % 1 == 0


def test_draws_of_many_clusters_are_fits_from_rows(drawn):
    r = drawn(3, 20)
    found = wild_bootstrap(r, np.eye(4), draws=199, rng=np.random.default_rng(5))
    signs = draw_signs(20, "rademacher", 199, np.random.default_rng(5))
    for i in range(4):
        for part in range(2):
            assert found.p_value[i, part] == pytest.approx(p_by_rows(r, np.eye(4)[i], part, 0, signs), abs=1e-15)
    assert (found.n_draws.tolist(), found.is_enumerated.any()) == ([200] * 4, False)


def test_webb_signs_of_many_clusters_are_fits_from_rows(drawn):
    r = drawn(4, 10)
    found = wild_bootstrap(r, np.eye(1, 4), weights="webb", draws=99, rng=np.random.default_rng(5))
    signs = draw_signs(10, "webb", 99, np.random.default_rng(5))
    assert found.p_value[0, 0] == pytest.approx(p_by_rows(r, np.eye(4)[0], 0, 0, signs), abs=1e-15)


@pytest.mark.parametrize(("seed", "clusters"), [(0, 7), (1, 9), (2, 25)])
def test_the_ends_of_the_confidence_set_are_where_the_test_begins_to_reject(drawn, seed, clusters):
    r, c = drawn(seed, clusters), np.eye(2, 4)
    found = wild_bootstrap(r, c, levels=(0.95, 0.8), draws=399, rng=np.random.default_rng(1))
    for j, alpha in enumerate((0.05, 0.2)):
        for i in range(2):
            value = (c @ r.coefficient)[i]
            assert (found.ci_low[j, i] < value).all()
            assert (value < found.ci_high[j, i]).all()
            for part in range(2):
                for end, outward in ((found.ci_low[j, i, part], -1), (found.ci_high[j, i, part], 1)):
                    step = outward * 1e-6 * abs(end - value[part])
                    p = [wild_bootstrap(r, c[[i]], null=end + s, draws=399,
                                        rng=np.random.default_rng(1)).p_value[0, part] for s in (-step, step)]
                    assert p[0] > alpha >= p[1]
    assert (found.ci_low[0] <= found.ci_low[1]).all()


def test_zero_is_in_the_set_exactly_when_it_is_not_rejected(castle, disparity):
    for estimate, _ in (castle, disparity):
        found = wild_bootstrap(estimate.regression, estimate.contrasts, levels=(0.95, 0.8))
        for j, alpha in enumerate((0.05, 0.2)):
            is_in = found.ci_low[j, 0, 0] < 0 < found.ci_high[j, 0, 0]
            assert is_in == (found.p_value[0, 0] > alpha)


def test_five_clusters_have_no_test(mean_of):
    found = wild_bootstrap(mean_of(1, 2, 3, 4, 5), np.eye(1), levels=(0.95,))
    assert np.isnan([found.p_value[0, 0], found.ci_low[0, 0, 0], found.ci_high[0, 0, 0]]).all()
    assert (found.n_clusters[0], found.n_draws[0]) == (5, 0)


def test_clusters_without_part_in_a_contrast_do_not_count(design_of):
    rng = np.random.default_rng(3)
    design = design_of(rng.normal(size=(16, 4)), [3] * 4 + [NAN] * 4 + [4] * 4 + [NAN] * 4,
                       stratum=np.repeat([0, 1], 8))
    estimate = aggregate(group_time_att(design, comparison="never", base="universal"), "cohort")
    first = group_time_att(design.subset(design.stratum == 0), comparison="never", base="universal")
    alone = aggregate(first, "cohort")
    found = wild_bootstrap(estimate.regression, estimate.contrasts)
    assert found.n_clusters.tolist() == [8, 8]
    assert found.p_value[0] == wild_bootstrap(alone.regression, alone.contrasts).p_value[0]


def test_clusters_that_only_add_noise_do_not_make_a_sixth():
    # at the mean of the regressor a cluster says nothing of the slope, though its sign moves the residuals
    for own, others in (([-2.0, -1, 0.5, 1, 1.5], 3), ([-3.0, -2, -1, 1, 2, 3], 2)):
        x = np.concatenate([own, np.zeros(others)])
        n = len(x)
        y = np.random.default_rng(n).normal(size=(n, 1))
        r = fit(np.column_stack([x, np.ones(n)]), y, np.ones(n), np.arange(n))
        found = wild_bootstrap(r, np.eye(1, 2), levels=(0.95,))
        assert found.n_clusters[0] == n
        assert np.isfinite([found.p_value[0, 0], found.ci_low[0, 0, 0], found.ci_high[0, 0, 0]]).all() == (len(own) > 5)


def test_signs_are_needed_from_a_generator_only_where_they_are_drawn(drawn):
    with pytest.raises(ValueError, match="Generator"):
        wild_bootstrap(drawn(0, 13), np.eye(1, 4))
    assert wild_bootstrap(drawn(0, 12), np.eye(1, 4)).is_enumerated.all()


@pytest.mark.parametrize("clusters", [9, 20])
def test_names_order_sign_and_scale_do_not_matter_to_p_and_scale_scales_the_set(drawn, renamed, clusters):
    r = drawn(5, clusters)

    def found(regression):
        return wild_bootstrap(regression, np.eye(2, 4), levels=(0.95,), draws=299, rng=np.random.default_rng(0))

    one, turned = found(r), found(replace(r, residual=-3 * r.residual, coefficient=-3 * r.coefficient))
    assert turned.p_value == pytest.approx(one.p_value, abs=1e-15)
    assert turned.ci_low == pytest.approx(-3 * one.ci_high, rel=1e-8)
    if clusters == 9:
        assert found(renamed(r, 1)).p_value == pytest.approx(one.p_value, abs=1e-15)


def test_signs_are_complete_and_start_with_the_observed_vector():
    for weights, n in (("rademacher", 6), ("webb", 4)):
        signs = every_sign(n, weights)
        both = np.unique(np.hstack([signs, -signs]), axis=1)
        assert both.shape[1] == 2 * signs.shape[1] == n_vectors(n, weights)
        assert (signs[:, 0] == 1).all()
    points = draw_signs(50, "webb", 2000, np.random.default_rng(0))
    assert (points[:, 0] == 1).all()
    assert points[:, 1:].mean() == pytest.approx(0, abs=0.02)
    assert (points[:, 1:] ** 2).mean() == pytest.approx(1, abs=0.02)


@pytest.mark.parametrize("weights", ["rademacher", "webb"])
def test_both_forms_of_the_algebra_give_the_same_draws(drawn, monkeypatch, weights):
    r, signs = drawn(6, 12), draw_signs(12, weights, 2_000, np.random.default_rng(3))
    square = wild_statistics(r, np.eye(4), np.arange(12), signs).drawn
    monkeypatch.setattr("evaluation.stats.inference.wild_draws.FEW", 0)
    thin = wild_statistics(r, np.eye(4), np.arange(12), signs).drawn
    assert thin == pytest.approx(square, rel=1e-8)


@pytest.mark.parametrize(("weights", "clusters"), [("rademacher", 8), ("rademacher", 20), ("webb", 8), ("webb", 20)])
def test_intervals_beside_them_change_no_p_value(drawn, weights, clusters):
    r, c = drawn(6, clusters), np.eye(4)
    alone, beside = (wild_bootstrap(r, c, null=0.3, weights=weights, levels=levels, draws=999,
                                    rng=np.random.default_rng(1)) for levels in ((), (0.95,)))
    assert (alone.p_value == beside.p_value).all()


def test_a_fit_without_residuals_is_as_certain_as_its_clusters_allow(mean_of):
    r = mean_of(2, 2, 2, 2, 2, 2)
    found = wild_bootstrap(replace(r, residual=np.zeros((6, 1))), np.eye(1), levels=(0.95,))
    assert found.p_value[0, 0] == 2 / 64
    assert (found.ci_low[0, 0, 0], found.ci_high[0, 0, 0]) == (pytest.approx(2), pytest.approx(2))


def test_under_the_null_p_is_uniform_on_its_grid():
    # of a mean of symmetric values the test is exact: P(p ≤ j/32) = j/32
    rng = np.random.default_rng(7)
    r = fit(np.ones((6, 1)), rng.normal(size=(6, 3000)), np.ones(6), np.arange(6))
    p = wild_bootstrap(r, np.eye(1)).p_value[0]
    for j in (1, 2, 4, 8, 16):
        assert (p <= j / 32 + 1e-12).mean() == pytest.approx(j / 32, abs=4 * np.sqrt(j / 32 * (1 - j / 32) / 3000))
