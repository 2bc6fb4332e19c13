"""Groups with own weights: the split of the district-wide gap by hand, and what must hold."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from evaluation.stats.aggregate import aggregate
from evaluation.stats.combine import gap_of
from evaluation.stats.estimators.group_time_att import group_time_att
from evaluation.stats.inference.cr2 import cr2
from evaluation.stats.own_weights import stack, within_and_between
from evaluation.stats.regression import influence_of

NAN = np.nan
PARTS = ("focal", "reference")
att_gt = partial(group_time_att, comparison="not_yet", base="universal")


def overall(design):
    return aggregate(att_gt(design), "overall")


@pytest.fixture(params=range(3))
def stacked(request, staggered):
    """Cells of the groups are missing apart; weights differ."""
    rng = np.random.default_rng(request.param)
    design = staggered(request.param)
    outcome = np.where(rng.random((*design.present.shape, 2)) < 0.1, NAN, design.outcome[..., :2])
    return stack(replace(design, outcome=outcome, parts=PARTS), rng.uniform(1, 30, (len(design.cohort), 2)))


def test_two_program_schools_by_hand(design_of):
    # focal changes 2 and 2; reference 4 at A, where 3 of 4 focal students are, and 0 at B, where 3 of 4 reference are
    focal = np.array([[0, 2], [0, 2], [0, 0], [0, 0]])
    reference = np.array([[0, 4], [0, 0], [0, 0], [0, 0]])
    design = design_of(np.stack([focal, reference], axis=2), [2, 2, NAN, NAN], parts=PARTS)
    found = within_and_between(stack(design, np.array([[3, 1], [1, 3], [1, 1], [1, 1.0]])), att_gt)
    assert found.parts == ("gap", "within", "between")
    # own: 2 − (1·4 + 3·0)/4; within: 2 − (3·4 + 1·0)/4; between: (3/4 − 1/4)·4 + (1/4 − 3/4)·0
    assert found.value[0] == pytest.approx([1, -1, 2])


def test_the_split_adds_up_with_its_influence_and_the_gap_is_that_of_the_stacked_design(stacked):
    found, gap = within_and_between(stacked, overall), gap_of(stacked, overall)
    assert found.value[:, 0] == pytest.approx(gap.value[:, 0])
    assert found.value[:, 0] == pytest.approx(found.value[:, 1] + found.value[:, 2], abs=1e-12)
    influence = influence_of(found).of_cluster
    assert influence[..., 0] == pytest.approx(influence_of(gap).of_cluster[..., 0])
    assert influence[..., 0] == pytest.approx(influence[..., 1] + influence[..., 2], abs=1e-12)
    assert np.einsum("mut,utk->mk", gap.weights, np.nan_to_num(stacked.outcome)) == pytest.approx(gap.value, abs=1e-10)
    assert found.estimator(stacked).value == pytest.approx(found.value)


def test_within_is_the_gap_of_schools_with_focal_weights(staggered):
    design = staggered(5)
    weight = np.random.default_rng(5).uniform(1, 30, (len(design.cohort), 2))
    found = within_and_between(stack(replace(design, outcome=design.outcome[..., :2], parts=PARTS), weight), overall)
    same = overall(replace(design, weight=weight[:, 0]))
    assert found.value[:, 1] == pytest.approx(same.value[:, 2], abs=1e-12)
    assert influence_of(found).of_cluster[..., 1] == pytest.approx(influence_of(same).of_cluster[..., 2], abs=1e-12)


def test_where_both_groups_are_spread_alike_nothing_is_between(staggered):
    design = staggered(6)
    weight = design.weight[:, None] * [1, 4]
    found = within_and_between(stack(replace(design, outcome=design.outcome[..., :2], parts=PARTS), weight), overall)
    assert found.value[:, 2] == pytest.approx(0, abs=1e-12)


def test_the_gap_has_the_variance_of_a_difference_not_of_two_independent_groups(staggered):
    design = staggered(7)
    same = replace(design, outcome=design.outcome[..., [0, 0]], parts=PARTS)
    gap = gap_of(stack(same, np.repeat(design.weight[:, None], 2, axis=1)), overall)
    assert gap.value == pytest.approx(0, abs=1e-12)
    assert influence_of(gap).of_cluster == pytest.approx(0, abs=1e-12)
    assert cr2(gap.regression, gap.contrasts).se == pytest.approx(0, abs=1e-9)


def test_units_without_students_of_a_group_are_left_out_of_it(design_of):
    design = design_of(np.zeros((3, 2, 2)), [2, NAN, NAN], parts=PARTS, n=np.ones((3, 2)))
    stacked = stack(design, np.array([[3, 0], [1, 2], [NAN, 1]]))
    assert stacked.unit_ids == ("0", "1", "1", "2")
    assert stacked.is_eligible.tolist() == [True, True, False, False]
    assert stacked.weight.tolist() == [3, 1, 2, 1]
    assert stacked.n.shape == (4, 2)


def test_a_design_without_both_groups_is_refused(staggered):
    with pytest.raises(ValueError, match="this design lacks"):
        stack(staggered(0), np.ones((60, 2)))
