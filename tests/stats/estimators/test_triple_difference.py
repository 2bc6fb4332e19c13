"""Triple differences: by hand, against R's triplediff, and what must hold."""

from dataclasses import replace

import numpy as np
import pytest

from evaluation.stats.aggregate import aggregate, average
from evaluation.stats.estimated_shares import aggregate_with_estimated_shares
from evaluation.stats.estimators.group_time_att import group_time_att
from evaluation.stats.estimators.triple_difference import triple_difference
from evaluation.stats.estimators.triple_difference_cells import best_weights

NAN = np.nan
OPTIONS = [(c, b) for c in ("never", "not_yet") for b in ("universal", "varying")]


def att(estimate, cohort, period):
    return {(e.cohort, e.period): v[0] for e, v in zip(estimate.estimands, estimate.value, strict=True)}[cohort, period]


def se(estimate):
    """(m,) root of the summed squares of clusters' influence, as R has it up to n / (n − 1)."""
    return np.sqrt((estimate.influence.of_cluster**2).sum(axis=0))[:, 0]


def att_gt(estimate, se_too=se):
    return {f"{e.cohort},{e.period}": (v[0], s)
            for e, v, s in zip(estimate.estimands, estimate.value, se_too(estimate), strict=True)}


@pytest.fixture(scope="module")
def exposed(design_of):
    """Draw cohorts 3, 4, 5 and never over 6 periods, half of the units of each eligible; 4 units to a cluster."""

    def draw(seed, *, n=240):
        rng = np.random.default_rng(seed)
        cluster = np.arange(n) // 4
        cohort = np.array([3, 4, 5, NAN])[cluster % 4]
        parts = rng.normal(size=(n, 6, 2)).cumsum(axis=1) + rng.normal(size=(n // 4, 6, 2))[cluster]
        outcome = np.dstack([parts, parts[..., 0] - parts[..., 1]])
        return design_of(outcome, cohort, cluster=cluster, weight=rng.uniform(1, 9, n),
                         is_eligible=rng.random(n) < 0.5, covariates=rng.normal(size=(n, 2)))

    return draw


def test_eight_cells_by_hand(design_of):
    # changes: exposed eligible 9, exposed others 4, elsewhere eligible 3, others 1: (9 − 4) − (3 − 1)
    design = design_of(np.array([[1, 10], [0, 4], [2, 5], [7, 8]]), [2, 2, NAN, NAN],
                       is_eligible=np.array([True, False, True, False]))
    estimate = triple_difference(design, comparison="never", base="universal")
    assert estimate.value.tolist() == [[3]]
    assert estimate.weights.tolist() == [[[-1, 1], [1, -1], [1, -1], [-1, 1]]]
    assert estimate.lone_program.all()
    assert estimate.lone_comparison.all()
    assert [c.tolist() for c in (*estimate.program_clusters, *estimate.comparison_clusters)] == [[0, 1], [2, 3]]


def test_weights_and_influence_by_hand(design_of):
    # exposed eligible units change by 9 and 5 with weights 3 and 1: mean 8; each quarter's units pull by w(Δ − mean)/Σw
    design = design_of(np.array([[0, 9], [0, 5], [0, 4], [0, 3], [0, 1]]), [2, 2, 2, NAN, NAN],
                       weight=np.array([3.0, 1, 1, 1, 1]), is_eligible=np.array([True, True, False, True, False]))
    estimate = triple_difference(design, comparison="never", base="universal")
    assert estimate.value[0, 0] == pytest.approx((8 - 4) - (3 - 1))
    assert estimate.influence.of_cluster[:, 0, 0] == pytest.approx([0.75 * 1, 0.25 * -3, 0, 0, 0])


@pytest.fixture(scope="module")
def reference(table, design_of):
    """Read a table of triplediff: `state` is the cohort, `partition` who is eligible, four covariates."""

    def read(name):
        rows = table(name)
        ids, first, u = np.unique(rows["id"], return_index=True, return_inverse=True)
        outcome = np.full((len(ids), int(rows["time"].max())), NAN)
        outcome[u, rows["time"].astype(int) - 1] = rows["y"]
        state = rows["state"][first]
        start = np.where(state == 0, NAN, 2 if outcome.shape[1] == 2 else state)
        covariates = np.column_stack([rows[f"cov{i}"][first] for i in range(1, 5)])
        design = design_of(outcome, start, is_eligible=rows["partition"][first] == 1, covariates=covariates)
        return design, rows["cluster"][first].astype(int)

    return read


@pytest.mark.parametrize(("adjustment", "case"), [("dr", "dr"), ("regression", "reg"), ("ipw", "ipw")])
def test_two_periods_are_those_of_triplediff(reference, cases, adjustment, case):
    design, _ = reference("ddd_2p_seed1234_n5000.csv")
    estimate = triple_difference(design, comparison="never", base="universal", adjustment=adjustment)
    value, error = cases["ddd_2p"][case]
    assert estimate.value[0, 0] == pytest.approx(value, abs=1e-8)
    assert se(estimate)[0] * np.sqrt(5000 / 4999) == pytest.approx(error, abs=1e-8)


@pytest.fixture(scope="module")
def staggered_ddd(reference):
    return reference("ddd_mp_seed1234_n500.csv")


def test_staggered_effects_are_those_of_triplediff(staggered_ddd, cases):
    design, cluster = staggered_ddd
    options = {"comparison": "never", "base": "universal", "adjustment": "dr"}
    expected = cases["ddd_mp_never"]
    found = att_gt(triple_difference(design, **options))
    assert set(found) == set(expected["att_gt"])
    for name, (value, error) in expected["att_gt"].items():
        assert found[name] == pytest.approx((value, error), abs=1e-6)
    clustered = att_gt(triple_difference(replace(design, cluster=cluster), **options))
    for name, error in expected["cluster50"].items():
        assert clustered[name][1] == pytest.approx(error, abs=1e-6)


def test_averages_by_eligible_units_are_those_of_moderndid(staggered_ddd, cases):
    design, _ = staggered_ddd
    estimate = triple_difference(design, comparison="never", base="universal", adjustment="dr")
    expected = cases["ddd_mp_never"]["agg_eligible_weights"]
    simple, by_time = aggregate(estimate, "overall"), aggregate(estimate, "event_time")
    assert simple.value[0, 0] == pytest.approx(expected["simple"], abs=1e-6)
    in_program = [e.event_time >= 0 for e in by_time.estimands]
    assert by_time.value[in_program].mean() == pytest.approx(expected["eventstudy"], abs=1e-6)
    assert aggregate(estimate, "calendar").value.mean() == pytest.approx(expected["calendar"], abs=1e-6)
    assert average(aggregate(estimate, "cohort")).value[0, 0] == pytest.approx(expected["group"], abs=1e-6)


def test_averages_by_whole_cohorts_are_those_triplediff_prints(staggered_ddd, cases):
    design, _ = staggered_ddd
    estimate = triple_difference(design, comparison="never", base="universal", adjustment="dr")
    expected = cases["ddd_mp_never"]["agg_full_cohort_weights"]
    for summary, case in (("simple", "simple"), ("dynamic", "eventstudy")):
        assert aggregate_with_estimated_shares(estimate, summary).value[0, 0] == pytest.approx(expected[case], abs=1e-6)


def test_the_mean_of_cohorts_has_the_standard_error_triplediff_should_have(staggered_ddd, cases):
    """triplediff 0.2.4 weights the wrong vector into the influence and prints .226."""
    design, _ = staggered_ddd
    estimate = triple_difference(design, comparison="never", base="universal", adjustment="dr")
    found, expected = aggregate_with_estimated_shares(estimate, "group"), cases["ddd_group_se_bug"]
    assert found.value[0, 0] == pytest.approx(expected["att"], abs=1e-6)
    assert se(found)[0] == pytest.approx(expected["fixed"], abs=1e-6)
    assert abs(se(found)[0] - expected["shipped_R"]) > 0.09


def test_not_yet_cohorts_are_joined_as_in_triplediff(staggered_ddd, cases):
    design, _ = staggered_ddd
    found = att_gt(triple_difference(design, comparison="not_yet", base="universal", adjustment="dr"))
    value, error = cases["ddd_mp_nyt"]["att_gt"]["2,2"]
    assert found["2,2"][0] == pytest.approx(value, abs=1e-6)
    assert found["2,2"][1] * np.sqrt(500 / 499) == pytest.approx(error, abs=1e-6)


def test_pooling_comparison_cohorts_finds_effects_where_there_are_none(design_of):
    """Cohorts have trends of their own and unlike shares of eligible units; nothing else happens."""
    rng = np.random.default_rng(0)
    cohort = np.repeat([2, 4, NAN], 40)
    is_eligible = rng.random(120) < np.repeat([0.5, 0.8, 0.2], 40)
    trend = np.repeat([1.0, 3, 0], 40) + 0.5 * is_eligible
    design = design_of(trend[:, None] * np.arange(4), cohort, is_eligible=is_eligible)
    found = triple_difference(design, comparison="not_yet", base="universal")
    assert found.value == pytest.approx(np.zeros((6, 1)), abs=1e-10)
    pooled = triple_difference(replace(design, cohort=np.where(cohort == 2, 2, NAN)), comparison="never",
                               base="universal")
    assert abs(att(pooled, 2, 2)) > 1
    assert att(pooled, 2, 3) == pytest.approx(2 * att(pooled, 2, 2))


@pytest.mark.parametrize("adjustment", ["none", "dr"])
def test_a_cohort_that_a_cell_leaves_out_changes_neither_its_value_nor_its_error(exposed, adjustment):
    """R scales the influence of joined cohorts by the units of the cell; here nothing knows of the others."""
    design = exposed(0)
    options = {"comparison": "not_yet", "base": "universal", "adjustment": adjustment}
    whole, without = triple_difference(design, **options), triple_difference(
        design.subset(design.cohort != 3), **options)
    for period in (4, 5, 6):
        assert att_gt(whole)[f"4,{period}"] == pytest.approx(att_gt(without)[f"4,{period}"], abs=1e-12)


def test_errors_of_joined_cohorts_are_the_spread_of_their_estimates(design_of):
    """Three cohorts and never: 300 draws; scaled by the cell's units the error would be a quarter too small."""
    rng = np.random.default_rng(1)
    cohort, is_eligible = np.repeat([2, 3, 4, NAN], 80), np.tile([True, False], 160)
    found = []
    for _ in range(300):
        design = design_of(rng.normal(size=(320, 4)), cohort, is_eligible=is_eligible)
        estimate = triple_difference(design, comparison="not_yet", base="universal")
        j = [(e.cohort, e.period) for e in estimate.estimands].index((3, 3))
        found.append((estimate.value[j, 0], se(estimate)[j]))
    values, errors = np.array(found).T
    assert values.std() / errors.mean() == pytest.approx(1, abs=0.1)


def test_joined_cohorts_are_nearer_the_truth_than_never_program_places_alone(exposed):
    misses = [[triple_difference(exposed(seed), comparison=c, base="universal").value[:, 0].std()
               for c in ("not_yet", "never")] for seed in range(12)]
    assert np.mean(misses, axis=0)[0] < np.mean(misses, axis=0)[1]


@pytest.mark.parametrize("seed", range(5))
def test_weights_of_joined_cohorts_are_best_and_sum_to_one(seed):
    rng = np.random.default_rng(seed)
    influence = rng.normal(size=(4, 50)) * rng.uniform(0.5, 3, (4, 1))
    omega = influence @ influence.T
    w = best_weights(influence)
    assert w.sum() == pytest.approx(1)
    assert w == pytest.approx(np.linalg.solve(omega, np.ones(4)) / np.linalg.solve(omega, np.ones(4)).sum())
    assert best_weights(np.zeros((3, 9))) == pytest.approx(np.full(3, 1 / 3))
    assert best_weights(np.vstack([influence[0], influence[0]])) == pytest.approx([0.5, 0.5])


@pytest.mark.parametrize(("comparison", "base"), OPTIONS)
@pytest.mark.parametrize("adjustment", ["none", "regression", "ipw", "dr"])
def test_shocks_of_places_and_of_the_eligible_cancel(exposed, comparison, base, adjustment):
    design, rng = exposed(1), np.random.default_rng(1)
    options = {"comparison": comparison, "base": base, "adjustment": adjustment}
    found = triple_difference(design, **options)
    of_cohort = rng.normal(size=(7, 6))[np.nan_to_num(design.cohort).astype(int)]
    of_eligible = design.is_eligible[:, None] * rng.normal(size=6)
    moved = design.outcome + (of_cohort + of_eligible + rng.normal(size=(240, 1)))[:, :, None]
    again = triple_difference(replace(design, outcome=moved), **options)
    assert again.value == pytest.approx(found.value, abs=1e-8)


@pytest.mark.parametrize(("comparison", "base"), OPTIONS)
def test_an_effect_on_eligible_units_in_the_program_is_found_exactly(exposed, comparison, base):
    design = exposed(2)
    options = {"comparison": comparison, "base": base, "adjustment": "dr"}
    moved = design.outcome + 2.5 * (design.in_program & design.is_eligible[:, None])[:, :, None]
    difference = triple_difference(replace(design, outcome=moved), **options).value - triple_difference(
        design, **options).value
    post = np.array([e.event_time >= 0 for e in triple_difference(design, **options).estimands])
    assert difference[post] == pytest.approx(np.full((post.sum(), 3), 2.5), abs=1e-9)
    assert difference[~post] == pytest.approx(np.zeros(((~post).sum(), 3)), abs=1e-9)


@pytest.mark.parametrize("adjustment", ["none", "regression", "ipw", "dr"])
def test_order_and_units_always_in_the_program_change_nothing_and_scaling_scales(exposed, adjustment):
    design, options = exposed(3), {"comparison": "not_yet", "base": "universal", "adjustment": adjustment}
    found = triple_difference(design, **options)
    order = np.random.default_rng(0).permutation(240)
    turned = replace(design, **{name: getattr(design, name)[order] for name in (
        "outcome", "cluster", "stratum", "cohort", "weight", "is_eligible", "covariates")})
    again = triple_difference(turned, **options)
    assert again.value == pytest.approx(found.value, abs=1e-9)
    assert again.influence.of_cluster == pytest.approx(found.influence.of_cluster, abs=1e-9)
    scaled = triple_difference(replace(design, outcome=-2 * design.outcome), **options)
    assert scaled.value == pytest.approx(-2 * found.value, abs=1e-9)
    always = replace(design, cohort=np.where(design.cluster % 8 == 1, 1, design.cohort))
    rest = triple_difference(design.subset(design.cluster % 8 != 1), **options)
    assert triple_difference(always, **options).value == pytest.approx(rest.value, abs=1e-9)


@pytest.mark.parametrize("adjustment", ["none", "regression", "ipw", "dr"])
def test_with_one_comparison_cohort_parts_share_weights_and_the_gap_is_their_difference(exposed, adjustment):
    design = exposed(4)
    found = triple_difference(design, comparison="never", base="universal", adjustment=adjustment)
    assert np.abs(np.einsum("mut,utk->mk", found.weights, design.outcome) - found.value).max() < 1e-10
    assert np.abs(found.value[:, 2] - (found.value[:, 0] - found.value[:, 1])).max() < 1e-10
    for estimand, weight in zip(found.estimands, found.weights, strict=True):
        mine = (design.cohort == estimand.cohort) & design.is_eligible
        assert weight[mine, estimand.period - 1].sum() == pytest.approx(1)
        assert weight.sum(axis=1) == pytest.approx(np.zeros(240), abs=1e-12)
    assert found.influence.of_cluster.sum(axis=0) == pytest.approx(np.zeros(found.value.shape), abs=1e-9)


def test_where_cohorts_are_joined_parts_have_their_own_weights(exposed):
    found = triple_difference(exposed(4), comparison="not_yet", base="universal")
    assert found.weights is None
    assert np.abs(found.value[:, 2] - (found.value[:, 0] - found.value[:, 1])).max() > 1e-3


def test_it_is_the_difference_of_two_group_time_effects_without_covariates(exposed):
    """The effect among the eligible less that among the others, each against its own kind."""
    design = exposed(5)
    one, other = (group_time_att(design.subset(design.is_eligible == side), comparison="never", base="varying")
                  for side in (True, False))
    found = triple_difference(design, comparison="never", base="varying")
    assert found.estimands == one.estimands
    assert found.value == pytest.approx(one.value - other.value, abs=1e-10)


def test_strata_are_compared_within_and_joined_by_eligible_program_weight(exposed):
    design = exposed(6)
    stratum = design.cluster // 30
    both = triple_difference(replace(design, stratum=stratum), comparison="not_yet", base="universal")
    one, other = (triple_difference(design.subset(stratum == s), comparison="not_yet", base="universal")
                  for s in (0, 1))
    for j, e in enumerate(both.estimands):
        size = [design.weight[(design.cohort == e.cohort) & design.is_eligible & (stratum == s)].sum() for s in (0, 1)]
        assert both.value[j] == pytest.approx(np.average([one.value[j], other.value[j]], axis=0, weights=size))


def test_a_comparison_cohort_of_one_cluster_is_left_out_while_there_are_others(exposed):
    design = exposed(7)
    is_four = design.cohort == 4
    one_cluster = replace(design, cluster=np.where(is_four, 1, design.cluster))
    found = triple_difference(one_cluster, comparison="not_yet", base="universal")
    without = triple_difference(design.subset(~is_four), comparison="not_yet", base="universal")
    assert att(found, 3, 3) == pytest.approx(att(without, 3, 3))
    at = {(e.cohort, e.period): j for j, e in enumerate(found.estimands)}
    assert not found.lone_comparison[at[3, 3]]
    assert found.lone_program[at[4, 4]]
    never_is_one = replace(design, cluster=np.where(design.never_program, 3, design.cluster))
    alone = triple_difference(never_is_one, comparison="never", base="universal")
    assert alone.lone_comparison.all()


def test_a_unit_enters_where_seen_at_the_period_and_its_base(exposed):
    design = exposed(8)
    gone = design.outcome.copy()
    gone[::5, 3] = NAN
    found = triple_difference(replace(design, outcome=gone), comparison="never", base="universal")
    seen = triple_difference(design.subset(np.arange(240) % 5 != 0), comparison="never", base="universal")
    assert att(found, 3, 4) == pytest.approx(att(seen, 3, 4))
    assert att(found, 3, 5) == pytest.approx(att(triple_difference(design, comparison="never", base="universal"), 3, 5))


def test_a_cell_without_one_of_the_four_groups_is_not_estimated(exposed):
    design = exposed(9)
    for cohort in (3, NAN):
        is_cohort = np.isnan(design.cohort) if np.isnan(cohort) else design.cohort == cohort
        one_kind = replace(design, is_eligible=design.is_eligible & ~is_cohort)
        found = triple_difference(one_kind, comparison="never", base="universal")
        assert {e.cohort for e in found.estimands} == ({4, 5} if cohort == 3 else set())
    assert found.value.shape == (0, 3)
    assert found.influence.of_cluster.shape == (60, 0, 3)


@pytest.mark.parametrize("adjustment", ["none", "regression", "ipw", "dr"])
def test_influence_is_how_the_estimate_moves_with_a_clusters_weight(exposed, adjustment):
    design = exposed(10)
    estimate = triple_difference(design, comparison="never", base="universal", adjustment=adjustment)
    for g in (0, 7, 30, 59):
        at = [estimate.estimator(replace(design, weight=design.weight * (1 + step * (design.cluster == g)))).value
              for step in (1e-5, -1e-5)]
        assert (at[0] - at[1]) / 2e-5 == pytest.approx(estimate.influence.of_cluster[g], abs=1e-7)


def test_who_is_eligible_must_be_said(exposed):
    with pytest.raises(ValueError, match="which units are eligible"):
        triple_difference(replace(exposed(0), is_eligible=np.empty(0, dtype=bool)), comparison="never",
                          base="universal")


def test_covariates_that_separate_are_named_with_the_cell(exposed):
    design = exposed(11)
    separating = replace(design, covariates=(design.is_eligible & (design.cohort == 3)).astype(float)[:, None])
    with pytest.raises(ValueError, match=r"cohort 3 in period 1, stratum 0: .*separate"):
        triple_difference(separating, comparison="never", base="universal", adjustment="dr")
    with pytest.raises(ValueError, match="needs baseline covariates"):
        triple_difference(replace(design, covariates=np.empty((0, 0))), comparison="never", base="universal",
                          adjustment="dr")
