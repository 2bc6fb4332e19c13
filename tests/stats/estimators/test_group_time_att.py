"""Group-time effects: by hand, against R's did, and what must hold."""

from dataclasses import replace

import numpy as np
import pytest

from evaluation.stats.estimators.group_time_att import group_time_att
from evaluation.stats.inference.cr2 import cr2, joint_htz
from evaluation.stats.inference.infer import infer
from evaluation.stats.regression import fit

NAN = np.nan
OPTIONS = [(c, b) for c in ("never", "not_yet") for b in ("universal", "varying")]


def att(estimate, cohort, period):
    """Value of one effect in the first part."""
    found = [v[0] for e, v in zip(estimate.estimands, estimate.value, strict=True)
             if (e.cohort, e.period) == (cohort, period)]
    return found[0] if found else None


def total(estimate, design):
    """(m, K) weights × outcome."""
    return np.einsum("mut,utk->mk", estimate.weights, np.nan_to_num(design.outcome))


def test_four_units_by_hand(design_of):
    # changes of program units 3 and 5, of comparison units 1 and 2: 4 − 1.5, each half known from two clusters
    design = design_of(np.array([[10, 13], [20, 25], [7, 8], [1, 3]]), [2, 2, NAN, NAN])
    estimate = group_time_att(design, comparison="never", base="universal")
    robust = cr2(estimate.regression, estimate.contrasts)
    assert estimate.value == pytest.approx(np.array([[2.5]]))
    assert estimate.weights.tolist() == [[[-0.5, 0.5], [-0.5, 0.5], [0.5, -0.5], [0.5, -0.5]]]
    assert robust.se[0, 0] == pytest.approx(np.sqrt(2 / 2 + 0.5 / 2))
    assert robust.df[0] == pytest.approx(2)
    assert infer(estimate)[0][0].no_interval == "few_program_clusters"


def test_weights_count_by_hand(design_of):
    design = design_of(np.array([[0, 2], [0, 4], [0, 1], [0, 5]]), [2, 2, NAN, NAN], weight=np.array([3.0, 1, 1, 3]))
    assert group_time_att(design, comparison="never", base="universal").value[0, 0] == pytest.approx(2.5 - 4)


def test_strata_are_compared_within_and_joined_by_program_weight(design_of):
    design = design_of(np.array([[0, 2], [0, 1], [0, 9], [0, 5], [0, 100]]), [2, NAN, 2, NAN, 2],
                       stratum=np.array([0, 0, 1, 1, 2]), weight=np.array([1.0, 7, 3, 1, 1]))
    estimate = group_time_att(design, comparison="never", base="universal")
    # stratum 2 has no comparison unit: it is not part of the answer
    assert estimate.value[0, 0] == pytest.approx((1 * (2 - 1) + 3 * (9 - 5)) / 4)
    assert estimate.lone_program.all()
    assert estimate.lone_comparison.all()
    assert (estimate.weights[0, 4] == 0).all()


def test_not_yet_units_are_compared_until_they_start(design_of):
    design = design_of(np.array([[0, 0, 5, 6], [0, 0, 1, 9], [0, 0, 3, 3]]), [3, 4, NAN])
    estimate = group_time_att(design, comparison="not_yet", base="universal")
    assert att(estimate, 3, 3) == 5 - (1 + 3) / 2
    assert att(estimate, 3, 4) == 6 - 3
    assert att(estimate, 4, 4) == (9 - 1) - 0


def test_a_cohort_is_never_compared_with_itself(design_of):
    design = design_of(np.array([[0, 1, 5], [0, 0, 0], [7, 9, 5]]), [3, NAN, 3], stratum=np.array([0, 0, 1]))
    estimate = group_time_att(design, comparison="not_yet", base="universal")
    assert att(estimate, 3, 1) == -1
    assert (estimate.weights[:, 2] == 0).all()


def test_base_is_the_last_period_before_the_start_and_event_time_skips_what_is_left_out(design_of):
    design = design_of(np.array([[0, 1, 4, 9], [0, 0, 0, 0]]), [2022, NAN], periods=np.array([2018, 2019, 2022, 2023]),
                       position=np.array([0, 1, 4, 5]))
    universal = group_time_att(design, comparison="never", base="universal")
    varying = group_time_att(design, comparison="never", base="varying")
    assert [(e.period, e.event_time) for e in universal.estimands] == [(2018, -4), (2022, 0), (2023, 1)]
    assert universal.value[:, 0].tolist() == [-1, 3, 8]
    assert [(e.period, e.event_time) for e in varying.estimands] == [(2019, -3), (2022, 0), (2023, 1)]
    assert varying.value[:, 0].tolist() == [1, 3, 8]


def test_a_unit_enters_only_where_seen_at_the_period_and_at_its_base(design_of):
    design = design_of(np.array([[0, 0, 4], [NAN, NAN, 50], [0, 0, NAN], [0, 0, 1]]), [3, 3, 3, NAN])
    estimate = group_time_att(design, comparison="never", base="universal")
    assert att(estimate, 3, 3) == 3
    assert att(estimate, 3, 1) == 0


def test_without_program_or_comparison_units_nothing_is_estimated(design_of):
    for cohort in ([NAN, NAN], [2, 2], [1, NAN], [9, NAN]):
        estimate = group_time_att(design_of(np.zeros((2, 3)), cohort), comparison="not_yet", base="universal")
        assert estimate.estimands == ()
        assert estimate.value.shape == (0, 1)
        assert infer(estimate) == ()


@pytest.fixture(scope="module")
def mpdta(table, panel_of):
    rows = table("mpdta.csv")
    return panel_of(rows, unit="countyreal", year="year", outcome="lemp", cohort=rows["first.treat"],
                    cluster=rows["countyreal"])


def test_county_employment_effects_are_those_of_did(mpdta, cases):
    estimate = group_time_att(mpdta, comparison="never", base="varying")
    expected = cases["cs_mpdta_never"]["att_gt"]
    assert {f"{e.cohort},{e.period}" for e in estimate.estimands} == set(expected)
    for estimand, value in zip(estimate.estimands, estimate.value[:, 0], strict=True):
        assert value == pytest.approx(expected[f"{estimand.cohort},{estimand.period}"][0], abs=1e-8)


def test_county_standard_errors_are_those_of_did_up_to_the_small_sample_correction(mpdta, cases):
    estimate = group_time_att(mpdta, comparison="never", base="varying")
    found = cr2(estimate.regression, estimate.contrasts).se[:, 0]
    expected = [cases["cs_mpdta_never"]["att_gt"][f"{e.cohort},{e.period}"][1] for e in estimate.estimands]
    assert found == pytest.approx(expected, rel=0.03)
    assert (found > expected).all()


@pytest.fixture(params=[(seed, *OPTIONS[seed % 4]) for seed in range(8)], ids=str)
def drawn(request, staggered):
    seed, comparison, base = request.param
    design = staggered(seed)

    def estimate(of):
        return group_time_att(of, comparison=comparison, base=base)

    return design, estimate, np.random.default_rng(seed + 100)


def test_weights_times_outcome_is_the_value_and_the_gap_is_focal_less_reference(drawn):
    design, estimate, _ = drawn
    found = estimate(design)
    assert len(found.estimands) >= 8
    assert np.abs(total(found, design) - found.value).max() < 1e-10
    assert np.abs(found.value[:, 2] - (found.value[:, 0] - found.value[:, 1])).max() < 1e-10


def test_a_common_shock_and_a_constant_cancel(drawn):
    design, estimate, rng = drawn
    shock = rng.normal(0, 10, (2, 7, 3))[design.stratum]
    constant = rng.normal(0, 10, (len(design.cohort), 1, 3))
    moved = replace(design, outcome=design.outcome + shock + constant)
    assert np.allclose(estimate(moved).value, estimate(design).value, atol=1e-10)


def test_the_order_of_units_and_the_names_of_clusters_do_not_matter(drawn):
    design, estimate, rng = drawn
    order = rng.permutation(len(design.cohort))
    moved = replace(design, outcome=design.outcome[order], cluster=rng.permutation(50)[design.cluster[order]],
                    cohort=design.cohort[order], stratum=1 - design.stratum[order], weight=design.weight[order])
    a, b = estimate(design), estimate(moved)
    assert np.allclose(a.value, b.value, atol=1e-10)
    assert np.allclose(a.weights[:, order], b.weights, atol=1e-12)
    assert np.allclose(cr2(a.regression, a.contrasts).se, cr2(b.regression, b.contrasts).se)
    assert np.allclose(cr2(a.regression, a.contrasts).df, cr2(b.regression, b.contrasts).df, equal_nan=True)


def test_units_always_in_the_program_change_nothing(drawn):
    design, estimate, rng = drawn
    always = replace(design, cohort=np.where(design.cluster == 23, 1, design.cohort))
    without = always.subset(always.cluster != 23)
    noise = rng.normal(size=always.outcome.shape)
    moved = replace(always, outcome=np.where(always.cluster[:, None, None] == 23, noise, always.outcome))
    a, b = estimate(without), estimate(moved)
    assert np.allclose(a.value, b.value, atol=1e-10)
    assert np.allclose(cr2(a.regression, a.contrasts).se, cr2(b.regression, b.contrasts).se)
    assert (b.weights[:, moved.cluster == 23] == 0).all()


def test_weights_of_program_cells_sum_to_one_and_all_weights_to_zero(drawn):
    design, estimate, _ = drawn
    found = estimate(design)
    for estimand, weights in zip(found.estimands, found.weights, strict=True):
        at = weights[:, design.periods == estimand.period]
        assert at[design.cohort == estimand.cohort].sum() == pytest.approx(1, abs=1e-12)
    assert np.abs(found.weights.sum(axis=1)).max() < 1e-12
    assert np.abs(found.weights.sum(axis=2)).max() < 1e-12


def test_rows_of_a_cluster_may_be_combined(drawn):
    """The regression on every unit difference, spelled out, has the same CR2, df and HTZ."""
    design, estimate, _ = drawn
    found = estimate(design)
    x, y, w, cluster = [], [], [], []
    for weights, contrast in zip(found.weights, found.contrasts, strict=True):
        columns = np.flatnonzero(contrast)
        for u in np.flatnonzero(weights.any(axis=1)):
            t, b = _period_and_base(design, weights)
            arm = int(weights[u, t] < 0)
            stratum = np.unique(design.stratum[weights.any(axis=1)]).tolist().index(design.stratum[u])
            x.append(np.eye(len(contrast))[columns[2 * stratum + arm]])
            y.append(design.outcome[u, t] - design.outcome[u, b])
            w.append(design.weight[u])
            cluster.append(design.cluster[u])
    spelled = fit(np.array(x), np.array(y), np.array(w), np.array(cluster))
    a, b = cr2(found.regression, found.contrasts), cr2(spelled, found.contrasts)
    assert np.allclose(found.contrasts @ spelled.coefficient, found.value, atol=1e-10)
    assert np.allclose(a.se, b.se, rtol=1e-9)
    assert np.allclose(a.df, b.df, rtol=1e-7)
    first = found.contrasts[:2]
    for one, other in zip(joint_htz(found.regression, first), joint_htz(spelled, first), strict=True):
        assert one.p_value == pytest.approx(other.p_value, rel=1e-7)


def _period_and_base(design, weights):
    """Indices of the two periods an effect weighs: program units count positive at its period."""
    program = weights[~design.never_program & weights.any(axis=1)]
    leading = program[np.argmax(np.abs(program).max(axis=1))]
    return int(np.argmax(leading)), int(np.argmin(leading))


@pytest.mark.parametrize("base", ["universal", "varying"])
def test_a_break_period_is_no_base(design_of, base):
    outcome = np.array([[1.0, 2, 100, 200, 7, 9], [0, 0, 0, 0, 0, 0]])
    is_break = np.array([False, False, True, True, False, False])
    found = group_time_att(design_of(outcome, [5, np.nan], is_break=is_break), comparison="never", base=base)
    of = {e.period: value for e, value in zip(found.estimands, found.value[:, 0], strict=True)}
    assert (of[5], of[6]) == (5, 7)
    assert (of[3], of[4]) == (98, 198)
    assert (of.get(1), of.get(2)) == ((-1, None) if base == "universal" else (None, 1))


def test_where_all_earlier_periods_are_breaks_the_last_is_the_base(design_of):
    outcome = np.array([[1.0, 3, 7], [0, 0, 0]])
    found = group_time_att(design_of(outcome, [3, np.nan], is_break=np.array([True, True, False])),
                           comparison="never", base="universal")
    assert found.value[:, 0].tolist() == [-2, 4]
