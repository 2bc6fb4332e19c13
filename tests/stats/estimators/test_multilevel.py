"""Multilevel model of cells: the optimum of the likelihood of student rows, and what must hold."""

import warnings
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize
from scipy.stats import multivariate_normal
from statsmodels.regression.mixed_linear_model import MixedLM, MixedLMParams

from evaluation.stats.components import _deviance, nested_cells
from evaluation.stats.estimators.multilevel import multilevel
from evaluation.stats.inference.cr2 import cr2
from evaluation.stats.inference.cv3 import cv3
from evaluation.stats.inference.infer import infer
from evaluation.stats.records import Design
from tests.stats.estimators.student_rows import independent_columns

NAN = np.nan
PARTS = ("gap", "focal", "reference")


def draw(seed, *, districts=10, schools=4, periods=5, n=6, sd=(0.6, 0.5, 0.7)):
    """Student rows of 2 groups in schools in districts in 2 strata, their number by cell, and the design of means."""
    rng = np.random.default_rng(seed)
    district = np.repeat(np.arange(districts), schools)
    units, cohort = len(district), np.array([3, 4, NAN, NAN, NAN])[district % 5]
    stratum = (district >= districts // 2).astype(int)
    size = rng.poisson(n, size=(units, periods, 2)) + 1
    level = (rng.normal(0, sd[0], districts)[district] + rng.normal(0, sd[1], units))[:, None, None]
    own_gap = rng.normal(0, sd[2], units)[:, None, None] * np.array([0.5, -0.5])
    into = (np.arange(1, periods + 1)[None, :] >= cohort[:, None])[:, :, None]
    mean = level + own_gap + rng.normal(size=(2, periods, 2))[stratum] + into * np.array([0.8, 0.3])
    unit, t, k = (np.repeat(i.ravel(), size.ravel()) for i in np.indices(size.shape))
    y = mean[unit, t, k] + rng.normal(size=len(unit))
    rows = pd.DataFrame({"district": district[unit], "school": unit, "t": t, "k": k, "stratum": stratum[unit],
                         "cohort": cohort[unit], "into": into[unit, t, 0].astype(float), "y": y})
    total = np.zeros(size.shape)
    np.add.at(total, (unit, t, k), y)
    means = total / size
    return rows, size, Design(
        outcome=np.dstack([means[..., 0] - means[..., 1], means]), parts=PARTS,
        unit_ids=tuple(f"school{u}" for u in range(units)), periods=np.arange(1, periods + 1),
        position=np.arange(periods), cluster=district, stratum=stratum, cohort=cohort, weight=np.ones(units),
        is_break=np.zeros(periods, dtype=bool))


def values(found):
    return np.array([getattr(found, part).value[0, 0] for part in PARTS])


def variances(found):
    v = found.variances
    return np.array([v.district, v.school, v.school_gap])


def mixed_model(rows):
    """The same model of student rows for statsmodels; its first two effects are those on focal and reference."""
    period = rows.groupby(["k", "stratum", "t"]).ngroup().to_numpy()
    start = rows.groupby(["k", "stratum", "cohort"], dropna=False).ngroup().to_numpy()
    x = independent_columns(np.column_stack([
        rows["into"] * (rows["k"] == 0), rows["into"] * (rows["k"] == 1), np.eye(period.max() + 1)[period],
        np.eye(start.max() + 1)[start]]))
    names = [f"x{i}" for i in range(x.shape[1])]
    table = pd.concat([rows, pd.DataFrame(x, columns=names)], axis=1).assign(half=np.where(rows["k"] == 0, 0.5, -0.5))
    return MixedLM.from_formula(f"y ~ 0 + {' + '.join(names)}", groups="district", re_formula="1", data=table,
                                vc_formula={"gap": "0 + C(school):half", "school": "0 + C(school)"})


@pytest.mark.parametrize("method", ["reml", "ml"])
@pytest.mark.parametrize("seed", [0, 1])
def test_estimates_are_those_of_mixed_lm_on_student_rows(seed, method):
    """Oracle: statsmodels MixedLM. Given its s², the likelihood of rows and of cells has the same maximum.

    Its search stops on a flat hill: variances are good to about 1e-3, effects to 1e-5 of themselves. At our variances
    its own likelihood is no lower than where it stopped, and its effects are ours to 1e-9.
    """
    rows, size, design = draw(seed)
    model = mixed_model(rows)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fitted = model.fit(reml=method == "reml", method=["lbfgs"], gtol=1e-9)
    found = multilevel(design, variance=fitted.scale / size, method=method)
    effects = values(found)[1:]
    assert effects == pytest.approx(fitted.fe_params.to_numpy()[:2], rel=1e-5)
    assert variances(found) == pytest.approx([fitted.cov_re.iloc[0, 0], *fitted.vcomp[::-1]], rel=2e-3)
    assert found.model_se[1:] == pytest.approx(fitted.bse_fe.to_numpy()[:2], rel=1e-3)
    assert model.exog_vc.names == ["gap", "school"]
    ratio = variances(found) / fitted.scale
    ours = MixedLMParams.from_components(fe_params=fitted.fe_params.to_numpy(), cov_re=ratio[:1, None],
                                         vcomp=ratio[[2, 1]])
    assert model.loglike(ours, profile_fe=True) >= fitted.llf - 1e-9
    assert effects == pytest.approx(model.get_fe_params(ours.cov_re, ours.vcomp)[0][:2], abs=1e-9)


def dense_parts(design, variance, found):
    """V and y of all cells with V spelled out; focal cells first, as the regression has them."""
    unit, t = np.nonzero(design.present)
    school, half = np.tile(unit, 2), np.repeat([0.5, -0.5], len(unit))
    v = variances(found)
    district = design.cluster[school]
    same = school[:, None] == school[None, :]
    whole = (np.diag(np.concatenate([variance[unit, t, 0], variance[unit, t, 1]]))
             + v[0] * (district[:, None] == district[None, :]) + same * (v[1] + v[2] * np.outer(half, half)))
    return whole, np.concatenate([design.outcome[unit, t, 1], design.outcome[unit, t, 2]]), unit, t


def design_matrix(design, unit, t):
    """One group's program indicator, period × stratum and cohort × stratum dummies."""
    start = np.unique(np.nan_to_num(design.cohort, nan=99), return_inverse=True)[1][unit]
    stratum = design.stratum[unit]
    period, cohort = (np.unique(code, return_inverse=True)[1] for code in (stratum * 100 + t, stratum * 100 + start))
    into = (design.periods[t] >= design.cohort[unit]).astype(float)
    return independent_columns(np.column_stack([into, np.eye(period.max() + 1)[period],
                                                np.eye(cohort.max() + 1)[cohort]]))


@pytest.mark.parametrize("method", ["reml", "ml"])
@pytest.mark.parametrize("seed", range(3))
def test_value_se_and_likelihood_are_those_of_dense_generalized_least_squares(seed, method):
    _, size, design = draw(seed, districts=8, schools=2)
    holes = np.random.default_rng(seed).random(design.present.shape) < 0.15
    design = replace(design, outcome=np.where(holes[..., None], NAN, design.outcome))
    found = multilevel(design, variance=1 / size, method=method)
    whole, y, unit, t = dense_parts(design, 1 / size, found)
    base = design_matrix(design, unit, t)
    x = np.kron(np.eye(2), base)
    inverse = np.linalg.inv(whole)
    bread = np.linalg.inv(x.T @ inverse @ x)
    beta = bread @ x.T @ inverse @ y
    k = base.shape[1]
    assert values(found) == pytest.approx([beta[0] - beta[k], beta[0], beta[k]], abs=1e-10)
    contrast = np.zeros((3, 2 * k))
    contrast[[0, 1], 0], contrast[0, k], contrast[2, k] = 1, -1, 1
    assert found.model_se == pytest.approx(np.sqrt(np.diag(contrast @ bread @ contrast.T)), rel=1e-9)
    likelihood = multivariate_normal(x @ beta, whole).logpdf(y)
    # of N − k error contrasts: the density of y over that of beta
    restricted = likelihood + k * np.log(2 * np.pi) + np.linalg.slogdet(bread)[1] / 2
    assert found.log_likelihood == pytest.approx(restricted if method == "reml" else likelihood, abs=1e-8)
    district, u = design.cluster[np.tile(unit, 2)], y - x @ beta
    score = [contrast @ bread @ x[district == g].T @ inverse[np.ix_(district == g, district == g)] @ u[district == g]
             for g in np.unique(district)]
    uncorrected = np.sqrt((np.array(score) ** 2).sum(axis=0))
    se = np.array([cr2(e.regression, e.contrasts).se[0, 0] for e in (found.gap, found.focal, found.reference)])
    assert (se > uncorrected).all()
    assert (se < 2 * uncorrected).all()


def test_cr2_of_the_whitened_cells_has_the_estimated_covariance_as_working_model():
    """CR2 of dense GLS: B'(BHB')^(+½)B with B = V_gg^½ and H the covariance of residuals, by its definition."""
    _, size, design = draw(4, districts=8, schools=2)
    found = multilevel(design, variance=1 / size)
    whole, y, unit, t = dense_parts(design, 1 / size, found)
    x = np.kron(np.eye(2), design_matrix(design, unit, t))
    root = np.linalg.cholesky(whole)
    z, w = np.linalg.solve(root, x), np.linalg.solve(root, y)
    bread = np.linalg.inv(z.T @ z)
    u, district = w - z @ bread @ z.T @ w, design.cluster[np.tile(unit, 2)]
    contrast = np.zeros(x.shape[1])
    contrast[0], contrast[x.shape[1] // 2] = 1, -1
    total = 0
    for g in np.unique(district):
        mine = district == g
        values_, vectors = np.linalg.eigh(np.eye(mine.sum()) - z[mine] @ bread @ z[mine].T)
        power = np.where(values_ > 1e-9, 1 / np.sqrt(values_.clip(1e-9)), 0)
        total += (contrast @ bread @ z[mine].T @ (vectors * power) @ vectors.T @ u[mine]) ** 2
    assert infer(found.gap)[0][0].se == pytest.approx(np.sqrt(total), rel=1e-9)


def cells_of(design, variance):
    unit, t = np.nonzero(design.present)
    return nested_cells(
        np.kron(np.eye(2), design_matrix(design, unit, t)), design.outcome[unit, t, 1:].T.ravel(),
        variance[unit, t].T.ravel(), school=np.tile(unit, 2), district=design.cluster[np.tile(unit, 2)],
        half=np.repeat([0.5, -0.5], len(unit)))


@pytest.mark.parametrize("method", ["reml", "ml"])
@pytest.mark.parametrize("sd", [(0, 0, 0), (0.05, 2, 0), (2, 0, 0.5), (0.5, 30, 0.05), (30, 0.05, 0.5)])
def test_no_higher_likelihood_is_found_from_elsewhere(sd, method):
    _, size, design = draw(21, sd=sd)
    cells = cells_of(design, 1 / size)
    found = multilevel(design, variance=1 / size, method=method).log_likelihood
    for start in ((1e-3, 1e-3, 1e-3), (3, 3, 3), (3, 1e-3, 0.3)):
        other = minimize(lambda v: _deviance(cells, np.maximum(v, 0) * cells.size, method)[0], start,
                         method="L-BFGS-B", bounds=[(0, None)] * 3)
        assert found >= -other.fun - 1e-6


@pytest.mark.parametrize("method", ["reml", "ml"])
def test_slope_of_the_likelihood_is_its_derivative(method):
    _, size, design = draw(5)
    cells = cells_of(design, 1 / size)
    at = np.array([0.3, 0.2, 0.4])
    _, slope = _deviance(cells, at, method)
    for j, step in enumerate(1e-5 * np.eye(3)):
        rise = _deviance(cells, at + step, method)[0] - _deviance(cells, at - step, method)[0]
        assert slope[j] == pytest.approx(rise / 2e-5, rel=1e-6)


def weighted_least_squares(design, variance):
    unit, t = np.nonzero(design.present)
    x = design_matrix(design, unit, t)
    out = [np.linalg.lstsq(x / np.sqrt(variance[unit, t, k])[:, None],
                           design.outcome[unit, t, k + 1] / np.sqrt(variance[unit, t, k]), rcond=None)[0][0]
           for k in (0, 1)]
    return np.array([out[0] - out[1], *out])


def test_without_variance_between_schools_it_is_weighted_least_squares():
    _, size, design = draw(6, sd=(0, 0, 0))
    assert values(multilevel(design, variance=1 / size, random=())) == pytest.approx(
        weighted_least_squares(design, 1 / size), abs=1e-10)
    coarse = multilevel(design, variance=3 / size)
    assert variances(coarse).tolist() == [0, 0, 0]
    assert values(coarse) == pytest.approx(weighted_least_squares(design, 1 / size), abs=1e-10)


def test_two_schools_and_two_periods_worked_by_hand(design_of):
    """Changes 5 and 2 of focal, 1 and 0 of reference, cells of equal variance: effects 3, 1 and gap 2."""
    means = np.array([[[10, 4], [15, 5]], [[20, 7], [22, 7]]], dtype=float)
    design = design_of(np.dstack([means[..., 0] - means[..., 1], means]), [2, NAN], parts=PARTS)
    found = multilevel(design, variance=np.ones((2, 2, 2)), random=())
    assert values(found) == pytest.approx([2, 3, 1])
    # the variance of a difference of differences of four cells is 4, of two of them 8
    assert found.model_se == pytest.approx([8**0.5, 2, 2])
    assert infer(found.gap)[0][0].no_interval == "lone_cohort_cluster"


@pytest.mark.parametrize("seed", range(3))
def test_constants_common_shocks_levels_of_cohorts_and_order_change_nothing(seed):
    _, size, design = draw(seed)
    rng = np.random.default_rng(seed)
    base = multilevel(design, variance=1 / size)
    start = np.nan_to_num(design.cohort, nan=0).astype(int)
    added = 50 + rng.normal(size=(2, 5, 2))[design.stratum] + rng.normal(size=(5, 2))[start][:, None, :] * 10
    means = design.outcome[..., 1:] + added
    moved = replace(design, outcome=np.dstack([means[..., 0] - means[..., 1], means]))
    order = rng.permutation(len(design.unit_ids))
    turned = design.subset(np.ones(len(order), dtype=bool))
    turned = replace(turned, unit_ids=tuple(design.unit_ids[i] for i in order), **{
        name: getattr(design, name)[order] for name in ("outcome", "cluster", "stratum", "cohort", "weight")})
    for other, v in ((moved, 1 / size), (turned, (1 / size)[order])):
        found = multilevel(other, variance=v)
        assert values(found) == pytest.approx(values(base), abs=1e-7)
        assert variances(found) == pytest.approx(variances(base), rel=1e-5)


def test_scaling_scales_and_the_gap_is_focal_less_reference():
    _, size, design = draw(7)
    base = multilevel(design, variance=1 / size)
    scaled = multilevel(replace(design, outcome=10 * design.outcome), variance=100 / size)
    assert values(scaled) == pytest.approx(10 * values(base), rel=1e-7)
    assert variances(scaled) == pytest.approx(100 * variances(base), rel=1e-5)
    gap, focal, reference = values(base)
    assert gap == pytest.approx(focal - reference, abs=1e-12)


def test_schools_always_in_the_program_change_nothing():
    _, size, design = draw(8)
    always = replace(design, cohort=np.where(design.cluster == 2, 1, design.cohort))
    kept = design.cluster != 2
    assert values(multilevel(always, variance=1 / size)) == pytest.approx(
        values(multilevel(design.subset(kept), variance=(1 / size)[kept])), abs=1e-9)


def test_schools_chosen_for_their_large_gaps_are_no_effect():
    _, size, design = draw(9)
    chosen = 25.0 * ~design.never_program[:, None]
    outcome = design.outcome.copy()
    outcome[..., 0] += chosen
    outcome[..., 1] += chosen
    assert values(multilevel(replace(design, outcome=outcome), variance=1 / size)) == pytest.approx(
        values(multilevel(design, variance=1 / size)), abs=1e-6)


def test_the_level_of_one_school_does_move_it():
    """Its effect is random, so part of a shift counts as the program's."""
    _, size, design = draw(9)
    shift = 3.0 * (np.arange(40) == 0)[:, None, None] * np.array([0, 1, 1])
    moved = values(multilevel(replace(design, outcome=design.outcome + shift), variance=1 / size))
    assert np.abs(moved - values(multilevel(design, variance=1 / size))).max() > 1e-4


def test_planted_effects_and_variances_are_found_on_average():
    drawn = [draw(seed, n=30, districts=40, schools=3) for seed in range(100, 112)]
    found = [multilevel(design, variance=1 / size) for _, size, design in drawn]
    assert np.mean([values(f) for f in found], axis=0) == pytest.approx([0.5, 0.8, 0.3], abs=0.05)
    assert np.mean([variances(f) for f in found], axis=0) == pytest.approx([0.36, 0.25, 0.49], rel=0.2)


def test_districts_of_one_school_have_no_variance_apart_from_the_school():
    _, size, design = draw(10, schools=1, districts=20)
    found = multilevel(design, variance=1 / size)
    assert found.variances.district == 0
    assert found.variances.school > 0


def test_it_is_estimated_anew_without_a_district():
    _, size, design = draw(11)
    found = multilevel(design, variance=1 / size)
    kept = design.cluster != 3
    without = multilevel(design.subset(kept), variance=(1 / size)[kept])
    assert found.focal.estimator(design.subset(kept)).value == pytest.approx(without.focal.value, abs=1e-12)
    assert cv3(found.gap).se[0, 0] > 0
    assert len(found.gap.program_clusters[0]) == 4
    assert len(found.gap.comparison_clusters[0]) == 6


def test_an_effect_the_other_effects_explain_is_not_estimated():
    _, size, design = draw(12)
    for cohort in (np.full(40, NAN), np.full(40, 3.0)):
        found = multilevel(replace(design, cohort=cohort), variance=1 / size)
        assert found.gap.estimands == ()
        assert np.isnan(found.model_se).all()


def test_a_missing_part_or_variance_is_refused():
    _, size, design = draw(13)
    with pytest.raises(ValueError, match="focal is not among a"):
        multilevel(replace(design, outcome=design.outcome[..., :1], parts=("a",)), variance=1 / size)
    with pytest.raises(ValueError, match="1 of 400 cells have no positive sampling variance"):
        multilevel(design, variance=np.where(np.arange(400).reshape(size.shape) == 7, 0, 1 / size))
    with pytest.raises(ValueError, match="no cell of a school with periods without the program"):
        multilevel(replace(design, cohort=np.full(40, 1.0)), variance=1 / size)
