import numpy as np
import pytest
from statsmodels.multivariate.factor import Factor

from evaluation.stats.standards.reliability import cronbach_alpha, mcdonald_omega

N_FULL = 15
SUM = np.array([64, 53, 54, 71, 51, 57, 48, 37, 51, 72])
CROSS = np.array([
    [314, 239, 244, 322, 231, 243, 209, 169, 214, 312], [239, 217, 200, 257, 186, 213, 153, 131, 193, 264],
    [244, 200, 212, 266, 191, 197, 171, 137, 192, 269], [322, 257, 266, 353, 247, 271, 226, 177, 241, 346],
    [231, 186, 191, 247, 197, 185, 167, 137, 170, 255], [243, 213, 197, 271, 185, 257, 170, 136, 195, 277],
    [209, 153, 171, 226, 167, 170, 188, 129, 154, 230], [169, 131, 137, 177, 137, 136, 129, 111, 120, 176],
    [214, 193, 192, 241, 170, 195, 154, 120, 205, 257], [312, 264, 269, 346, 255, 277, 230, 176, 257, 376]])
"""Sums and cross products of pingouin's data set `cronbach_alpha`: 15 respondents, 10 items."""
NAN = np.nan
BY_ITEM = {
    1: (1, 1, NAN, 1, 1, 0, 1, 1, 0, 1, 1, 1), 2: (1, 1, 0, 1, 1, 1, 1, 1, 1, 0, 1, 0),
    3: (1, 1, 1, 1, 1, NAN, 1, 1, 0, 0, 1, 0), 4: (1, 1, 1, 0, 1, 0, 1, 1, 1, 1, 0, 1),
    5: (1, 1, NAN, 1, 1, 1, 0, 1, 1, 0, 0, 0), 6: (1, 1, 1, 1, 0, 1, 0, 0, 0, 1, 0, 0),
    7: (1, 1, 1, 0, 0, 1, 1, 0, 0, 0, 0, 0), 8: (1, 1, 1, 1, 0, 1, 0, 0, 0, 0, 0, 0),
    9: (1, 0, 1, 1, 1, 0, 0, 0, 0, NAN, 0, 0), 10: (1, 1, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0),
    11: (1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)}
"""Answers of pingouin's data set `cronbach_wide_missing`: 12 respondents, 11 items, 4 answers missing."""


def pairwise(answers):
    p = answers.shape[1]
    cov = np.empty((p, p))
    for i in range(p):
        for j in range(p):
            both = ~np.isnan(answers[:, [i, j]]).any(axis=1)
            cov[i, j] = np.cov(answers[both, i], answers[both, j])[0, 1]
    return cov


def test_alpha_and_its_interval_are_the_reference_case(education):
    case = education["alpha"][1]
    found = cronbach_alpha((CROSS - np.outer(SUM, SUM) / N_FULL) / (N_FULL - 1), N_FULL)
    assert found.value == pytest.approx(case["alpha"], abs=1e-12), case["source"]
    assert [round(found.ci_low, 3), round(found.ci_high, 3)] == case["ci"]


def test_pairwise_and_listwise_alpha_are_the_reference_case(education):
    case = education["alpha"][0]
    answers = np.array(list(BY_ITEM.values())).T
    found = cronbach_alpha(pairwise(answers), len(answers))
    assert found.value == pytest.approx(case["pairwise"], abs=1e-12), case["source"]
    assert [round(found.ci_low, 3), round(found.ci_high, 3)] == case["ci"]
    complete = answers[~np.isnan(answers).any(axis=1)]
    assert cronbach_alpha(np.cov(complete.T), len(complete)).value == pytest.approx(case["listwise"], abs=1e-12)


def test_alpha_worked_by_hand():
    found = cronbach_alpha(np.array([[2.0, 1.0], [1.0, 2.0]]), 30)
    assert found.value == pytest.approx(2 * (1 - 4 / 6))
    assert found.ci_low < found.value < found.ci_high


LAVAAN = np.array([
    [1.1086, 0.6783, 0.5744, 0.7424, 0.4030], [0.6783, 1.1769, 0.5974, 0.7825, 0.4595],
    [0.5744, 0.5974, 1.1337, 0.6555, 0.3803], [0.7424, 0.7825, 0.6555, 1.1849, 0.5189],
    [0.4030, 0.4595, 0.3803, 0.5189, 1.1180]])


def test_omega_is_lavaan_s():
    """`cfa` of lavaan 0.6.14 on this matrix with n = 610; ω from its loadings and residual variances."""
    found = mcdonald_omega(LAVAAN, 610)
    assert found.is_proper
    assert found.value == pytest.approx(0.84340610, abs=1e-6)
    assert found.loading == pytest.approx([0.7971691, 0.8434989, 0.7081067, 0.9298487, 0.5402885], abs=1e-5)
    assert found.residual_variance == pytest.approx([0.471304, 0.4634803, 0.6304264, 0.3183388, 0.8242555], abs=1e-5)


def test_the_standardized_solution_is_that_of_statsmodels():
    sd = np.sqrt(np.diag(LAVAAN))
    oracle = Factor(corr=LAVAAN / np.outer(sd, sd), n_factor=1, method="ml", nobs=610).fit()
    loading = mcdonald_omega(LAVAAN, 610).loading / (sd * np.sqrt(609 / 610))
    assert loading == pytest.approx(np.abs(oracle.loadings[:, 0]), abs=1e-5)


def test_omega_is_alpha_where_all_items_measure_alike():
    cov = 0.5 + 0.5 * np.eye(6)
    assert mcdonald_omega(cov, 500).value == pytest.approx(cronbach_alpha(cov, 500).value, abs=1e-6)


def test_omega_exceeds_alpha_where_loadings_differ():
    loading = np.array([0.9, 0.5, 0.2, 0.8])
    cov = np.outer(loading, loading) + np.diag(1 - loading**2)
    assert mcdonald_omega(cov, 500).value > cronbach_alpha(cov, 500).value


def test_neither_unit_nor_order_of_items_matters():
    order = np.array([3, 1, 4, 0, 2])
    turned = LAVAAN[np.ix_(order, order)] * 9
    assert cronbach_alpha(turned, 610).value == pytest.approx(cronbach_alpha(LAVAAN, 610).value)
    assert mcdonald_omega(turned, 610).value == pytest.approx(mcdonald_omega(LAVAAN, 610).value, abs=1e-6)


def test_a_scale_without_spread_or_items_is_refused():
    with pytest.raises(ValueError, match="at least two items"):
        cronbach_alpha(np.zeros((3, 3)), 10)
    with pytest.raises(ValueError, match="needs three items"):
        mcdonald_omega(np.eye(2), 100)
    with pytest.raises(ValueError, match="not positive definite"):
        mcdonald_omega(np.ones((3, 3)), 100)
    with pytest.raises(ValueError, match="more respondents"):
        mcdonald_omega(np.eye(3), 3)


def test_a_negative_residual_variance_is_no_proper_solution():
    cov = np.array([[1.0, 0.8, 0.8], [0.8, 1.0, 0.5], [0.8, 0.5, 1.0]])
    assert not mcdonald_omega(cov, 200).is_proper
