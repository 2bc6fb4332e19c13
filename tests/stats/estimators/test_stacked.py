"""Stacked difference-in-differences: by hand, as other estimators, and what must hold."""

from dataclasses import replace

import numpy as np
import pytest

from evaluation.stats.aggregate import aggregate
from evaluation.stats.combine import select
from evaluation.stats.estimators.event_study import event_study
from evaluation.stats.estimators.group_time_att import group_time_att
from evaluation.stats.estimators.stacked import stacked
from evaluation.stats.estimators.twfe import twfe
from evaluation.stats.inference.cr2 import cr2

NAN = np.nan
WEIGHTINGS = ("plain", "corrective")
OPTIONS = [(e, c, w) for e in ("overall", "event_time") for c in ("never", "not_yet") for w in WEIGHTINGS]


def times(estimate):
    return [e.event_time for e in estimate.estimands]


def test_two_stacks_by_hand(design_of):
    # stack 2: periods 1–2, unit 0 against 2 and 3; stack 3: periods 2–3, units 1 and 4 against 2 and 3
    design = design_of(np.array([[0, 6, 99], [1, 1, 3], [0, 1, 2], [0, 1, 2], [0, 0, 4]]), [2, 3, NAN, NAN, 3])
    by_stack = {2: 6 - 1, 3: (2 + 4) / 2 - 1}
    corrective = stacked(design, effects="overall", comparison="never", weighting="corrective")
    plain = stacked(design, effects="overall", comparison="never", weighting="plain")
    assert corrective.value[0, 0] == pytest.approx((1 * by_stack[2] + 2 * by_stack[3]) / 3)
    # least squares weighs by n_program n_comparison / n: 2/3 and 1
    assert plain.value[0, 0] == pytest.approx((2 / 3 * by_stack[2] + 1 * by_stack[3]) / (2 / 3 + 1))


def test_not_yet_units_serve_until_the_window_ends(design_of):
    outcome = np.array([[0, 5, 5, 5, 5.0], [0, 1, 1, 1, 9], [0, 2, 2, 2, 2]])
    design = design_of(outcome, [2, 5, NAN])
    given = {"effects": "event_time", "weighting": "corrective", "window": (-1, 0)}
    assert stacked(design, comparison="never", **given).value[0, 0] == pytest.approx((5 - 2 + 8 - 0) / 2)
    assert stacked(design, comparison="not_yet", **given).value[0, 0] == pytest.approx((5 - 1.5 + 8 - 0) / 2)
    too_late = stacked(design.subset(np.array([True, True, False])), comparison="not_yet", effects="event_time",
                       weighting="corrective", window=(-1, 3))
    assert too_late.estimands == ()


def test_the_window_is_the_widest_that_all_cohorts_have(staggered):
    # cohorts 4 and 6 in periods 1 to 7: from −3 to 1
    found = stacked(staggered(0), effects="event_time", comparison="never", weighting="plain")
    assert times(found) == [-3, -2, 0, 1]


def test_cohorts_that_the_periods_do_not_cover_are_out(staggered):
    design = staggered(0, missing=0)
    late = design.subset(design.cohort != 4)
    for effects in ("overall", "event_time"):
        given = {"effects": effects, "comparison": "never", "weighting": "plain", "window": (-5, 0)}
        assert stacked(design, **given).value == pytest.approx(stacked(late, **given).value)


def test_a_window_must_hold_the_start(staggered):
    for window in ((0, 2), (-3, -1)):
        with pytest.raises(ValueError, match="must begin before 0 and end at 0"):
            stacked(staggered(0), effects="overall", comparison="never", weighting="plain", window=window)


def test_a_base_before_a_break_belongs_to_the_stack(design_of):
    design = design_of(np.array([[1, 2, 50, 7], [0, 1, 90, 3]]), [4, NAN],
                       is_break=np.array([False, False, True, False]))
    found = stacked(design, effects="event_time", comparison="never", weighting="plain", window=(-1, 0))
    assert times(found) == [-1, 0]
    assert found.value[:, 0] == pytest.approx([(50 - 90) - (2 - 1), (7 - 3) - (2 - 1)])


@pytest.mark.parametrize("weighting", WEIGHTINGS)
def test_one_cohort_in_one_stratum_is_the_two_way_estimate_and_its_event_study(staggered, weighting):
    design = staggered(5)
    one = design.subset((design.cohort != 6) & (design.stratum == 0))
    for effects, other in (("overall", twfe(one)), ("event_time", event_study(one))):
        found = stacked(one, effects=effects, comparison="never", weighting=weighting)
        if weighting == "plain":
            assert cr2(found.regression, found.contrasts).se == pytest.approx(cr2(other.regression, other.contrasts).se)
        assert found.value == pytest.approx(other.value, abs=1e-10)
        assert found.weights == pytest.approx(other.weights, abs=1e-10)


@pytest.mark.parametrize("seed", range(3))
def test_corrective_weights_give_group_time_effects_averaged_by_program_weight(staggered, seed):
    design = staggered(seed, missing=0)
    found = stacked(design, effects="event_time", comparison="never", weighting="corrective")
    other = aggregate(group_time_att(design, comparison="never", base="universal"), "event_time")
    same = select(other, [i for i, e in enumerate(times(other)) if e in times(found)])
    assert found.value == pytest.approx(same.value, abs=1e-10)
    plain = stacked(design, effects="event_time", comparison="never", weighting="plain")
    assert np.abs(plain.value - same.value).max() > 0.005


def least_squares(design, weighting):
    """Never-program stacks over −3 to 1, every dummy spelled out, one stratum; absent units count in no share."""
    rows = []
    for cohort in (4, 6):
        window = range(cohort - 4, cohort + 1)
        kept = [u for u in range(len(design.cohort))
                if (design.cohort[u] == cohort or design.never_program[u]) and design.present[u, window].sum() >= 2]
        size = {arm: sum(design.weight[u] for u in kept if design.never_program[u] == arm) for arm in (True, False)}
        rows += [(cohort, u, t, design.never_program[u], size[False] / size[True])
                 for u in kept for t in window if design.present[u, t]]
    stack, u, t, is_out, ratio = (np.array(column) for column in zip(*rows, strict=True))
    into = ~is_out & (t + 1 >= stack)
    x = np.column_stack([into, (stack * 1000 + u)[:, None] == np.unique(stack * 1000 + u),
                         (stack * 1000 + t)[:, None] == np.unique(stack * 1000 + t)]).astype(float)
    # the shares' totals over stacks are the same for all, up to a factor of comparison units that does not matter here
    w = design.weight[u] * (np.where(is_out, ratio, 1) if weighting == "corrective" else 1)
    root = np.sqrt(w)[:, None]
    return np.linalg.lstsq(x * root, design.outcome[u, t] * root, rcond=None)[0][0]


@pytest.mark.parametrize("seed", range(3))
def test_plain_stacks_are_least_squares_with_every_dummy_spelled_out(staggered, seed):
    design = staggered(seed, missing=0.15)
    one = design.subset(design.stratum == 0)
    found = stacked(one, effects="overall", comparison="never", weighting="plain")
    assert found.value[0] == pytest.approx(least_squares(one, "plain"), abs=1e-9)
    full = replace(one, outcome=np.nan_to_num(one.outcome))
    found = stacked(full, effects="overall", comparison="never", weighting="corrective")
    assert found.value[0] == pytest.approx(least_squares(full, "corrective"), abs=1e-9)





@pytest.mark.parametrize("weighting", WEIGHTINGS)
def test_weights_of_program_cells_at_an_event_time_sum_to_one_and_at_others_to_zero(staggered, weighting):
    design = staggered(2, missing=0.15)
    found = stacked(design, effects="event_time", comparison="never", weighting=weighting)
    distance = design.periods[None, :] - design.cohort[:, None]
    for estimand, weights in zip(found.estimands, found.weights, strict=True):
        for e in times(found):
            assert weights[distance == e].sum() == pytest.approx(float(e == estimand.event_time), abs=1e-10)



def test_cells_outside_the_window_change_nothing(staggered):
    design = staggered(3, missing=0)
    found = stacked(design, effects="overall", comparison="never", weighting="plain", window=(-2, 1))
    outside = (design.cohort == 4)[:, None] & ((design.periods < 2) | (design.periods > 5))
    noise = np.random.default_rng(0).normal(size=design.outcome.shape)
    moved = replace(design, outcome=design.outcome + outside[..., None] * noise)
    again = stacked(moved, effects="overall", comparison="never", weighting="plain", window=(-2, 1))
    assert again.value == pytest.approx(found.value, abs=1e-12)


def test_the_same_effect_in_all_is_found_by_every_choice(staggered):
    design = staggered(0, missing=0)
    flat = replace(design, outcome=(2.0 * design.in_program + np.arange(7) ** 2)[..., None])
    for effects, comparison, weighting in OPTIONS:
        found = stacked(flat, effects=effects, comparison=comparison, weighting=weighting)
        expected = [2.0 if e.event_time is None or e.event_time >= 0 else 0.0 for e in found.estimands]
        assert found.value[:, 0] == pytest.approx(expected, abs=1e-10)
