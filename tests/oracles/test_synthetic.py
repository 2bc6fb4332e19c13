"""Synthetic DiD and synthetic control against diff-diff on random designs."""

import numpy as np
import pytest

from evaluation.stats.estimators.synthetic_control import synthetic_control, synthetic_control_fits
from evaluation.stats.estimators.synthetic_did import synthetic_did, synthetic_did_fits
from evaluation.stats.inference.placebo import placebo
from evaluation.stats.records import Design

pd = pytest.importorskip("pandas")
diff_diff = pytest.importorskip("diff_diff")
pytestmark = [pytest.mark.oracles, pytest.mark.filterwarnings("ignore")]
PERIODS, START = 14, 11


def draw(seed, *, program=1, donors=9):
    rng = np.random.default_rng(seed)
    n = program + donors
    outcome = rng.normal(size=(n, 2)) @ rng.normal(size=(2, PERIODS)).cumsum(axis=1) + rng.normal(size=(n, PERIODS))
    design = Design(
        outcome=outcome[:, :, None], parts=("y",), unit_ids=tuple(map(str, range(n))),
        periods=np.arange(1, PERIODS + 1), position=np.arange(PERIODS), cluster=np.arange(n),
        stratum=np.zeros(n, dtype=int), cohort=np.where(np.arange(n) < program, START, np.nan), weight=np.ones(n),
        is_break=np.zeros(PERIODS, dtype=bool))
    unit, period = np.indices((n, PERIODS)).reshape(2, -1)
    rows = pd.DataFrame({"unit": unit, "time": period + 1, "y": outcome.ravel(), "d": (unit < program).astype(int)})
    return design, rows


@pytest.mark.parametrize(("seed", "program"), [(0, 1), (1, 1), (2, 2), (3, 2)])
def test_synthetic_did_agrees_up_to_their_early_stop_and_never_fits_worse(seed, program):
    design, rows = draw(seed, program=program, donors=20)
    other = diff_diff.SyntheticDiD(variance_method="placebo", n_bootstrap=2, seed=0).fit(
        rows, outcome="y", treatment="d", unit="unit", time="time", post_periods=list(range(START, PERIODS + 1)))
    fit = synthetic_did_fits(design)[0]
    assert synthetic_did(design).value[0, 0] == pytest.approx(other.att, abs=2e-3)
    before = design.outcome[program:, : START - 1, 0].T - design.outcome[:program, : START - 1, 0].mean(axis=0)[:, None]
    before -= before.mean(axis=0)

    def loss(weight):
        return ((before @ weight) ** 2).sum() + other.zeta_omega**2 * (START - 1) * (weight**2).sum()

    theirs = np.array([other.unit_weights[unit] for unit in range(program, program + 20)])
    assert loss(fit.unit_weight[:, 0]) <= loss(theirs) * (1 + 1e-12)


@pytest.mark.parametrize("seed", range(4))
def test_synthetic_control_and_its_placebo_ranks_agree(seed):
    design, rows = draw(seed)
    before, after = list(range(1, START)), list(range(START, PERIODS + 1))
    model = diff_diff.SyntheticControl(v_method="custom", custom_v=[1.0] * len(before), standardize="none")
    in_program = rows.assign(d=rows["d"] * (rows["time"] >= START))
    other = model.fit(in_program, "y", "d", "unit", "time", post_periods=after, pre_period_outcomes="all")
    estimate = synthetic_control(design)
    assert estimate.value[0, 0] == pytest.approx(other.att, abs=1e-8)
    assert synthetic_control_fits(design)[0].rmspe[0] == pytest.approx(other.pre_rmspe, abs=1e-8)
    found = placebo(estimate, np.random.default_rng(0), rank_by="rmspe_ratio")[0][0]
    assert found.statistic == pytest.approx(other.rmspe_ratio, rel=1e-6)
    other.in_space_placebo()
    assert found.inference.p_value == pytest.approx(other.placebo_p_value)
