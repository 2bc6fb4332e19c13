"""Extended Poisson regression beside diff-diff and pyfixest on random designs."""

import warnings

import numpy as np
import pytest

from evaluation.stats.estimators.etwfe_poisson import etwfe_poisson
from evaluation.stats.records import Design
from evaluation.stats.regression import influence_of

pd = pytest.importorskip("pandas")

pytestmark = pytest.mark.oracles


def draw(seed: int, *, missing: float) -> Design:
    """Draw counts of 60 units in 6 periods, two cohorts."""
    rng = np.random.default_rng(seed)
    cohort = np.array([3, 5, np.nan])[np.arange(60) % 3]
    effect = 0.3 * (np.arange(1, 7)[None, :] >= cohort[:, None])
    y = rng.poisson(np.exp(1 + rng.normal(0, 0.4, (60, 1)) + rng.normal(0, 0.2, (1, 6)) + effect)).astype(float)
    y[rng.random(y.shape) < missing] = np.nan
    return Design(
        outcome=y[..., None], parts=("y",), unit_ids=tuple(map(str, range(60))), periods=np.arange(1, 7),
        position=np.arange(6), cluster=np.arange(60), stratum=np.zeros(60, dtype=np.int64), cohort=cohort,
        weight=np.ones(60), is_break=np.zeros(6, dtype=bool))


def rows_of(design: Design) -> "pd.DataFrame":
    unit, period = np.nonzero(design.present)
    return pd.DataFrame({"unit": unit, "time": period + 1, "y": design.outcome[unit, period, 0],
                         "g": np.nan_to_num(design.cohort)[unit]})


def plain_se(estimate) -> np.ndarray:
    return np.sqrt((influence_of(estimate).of_cluster[:, :, 0] ** 2).sum(axis=0))


@pytest.mark.parametrize("missing", [0, 0.1])
@pytest.mark.parametrize("seed", range(3))
def test_effects_with_cohort_effects_are_those_of_diff_diff_up_to_its_factor(seed, missing):
    """diff-diff's standard errors have CR1's factor G/(G − 1) · (N − 1)/(N − K)."""
    diff_diff = pytest.importorskip("diff_diff")
    design = draw(seed, missing=missing)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        peer = diff_diff.WooldridgeDiD(method="poisson").fit(
            rows_of(design), outcome="y", unit="unit", time="time", cohort="g").group_time_effects
    found = etwfe_poisson(design, effects="cohort")
    n, k = int(design.present.sum()), 3 + 5 + len(found.estimands)
    factor = np.sqrt(60 / 59 * (n - 1) / (n - k))
    assert {(e.cohort, e.period) for e in found.estimands} == set(peer)
    for e, value, se in zip(found.estimands, found.value[:, 0], plain_se(found), strict=True):
        assert value == pytest.approx(peer[e.cohort, e.period]["att"], abs=1e-8)
        assert se * factor == pytest.approx(peer[e.cohort, e.period]["se"], rel=1e-8)


@pytest.mark.parametrize("effects", ["unit", "cohort"])
@pytest.mark.parametrize("missing", [0, 0.1])
def test_ratios_are_the_coefficients_of_pyfixest_with_their_standard_errors(effects, missing):
    pyfixest = pytest.importorskip("pyfixest")
    design = draw(5, missing=missing)
    found = etwfe_poisson(design, effects=effects, scale="log")
    rows = rows_of(design)
    names = [f"in_{e.cohort}_{e.period}" for e in found.estimands]
    for e, name in zip(found.estimands, names, strict=True):
        rows[name] = ((rows["g"] == e.cohort) & (rows["time"] == e.period)).astype(float)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        peer = pyfixest.fepois(f"y ~ {' + '.join(names)} | {'unit' if effects == 'unit' else 'g'} + time", rows,
                               vcov={"CRV1": "unit"}, ssc=pyfixest.ssc(k_adj=False, G_adj=False), fixef_tol=1e-12,
                               iwls_tol=1e-12)
    assert found.value[:, 0] == pytest.approx(peer.coef()[names].to_numpy(), abs=1e-8)
    assert plain_se(found) == pytest.approx(peer.se()[names].to_numpy(), rel=1e-7)
