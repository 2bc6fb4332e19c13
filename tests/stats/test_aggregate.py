"""Averages of group-time effects, and the cohorts that leave them."""

from dataclasses import replace

import numpy as np
import pytest

from evaluation.stats.aggregate import aggregate
from evaluation.stats.estimators.group_time_att import group_time_att

NAN = np.nan
KINDS = ("overall", "cohort", "event_time", "calendar")


@pytest.fixture(scope="module")
def mpdta(table, panel_of):
    rows = table("mpdta.csv")
    design = panel_of(rows, unit="countyreal", year="year", outcome="lemp", cohort=rows["first.treat"],
                      cluster=rows["countyreal"])
    return design, group_time_att(design, comparison="never", base="varying")


@pytest.mark.parametrize(("name", "kind"), [("simple", "overall"), ("group", "cohort"), ("dynamic", "event_time"),
                                            ("calendar", "calendar")])
def test_county_employment_averages_are_those_of_did(mpdta, cases, name, kind):
    design, att_gt = mpdta
    found = aggregate(att_gt, kind)
    weight = {
        "overall": [1.0],
        "cohort": [np.sum(design.cohort == e.cohort) for e in found.estimands],
        "event_time": [float((e.event_time or 0) >= 0) for e in found.estimands],
        "calendar": np.ones(len(found.estimands)),
    }[kind]
    expected = cases["cs_mpdta_never"][name][0]
    assert np.average(found.value[:, 0], weights=weight) == pytest.approx(expected, abs=1e-8)


def test_by_hand(design_of):
    # cohort 2 (weight 1, two units): effects 2 then 4; cohort 3 (weight 3, two units): effect 7
    outcome = np.array([[0, 2, 4], [0, 2, 4], [0, 0, 7], [0, 0, 7], [0, 0, 0], [0, 0, 0]])
    design = design_of(outcome, [2, 2, 3, 3, NAN, NAN], weight=np.array([1.0, 1, 3, 3, 1, 1]))
    att_gt = group_time_att(design, comparison="never", base="universal")
    found = {kind: aggregate(att_gt, kind) for kind in KINDS}
    assert found["overall"].value[:, 0] == pytest.approx([(2 + 4 + 3 * 7) / 5])
    assert found["cohort"].value[:, 0] == pytest.approx([3, 7])
    assert [e.event_time for e in found["event_time"].estimands] == [-2, 0, 1]
    assert found["event_time"].value[:, 0] == pytest.approx([0, (2 + 3 * 7) / 4, 4])
    assert found["calendar"].value[:, 0] == pytest.approx([2, (4 + 3 * 7) / 4])
    phases = aggregate(att_gt, "phase", phase_of={2: "develop", 3: "expansion"})
    assert [e.phase for e in phases.estimands] == ["develop", "expansion"]
    assert phases.value[:, 0] == pytest.approx([3, 7])


def test_a_cohort_is_the_plain_mean_of_its_periods_whoever_is_seen(design_of):
    design = design_of(np.array([[0, 2, 6], [0, 2, NAN], [0, 0, 0]]), [2, 2, NAN])
    att_gt = group_time_att(design, comparison="never", base="universal")
    assert aggregate(att_gt, "cohort").value[0, 0] == pytest.approx((2 + 6) / 2)
    assert aggregate(att_gt, "overall").value[0, 0] == pytest.approx((2 * 2 + 6) / 3)


@pytest.fixture
def with_lone(design_of):
    """Cohort 2 is one cluster of two units with an effect of 50; cohort 3 is two clusters with an effect of 1."""
    outcome = np.array([[0, 50, 50], [0, 50, 50], [0, 0, 1], [0, 0, 1], [0, 0, 0], [0, 0, 0]])
    design = design_of(outcome, [2, 2, 3, 3, NAN, NAN], cluster=np.array([0, 0, 2, 3, 4, 5]))
    return design, group_time_att(design, comparison="never", base="universal")


def test_a_cohort_of_one_cluster_leaves_the_averages_and_is_shown_apart(with_lone):
    _, att_gt = with_lone
    overall = aggregate(att_gt, "overall")
    assert overall.value[0, 0] == pytest.approx(1)
    assert overall.left_out_cohorts == ((2,),)
    assert not overall.lone_program[0]
    assert overall.program_clusters[0].tolist() == [2, 3]
    assert (overall.weights[0, :2] == 0).all()
    cohort = aggregate(att_gt, "cohort")
    assert cohort.value[:, 0] == pytest.approx([50, 1])
    assert cohort.lone_program.tolist() == [True, False]
    assert cohort.left_out_cohorts == ((), ())
    events = aggregate(att_gt, "event_time")
    assert [e.event_time for e in events.estimands] == [-2, 0]
    assert events.left_out_cohorts == ((), (2,))
    assert [e.period for e in aggregate(att_gt, "calendar").estimands] == [3]


def test_a_cohort_that_is_lone_from_its_start_on_is_left_out_whatever_was_before(design_of):
    # of cohort 3 a second cluster is seen before the start only
    outcome = np.array([[0, 0, 50, 50], [0, 0, NAN, NAN], [0, 0, 0, 1], [0, 0, 0, 1], [0, 0, 0, 0], [0, 0, 0, 0]])
    design = design_of(outcome, [3, 3, 4, 4, NAN, NAN])
    overall = aggregate(group_time_att(design, comparison="never", base="universal"), "overall")
    assert overall.left_out_cohorts == ((3,),)
    assert overall.value[0, 0] == pytest.approx(1)
    assert not overall.lone_program[0]


def test_a_phase_that_has_nothing_else_keeps_its_lone_cohort_marked(with_lone):
    _, att_gt = with_lone
    apart = aggregate(att_gt, "phase", phase_of={2: "develop", 3: "test"})
    joint = aggregate(att_gt, "phase", phase_of={2: "develop", 3: "develop"})
    assert apart.lone_program.tolist() == [True, False]
    assert apart.left_out_cohorts == ((), ())
    assert joint.left_out_cohorts == ((2,),)
    assert joint.value[0, 0] == pytest.approx(1)


def test_a_design_of_lone_cohorts_only_keeps_them_marked(with_lone):
    design, _ = with_lone
    only = design.subset(design.cohort != 3)
    att_gt = group_time_att(only, comparison="never", base="universal")
    for kind in KINDS:
        found = aggregate(att_gt, kind)
        assert found.lone_program.all()
        assert len(found.estimands) > 0
        assert not any(found.left_out_cohorts)


def test_nothing_to_average_gives_nothing(design_of):
    design = design_of(np.zeros((2, 3)), [NAN, NAN])
    att_gt = group_time_att(design, comparison="never", base="universal")
    for kind in KINDS:
        assert aggregate(att_gt, kind).weights.shape == (0, 2, 3)


@pytest.mark.parametrize("seed", range(3))
def test_an_average_is_linear_in_the_cells_with_program_weights_that_sum_to_one(staggered, seed):
    design = staggered(seed)
    att_gt = group_time_att(design, comparison="not_yet", base="universal")
    for kind in KINDS:
        found = aggregate(att_gt, kind)
        total = np.einsum("mut,utk->mk", found.weights, np.nan_to_num(design.outcome))
        assert np.abs(total - found.value).max() < 1e-10
        assert np.abs(found.contrasts @ found.regression.coefficient - found.value).max() < 1e-10
        assert np.abs(found.value[:, 2] - found.value[:, 0] + found.value[:, 1]).max() < 1e-10
    overall = aggregate(att_gt, "overall")
    in_program = design.periods[None, :] >= design.cohort[:, None]
    assert overall.weights[0][in_program].sum() == pytest.approx(1)


def test_effects_that_are_all_the_same_have_that_average(staggered):
    design = staggered(5)
    in_program = design.periods[None, :] >= design.cohort[:, None]
    flat = replace(design, outcome=np.where(np.isnan(design.outcome), NAN, 3.0 * in_program[..., None]))
    att_gt = group_time_att(flat, comparison="not_yet", base="universal")
    for kind in KINDS:
        found = aggregate(att_gt, kind)
        before = np.array([(e.event_time or 0) < 0 for e in found.estimands])
        assert found.value[~before] == pytest.approx(np.full_like(found.value[~before], 3.0))
        assert found.value[before] == pytest.approx(np.zeros_like(found.value[before]), abs=1e-12)
