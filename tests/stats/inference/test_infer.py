"""Who gets an interval, and which."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from evaluation.stats.aggregate import aggregate
from evaluation.stats.estimators.group_time_att import group_time_att
from evaluation.stats.inference.coverage import Achieved
from evaluation.stats.inference.cr2 import cr1, cr2
from evaluation.stats.inference.cv3 import cv3
from evaluation.stats.inference.detectable import detectable
from evaluation.stats.inference.infer import default_method, infer, no_interval
from evaluation.stats.inference.permutation import permutation_test
from evaluation.stats.inference.wild import wild_bootstrap
from evaluation.stats.regression import fit, influence_of

NAN = np.nan


@pytest.fixture(scope="module")
def estimate(staggered):
    design = staggered(1)
    return aggregate(group_time_att(design, comparison="not_yet", base="universal"), "overall")


def with_clusters(design_of, program, comparison, **given):
    rng = np.random.default_rng(program * 10 + comparison)
    design = design_of(rng.normal(size=(program + comparison, 2)), [2] * program + [NAN] * comparison, **given)
    return infer(group_time_att(design, comparison="never", base="universal"))[0][0]


def test_interval_and_p_value_are_of_t_with_satterthwaite_df(estimate):
    robust = cr2(estimate.regression, estimate.contrasts)
    for part, found in enumerate(infer(estimate)[0]):
        se, df = robust.se[0, part], robust.df[0]
        assert (found.se, found.df, found.no_interval) == (se, df, None)
        assert found.ci_high - found.value == pytest.approx(stats.t.ppf(0.975, df) * se)
        assert found.value - found.ci_low == pytest.approx(stats.t.ppf(0.975, df) * se)
        assert found.ci80_high - found.ci80_low == pytest.approx(2 * stats.t.ppf(0.9, df) * se)
        assert found.p_value == pytest.approx(2 * stats.t.sf(abs(found.value) / se, df))
        assert found.n_clusters == 24


def test_cr1_is_t_with_one_degree_of_freedom_less_than_clusters(estimate):
    found = infer(estimate, method="cr1", n_absorbed=7)[0][0]
    se = cr1(estimate.regression, estimate.contrasts, n_absorbed=7).se[0, 0]
    assert (found.se, found.df, found.no_interval) == (se, 23, None)
    assert found.p_value == pytest.approx(2 * stats.t.sf(abs(found.value) / se, 23))
    assert found.ci_high - found.ci_low == pytest.approx(2 * stats.t.ppf(0.975, 23) * se)


@pytest.mark.parametrize(("program", "comparison", "reason"), [
    (1, 9, "lone_cohort_cluster"), (9, 1, "lone_comparison_cluster"), (2, 9, "few_program_clusters"),
    (9, 2, "few_comparison_clusters"), (3, 3, None), (9, 9, None)])
def test_too_few_clusters_have_no_interval_and_say_why(design_of, program, comparison, reason):
    found = with_clusters(design_of, program, comparison)
    assert found.no_interval == reason
    assert found.n_clusters == program + comparison
    given = (found.se, found.df, found.ci_low, found.ci_high, found.ci80_low, found.ci80_high, found.p_value)
    assert all((x is None) == (reason is not None) for x in given)


def test_one_stratum_with_a_lone_cluster_withholds_the_interval(design_of):
    stratum = np.array([0, 0, 0, 1, 0, 0, 0, 1, 1])
    assert with_clusters(design_of, 4, 5, stratum=stratum).no_interval == "lone_cohort_cluster"
    assert with_clusters(design_of, 4, 5, stratum=1 - np.minimum(stratum, 0) - 1).no_interval is None
    alone = np.array([0, 0, 1, 1, 0, 0, 0, 0, 1])
    assert with_clusters(design_of, 4, 5, stratum=alone).no_interval == "lone_comparison_cluster"


def test_few_clusters_that_count_unequally_leave_too_few_degrees_of_freedom(design_of):
    weight = np.array([1.0, 1, 30, 1, 1, 30])
    assert with_clusters(design_of, 3, 3, weight=weight).no_interval == "low_df"


def test_an_average_rests_on_the_clusters_of_all_its_cohorts(design_of):
    rng = np.random.default_rng(0)
    design = design_of(rng.normal(size=(14, 3)), [2, 2, 3, 3] + [NAN] * 10)
    att_gt = group_time_att(design, comparison="never", base="universal")
    assert {row[0].no_interval for row in infer(att_gt)} == {"few_program_clusters"}
    overall = aggregate(att_gt, "overall")
    assert len(overall.program_clusters[0]) == 4
    assert infer(overall)[0][0].no_interval in (None, "low_df")


def test_a_fit_without_residuals_is_no_certainty(design_of):
    design = design_of(np.array([[0.0, 2]] * 5 + [[0, 0]] * 5), [2] * 5 + [NAN] * 5)
    for method in ("cr2", "cv3", "cr1"):
        found = infer(group_time_att(design, comparison="never", base="universal"), method=method)[0][0]
        assert (found.value, found.no_interval) == (2, "no_variation")
        assert (found.se, found.ci_low, found.p_value) == (None, None, None)


def test_the_detectable_effect_has_eighty_percent_power():
    assert detectable(2.0, 1e9) == pytest.approx(2 * (1.959964 + 0.841621), abs=1e-5)
    assert detectable(1.0, 10) == pytest.approx(2.228139 + 0.879058, abs=1e-5)


def test_cv3_is_t_with_one_degree_of_freedom_less_than_clusters(estimate):
    robust = cv3(estimate)
    for part, found in enumerate(infer(estimate, method="cv3")[0]):
        se = robust.se[0, part]
        assert (found.se, found.df) == (se, 23)
        assert found.p_value == pytest.approx(2 * stats.t.sf(abs(found.value) / se, 23))
        assert found.ci_high - found.ci_low == pytest.approx(2 * stats.t.ppf(0.975, 23) * se)


def test_the_wild_bootstrap_has_its_own_interval_and_the_se_that_studentizes_it(estimate):
    def rng():
        return np.random.default_rng(1)

    wild = wild_bootstrap(estimate.regression, estimate.contrasts, levels=(0.95, 0.8), draws=199, rng=rng())
    se = cr1(estimate.regression, estimate.contrasts).se
    for part, found in enumerate(infer(estimate, method="wild", rng=rng(), draws=199)[0]):
        assert (found.p_value, found.df, found.no_interval) == (wild.p_value[0, part], None, None)
        assert found.statistic == found.value / se[0, part]
        assert (found.ci_low, found.ci_high) == (wild.ci_low[0, 0, part], wild.ci_high[0, 0, part])
        assert (found.ci80_low, found.ci80_high) == (wild.ci_low[1, 0, part], wild.ci_high[1, 0, part])


def test_webbs_p_value_stands_beside_rademachers(estimate, collapsed):
    # insurance of the self-employed in eight years, effect less .04 (WildBootTests.jl); all 6⁸ vectors
    r, expected = collapsed
    shifted = replace(r, coefficient=r.coefficient - 0.04 * np.eye(4)[:, :1])
    one = replace(estimate, regression=shifted, contrasts=np.eye(1, 4), value=shifted.coefficient[:1], parts=("part0",),
                  program_clusters=(np.unique(r.cluster)[:4],), comparison_clusters=(np.unique(r.cluster)[4:],))
    found = infer(one, method="wild")[0][0]
    assert found.p_value == 20 / 256
    assert found.p_value_webb == pytest.approx(expected["webb_reported"], abs=5e-5)


@pytest.mark.parametrize(("clusters", "has_rng", "has_webb"), [(9, True, True), (10, True, True), (10, False, False),
                                                               (11, True, False)])
def test_webbs_p_value_is_drawn_where_it_may_be(design_of, clusters, has_rng, has_webb):
    design = design_of(np.random.default_rng(clusters).normal(size=(clusters, 3)), [3] * 4 + [NAN] * (clusters - 4))
    estimate = group_time_att(design, comparison="never", base="universal")
    found = infer(estimate, method="wild", rng=np.random.default_rng(0) if has_rng else None, draws=999)[0][0]
    assert (found.p_value_webb is not None) == has_webb
    assert found.p_value == infer(estimate, method="wild")[0][0].p_value
    assert not has_webb or found.p_value_webb == pytest.approx(found.p_value, abs=0.06)
    assert infer(estimate)[0][0].p_value_webb is None


def test_the_permutation_test_is_a_test_only(estimate):
    p = permutation_test(estimate, draws=29, rng=np.random.default_rng(1)).p_value
    for part, found in enumerate(infer(estimate, method="permutation", draws=29, rng=np.random.default_rng(1))[0]):
        assert (found.p_value, found.df, found.no_interval) == (p[0, part], None, "test_only")
        assert (found.ci_low, found.ci_high, found.ci80_low, found.ci80_high) == (None,) * 4


@pytest.mark.parametrize("method", ["cr2", "cv3", "cr1", "wild", "permutation"])
def test_the_rules_hold_for_every_method(design_of, method):
    rng = np.random.default_rng(0)
    design = design_of(rng.normal(size=(11, 2)), [2] * 2 + [NAN] * 9)
    found = infer(group_time_att(design, comparison="never", base="universal"), method=method, rng=rng, draws=9)[0][0]
    assert found.no_interval == "few_program_clusters"
    assert (found.se, found.p_value, found.ci_low) == (None, None, None)


def test_five_clusters_are_too_few_for_the_wild_bootstrap(design_of, monkeypatch):
    monkeypatch.setattr("evaluation.stats.inference.rules.MIN_CLUSTERS", 2)
    monkeypatch.setattr("evaluation.stats.inference.rules.MIN_DF", 1)
    design = design_of(np.random.default_rng(0).normal(size=(5, 2)), [2] * 2 + [NAN] * 3)
    estimate = group_time_att(design, comparison="never", base="universal")
    assert infer(estimate, method="wild")[0][0].no_interval == "few_clusters_for_wild"
    assert infer(estimate)[0][0].no_interval is None


def test_clusters_that_cannot_be_exchanged_have_no_permutation_test(design_of):
    cluster = np.repeat(np.arange(8), 2)
    cohort = np.where(np.arange(16) % 2, NAN, 2.0)
    cohort[8:] = NAN
    design = design_of(np.random.default_rng(0).normal(size=(16, 2)), cohort, cluster=cluster)
    estimate = group_time_att(design, comparison="never", base="universal")
    assert infer(estimate, method="permutation")[0][0].no_interval == "not_exchangeable"


def test_an_effect_on_clusters_that_keep_their_place_has_no_permutation_test(design_of):
    # cohort 3 are schools of six districts with other schools
    cluster = np.array([*np.repeat(np.arange(6), 2), *range(6, 20)])
    cohort = np.array([3, NAN] * 6 + [2] * 4 + [NAN] * 10)
    design = design_of(np.random.default_rng(0).normal(size=(26, 4)), cohort, cluster=cluster)
    estimate = aggregate(group_time_att(design, comparison="never", base="universal"), "cohort")
    first, second = infer(estimate, method="permutation", rng=np.random.default_rng(0))
    assert (first[0].no_interval, second[0].no_interval) == ("test_only", "not_exchangeable")
    assert first[0].p_value is not None
    assert second[0].p_value is None


def as_influence(estimate):
    return replace(estimate, regression=None, contrasts=None, influence=influence_of(estimate))


def test_an_estimate_with_influence_only_has_cv3(estimate):
    bare = as_influence(estimate)
    robust = cv3(bare)
    assert (default_method(bare), default_method(estimate)) == ("cv3", "cr2")
    for part, found in enumerate(infer(bare)[0]):
        assert (found.se, found.df, found.no_interval) == (robust.se[0, part], 23, None)
    assert {row.no_interval for method in ("cr2", "wild") for row in infer(bare, method=method)[0]} == {"no_regression"}


def test_an_estimate_with_influence_that_needs_one_cluster_has_no_interval(estimate):
    bare = as_influence(estimate)

    def without(cluster):
        def estimator(design):
            found = as_influence(estimate.estimator(design))
            return found if cluster in design.cluster else replace(found, estimands=())
        return replace(bare, estimator=estimator)

    program, comparison = estimate.program_clusters[0][0], estimate.comparison_clusters[0]
    only_comparison = np.setdiff1d(comparison, estimate.program_clusters[0])[0]
    assert infer(without(program))[0][0].no_interval == "lone_cohort_cluster"
    assert infer(without(only_comparison))[0][0].no_interval == "lone_comparison_cluster"


def test_cr1_of_influence_is_its_square_sum_times_g_over_g_less_one(estimate):
    bare = as_influence(estimate)
    assert bare.influence is not None
    found = infer(bare, method="cr1")[0][1]
    psi = bare.influence.of_cluster[:, 0, 1]
    assert found.se == pytest.approx(np.sqrt(24 / 23 * (psi**2).sum()))
    assert found.df == 23


def test_an_estimate_with_neither_is_left_to_placebos(estimate):
    with pytest.raises(ValueError, match="placebo"):
        infer(replace(estimate, regression=None, contrasts=None))


def test_what_one_cluster_alone_tells_has_no_interval_in_any_regression(estimate):
    # seven program clusters, but the second regressor moves in one of them only: CR2 would count no variance for it
    rng = np.random.default_rng(2)
    cluster = np.repeat(np.arange(15), 4)
    program = (cluster < 7) * (np.arange(60) % 4 > 1)
    alone = (cluster == 0) * (np.arange(60) % 4 == 3)
    r = fit(np.column_stack([np.ones(60), program, alone]).astype(float), rng.normal(size=(60, 3)), np.ones(60),
            cluster)
    both = replace(
        estimate, regression=r, contrasts=np.eye(3)[1:], estimands=estimate.estimands * 2, value=r.coefficient[1:],
        program_clusters=(np.arange(7),) * 2, comparison_clusters=(np.arange(7, 15),) * 2,
        lone_program=np.zeros(2, dtype=bool), lone_comparison=np.zeros(2, dtype=bool), left_out_cohorts=((),) * 2,
        weights=None)
    assert [row[0].no_interval for row in infer(both)] == [None, "lone_cohort_cluster"]
    swapped = replace(both, program_clusters=both.comparison_clusters, comparison_clusters=both.program_clusters)
    assert [row[0].no_interval for row in infer(swapped)] == [None, "lone_comparison_cluster"]


def test_the_gate_speaks_after_the_rules(estimate, design_of):
    asked = []

    def gate(found, i, method, level):
        asked.append((method, level))
        return Achieved(0.9, 0.89, 0.94, False, None)

    found = infer(estimate, gate=gate)[0][0]
    assert (found.no_interval, found.ci_low, found.p_value, found.coverage) == ("low_coverage", None, None, 0.9)
    assert (found.method, found.se) == ("cr2", infer(estimate)[0][0].se)
    assert asked == [("cr2", 0.95), ("cr2", 0.8), ("cv3", 0.95), ("cv3", 0.8)]
    design = design_of(np.random.default_rng(0).normal(size=(11, 2)), [2] * 2 + [NAN] * 9)
    assert infer(group_time_att(design, comparison="never", base="universal"), gate=gate)[0][0].no_interval == (
        "few_program_clusters")
    assert no_interval(estimate, 0, 10.0, gate=gate) == "low_coverage"
    assert no_interval(estimate, 0, 10.0) is None
    assert infer(estimate, method="permutation", rng=np.random.default_rng(0), draws=99, gate=gate)[0][0].p_value


def test_the_jackknife_stands_in_where_its_intervals_cover_and_those_of_cr2_do_not(estimate):
    def gate(found, i, method, level):
        return Achieved(0.95, 0.94, 0.94, method == "cv3", None)

    found, by_cv3 = infer(estimate, gate=gate), infer(estimate, method="cv3", gate=gate)
    assert found == by_cv3
    assert found[0][0].method == "cv3"
    assert infer(estimate, method="cr2", gate=gate)[0][0].no_interval == "low_coverage"


def test_the_80_percent_interval_alone_may_be_withheld(estimate):
    def gate(found, i, method, level):
        return Achieved(level, level, level, level > 0.9, None)

    found, plain = infer(estimate, gate=gate)[0][0], infer(estimate)[0][0]
    assert (found.ci80_low, found.ci80_high, found.coverage) == (None, None, 0.95)
    assert (found.ci_low, found.p_value, found.no_interval) == (plain.ci_low, plain.p_value, None)
    assert plain.ci80_low is not None
    assert plain.coverage is None


def test_scale_and_sign_of_the_outcome_carry_through_every_method(design_of):
    rng = np.random.default_rng(6)
    outcome, cohort = rng.normal(size=(9, 3)), [3] * 4 + [NAN] * 5
    one, other = (group_time_att(design_of(y, cohort), comparison="never", base="universal")
                  for y in (outcome, -5 * outcome))
    for method in ("cr2", "cv3", "cr1", "wild", "permutation"):
        a, b = infer(one, method=method)[0][0], infer(other, method=method)[0][0]
        assert b.p_value == pytest.approx(a.p_value, rel=1e-9)
        assert (b.value, b.se) == (pytest.approx(-5 * a.value), pytest.approx(5 * a.se))
        if a.ci_low is not None:
            assert b.ci_high == pytest.approx(-5 * a.ci_low, rel=1e-8)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("method", ["cr1", "cr2", "cv3", "wild", "permutation"])
def test_one_cluster_of_everybody_gets_no_interval_but_a_reason(design_of, method):
    outcome = np.array([[0.0, 2.0], [0.5, 1.0], [0.0, 0.4], [0.1, 0.0]])
    design = design_of(outcome, [2, 2, NAN, NAN], cluster=np.zeros(4, dtype=int))
    ((found,),) = infer(group_time_att(design, comparison="never", base="universal"), method=method)
    assert found.no_interval is not None
    assert (found.se, found.ci_low, found.p_value) == (None, None, None)
