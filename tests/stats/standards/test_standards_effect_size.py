from math import log, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import gammaln

from evaluation.stats.standards.effect_size import (
    Clusters,
    Sample,
    cluster_df,
    cox_index,
    gap_effect_sizes,
    hedges_g,
    improvement_index,
    omega,
    one_arm_gamma,
    pooled_sd,
    standardize,
    u3,
)

SAMPLES = st.builds(Sample, st.floats(-50, 50), st.floats(0.1, 20), st.integers(3, 500))


def sample(values):
    return Sample(float(np.mean(values)), float(np.std(values, ddof=1)), len(values))


def test_hedges_g_is_the_reference_case(education):
    for case in education["hedges_g"]:
        found = hedges_g(sample(case["t"]), sample(case["c"]))
        assert found.value == pytest.approx(case["g"], abs=1e-12), case["source"]


def test_hedges_g_worked_by_hand():
    found = hedges_g(Sample(12.0, 3.0, 10), Sample(10.0, 4.0, 14))
    sd = sqrt((9 * 9 + 13 * 16) / 22)
    assert found.sd == pytest.approx(sd)
    assert found.omega == pytest.approx(1 - 3 / (4 * 24 - 9))
    assert found.value == pytest.approx((1 - 3 / 87) * 2 / sd)


def test_the_small_sample_factor_is_near_the_exact_one_of_hedges():
    for df in (10, 40, 200):
        exact = np.exp(gammaln(df / 2) - gammaln((df - 1) / 2)) / sqrt(df / 2)
        assert omega(df) == pytest.approx(exact, abs=5e-3 / df)


def test_cox_index_is_the_reference_case(education):
    for case in education["cox"]:
        assert cox_index(case["p_t"], case["p_c"]).value == pytest.approx(case["d"], abs=1e-12), case["source"]


def test_cox_index_with_students_has_the_small_sample_factor():
    assert cox_index(0.8, 0.5, n=24).value == pytest.approx((1 - 3 / 87) * log(4) / 1.65)


@pytest.mark.parametrize("shares", [(0.0, 0.5), (0.5, 1.0)])
def test_a_share_without_a_logit_is_refused(shares):
    with pytest.raises(ValueError, match="strictly between 0 and 1"):
        cox_index(*shares)


def test_the_cluster_degrees_of_freedom_are_the_reference_case(education):
    case, one_arm = education["cluster"]
    h = cluster_df(case["N"], Clusters(case["n"], case["rho"]))
    assert h == pytest.approx(case["h"], abs=0.05), case["source"]
    gamma = one_arm_gamma(one_arm["N"], one_arm["Nc"], Clusters(one_arm["n"], one_arm["rho"]))
    assert gamma == pytest.approx(one_arm["sqrt_gamma"], abs=5e-4), one_arm["source"]


def test_a_clustered_effect_size_worked_by_hand():
    found = standardize(2.0, sd=5.0, n=100, clusters=Clusters(5, 0.1))
    h = 97.2**2 / (98 * 0.81 + 5 * 90 * 0.01 + 2 * 90 * 0.1 * 0.9)
    assert found.value == pytest.approx(0.4 * sqrt(1 - 0.8 / 98) * (1 - 3 / (4 * h - 1)))


def test_without_correlation_in_clusters_nothing_is_corrected():
    plain, clustered = standardize(2.0, sd=5.0, n=100), standardize(2.0, sd=5.0, n=100, clusters=Clusters(5, 0.0))
    assert clustered == plain
    assert standardize(2.0, sd=5.0, n=100, clusters=Clusters(1, 0.3)).gamma == 1


@given(st.tuples(SAMPLES, SAMPLES), st.tuples(SAMPLES, SAMPLES))
def test_the_gap_is_the_difference_of_its_parts_in_standard_deviations(focal, reference):
    found = gap_effect_sizes(focal, reference)
    assert found.gap.value == pytest.approx(found.focal.value - found.reference.value, abs=1e-9)
    assert found.sd == pytest.approx(pooled_sd((*focal, *reference)))


@given(st.lists(SAMPLES, min_size=1, max_size=5))
def test_a_pooled_standard_deviation_lies_between_its_parts(samples):
    parts = [s.sd for s in samples]
    assert min(parts) * (1 - 1e-9) <= pooled_sd(samples) <= max(parts) * (1 + 1e-9)


@given(SAMPLES, SAMPLES, st.floats(0.1, 10), st.floats(-5, 5))
def test_neither_unit_nor_origin_of_the_outcome_matters(program, comparison, unit, origin):
    turned = [Sample(unit * s.mean + origin, unit * s.sd, s.n) for s in (program, comparison)]
    assert hedges_g(*turned).value == pytest.approx(hedges_g(program, comparison).value, rel=1e-6, abs=1e-6)
    assert hedges_g(comparison, program).value == pytest.approx(-hedges_g(program, comparison).value)


def test_u3_is_the_reference_case(education):
    case = education["u3"]
    for es, expected in zip(case["es"], case["u3"], strict=True):
        assert round(u3(es), 2) == expected, case["source"]
        assert improvement_index(es) == pytest.approx(100 * u3(es) - 50)


def test_samples_without_spread_are_refused():
    with pytest.raises(ValueError, match="that differ"):
        pooled_sd((Sample(1.0, 0.0, 5), Sample(2.0, 0.0, 5)))
    with pytest.raises(ValueError, match="degrees of freedom"):
        omega(1)
