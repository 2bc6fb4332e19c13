"""Who gets an interval, and which."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from evaluation.stats.aggregate import aggregate
from evaluation.stats.estimators.group_time_att import group_time_att
from evaluation.stats.inference.cr2 import cr1, cr2
from evaluation.stats.inference.detectable import detectable
from evaluation.stats.inference.infer import infer

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


def test_a_perfect_fit_is_certain_only_in_its_value(design_of):
    design = design_of(np.array([[0.0, 2]] * 5 + [[0, 0]] * 5), [2] * 5 + [NAN] * 5)
    estimate = group_time_att(design, comparison="never", base="universal")
    assert infer(estimate)[0][0].p_value == pytest.approx(0, abs=1e-12)
    still = replace(estimate, value=np.zeros_like(estimate.value),
                    regression=replace(estimate.regression, residual=np.zeros_like(estimate.regression.residual)))
    assert infer(still)[0][0].p_value == 1


def test_the_detectable_effect_has_eighty_percent_power():
    assert detectable(2.0, 1e9) == pytest.approx(2 * (1.959964 + 0.841621), abs=1e-5)
    assert detectable(1.0, 10) == pytest.approx(2.228139 + 0.879058, abs=1e-5)
