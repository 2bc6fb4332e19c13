"""Averages with estimated shares: against R's did."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from evaluation.stats.aggregate import aggregate
from evaluation.stats.estimated_shares import aggregate_with_estimated_shares
from evaluation.stats.estimators.group_time_att import group_time_att
from evaluation.stats.regression import influence_of

SUMMARIES = ["simple", "group", "dynamic", "calendar"]


def plain_se(estimate):
    """(m,) root of the summed squared influence of the first part: no small-sample correction, as in did."""
    return np.sqrt((influence_of(estimate).of_cluster[:, :, 0] ** 2).sum(axis=0))


@pytest.fixture(scope="module")
def mpdta(table, panel_of):
    rows = table("mpdta.csv")
    design = panel_of(rows, unit="countyreal", year="year", outcome="lemp", cohort=rows["first.treat"],
                      cluster=rows["countyreal"])
    ids, first = np.unique(rows["countyreal"], return_index=True)
    assert len(ids) == len(design.unit_ids)
    return replace(design, covariates=rows["lpop"][first][:, None])


@pytest.fixture(scope="module")
def never(mpdta):
    return group_time_att(mpdta, comparison="never", base="varying")


@pytest.mark.parametrize("summary", SUMMARIES)
def test_county_employment_has_the_values_and_standard_errors_of_did(never, cases, summary):
    """Reference case `cs_mpdta_never`: R 4.2.2, did 2.5.1."""
    found = aggregate_with_estimated_shares(never, summary)
    assert (found.value[0, 0], plain_se(found)[0]) == pytest.approx(cases["cs_mpdta_never"][summary], abs=1e-8)


def test_county_effects_have_the_values_standard_errors_and_pretest_of_did(never, cases):
    """Reference case `cs_mpdta_never`: every ATT(g, t), and the Wald test of those before the program."""
    expected = cases["cs_mpdta_never"]
    for estimand, value, se in zip(never.estimands, never.value[:, 0], plain_se(never), strict=True):
        assert (value, se) == pytest.approx(expected["att_gt"][f"{estimand.cohort},{estimand.period}"], abs=1e-8)
    before = [i for i, e in enumerate(never.estimands) if e.period < e.cohort]
    influence = influence_of(never).of_cluster[:, before, 0]
    value = never.value[before, 0]
    wald = value @ np.linalg.solve(influence.T @ influence, value)
    assert wald == pytest.approx(expected["pretest_wald"][0], abs=5e-7)
    assert stats.chi2.sf(wald, len(before)) == pytest.approx(expected["pretest_wald"][1], abs=5e-6)


@pytest.mark.parametrize("summary", SUMMARIES)
def test_doubly_robust_county_effects_are_those_of_did(mpdta, cases, summary):
    """Reference case `cs_mpdta_nyt_dr_lpop`: R 4.2.2, did 2.5.1."""
    att_gt = group_time_att(mpdta, comparison="not_yet", base="varying", adjustment="dr")
    found = aggregate_with_estimated_shares(att_gt, summary)
    assert (found.value[0, 0], plain_se(found)[0]) == pytest.approx(cases["cs_mpdta_nyt_dr_lpop"][summary], abs=1e-7)


@pytest.mark.parametrize("summary", ["simple", "dynamic"])
def test_county_cross_sections_are_those_of_did(table, design_of, cases, summary):
    """Reference case `cs_mpdta_rcs`: R 4.2.2, did 2.5.1, every row a cluster of its own; an oracle only."""
    rows = table("mpdta.csv")
    n = len(rows["year"])
    outcome = np.full((n, 5), np.nan)
    outcome[np.arange(n), rows["year"].astype(int) - 2003] = rows["lemp"]
    design = design_of(outcome, np.where(rows["first.treat"] == 0, np.nan, rows["first.treat"]), start=2003,
                       n=np.ones((n, 5)))
    att_gt = group_time_att(design, comparison="never", base="varying", sampling="repeated_cross_sections")
    found = aggregate_with_estimated_shares(att_gt, summary)
    assert (found.value[0, 0], plain_se(found)[0]) == pytest.approx(cases["cs_mpdta_rcs"][summary], abs=1e-8)


@pytest.mark.parametrize("summary", SUMMARIES)
def test_influence_is_the_derivative_by_each_units_weight(staggered, summary):
    design = staggered(3, missing=0.1)
    design = replace(design, stratum=np.zeros_like(design.stratum), cluster=np.arange(len(design.cluster)))

    def estimate(of):
        return aggregate_with_estimated_shares(group_time_att(of, comparison="not_yet", base="universal"), summary)

    found = estimate(design)
    assert len(influence_of(found).cluster) == len(design.cohort)
    for i in range(0, len(design.weight), 5):
        step = 1e-5 * (np.arange(len(design.weight)) == i)
        up, down = (estimate(replace(design, weight=design.weight * (1 + s))).value for s in (step, -step))
        assert (up - down) / 2e-5 == pytest.approx(influence_of(found).of_cluster[i], abs=1e-6)


def test_values_are_those_of_fixed_weights_where_every_unit_is_seen_and_the_estimator_repeats_them(staggered):
    design = staggered(4, missing=0)
    att_gt = group_time_att(design, comparison="not_yet", base="universal")
    for summary, kind in {"simple": "overall", "dynamic": "event_time", "calendar": "calendar"}.items():
        found = aggregate_with_estimated_shares(att_gt, summary)
        members = slice(0 if summary == "simple" else 1, None)
        assert found.value[members] == pytest.approx(aggregate(att_gt, kind).value, abs=1e-12)
        assert found.estimator(design).value == pytest.approx(found.value)
        assert np.einsum("mut,utk->mk", found.weights, design.outcome) == pytest.approx(found.value, abs=1e-10)


def test_nothing_in_the_program_is_refused(design_of):
    att_gt = group_time_att(design_of(np.zeros((2, 3)), [np.nan, np.nan]), comparison="never", base="universal")
    with pytest.raises(ValueError, match="no effect in the program"):
        aggregate_with_estimated_shares(att_gt, "simple")
