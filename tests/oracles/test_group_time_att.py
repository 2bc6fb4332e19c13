"""Group-time effects beside diff-diff's Callaway–Sant'Anna on random designs."""

import warnings

import numpy as np
import pytest

from evaluation.stats.estimators.group_time_att import group_time_att
from evaluation.stats.glm import maximize
from evaluation.stats.records import Design
from evaluation.stats.regression import influence_of

diff_diff = pytest.importorskip("diff_diff")
pd = pytest.importorskip("pandas")

pytestmark = pytest.mark.oracles

PEER = {"never": "never_treated", "not_yet": "not_yet_treated"}
METHOD = {"none": "reg", "regression": "reg", "ipw": "ipw", "dr": "dr"}


def draw(seed: int) -> Design:
    """Draw 120 units in 7 periods, two cohorts, one covariate that growth follows; a tenth of the cells missing."""
    rng = np.random.default_rng(seed)
    cohort = np.array([4, 6, np.nan])[np.arange(120) % 3]
    x = rng.normal(size=(120, 1)) + 0.3 * np.isnan(cohort)[:, None]
    y = rng.normal(size=(120, 7)).cumsum(axis=1) + x * np.arange(7) * 0.2
    y[rng.random(y.shape) < 0.1] = np.nan
    return Design(
        outcome=y[..., None], parts=("y",), unit_ids=tuple(map(str, range(120))), periods=np.arange(1, 8),
        position=np.arange(7), cluster=np.arange(120), stratum=np.zeros(120, dtype=np.int64), cohort=cohort,
        weight=np.ones(120), is_break=np.zeros(7, dtype=bool), covariates=x)


def peer(design: Design, comparison: str, base: str, adjustment: str, anticipation: int = 0) -> dict:
    """(effect, se) by cohort and period; the base period itself, which diff-diff lists as 0, is left out."""
    unit, period = np.nonzero(design.present)
    rows = pd.DataFrame({"unit": unit, "time": period + 1, "y": design.outcome[unit, period, 0],
                         "g": np.nan_to_num(design.cohort)[unit], "x": design.covariates[unit, 0]})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = diff_diff.CallawaySantAnna(
            control_group=PEER[comparison], estimation_method=METHOD[adjustment], base_period=base,
            anticipation=anticipation, pscore_trim=1e-3,
        ).fit(rows, outcome="y", unit="unit", time="time", first_treat="g",
              covariates=None if adjustment == "none" else ["x"])
    return {(int(g), int(t)): (e["effect"], e["se"]) for (g, t), e in found.group_time_effects.items()
            if base == "varying" or t != g - 1 - anticipation}


def ours(design: Design, comparison: str, base: str, adjustment: str, anticipation: int = 0) -> dict:
    found = group_time_att(design, comparison=comparison, base=base, adjustment=adjustment, anticipation=anticipation)
    se = np.sqrt((influence_of(found).of_cluster[:, :, 0] ** 2).sum(axis=0))
    return {(e.cohort, e.period): (float(v), float(s))
            for e, v, s in zip(found.estimands, found.value[:, 0], se, strict=True)}


@pytest.mark.parametrize("adjustment", ["none", "regression", "ipw"])
@pytest.mark.parametrize("base", ["varying", "universal"])
@pytest.mark.parametrize("comparison", ["never", "not_yet"])
@pytest.mark.parametrize("anticipation", [0, 1])
def test_effects_and_their_plain_standard_errors_agree(comparison, base, adjustment, anticipation):
    for seed in range(2):
        a, b = (of(draw(seed), comparison, base, adjustment, anticipation) for of in (ours, peer))
        assert set(a) == set(b)
        for at, numbers in a.items():
            assert numbers == pytest.approx(b[at], abs=1e-9)


@pytest.mark.parametrize("seed", range(3))
def test_doubly_robust_effects_agree_but_for_the_divisor_of_the_second_term(seed):
    """diff-diff divides the comparison units' reweighted residuals by the program units, did and we by their odds."""
    design = draw(seed)
    a, b = (of(design, "never", "universal", "dr") for of in (ours, peer))
    assert set(a) == set(b)
    for at, (value, _) in a.items():
        by_odds, by_program = _doubly_robust(design, *at)
        assert value == pytest.approx(by_odds, abs=1e-9)
        assert b[at][0] == pytest.approx(by_program, abs=1e-9)


def _doubly_robust(design: Design, cohort: int, period: int) -> tuple[float, float]:
    """Mean residual of program units less that of reweighted comparison units, with either divisor."""
    seen = design.present[:, period - 1] & design.present[:, cohort - 2]
    units = np.flatnonzero(seen & (design.never_program | (design.cohort == cohort)))
    is_program = ~design.never_program[units]
    change = design.outcome[units, period - 1, 0] - design.outcome[units, cohort - 2, 0]
    x = np.column_stack([np.ones(len(units)), design.covariates[units]])
    p = maximize(x, is_program.astype(float), np.ones(len(units)), link="logit").mean
    residual = change - x @ np.linalg.lstsq(x[~is_program], change[~is_program], rcond=None)[0]
    odds = np.where(is_program, 0, p / (1 - p))
    mean, reweighted = residual[is_program].mean(), odds @ residual
    return float(mean - reweighted / odds.sum()), float(mean - reweighted / is_program.sum())


@pytest.mark.parametrize("adjustment", ["none", "regression", "ipw"])
def test_with_two_anticipated_periods_and_varying_base_only_anticipated_effects_differ(adjustment):
    """Their base is here the last period before anticipation, in diff-diff (and did) the period before."""
    a, b = (of(draw(0), "never", "varying", adjustment, 2) for of in (ours, peer))
    assert set(a) == set(b)
    assert {at for at in a if a[at] != pytest.approx(b[at], abs=1e-9)} == {(4, 3), (6, 5)}
