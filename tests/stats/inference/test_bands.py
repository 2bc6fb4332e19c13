"""Sup-t bands against exact integrals, and what must hold."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import integrate, optimize, stats

from evaluation.stats.aggregate import aggregate
from evaluation.stats.estimators.group_time_att import group_time_att
from evaluation.stats.inference.bands import bands, sup_t
from evaluation.stats.inference.cr2 import covariance, cr2
from evaluation.stats.inference.infer import infer

NAN = float("nan")


@pytest.fixture(scope="module")
def event_study(staggered):
    return aggregate(group_time_att(staggered(3), comparison="not_yet", base="universal"), "event_time")


def exact(m, df, rho):
    """Critical value of m equally correlated t: two integrals, over the common factor and the common scale."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(60)
    weights = weights / weights.sum()

    def covered(c):
        def at(s):
            z = (c * s - np.sqrt(rho) * nodes) / np.sqrt(1 - rho)
            y = (-c * s - np.sqrt(rho) * nodes) / np.sqrt(1 - rho)
            inner = weights @ (stats.norm.cdf(z) - stats.norm.cdf(y)) ** m
            return inner * 2 * s * df * stats.chi2.pdf(df * s**2, df)
        return integrate.quad(at, 0, 8, limit=200)[0] - 0.95

    return optimize.brentq(covered, 1, 20, xtol=1e-8)


@pytest.mark.parametrize(("m", "df", "rho"), [(2, 5, 0.5), (3, 10, 0), (6, 4.2, 0.5), (10, 20, 0.3), (13, 8, 0.5)])
def test_equally_correlated_estimates_have_the_exact_critical_value(m, df, rho):
    assert sup_t(rho + (1 - rho) * np.eye(m), df) == pytest.approx(exact(m, df, rho), abs=1e-3)


def test_the_studentized_maximum_modulus_is_the_tabled_one():
    # Stoline & Ury 1979: two, and three, independent estimates, 10 degrees of freedom, 5 %
    assert sup_t(np.eye(2), 10) == pytest.approx(2.61, abs=0.005)
    assert sup_t(np.eye(3), 10) == pytest.approx(2.83, abs=0.005)


def test_one_estimate_or_the_same_one_many_times_has_its_own_interval():
    for m in (1, 4):
        assert sup_t(np.ones((m, m)), 7) == pytest.approx(stats.t.ppf(0.975, 7), abs=1e-8)
    mirrored = np.outer([1, -1, 1.0], [1, -1, 1])
    assert sup_t(mirrored, 7, level=0.8) == pytest.approx(stats.t.ppf(0.9, 7), abs=1e-8)


@pytest.mark.parametrize("seed", range(4))
def test_the_critical_value_lies_between_one_interval_and_bonferroni(seed):
    rng = np.random.default_rng(seed)
    m, df = int(rng.integers(2, 9)), float(rng.uniform(4, 30))
    load = rng.normal(size=(m, int(rng.integers(1, m + 1))))
    correlation = load @ load.T / np.outer(*[np.linalg.norm(load, axis=1)] * 2)
    found = sup_t(correlation, df)
    assert stats.t.ppf(0.975, df) - 1e-6 <= found <= stats.t.ppf(1 - 0.025 / m, df) + 1e-3
    order = rng.permutation(m)
    assert sup_t(correlation[np.ix_(order, order)], df) == pytest.approx(found, abs=2e-3)


def test_the_band_is_of_cr2_with_the_smallest_df(event_study):
    shown = [i for i, row in enumerate(infer(event_study)) if row[0].no_interval is None]
    robust = cr2(event_study.regression, event_study.contrasts)
    of = covariance(event_study.regression, event_study.contrasts[shown])
    assert np.sqrt(np.einsum("pmm->mp", of.matrix)) == pytest.approx(robust.se[shown], rel=1e-12)
    assert of.df == pytest.approx(robust.df[shown], rel=1e-12)
    for part, band in enumerate(bands(event_study, shown)):
        correlation = of.matrix[part] / np.outer(*[robust.se[shown, part]] * 2)
        assert (band.kind, band.df) == ("simultaneous", pytest.approx(robust.df[shown].min()))
        assert band.critical == pytest.approx(sup_t(correlation, band.df), abs=1e-9)
        assert (band.ci_high - band.ci_low) / 2 == pytest.approx(band.critical * robust.se[shown, part])
        assert (band.ci_high + band.ci_low) / 2 == pytest.approx(event_study.value[shown, part])


def test_the_band_holds_every_pointwise_interval(event_study):
    members = range(len(event_study.estimands))
    for joint, single in zip(bands(event_study, members), bands(event_study, members, refused="low_coverage"),
                             strict=True):
        known = ~np.isnan(joint.ci_low)
        assert (single.kind, single.critical, single.refused) == ("pointwise", None, "low_coverage")
        assert (joint.ci_low[known] <= single.ci_low[known]).all()
        assert (joint.ci_high[known] >= single.ci_high[known]).all()


def test_a_pointwise_band_is_the_intervals_of_infer(event_study):
    members = range(len(event_study.estimands))
    for part, band in enumerate(bands(event_study, members, refused="low_coverage")):
        for i, row in enumerate(infer(event_study)):
            given = NAN if row[part].ci_low is None else row[part].ci_low
            assert band.ci_low[i] == pytest.approx(given, nan_ok=True)


def test_an_estimand_without_an_interval_is_not_in_the_band(event_study):
    lone = event_study.lone_program.copy()
    lone[:] = False
    lone[1] = True
    withheld = replace(event_study, lone_program=lone)
    others = [i for i in range(len(lone)) if i != 1]
    for with_it, without in zip(bands(withheld, range(len(lone))), bands(withheld, others), strict=True):
        assert np.isnan(with_it.ci_low[1])
        assert with_it.critical == without.critical
    everything = replace(event_study, lone_program=np.ones(len(lone), dtype=bool))
    assert {(b.kind, b.df) for b in bands(everything, range(len(lone)))} == {("pointwise", None)}


def test_the_band_is_the_same_every_time_and_scales(event_study):
    r = event_study.regression
    larger = replace(event_study, value=3 * event_study.value,
                     regression=replace(r, residual=3 * r.residual, coefficient=3 * r.coefficient))
    members = range(len(event_study.estimands))
    for one, again, scaled in zip(bands(event_study, members), bands(event_study, members), bands(larger, members),
                                  strict=True):
        assert one.critical == again.critical
        assert scaled.ci_low == pytest.approx(3 * one.ci_low, rel=1e-9, nan_ok=True)
