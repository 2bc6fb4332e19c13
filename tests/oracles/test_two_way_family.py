"""Two-way fixed effects and its repairs against diff-diff, pyfixest and linearmodels on random designs."""

from dataclasses import dataclass, replace

import numpy as np
import pytest

from evaluation.stats.aggregate import aggregate, average
from evaluation.stats.estimators.bacon import bacon, by_kind
from evaluation.stats.estimators.etwfe import etwfe
from evaluation.stats.estimators.event_study import event_study
from evaluation.stats.estimators.imputation import imputation
from evaluation.stats.estimators.negative_weights import negative_weights
from evaluation.stats.estimators.stacked import stacked
from evaluation.stats.estimators.sun_abraham import sun_abraham
from evaluation.stats.estimators.twfe import twfe
from evaluation.stats.inference.cr2 import cr1
from evaluation.stats.records import Design
from evaluation.stats.regression import influence_of

pd = pytest.importorskip("pandas")
pytestmark = [pytest.mark.oracles, pytest.mark.filterwarnings("ignore")]
BALANCED = [(seed, 0.0) for seed in range(3)]
ANY = [*BALANCED, *((seed, 0.15) for seed in range(3, 6))]
NAMES = {"outcome": "y", "unit": "unit", "time": "time", "first_treat": "g"}


@dataclass(frozen=True)
class Drawn:
    """One design of 40 units in 8 periods, and its rows."""

    design: Design
    rows: object


def draw(seed: int, missing: float) -> Drawn:
    rng = np.random.default_rng(seed)
    cohort = np.array([4, 4, 6, 7, np.nan, np.nan])[rng.integers(0, 6, 40)]
    outcome = rng.normal(size=(40, 8, 1)).cumsum(axis=1)
    outcome[rng.random((40, 8)) < missing] = np.nan
    weight, x = rng.uniform(1, 5, 40), rng.normal(size=40)
    design = Design(
        outcome=outcome, parts=("y",), unit_ids=tuple(map(str, range(40))), periods=np.arange(1, 9),
        position=np.arange(8), cluster=np.arange(40), stratum=np.zeros(40, dtype=int), cohort=cohort,
        weight=np.ones(40), is_break=np.zeros(8, dtype=bool))
    unit, period = np.nonzero(design.present)
    start = np.nan_to_num(cohort)[unit].astype(int)
    rows = pd.DataFrame({"unit": unit, "time": period + 1, "y": outcome[unit, period, 0], "g": start,
                         "post": ((start > 0) & (period + 1 >= start)).astype(int), "treat": (start > 0).astype(int),
                         "e": np.where(start > 0, period + 1 - start, -1), "w": weight[unit], "x": x[unit]})
    return Drawn(design, rows)


def weighted(drawn: Drawn) -> Design:
    w = drawn.rows.groupby("unit")["w"].first()
    weight = np.ones(40)
    weight[w.index] = w
    return replace(drawn.design, weight=weight)


def att_gt(estimate):
    return {(e.cohort, e.period): v[0] for e, v in zip(estimate.estimands, estimate.value, strict=True)}


def by_event_time(estimate):
    return {e.event_time: v[0] for e, v in zip(estimate.estimands, estimate.value, strict=True)}


@pytest.mark.parametrize("given", ANY, ids=str)
def test_two_way_and_event_study_are_those_of_pyfixest_and_linearmodels(given):
    pf = pytest.importorskip("pyfixest")
    panel = pytest.importorskip("linearmodels.panel")
    drawn = draw(*given)
    design = weighted(drawn)
    two_way, study = twfe(design), event_study(design)
    fitted = pf.feols("y ~ post | unit + time", drawn.rows, weights="w")
    assert fitted.coef()["post"] == pytest.approx(two_way.value[0, 0], abs=1e-9)
    times = sorted(by_event_time(study))
    coefficients = pf.feols("y ~ i(e, treat, ref=-1) | unit + time", drawn.rows, weights="w").coef()
    assert coefficients.to_numpy() == pytest.approx([by_event_time(study)[e] for e in times], abs=1e-9)
    indexed = drawn.rows.set_index(["unit", "time"])
    dummies = pd.DataFrame({f"e{e}": ((indexed.e == e) & (indexed.treat == 1)).astype(float) for e in times})
    found = panel.PanelOLS(indexed.y, dummies, entity_effects=True, time_effects=True, weights=indexed.w).fit()
    assert found.params.to_numpy() == pytest.approx([by_event_time(study)[e] for e in times], abs=1e-9)


@pytest.mark.parametrize("given", BALANCED, ids=str)
def test_clustered_errors_of_pyfixest_are_cr1_that_counts_all_period_effects(given):
    pf = pytest.importorskip("pyfixest")
    drawn = draw(*given)
    fitted = pf.feols("y ~ post | unit + time", drawn.rows, vcov={"CRV1": "unit"})
    found = twfe(drawn.design)
    assert fitted.se()["post"] == pytest.approx(cr1(found.regression, found.contrasts, n_absorbed=1).se[0, 0], rel=1e-8)


@pytest.mark.parametrize("given", ANY, ids=str)
def test_sun_abraham_is_that_of_diff_diff(given):
    dd = pytest.importorskip("diff_diff")
    drawn = draw(*given)
    other = dd.SunAbraham().fit(drawn.rows, **NAMES)
    found = sun_abraham(drawn.design, comparison="never")
    for e, value in by_event_time(aggregate(found, "event_time")).items():
        assert other.event_study_effects[e]["effect"] == pytest.approx(value, abs=1e-9)
    assert other.overall_att == pytest.approx(aggregate(found, "overall").value[0, 0], abs=1e-9)


@pytest.mark.parametrize("given", ANY, ids=str)
def test_sun_abraham_is_the_saturated_regression_of_pyfixest(given):
    pf = pytest.importorskip("pyfixest")
    drawn = draw(*given)
    coefficients = pf.feols("y ~ i(e, g, ref=-1, ref2=0) | unit + time", drawn.rows, weights="w").coef()
    found = att_gt(sun_abraham(weighted(drawn), comparison="never"))
    assert len(found) == len(coefficients)
    for (cohort, period), value in found.items():
        assert coefficients[f"e::{period - cohort}:g::{cohort}"] == pytest.approx(value, abs=1e-9)


@pytest.mark.parametrize("given", ANY, ids=str)
def test_event_study_of_pyfixest_takes_the_first_row_in_the_program_as_the_cohort(given):
    """So it is Sun–Abraham only where no cell is absent."""
    pf = pytest.importorskip("pyfixest")
    drawn = draw(*given)
    rows = drawn.rows.assign(g=drawn.rows.g.astype(float))
    first = rows[rows.post == 1].groupby("unit").time.min().reindex(range(40)).to_numpy(dtype=float)
    design = replace(drawn.design, cohort=first)
    other = pf.event_study(rows, yname="y", idname="unit", tname="time", gname="g", estimator="saturated")
    for (cohort, period), value in att_gt(sun_abraham(design, comparison="never")).items():
        name = f"rel_time::{float(period - cohort)}:first_treated_period::{cohort}"
        assert other.coef()[name] == pytest.approx(value, abs=1e-6)


@pytest.mark.parametrize("given", ANY, ids=str)
def test_imputation_and_its_standard_error_are_those_of_diff_diff(given):
    dd = pytest.importorskip("diff_diff")
    drawn = draw(*given)
    other = dd.ImputationDiD().fit(drawn.rows, **NAMES)
    overall = aggregate(imputation(drawn.design), "overall")
    assert other.overall_att == pytest.approx(overall.value[0, 0], abs=1e-8)
    se = np.sqrt((influence_of(overall).of_cluster ** 2).sum())
    assert other.overall_se == pytest.approx(se, rel=1e-7)


@pytest.mark.parametrize("given", BALANCED, ids=str)
def test_two_stage_of_pyfixest_is_imputation(given):
    pf = pytest.importorskip("pyfixest")
    drawn = draw(*given)
    rows = drawn.rows.assign(g=drawn.rows.g.astype(float))
    other = pf.event_study(rows, yname="y", idname="unit", tname="time", gname="g", estimator="did2s")
    value = aggregate(imputation(drawn.design), "overall").value[0, 0]
    # its first stage is fitted by iteration
    assert other.coef().iloc[0] == pytest.approx(value, abs=1e-5)


@pytest.mark.parametrize("given", ANY, ids=str)
@pytest.mark.parametrize(("control", "comparison"), [("not_yet_treated", "not_yet"), ("never_treated", "never")])
def test_extended_two_way_is_that_of_diff_diff(given, control, comparison):
    dd = pytest.importorskip("diff_diff")
    drawn = draw(*given)
    other = dd.WooldridgeDiD(control_group=control).fit(drawn.rows, **NAMES)
    found = etwfe(drawn.design, comparison=comparison)
    assert set(att_gt(found)) == set(other.group_time_effects)
    for cell, value in att_gt(found).items():
        assert other.group_time_effects[cell]["att"] == pytest.approx(value, abs=1e-9)
    assert other.overall_att == pytest.approx(aggregate(found, "overall").value[0, 0], abs=1e-9)


@pytest.mark.parametrize("given", BALANCED, ids=str)
def test_covariates_of_extended_two_way_are_those_of_diff_diff(given):
    dd = pytest.importorskip("diff_diff")
    drawn = draw(*given)
    x = drawn.rows.groupby("unit")["x"].first().to_numpy()
    found = etwfe(replace(drawn.design, covariates=x[:, None]), comparison="not_yet")
    other = dd.WooldridgeDiD().fit(drawn.rows, **NAMES, xtvar=["x"])
    for cell, value in att_gt(found).items():
        assert other.group_time_effects[cell]["att"] == pytest.approx(value, abs=1e-9)


@pytest.mark.parametrize("given", BALANCED, ids=str)
@pytest.mark.parametrize(("control", "comparison"), [("not_yet_treated", "not_yet"), ("never_treated", "never")])
@pytest.mark.parametrize("window", [(-2, 1), (-1, 2)], ids=str)
def test_corrective_stacks_are_those_of_diff_diff_where_no_cell_is_absent(given, control, comparison, window):
    dd = pytest.importorskip("diff_diff")
    drawn = draw(*given)
    other = dd.StackedDiD(kappa_pre=-window[0], kappa_post=window[1], control_group=control).fit(
        drawn.rows, **NAMES, aggregate="event_study")
    found = stacked(drawn.design, effects="event_time", comparison=comparison, weighting="corrective", window=window)
    for e, value in by_event_time(found).items():
        assert other.event_study_effects[e]["effect"] == pytest.approx(value, abs=1e-9)
    assert other.overall_att == pytest.approx(average(found).value[0, 0], abs=1e-9)


@pytest.mark.parametrize("given", BALANCED, ids=str)
def test_bacon_components_are_those_of_diff_diff(given):
    dd = pytest.importorskip("diff_diff")
    drawn = draw(*given)
    other = dd.BaconDecomposition().fit(drawn.rows, **NAMES)
    found = {k.kind: k for k in by_kind(bacon(drawn.design))}
    for kind, name in (("program_never", "treated_vs_never"), ("earlier_later", "earlier_vs_later"),
                       ("later_earlier", "later_vs_earlier")):
        assert getattr(other, f"total_weight_{name}") == pytest.approx(found[kind].weight, abs=1e-9)
        assert getattr(other, f"weighted_avg_{name}") == pytest.approx(found[kind].estimate[0], abs=1e-9)


@pytest.mark.parametrize("given", ANY, ids=str)
def test_the_share_of_negative_weights_is_that_of_diff_diff(given):
    dd = pytest.importorskip("diff_diff")
    drawn = draw(*given)
    other = dd.twowayfeweights(drawn.rows, outcome="y", unit="unit", time="time", treatment="post")
    (found,) = negative_weights(twfe(drawn.design))
    assert other.fraction_negative == pytest.approx(found.share)
