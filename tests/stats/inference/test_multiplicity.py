"""Families of hypotheses: reference families, by hand, and what must hold."""

import json

import numpy as np
import pytest

from evaluation.stats.aggregate import aggregate
from evaluation.stats.estimators.group_time_att import group_time_att
from evaluation.stats.inference.multiplicity import Hypothesis, benjamini_hochberg, romano_wolf, stepdown
from evaluation.stats.inference.wild import wild_bootstrap


@pytest.fixture(scope="module")
def families(cases, request):
    return json.loads((request.path.parents[4] / "shared/reference/education_cases.json").read_text())["bh"]


def test_the_reference_families_have_their_rejections(families):
    # constructed from the handbook's figure, and WWCr's example, whose documentation counts by a strict rule
    for family in families:
        found = benjamini_hochberg(np.array(family["p"]), alpha=family["alpha"])
        assert found.is_rejected.sum() == family.get("n_reject", family.get("n_reject_le"))
        assert (found.is_rejected == (found.p_value <= family["alpha"] + 1e-12)).all()


def test_benjamini_hochberg_by_hand():
    found = benjamini_hochberg(np.array([0.04, 0.01, 0.5, 0.03]))
    assert found.p_value == pytest.approx([0.16 / 3, 0.04, 0.5, 0.16 / 3])
    assert found.is_rejected.tolist() == [False, True, False, False]


def test_at_most_alpha_is_rejected_whatever_the_rounding():
    for h in range(1, 60):
        assert benjamini_hochberg(np.array([0.05 / h] + [1.0] * (h - 1))).is_rejected[0]
        assert not benjamini_hochberg(np.array([0.0501 / h] + [1.0] * (h - 1))).is_rejected[0]


def test_a_hypothesis_without_a_test_is_not_counted():
    found = benjamini_hochberg(np.array([0.02, np.nan, 0.03]))
    assert found.p_value == pytest.approx([0.03, np.nan, 0.03], nan_ok=True)
    assert found.is_rejected.tolist() == [True, False, True]
    assert benjamini_hochberg(np.empty(0)).p_value.shape == (0,)


def test_impossible_p_values_are_refused():
    with pytest.raises(ValueError, match="between 0 and 1"):
        benjamini_hochberg(np.array([0.2, 1.2]))


def test_stepdown_by_hand():
    # four draws, the first observed; t² = 9, 4, 1. Maxima of all: 9, 5, 16, 1; of 4 and 1: 4, 5, 2, 1; of 1: 1, 5, 0, 1
    observed = np.array([4.0, 9, 1])
    drawn = np.array([[4.0, 1, 2, 0.5], [9, 0, 16, 1], [1, 5, 0, 1]])
    found = stepdown(observed, drawn)
    assert found.p_value.tolist() == [0.5, 0.5, 0.75]


def test_an_adjusted_p_value_is_never_below_the_one_before():
    observed, drawn = np.array([9.0, 4]), np.array([[9.0, 16, 10, 1], [4, 1, 1, 1]])
    assert stepdown(observed, drawn).p_value.tolist() == [0.75, 0.75]


@pytest.fixture(scope="module", params=[0, 1])
def estimate(request, design_of):
    rng = np.random.default_rng(request.param)
    outcome = rng.normal(size=(10, 5, 3)) + 0.8 * rng.normal(size=(10, 1, 3))
    outcome[:4, 3:] += 1.5
    design = design_of(outcome, [4] * 4 + [np.nan] * 6)
    return aggregate(group_time_att(design, comparison="never", base="universal"), "event_time")


def family_of(estimate):
    return [Hypothesis(estimate, i, p) for i in range(len(estimate.estimands)) for p in range(3)]


def test_one_hypothesis_has_the_p_value_of_its_bootstrap(estimate):
    single = wild_bootstrap(estimate.regression, estimate.contrasts).p_value
    for h in family_of(estimate):
        assert romano_wolf([h]).p_value[0] == pytest.approx(single[h.estimand, h.part], abs=1e-15)


def test_a_family_costs_and_the_same_hypothesis_twice_costs_nothing(estimate):
    family = family_of(estimate)
    joint = romano_wolf(family).p_value
    single = np.array([romano_wolf([h]).p_value[0] for h in family])
    assert (joint >= single - 1e-15).all()
    assert romano_wolf(family[:1] * 4).p_value == pytest.approx([single[0]] * 4)


def test_order_of_the_family_and_scale_of_outcomes_do_not_matter(estimate, design_of):
    family = family_of(estimate)
    order = np.random.default_rng(0).permutation(len(family))
    joint = romano_wolf(family).p_value
    assert romano_wolf([family[i] for i in order]).p_value == pytest.approx(joint[order], abs=1e-15)
    d = estimate.design
    larger = aggregate(group_time_att(design_of(d.outcome * [1, -20, 3], d.cohort), comparison="never",
                                      base="universal"), "event_time")
    assert romano_wolf(family_of(larger)).p_value == pytest.approx(joint, abs=1e-15)


def test_estimates_of_other_samples_share_the_signs_of_clusters(estimate):
    design = estimate.design
    some = aggregate(group_time_att(design.subset(design.cluster != 9), comparison="never", base="universal"),
                     "event_time")
    both = [Hypothesis(estimate, 0, 0), Hypothesis(some, 0, 0)]
    found = romano_wolf(both)
    single = [romano_wolf([h]).p_value[0] for h in both]
    assert (found.p_value >= np.array(single) - 1e-15).all()
    assert found.p_value.max() <= sum(single)


def test_many_clusters_are_drawn(staggered):
    estimate = aggregate(group_time_att(staggered(1), comparison="not_yet", base="universal"), "overall")
    family = [Hypothesis(estimate, 0, p) for p in range(3)]
    with pytest.raises(ValueError, match="Generator"):
        romano_wolf(family)
    found = romano_wolf(family, draws=199, rng=np.random.default_rng(0))
    assert (found.p_value * 200) % 1 == pytest.approx(np.zeros(3), abs=1e-9)


def test_too_few_clusters_and_no_family(design_of):
    design = design_of(np.random.default_rng(0).normal(size=(5, 2)), [2, 2, np.nan, np.nan, np.nan])
    estimate = group_time_att(design, comparison="never", base="universal")
    with pytest.raises(ValueError, match="too few"):
        romano_wolf([Hypothesis(estimate, 0, 0)])
    assert romano_wolf([]).p_value.shape == (0,)


def test_under_the_null_of_all_a_family_is_rejected_in_no_more_than_its_level(design_of):
    rng = np.random.default_rng(5)
    rejected = 0
    for _ in range(150):
        design = design_of(rng.normal(size=(8, 2, 4)), [2] * 4 + [np.nan] * 4)
        estimate = group_time_att(design, comparison="never", base="universal")
        rejected += romano_wolf([Hypothesis(estimate, 0, p) for p in range(4)], alpha=0.1).is_rejected.any()
    assert rejected / 150 <= 0.1 + 3 * np.sqrt(0.09 / 150)
