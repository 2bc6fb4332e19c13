"""Group-time effects with anticipation, with covariates, and of repeated cross-sections."""

from dataclasses import replace

import numpy as np
import pytest

from evaluation.stats.aggregate import aggregate
from evaluation.stats.estimators.group_time_att import group_time_att
from evaluation.stats.estimators.two_by_two import two_by_two
from evaluation.stats.inference.infer import infer
from evaluation.stats.regression import influence_of

NAN = np.nan
ADJUSTMENTS = ["regression", "ipw", "dr"]


def att(estimate, cohort, period):
    found = [v[0] for e, v in zip(estimate.estimands, estimate.value, strict=True)
             if (e.cohort, e.period) == (cohort, period)]
    return found[0] if found else None


def total(estimate, design):
    """(m, K) weights × outcome."""
    return np.einsum("mut,utk->mk", estimate.weights, np.nan_to_num(design.outcome))


def compared(estimate, cohort, period):
    """Units with weight in one effect."""
    at = [(e.cohort, e.period) for e in estimate.estimands].index((cohort, period))
    return np.flatnonzero(estimate.weights[at].any(axis=1)).tolist()


@pytest.fixture(params=range(4))
def adjusted(request, staggered):
    """A staggered design with two covariates, 4 units per cluster so that each stratum can tell them."""
    seed = request.param
    design = staggered(seed, missing=0.05)
    rng = np.random.default_rng(seed + 50)
    twice = design.subset(np.ones(len(design.cohort), dtype=bool))
    outcome = np.concatenate([twice.outcome, twice.outcome + rng.normal(size=twice.outcome.shape)])
    outcome[..., 2] = outcome[..., 0] - outcome[..., 1]
    design = replace(twice, outcome=outcome, unit_ids=tuple(map(str, range(len(outcome)))),
                     **{name: np.concatenate([getattr(twice, name)] * 2)
                        for name in ("cluster", "stratum", "cohort", "weight")})
    return replace(design, covariates=rng.normal(size=(len(outcome), 2)))


def test_with_anticipation_the_base_lies_before_it_and_later_cohorts_leave_earlier(design_of):
    outcome = np.array([[0, 1, 3, 7, 8], [0, 0, 0, 5, 9], [0, 2, 0, 0, 0]])
    design = design_of(outcome, [4, 5, NAN])
    found = group_time_att(design, comparison="not_yet", base="universal", anticipation=1)
    # base of cohort 4 is period 2; cohort 5 may respond from period 4 on and serves in period 3 only
    assert att(found, 4, 3) == pytest.approx((3 - 1) - (0 + (0 - 2)) / 2)
    assert att(found, 4, 4) == pytest.approx((7 - 1) - (0 - 2))
    assert att(found, 4, 2) is None
    assert compared(found, 4, 3) == [0, 1, 2]
    assert compared(found, 4, 4) == [0, 2]
    assert att(found, 5, 5) == pytest.approx(9 - 0)


def test_anticipated_periods_have_the_base_before_anticipation_and_earlier_ones_the_period_before(design_of):
    design = design_of(np.array([[0, 1, 3, 7, 8, 20], [0, 0, 0, 0, 0, 0]]), [6, NAN])
    found = group_time_att(design, comparison="never", base="varying", anticipation=2)
    # anticipation touches 4 and 5, whose base is 3
    assert [att(found, 6, t) for t in range(2, 7)] == [1, 2, 4, 5, 17]


def test_anticipation_counts_periods_of_the_study_and_leaves_no_base_to_early_cohorts(design_of):
    design = design_of(np.array([[0, 1, 4, 9], [0, 0, 0, 0]]), [2022, NAN], periods=np.array([2018, 2019, 2022, 2023]),
                       position=np.array([0, 1, 4, 5]))
    found = {a: group_time_att(design, comparison="never", base="universal", anticipation=a) for a in (2, 3, 4)}
    assert att(found[2], 2022, 2022) == 3
    assert att(found[3], 2022, 2022) == 4
    assert found[4].estimands == ()


def test_no_anticipation_is_the_default_and_a_negative_one_is_refused(staggered):
    design = staggered(0)
    a = group_time_att(design, comparison="not_yet", base="varying")
    b = group_time_att(design, comparison="not_yet", base="varying", anticipation=0, adjustment="none",
                       sampling="panel")
    assert (a.value == b.value).all()
    with pytest.raises(ValueError, match="-1 was given"):
        group_time_att(design, comparison="not_yet", base="varying", anticipation=-1)


def test_periods_before_anticipation_do_not_move_with_what_is_anticipated(staggered):
    design = staggered(1)
    early = (design.periods[None, :] >= design.cohort[:, None] - 1) & ~design.in_program
    moved = replace(design, outcome=design.outcome + 5.0 * early[..., None])
    a, b = (group_time_att(d, comparison="never", base="universal", anticipation=1) for d in (design, moved))
    is_anticipated = np.array([e.period == e.cohort - 1 for e in a.estimands])
    assert (b.value - a.value)[is_anticipated] == pytest.approx(5.0)
    assert (b.value - a.value)[~is_anticipated] == pytest.approx(0, abs=1e-10)


@pytest.mark.parametrize("adjustment", ADJUSTMENTS)
def test_strata_are_adjusted_apart_and_joined_by_program_weight(adjusted, adjustment):
    found = group_time_att(adjusted, comparison="never", base="universal", adjustment=adjustment)
    expected, program, pull = np.zeros(3), [], np.zeros((24, 3))
    for s in (0, 1):
        seen = adjusted.present[:, 4] & adjusted.present[:, 2] & (adjusted.stratum == s)
        units = np.flatnonzero(seen & (adjusted.never_program | (adjusted.cohort == 4)))
        is_program, w = ~adjusted.never_program[units], adjusted.weight[units]
        one = two_by_two(adjusted.outcome[units, 4] - adjusted.outcome[units, 2], is_program,
                         adjusted.covariates[units], w, method=adjustment)
        expected += w[is_program].sum() * one.value
        np.add.at(pull, adjusted.cluster[units], w[is_program].sum() * one.influence)
        program.append(w[is_program].sum())
    at = [(e.cohort, e.period) for e in found.estimands].index((4, 5))
    assert found.value[at] == pytest.approx(expected / sum(program), abs=1e-10)
    assert influence_of(found).of_cluster[:, at] == pytest.approx(pull / sum(program), abs=1e-10)


@pytest.mark.parametrize("adjustment", ADJUSTMENTS)
def test_adjusted_effects_keep_what_holds_without_covariates(adjusted, adjustment):
    def estimate(of):
        return group_time_att(of, comparison="not_yet", base="varying", adjustment=adjustment)

    rng = np.random.default_rng(0)
    found = estimate(adjusted)
    assert found.regression is None
    assert total(found, adjusted) == pytest.approx(found.value, abs=1e-9)
    assert found.value[:, 2] == pytest.approx(found.value[:, 0] - found.value[:, 1], abs=1e-10)
    for estimand, weights in zip(found.estimands, found.weights, strict=True):
        at = weights[adjusted.cohort == estimand.cohort][:, adjusted.periods == estimand.period]
        assert at.sum() == pytest.approx(1)
    shock = rng.normal(0, 10, (2, 7, 3))[adjusted.stratum] + rng.normal(0, 10, (len(adjusted.cohort), 1, 3))
    assert estimate(replace(adjusted, outcome=adjusted.outcome + shock)).value == pytest.approx(found.value, abs=1e-8)
    order = rng.permutation(len(adjusted.cohort))
    moved = replace(adjusted, **{name: getattr(adjusted, name)[order] for name in (
        "outcome", "cluster", "stratum", "cohort", "weight", "covariates")})
    assert estimate(moved).value == pytest.approx(found.value, abs=1e-9)
    assert influence_of(estimate(moved)).of_cluster == pytest.approx(influence_of(found).of_cluster, abs=1e-9)
    assert found.estimator(adjusted).value == pytest.approx(found.value)


@pytest.mark.parametrize("adjustment", ["regression", "dr"])
def test_growth_that_follows_the_covariates_is_taken_out(adjusted, adjustment):
    trend = (adjusted.covariates @ [3.0, -2])[:, None, None] * (adjusted.periods**2)[None, :, None]
    moved = replace(adjusted, outcome=adjusted.outcome + trend)
    a, b = (group_time_att(d, comparison="never", base="universal", adjustment=adjustment).value
            for d in (adjusted, moved))
    assert b == pytest.approx(a, abs=1e-8)


@pytest.mark.parametrize("adjustment", ADJUSTMENTS)
def test_gap_and_parts_stand_on_the_focal_distribution_of_covariates(adjusted, adjustment):
    """One set of weights: the means of the covariates among program units are those under the design's weights."""
    found = group_time_att(adjusted, comparison="never", base="universal", adjustment=adjustment)
    at = [(e.cohort, e.period) for e in found.estimands].index((6, 7))
    unit = found.weights[at][:, 6]
    program = adjusted.cohort == 6
    used = program & (unit != 0)
    for s in (0, 1):
        mine = used & (adjusted.stratum == s)
        assert unit[mine] / unit[mine].sum() == pytest.approx(adjusted.weight[mine] / adjusted.weight[mine].sum())


def test_influence_adds_up_units_of_a_cluster_and_averages_follow(adjusted):
    found = group_time_att(adjusted, comparison="never", base="universal", adjustment="dr")
    apart = replace(adjusted, cluster=np.arange(len(adjusted.cluster)))
    by_unit = influence_of(group_time_att(apart, comparison="never", base="universal", adjustment="dr")).of_cluster
    summed = np.zeros_like(influence_of(found).of_cluster)
    np.add.at(summed, adjusted.cluster, by_unit)
    assert influence_of(found).of_cluster == pytest.approx(summed, abs=1e-12)
    overall = aggregate(found, "overall")
    assert total(overall, adjusted) == pytest.approx(overall.value, abs=1e-9)


def test_missing_covariates_are_refused_with_their_number(adjusted):
    with pytest.raises(ValueError, match="needs baseline covariates"):
        group_time_att(replace(adjusted, covariates=np.empty((0, 0))), comparison="never", base="universal",
                       adjustment="dr")
    holes = adjusted.covariates.copy()
    holes[:3, 1] = NAN
    with pytest.raises(ValueError, match=f"3 of {len(holes)} units have no value"):
        group_time_att(replace(adjusted, covariates=holes), comparison="never", base="universal", adjustment="dr")


def test_separation_names_cohort_period_and_stratum(adjusted):
    apart = replace(adjusted, covariates=np.where(adjusted.cohort == 4, 9.0, 0)[:, None] + adjusted.covariates)
    with pytest.raises(ValueError, match="cohort 4 in period 1, stratum 0: the covariates separate"):
        group_time_att(apart, comparison="never", base="universal", adjustment="dr")


def test_cross_sections_weigh_each_period_by_who_is_there_by_hand(design_of):
    outcome = np.array([[2, 10], [6, NAN], [4, 4], [NAN, 8]])
    n = np.array([[1, 2], [3, 0], [1, 1], [0, 1.0]])
    found = group_time_att(design_of(outcome, [2, 2, NAN, NAN], n=n), comparison="never", base="universal",
                           sampling="repeated_cross_sections")
    # program 10 less (2 + 3·6)/4; comparison (4 + 8)/2 less 4
    assert found.value[0, 0] == pytest.approx((10 - 5) - (6 - 4))
    assert found.weights[0].tolist() == [[-0.25, 1], [-0.75, 0], [1, -0.5], [0, -0.5]]
    assert found.lone_program.tolist() == [True]
    assert found.lone_comparison.tolist() == [True]
    assert infer(found)[0][0].no_interval == "lone_cohort_cluster"


@pytest.fixture(params=range(3))
def sections(request, staggered):
    design = staggered(request.param, missing=0.2)
    return replace(design, n=np.random.default_rng(request.param).integers(1, 5, design.present.shape).astype(float))


def cross_sections(design):
    return group_time_att(design, comparison="not_yet", base="varying", sampling="repeated_cross_sections")


def test_cross_sections_of_cells_are_those_of_their_students(sections):
    """Every cell as so many rows of one student each, seen once."""
    found = cross_sections(sections)
    unit, period = np.nonzero(sections.present)
    unit, period = (np.repeat(index, sections.n[unit, period].astype(int)) for index in (unit, period))
    outcome = np.full((len(unit), 7, 3), NAN)
    outcome[np.arange(len(unit)), period] = sections.outcome[unit, period]
    students = replace(sections, outcome=outcome, unit_ids=tuple(map(str, range(len(unit)))), n=np.ones((len(unit), 7)),
                       **{name: getattr(sections, name)[unit] for name in ("cluster", "stratum", "cohort", "weight")})
    by_student = cross_sections(students)
    assert by_student.value == pytest.approx(found.value, abs=1e-10)
    assert influence_of(by_student).of_cluster == pytest.approx(influence_of(found).of_cluster, abs=1e-10)


def test_cross_sections_keep_what_holds(sections):
    found = cross_sections(sections)
    assert total(found, sections) == pytest.approx(found.value, abs=1e-10)
    assert found.value[:, 2] == pytest.approx(found.value[:, 0] - found.value[:, 1], abs=1e-10)
    for estimand, weights in zip(found.estimands, found.weights, strict=True):
        at = weights[sections.cohort == estimand.cohort][:, sections.periods == estimand.period]
        assert at.sum() == pytest.approx(1)
    assert found.weights.sum(axis=(1, 2)) == pytest.approx(0, abs=1e-12)
    shock = np.random.default_rng(1).normal(0, 10, (2, 7, 3))[sections.stratum] + 3
    assert cross_sections(replace(sections, outcome=sections.outcome + shock)).value == pytest.approx(found.value)
    heavier = replace(sections, weight=sections.weight[::-1])
    assert cross_sections(heavier).value == pytest.approx(found.value)


def test_a_constant_per_unit_moves_cross_sections_but_not_the_panel(sections):
    constant = np.random.default_rng(1).normal(0, 10, (len(sections.cohort), 1, 1))
    moved = replace(sections, outcome=sections.outcome + constant)
    assert np.abs(cross_sections(moved).value - cross_sections(sections).value).max() > 0.1


def test_where_everybody_is_always_there_cross_sections_have_the_panels_value(staggered):
    design = staggered(2, missing=0)
    design = replace(design, n=np.repeat(design.weight[:, None], 7, axis=1))
    panel = group_time_att(design, comparison="not_yet", base="varying")
    assert cross_sections(design).value == pytest.approx(panel.value, abs=1e-10)


def test_cross_sections_without_numbers_or_with_covariates_are_refused(adjusted):
    with pytest.raises(ValueError, match="give a positive n"):
        cross_sections(adjusted)
    with pytest.raises(ValueError, match="no change of a unit to adjust"):
        group_time_att(adjusted, comparison="never", base="varying", adjustment="dr",
                       sampling="repeated_cross_sections")
