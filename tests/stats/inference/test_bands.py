"""Sup-t bands against exact integrals, and what must hold."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from scipy import integrate, optimize, stats

from evaluation.coverage import registry
from evaluation.stats.aggregate import aggregate
from evaluation.stats.combine import joined
from evaluation.stats.estimators.group_time_att import group_time_att
from evaluation.stats.inference.bands import BAND_TIMES, bands, sup_t, with_band
from evaluation.stats.inference.coverage import Achieved
from evaluation.stats.inference.cr2 import covariance, cr2
from evaluation.stats.inference.gate import gates_of
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


def paths(design_of, *after):
    """Effects by event time of 6 program and 6 comparison clusters that are all 0 at the base and `after` later."""
    outcome = np.column_stack([np.zeros(12), *(np.concatenate([np.array(y) + 1, y]) for y in after)])
    design = design_of(outcome, [2.0] * 6 + [np.nan] * 6)
    return aggregate(group_time_att(design, comparison="never", base="universal"), "event_time")


UNLIKE, CROSSED = [1, -1, 1, -1, 0, 0], [1, 1, -1, -1, 0, 0]
"""Two changes of six clusters: mean 0, variance .8, and nothing in common."""
SE = np.sqrt(2 * 0.8 / 6)


def test_by_hand_two_event_times_without_anything_in_common_have_the_tabled_band(design_of):
    estimate = paths(design_of, UNLIKE, CROSSED)
    made = with_band(estimate, infer(estimate), gate=None)
    for (of_part,) in made:
        assert [of_part.value, of_part.se, of_part.df] == pytest.approx([1, SE, 10])
        assert of_part.ci_high - 1 == pytest.approx(2.228 * SE, abs=1e-3)
        # Stoline & Ury 1979: two independent estimates, 10 degrees of freedom, 5 %
        assert [1 - of_part.band_low, of_part.band_high - 1] == pytest.approx([2.61 * SE] * 2, abs=3e-3)


@pytest.mark.parametrize("after", [(UNLIKE,), (UNLIKE, UNLIKE, UNLIKE)])
def test_by_hand_one_event_time_or_the_same_one_again_has_its_own_interval(design_of, after):
    estimate = paths(design_of, *after)
    for (of_part,) in with_band(estimate, infer(estimate), gate=None):
        assert [of_part.band_low, of_part.band_high] == pytest.approx([of_part.ci_low, of_part.ci_high], abs=1e-9)


def test_the_band_of_an_event_study_holds_the_first_four_event_times_in_the_program_alone(design_of):
    rng = np.random.default_rng(2)
    design = design_of(rng.normal(size=(20, 9)), [4.0] * 10 + [np.nan] * 10)
    att_gt = group_time_att(design, comparison="never", base="universal")
    estimate = joined([att_gt, aggregate(att_gt, "overall"), aggregate(att_gt, "event_time")])
    found = infer(estimate)
    made = with_band(estimate, found, gate=None)
    in_band = [i for i, (of_part,) in enumerate(made) if of_part.band_low is not None]
    assert [(estimate.estimands[i].kind, estimate.estimands[i].event_time) for i in in_band] == [
        ("event_time", t) for t in BAND_TIMES]
    (band,) = bands(estimate, in_band)
    assert [made[i][0].band_low for i in in_band] == pytest.approx(band.ci_low.tolist())
    assert all(made[i][0].band_high > made[i][0].ci_high for i in in_band)
    assert [[replace(of_part, band_low=None, band_high=None) for of_part in row] for row in made] == [
        list(row) for row in found]


def test_what_coverage_refuses_has_no_band_and_keeps_its_intervals(design_of):
    estimate = paths(design_of, UNLIKE, CROSSED)
    found, asked = infer(estimate), []

    def gate(of, members, level, *, is_allowed):
        asked.append(([of.estimands[i].event_time for i in members], level))
        return Achieved(0.9, 0.9, 0.94, is_allowed, None)

    assert with_band(estimate, found, gate=partial(gate, is_allowed=False)) == found
    assert with_band(estimate, found, gate=partial(gate, is_allowed=True)) == with_band(estimate, found, gate=None)
    assert asked == [([0, 1], 0.95)] * 2
    # the shipped registry has simulated 10 clusters, 5 of them in the program: their band is refused, its intervals not
    outcome = np.random.default_rng(0).normal(size=(10, 6))
    alike = aggregate(group_time_att(design_of(outcome, [3.0] * 5 + [np.nan] * 5), comparison="never",
                                     base="universal"), "event_time")
    gates = gates_of(registry())
    shown = infer(alike, gate=gates.single)
    assert any(row[0].ci_low is not None for row in shown)
    assert with_band(alike, shown, gate=gates.joint) == shown


@pytest.mark.parametrize("method", ["cv3", "cr1", "wild", "permutation"])
def test_intervals_of_another_method_have_no_band(design_of, method):
    estimate = paths(design_of, UNLIKE, CROSSED)
    found = infer(estimate, method=method, rng=np.random.default_rng(0), draws=99)
    assert with_band(estimate, found, gate=None) == found


def test_an_event_time_without_interval_and_a_part_that_does_not_vary_have_no_band(design_of):
    constant = np.repeat([2.0, 1.0], 6)
    first, second = (np.concatenate([y, y]) for y in (np.array(UNLIKE), np.array(CROSSED)))
    parts = np.dstack([np.column_stack([np.zeros(12), first, second]),
                       np.column_stack([np.zeros(12), constant, second])])
    estimate = aggregate(group_time_att(design_of(parts, [2.0] * 6 + [np.nan] * 6), comparison="never",
                                        base="universal"), "event_time")
    varies, still = zip(*with_band(estimate, infer(estimate), gate=None), strict=True)
    assert [e.band_low is None for e in (*varies, *still)] == [False, False, True, False]
    assert still[0].no_interval == "no_variation"
    withheld = replace(estimate, lone_program=np.array([True, False]))
    gone, alone = with_band(withheld, infer(withheld), gate=None)
    assert gone[0].band_low is None
    assert alone[0].band_low == pytest.approx(alone[0].ci_low)
