"""The relative effect on the gap: by hand, and what must hold."""

from dataclasses import replace

import numpy as np
import pytest

from evaluation.stats.aggregate import aggregate
from evaluation.stats.estimators.etwfe_poisson import etwfe_poisson
from evaluation.stats.estimators.group_time_att import group_time_att
from evaluation.stats.regression import influence_of
from evaluation.stats.relative import log_rates, relative_effect

NAN = np.nan
PARTS = ("gap", "focal", "reference")


def of_parts(design_of, focal, reference, cohort, **given):
    focal, reference = np.array(focal, dtype=float), np.array(reference, dtype=float)
    return design_of(np.stack([focal - reference, focal, reference], axis=2), cohort, parts=PARTS, **given)


def att_gt(design):
    return group_time_att(design, comparison="not_yet", base="universal")


def overall(design):
    return aggregate(att_gt(design), "overall")


@pytest.fixture
def four(design_of):
    """Focal mean 10 with the program, 13 without; reference 6 and 7."""
    return of_parts(design_of, [[10, 8], [14, 12], [10, 10], [10, 12]], [[5, 5], [7, 7], [4, 5], [6, 7]],
                    [2, 2, NAN, NAN])


@pytest.fixture(params=range(4))
def positive(request, staggered):
    """Staggered, unbalanced, two strata, all means positive."""
    design = staggered(request.param)
    focal, reference = 20 + design.outcome[..., 0], 12 + design.outcome[..., 1]
    return replace(design, outcome=np.stack([focal - reference, focal, reference], axis=2), parts=PARTS)


def test_four_units_by_hand(four):
    found = relative_effect(att_gt(four))
    assert found.undefined == ()
    assert found.estimate.parts == ("relative_gap",)
    assert found.estimate.value[0, 0] == pytest.approx(np.log(10 / 6) - np.log(13 / 7))
    # program units move μ1 by (8 − 10)/2 and (5 − 6)/2, μ0 alike; comparison unit 2 moves the focal μ0 by (0 − 1)/2
    expected = [-1 / 10 + 0.5 / 6 + 1 / 13 - 0.5 / 7, 1 / 10 - 0.5 / 6 - 1 / 13 + 0.5 / 7, 0.5 / 13, -0.5 / 13]
    assert influence_of(found.estimate).of_cluster[:, 0, 0] == pytest.approx(expected)


def test_influence_of_one_effect_is_the_derivative_by_each_units_weight(positive):
    design = replace(positive, stratum=np.zeros_like(positive.stratum), cluster=np.arange(len(positive.cohort)))

    def relative(of):
        return relative_effect(att_gt(of)).estimate

    found = relative(design)
    influence = influence_of(found)
    for row, i in list(enumerate(influence.cluster))[::6]:
        step = 1e-5 * (np.arange(len(design.cohort)) == i)
        up, down = (relative(replace(design, weight=design.weight * (1 + s))).value for s in (step, -step))
        assert (up - down) / 2e-5 == pytest.approx(influence.of_cluster[row], abs=1e-8)


def test_a_unit_of_measurement_of_either_group_leaves_it(positive):
    found = relative_effect(overall(positive)).estimate
    for scale in ([1, 1], [7, 7], [3, 0.2]):
        focal, reference = positive.outcome[..., 1] * scale[0], positive.outcome[..., 2] * scale[1]
        moved = replace(positive, outcome=np.stack([focal - reference, focal, reference], axis=2))
        other = relative_effect(overall(moved)).estimate
        assert other.value == pytest.approx(found.value, abs=1e-10)
        assert influence_of(other).of_cluster == pytest.approx(influence_of(found).of_cluster, abs=1e-10)


def test_two_groups_alike_have_no_relative_effect_and_exchanging_them_turns_its_sign(positive):
    focal, reference = positive.outcome[..., 1], positive.outcome[..., 2]
    alike, turned = (replace(positive, outcome=np.stack([a - b, a, b], axis=2))
                     for a, b in ((focal, focal), (reference, focal)))
    assert relative_effect(overall(alike)).estimate.value == pytest.approx(0, abs=1e-12)
    assert relative_effect(overall(turned)).estimate.value == pytest.approx(
        -relative_effect(overall(positive)).estimate.value)


def test_the_order_of_units_does_not_matter_and_influence_of_all_clusters_sums_to_zero(positive):
    order = np.random.default_rng(0).permutation(len(positive.cohort))
    moved = replace(positive, **{name: getattr(positive, name)[order] for name in (
        "outcome", "cluster", "stratum", "cohort", "weight")})
    a, b = (relative_effect(overall(d)).estimate for d in (positive, moved))
    assert b.value == pytest.approx(a.value, abs=1e-12)
    assert influence_of(b).of_cluster == pytest.approx(influence_of(a).of_cluster, abs=1e-12)
    assert influence_of(a).of_cluster.sum(axis=0) == pytest.approx(0, abs=1e-12)
    assert a.estimator(positive).value == pytest.approx(a.value)


def test_a_constant_moves_it(four):
    moved = replace(four, outcome=four.outcome + np.array([0, 100, 100.0]))
    values = [relative_effect(att_gt(d)).estimate.value[0, 0] for d in (four, moved)]
    assert abs(values[0] - values[1]) > 0.01


def test_means_of_zero_or_less_are_not_defined_and_say_which(design_of):
    # without the program the reference mean would have been 1 − 3; another cohort has no suspension at all
    design = of_parts(design_of, [[9, 9, 9], [9, 9, 9], [9, 9, 0], [9, 9, 0], [9, 9, 9], [9, 9, 9]],
                      [[1, 1, 1], [1, 1, 1], [1, 1, 1], [1, 1, 1], [5, 2, 2], [5, 2, 2]], [2, 2, 3, 3, NAN, NAN])
    found = relative_effect(group_time_att(design, comparison="never", base="universal"))
    named = {(e.cohort, e.period): reason for e, reason in found.undefined}
    assert named[2, 2] == "not above 0: the reference mean without the program"
    assert named[3, 3] == "not above 0: the focal mean with the program"
    assert named[3, 1] == "before the program there is no level to compare with"
    assert found.estimate.estimands == ()
    assert found.estimate.value.shape == (0, 1)
    assert influence_of(found.estimate).of_cluster.shape == (6, 0, 1)


def test_only_defined_effects_are_estimated(four):
    found = relative_effect(aggregate(att_gt(four), "event_time"))
    assert [e.event_time for e in found.estimate.estimands] == [0]


def test_an_estimate_without_weights_or_parts_is_refused(four):
    with pytest.raises(ValueError, match="linear in the outcome"):
        relative_effect(etwfe_poisson(replace(four, outcome=np.abs(four.outcome))))
    with pytest.raises(ValueError, match="parts `focal` and `reference`"):
        relative_effect(att_gt(replace(four, parts=("a", "b", "c"))))


def test_log_rates_are_the_same_estimator_on_logarithms_where_cells_are_positive(four):
    zero = replace(four, outcome=np.concatenate([four.outcome, [[[1, 1, 0], [2, 3, 1]]]]), unit_ids=tuple("abcde"),
                   cohort=np.append(four.cohort, NAN), cluster=np.arange(5), stratum=np.zeros(5, dtype=int),
                   weight=np.ones(5))
    found = log_rates(att_gt(zero))
    assert found.n_left_out == 1
    logs = np.log(four.outcome[..., 1:])
    change = logs[:, 1] - logs[:, 0]
    focal, reference = change[:2].mean(axis=0) - change[2:].mean(axis=0)
    assert found.estimate.value[0] == pytest.approx([focal - reference, focal, reference])
    assert found.estimate.estimator(four).value == pytest.approx(found.estimate.value)


def test_where_units_are_alike_both_scales_agree(design_of):
    focal = [[10, 6], [10, 6], [10, 12], [10, 12]]
    reference = [[5, 4], [5, 4], [5, 5], [5, 5]]
    design = of_parts(design_of, focal, reference, [2, 2, NAN, NAN])
    by_log = log_rates(att_gt(design)).estimate.value[0, 0]
    assert by_log == pytest.approx(np.log(6 / 12) - np.log(4 / 5))
    assert relative_effect(att_gt(design)).estimate.value[0, 0] == pytest.approx(np.log(6 / 12) - np.log(4 / 4 * 4 / 5))
