"""Placebo inference: by hand, against another program's ranks, and what must hold."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from evaluation.stats.aggregate import aggregate
from evaluation.stats.estimators.group_time_att import group_time_att
from evaluation.stats.estimators.synthetic_control import synthetic_control
from evaluation.stats.estimators.synthetic_did import synthetic_did
from evaluation.stats.estimators.twfe import twfe
from evaluation.stats.inference.placebo import placebo

NAN = np.nan


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture(scope="module")
def panel(design_of):
    def draw(seed, *, donors=24, periods=12, start=9, program=1, parts=1):
        outcome = np.random.default_rng(seed).normal(size=(program + donors, periods, parts)).cumsum(axis=1)
        return design_of(outcome, [start] * program + [NAN] * donors)

    return draw


WITHOUT = {"rank_by": "effect", "donors": "comparison"}


def did(design):
    return aggregate(group_time_att(design, comparison="never", base="universal"), "overall")


FIVE = np.array([[0, 5], [0, 1], [0, -1], [0, 3], [0, -3]])


def test_placebos_by_hand_where_the_programs_cluster_may_be_a_donor(design_of, rng):
    # Changes: program 5; others 1, −1, 3, −3. Observed 5 − 0; each placebo less the mean of the other four.
    found = placebo(did(design_of(FIVE, [2, NAN, NAN, NAN, NAN])), rng, rank_by="effect")[0][0]
    assert found.inference.value == pytest.approx(5)
    assert found.placebo_value == pytest.approx([0, -2.5, 2.5, -5])
    assert found.inference.p_value == pytest.approx(2 / 5)
    assert found.smallest_p == pytest.approx(1 / 5)
    assert found.placebo_se is None
    assert found.inference.no_interval == "placebo"
    assert found.is_enumerated


def test_placebos_by_hand_among_comparison_clusters(design_of, rng):
    found = placebo(did(design_of(FIVE, [2, NAN, NAN, NAN, NAN])), rng, **WITHOUT)[0][0]
    assert found.placebo_value == pytest.approx([4 / 3, -4 / 3, 4, -4])
    assert found.inference.p_value == pytest.approx(1 / 5)
    assert found.placebo_se == pytest.approx(np.sqrt((16 + 16 / 9) / 2))
    assert (found.inference.se, found.inference.df, found.inference.ci_low) == (None, None, None)
    assert found.inference.no_interval == "few_placebos"


def test_a_tie_counts_against_an_effect(design_of, rng):
    design = design_of(np.array([[0, 4], *FIVE[1:]]), [2, NAN, NAN, NAN, NAN])
    assert placebo(did(design), rng, **WITHOUT)[0][0].inference.p_value == pytest.approx(3 / 5)


@pytest.mark.parametrize(("estimator", "rank_by"), [(synthetic_did, "effect"), (synthetic_control, "effect"),
                                                    (synthetic_control, "rmspe_ratio")])
def test_every_cluster_has_another_rank_so_the_test_is_exact_where_there_is_no_effect(
        design_of, rng, estimator, rank_by):
    rows = np.random.default_rng(1).normal(size=(9, 16)).cumsum(axis=1)
    found = [placebo(estimator(design_of(rows, np.where(np.arange(9) == i, 12, NAN))), rng, rank_by=rank_by)[0][0]
             for i in range(9)]
    assert sorted(f.inference.p_value for f in found) == pytest.approx(np.arange(1, 10) / 9)


def test_every_pair_of_clusters_has_another_rank(design_of, rng):
    rows = np.random.default_rng(2).normal(size=(5, 16)).cumsum(axis=1)
    pairs = [(i, j) for i in range(5) for j in range(i)]
    found = [placebo(synthetic_did(design_of(rows, np.where(np.isin(np.arange(5), pair), 12, NAN))), rng,
                     rank_by="effect")[0][0] for pair in pairs]
    assert sorted(f.inference.p_value for f in found) == pytest.approx(np.arange(1, 11) / 10)


def test_the_interval_ends_where_the_test_starts_to_reject(design_of, rng):
    # 19 placebos: an effect within the largest of them is kept at 5 %, within the fourth largest at 20 %
    changes = np.arange(-9.0, 10)
    estimate = did(design_of(np.column_stack([np.zeros(20), np.append(30, changes)]), [2] + [NAN] * 19))
    found = placebo(estimate, rng, **WITHOUT)[0][0]
    half = sorted(np.abs(found.placebo_value))
    i = found.inference
    assert (i.ci_low, i.ci_high) == pytest.approx((30 - half[-1], 30 + half[-1]))
    assert (i.ci80_low, i.ci80_high) == pytest.approx((30 - half[-4], 30 + half[-4]))
    assert i.p_value == pytest.approx(1 / 20)
    assert placebo(estimate, rng, rank_by="effect")[0][0].inference.no_interval == "placebo"


@pytest.mark.parametrize("rank_by", ["effect", "rmspe_ratio"])
@pytest.mark.parametrize("seed", range(2))
def test_an_effect_is_outside_the_interval_exactly_where_it_is_rejected(panel, rng, seed, rank_by):
    design = panel(seed)
    estimate = synthetic_control(design)
    found = placebo(estimate, rng, rank_by=rank_by, donors="comparison")
    checked = 0
    for i, row in enumerate(found):
        if row[0].inference.ci_low is None or estimate.estimands[i].event_time in (*range(-8, 0), 1, 2):
            continue
        for end, outwards in ((row[0].inference.ci_low, -1), (row[0].inference.ci_high, 1)):
            for step, is_kept in ((-1e-6, True), (1e-6, False)):
                moved = design.outcome - (end + outwards * step) * design.in_program[:, :, None]
                again = placebo(synthetic_control(replace(design, outcome=moved)), rng, rank_by=rank_by,
                                donors="comparison")[i][0]
                assert (again.inference.p_value > 0.05) == is_kept
        checked += 1
    assert checked > 0


def test_the_ratio_is_that_of_misfits_in_and_before_the_program(panel, rng):
    estimate = synthetic_control(panel(3))
    found = placebo(estimate, rng, rank_by="rmspe_ratio")
    time_of = np.array([np.nan if e.event_time is None else e.event_time for e in estimate.estimands])
    before, after = estimate.value[time_of < 0, 0], estimate.value[time_of >= 0, 0]
    misfit = np.sqrt((before**2).mean())
    assert found[0][0].statistic == pytest.approx(np.sqrt((after**2).mean()) / misfit)
    assert [found[i][0].statistic for i in np.flatnonzero(time_of >= 0)] == pytest.approx(np.abs(after) / misfit)


def test_a_perfectly_fitted_placebo_leaves_no_bound(design_of, rng):
    rows = np.random.default_rng(0).normal(size=(21, 33))
    rows[5, :30] = rows[6, :30]
    found = placebo(synthetic_control(design_of(rows, [31] + [NAN] * 20)), rng, rank_by="rmspe_ratio",
                    donors="comparison")[0][0]
    assert found.inference.no_interval == "unbounded"
    assert np.isfinite(found.placebo_statistic).all()


def test_effects_that_change_too_much_to_be_one_constant_are_told(panel, rng):
    design = panel(1)
    outcome = design.outcome.copy()
    outcome[0, 8:] += np.array([500, -500, 500, -500])[:, None]
    found = placebo(synthetic_control(replace(design, outcome=outcome)), rng, rank_by="rmspe_ratio",
                    donors="comparison")[0][0]
    assert found.inference.p_value == pytest.approx(1 / 25)
    assert found.inference.no_interval == "no_constant_effect"


def test_the_program_goes_to_whole_clusters_of_the_same_stratum(design_of, rng):
    rows = np.random.default_rng(4).normal(size=(12, 6))
    cluster = np.repeat(np.arange(6), 2)
    stratum = np.array([0, 1, 0, 1, 0, 1, 0, 0, 0, 1, 1, 1])
    design = design_of(rows, [4, NAN] + [NAN] * 10, cluster=cluster, stratum=stratum)
    found = placebo(synthetic_did(design), rng, **WITHOUT)[0][0]
    # cluster 5 has no unit in stratum 0; only units of stratum 0 are given the program
    assert len(found.placebo_value) == 4
    only = design.subset((stratum == 0) & (cluster != 0))
    one = synthetic_did(replace(only, cohort=np.where(only.cluster == 1, 4, NAN))).value[0, 0]
    assert np.abs(found.placebo_value - one).min() < 1e-12


@pytest.mark.parametrize(("cohorts", "donors", "count"), [
    ((5, 5), "comparison", 6), ((5, 6), "comparison", 12), ((5, 5), "all", 14), ((5, 6), "all", 29)])
def test_two_program_clusters_change_places_with_two_others_each_order_once_where_it_matters(
        design_of, rng, cohorts, donors, count):
    design = design_of(np.random.default_rng(5).normal(size=(6, 8)), [*cohorts, NAN, NAN, NAN, NAN])
    found = placebo(synthetic_did(design), rng, rank_by="effect", donors=donors)[0][0]
    assert len(found.placebo_value) == count
    assert found.smallest_p == pytest.approx(1 / (count + 1))


def test_more_reassignments_than_draws_are_sampled_without_replacement(panel):
    estimate = synthetic_did(panel(6, donors=12, program=2))
    every = placebo(estimate, np.random.default_rng(0), **WITHOUT)[0][0]
    some = placebo(estimate, np.random.default_rng(0), **WITHOUT, draws=20)[0][0]
    assert (len(every.placebo_value), every.is_enumerated) == (66, True)
    assert (len(some.placebo_value), some.is_enumerated) == (20, False)
    assert len(np.unique(some.placebo_value)) == 20
    assert set(some.placebo_value) <= set(every.placebo_value)
    again = placebo(estimate, np.random.default_rng(0), **WITHOUT, draws=20)[0][0]
    assert again.placebo_value.tolist() == some.placebo_value.tolist()


def test_without_comparison_clusters_to_spare_there_is_no_p_value(design_of, rng):
    design = design_of(np.random.default_rng(7).normal(size=(2, 6)), [4, NAN])
    found = placebo(synthetic_did(design), rng, **WITHOUT)[0][0]
    assert (found.inference.p_value, found.placebo_se, found.smallest_p) == (None, None, 1)
    assert found.inference.no_interval == "few_placebos"


@pytest.mark.parametrize(("cohort", "words"), [
    ([4, 4, 4, NAN, NAN], "this estimate has 3"),
    ([NAN, NAN, NAN, NAN, NAN], "this estimate has 0"),
])
def test_one_or_two_program_clusters_are_asked_for(design_of, rng, cohort, words):
    with pytest.raises(ValueError, match=words):
        placebo(synthetic_did(design_of(np.random.default_rng(8).normal(size=(5, 6)), cohort)), rng, rank_by="effect")


def test_a_program_cluster_of_several_cohorts_is_refused(design_of, rng):
    design = design_of(np.random.default_rng(9).normal(size=(5, 8)), [4, 6, NAN, NAN, NAN],
                       cluster=np.array([0, 0, 1, 2, 3]))
    with pytest.raises(ValueError, match="several cohorts"):
        placebo(synthetic_did(design), rng, rank_by="effect")


def test_estimators_without_effects_before_the_program_have_no_ratio(panel, rng):
    with pytest.raises(ValueError, match="rank by effect"):
        placebo(twfe(panel(0)), rng, rank_by="rmspe_ratio")


def test_units_always_in_the_program_are_no_placebos(panel, rng):
    design = panel(10)
    always = replace(design, cohort=np.where(np.arange(25) == 3, 1, design.cohort))
    found = placebo(synthetic_did(always), rng, rank_by="effect")[0][0]
    assert len(found.placebo_value) == 23


def test_every_one_of_forty_donors_is_a_placebo(panel, rng):
    estimate = synthetic_control(panel(12, donors=40, periods=20, start=16, parts=3))
    found = placebo(estimate, rng, rank_by="rmspe_ratio")
    assert len(found[0]) == 3
    assert len(found[0][0].placebo_value) == 40


def test_any_estimator_can_be_ranked(panel, rng):
    estimate = partial(twfe)(panel(13))
    assert len(placebo(estimate, rng, rank_by="effect")[0][0].placebo_value) == 24
