"""Extended Poisson regression: by hand, frozen numbers of other programs, and what must hold."""

from dataclasses import replace

import numpy as np
import pytest

from evaluation.stats.aggregate import aggregate
from evaluation.stats.combine import gap_of
from evaluation.stats.estimators.etwfe_poisson import etwfe_poisson
from evaluation.stats.own_weights import stack
from evaluation.stats.regression import influence_of

NAN = np.nan
EFFECTS = ["unit", "cohort"]
OPTIONS = [(e, s) for e in EFFECTS for s in ("outcome", "log")]


def counts(design_of, seed, *, missing=0.1, strata=1, n_units=36):
    """Draw staggered counts of two columns; one unit per cluster."""
    rng = np.random.default_rng(seed)
    cohort = np.array([3, 5, NAN])[np.arange(n_units) % 3]
    growth = rng.normal(0, 0.2, (strata, 6, 2))[np.arange(n_units) % strata]
    effect = 0.3 * (np.arange(1, 7)[None, :] >= cohort[:, None])[..., None]
    y = rng.poisson(np.exp(2 + rng.normal(0, 0.4, (n_units, 1, 2)) + growth + effect)).astype(float)
    y[rng.random(y.shape[:2]) < missing] = NAN
    return design_of(y, cohort, weight=rng.uniform(1, 5, n_units), stratum=np.arange(n_units) // 3 % strata)


@pytest.fixture(params=[(seed, *OPTIONS[seed % 4]) for seed in range(8)], ids=str)
def drawn(request, design_of):
    seed, effects, scale = request.param
    design = counts(design_of, seed, strata=1 + seed // 4)

    def estimate(of):
        return etwfe_poisson(of, effects=effects, scale=scale)

    return design, estimate, scale


@pytest.mark.parametrize("effects", EFFECTS)
def test_growth_of_the_comparison_by_hand(design_of, effects):
    # comparison doubles from 2 to 4, so that the program units' 4 would have become 8; they have 12
    design = design_of(np.array([[3, 10], [5, 14], [1, 3], [3, 5]]), [2, 2, NAN, NAN])
    assert etwfe_poisson(design, effects=effects).value[0, 0] == pytest.approx(12 - 8)
    assert etwfe_poisson(design, effects=effects, scale="log").value[0, 0] == pytest.approx(np.log(12 / 8))
    # ATT = a − b d / c of four means: unit 0 pulls a = 12 by −1 and b = 4 by −1/2, unit 2 d = 4 by −1/2, c = 2 by −1/2
    influence = influence_of(etwfe_poisson(design, effects=effects)).of_cluster[:, 0, 0]
    assert influence == pytest.approx([-1 + 1, 1 - 1, 4 / 2 / 2 - 4 * 4 / 2**2 / 2, -4 / 2 / 2 + 4 * 4 / 2**2 / 2])


def test_a_unit_that_is_missing_is_no_growth_with_unit_effects(design_of):
    # nothing grows; a large comparison unit is absent in period 2
    outcome = np.array([[4, 4, 4], [4, 4, 4], [2, 2, 2], [80, NAN, 80.0]])
    design = design_of(outcome, [2, 2, NAN, NAN])
    assert etwfe_poisson(design, effects="unit").value[:, 0] == pytest.approx([0, 0], abs=1e-8)
    assert np.abs(etwfe_poisson(design, effects="cohort").value[:, 0]).max() > 1


@pytest.mark.parametrize("strata", [1, 2])
def test_unit_and_cohort_effects_agree_where_every_unit_is_always_seen(design_of, strata):
    design = counts(design_of, 1, missing=0, strata=strata)
    for scale in ("outcome", "log"):
        a, b = (etwfe_poisson(design, effects=effects, scale=scale) for effects in EFFECTS)
        assert a.value == pytest.approx(b.value, abs=1e-9)
        assert influence_of(a).of_cluster == pytest.approx(influence_of(b).of_cluster, abs=1e-9)


def test_influence_is_the_derivative_by_each_units_weight(design_of):
    design = counts(design_of, 2, missing=0.1)
    for effects, scale in OPTIONS:
        found = influence_of(etwfe_poisson(design, effects=effects, scale=scale)).of_cluster
        for i in range(0, 36, 5):
            step = 1e-5 * (np.arange(36) == i)
            up, down = (etwfe_poisson(replace(design, weight=design.weight * (1 + s)), effects=effects,
                                      scale=scale).value for s in (step, -step))
            assert (up - down) / 2e-5 == pytest.approx(found[i], abs=1e-6)


def test_growth_in_common_is_no_effect_and_a_factor_in_the_program_is_its_logarithm(drawn):
    design, estimate, scale = drawn
    rng = np.random.default_rng(0)
    level = rng.uniform(1, 9, (36, 1, 2)) if estimate(design).estimator.keywords["effects"] == "unit" else 5.0
    common = np.where(np.isnan(design.outcome), NAN, level * rng.uniform(0.5, 3, (2, 6, 2))[design.stratum])
    assert estimate(replace(design, outcome=common)).value == pytest.approx(0, abs=1e-8)
    planted = replace(design, outcome=common * np.where(design.in_program, 1.25, 1)[..., None])
    if scale == "log":
        assert estimate(planted).value == pytest.approx(np.log(1.25), abs=1e-8)


def test_a_shock_that_multiplies_all_cancels_as_a_ratio_where_there_is_one_period_before(design_of):
    design = counts(design_of, 0, missing=0)
    short = replace(design, outcome=design.outcome[:, :2], periods=design.periods[:2], position=design.position[:2],
                    cohort=np.where(design.cohort == 3, 2, NAN), is_break=design.is_break[:2])
    for effects in EFFECTS:
        a, b = (etwfe_poisson(replace(short, outcome=short.outcome * np.array(shock)[None, :, None]), effects=effects,
                              scale="log").value for shock in ([1, 1], [0.3, 4]))
        assert b == pytest.approx(a, abs=1e-9)


def test_a_unit_of_measurement_scales_effects_and_leaves_ratios(drawn):
    design, estimate, scale = drawn
    a, b = (estimate(d) for d in (design, replace(design, outcome=design.outcome * 7)))
    factor = 1 if scale == "log" else 7
    assert b.value == pytest.approx(factor * a.value, abs=1e-7)
    assert influence_of(b).of_cluster == pytest.approx(factor * influence_of(a).of_cluster, abs=1e-7)


def test_the_order_of_units_does_not_matter(drawn):
    design, estimate, _ = drawn
    order = np.random.default_rng(0).permutation(len(design.cohort))
    moved = replace(design, **{name: getattr(design, name)[order] for name in (
        "outcome", "cluster", "stratum", "cohort", "weight")})
    a, b = estimate(design), estimate(moved)
    assert b.value == pytest.approx(a.value, abs=1e-9)
    assert influence_of(b).of_cluster == pytest.approx(influence_of(a).of_cluster, abs=1e-9)


def test_units_always_in_the_program_change_nothing(drawn):
    design, estimate, _ = drawn
    always = replace(design, cohort=np.where(design.cluster < 3, 1, design.cohort))
    wild = replace(always, outcome=np.where(always.cluster[:, None, None] < 3, 99, always.outcome))
    a, b = estimate(always.subset(always.cluster >= 3)), estimate(wild)
    assert b.estimands == a.estimands
    assert b.value == pytest.approx(a.value, abs=1e-9)


def test_columns_are_fitted_apart_and_the_estimator_repeats_itself(drawn):
    design, estimate, _ = drawn
    found = estimate(design)
    for k in range(2):
        alone = estimate(replace(design, outcome=design.outcome[..., [k]], parts=(design.parts[k],)))
        assert alone.value[:, 0] == pytest.approx(found.value[:, k], abs=1e-12)
    assert found.estimator(design).value == pytest.approx(found.value)
    assert found.weights is None
    assert aggregate(found, "overall").value.shape == (1, 2)


def test_a_constant_moves_it(drawn):
    design, estimate, _ = drawn
    a, b = (estimate(d).value for d in (design, replace(design, outcome=design.outcome + 50)))
    assert np.abs(a - b).max() > 0.01


def test_the_gap_comes_of_a_stacked_design(design_of):
    design = replace(counts(design_of, 3), parts=("focal", "reference"))
    together = etwfe_poisson(design)
    gap = gap_of(stack(design, np.repeat(design.weight[:, None], 2, axis=1)), etwfe_poisson)
    assert gap.parts == ("gap",)
    assert gap.value[:, 0] == pytest.approx(together.value[:, 0] - together.value[:, 1], abs=1e-9)
    both = influence_of(together).of_cluster
    assert influence_of(gap).of_cluster[..., 0] == pytest.approx(both[..., 0] - both[..., 1], abs=1e-9)


def test_a_cell_of_zeros_in_the_program_is_an_effect_but_no_ratio(design_of):
    design = design_of(np.array([[4, 0], [4, 0], [2, 4], [2, 4]]), [2, 2, NAN, NAN])
    for effects in EFFECTS:
        found = etwfe_poisson(design, effects=effects)
        assert found.value[0, 0] == pytest.approx(-8)
        with pytest.raises(ValueError, match="all 2 values of `part0` of cohort 2 in period 2 are zero"):
            etwfe_poisson(design, effects=effects, scale="log")


def test_a_unit_of_zeros_has_no_effect_and_counts(design_of):
    design = design_of(np.array([[4, 12], [0, 0], [2, 4], [2, 4]]), [2, 2, NAN, NAN])
    for effects in EFFECTS:
        assert etwfe_poisson(design, effects=effects).value[0, 0] == pytest.approx((12 - 8) / 2)


@pytest.mark.parametrize(("outcome", "message"), [
    ([[-1, 2, 3], [1, -1, 2], [1, 1, 1]], "2 of 9 values of `part0` are negative"),
    ([[0, 0, 3], [1, 2, 2], [1, 1, 1]], "all 2 values of `part0` of cohort 3 before its start in stratum 0 are zero"),
    ([[1, 1, 3], [0, 0, 0], [0, 0, 0]], "all 6 values of `part0` of the never-program units"),
    ([[1, 1, 3], [1, 1, 0], [1, 1, 0]], "all 2 values of `part0` outside the program in period 3"),
])
@pytest.mark.parametrize("effects", EFFECTS)
def test_what_has_no_growth_is_refused_in_a_sentence(design_of, outcome, message, effects):
    with pytest.raises(ValueError, match=message):
        etwfe_poisson(design_of(np.array(outcome), [3, NAN, NAN]), effects=effects)


@pytest.mark.parametrize("effects", EFFECTS)
def test_zeros_that_separate_in_a_pattern_are_refused(design_of, effects):
    # cohort 4 alone is seen in period 1, and only a zero ties it to the others
    outcome = np.array([[5, 0, NAN, 5], [NAN, 3, 2, 5], [NAN, 3, 2, 5]])
    with pytest.raises(ValueError, match="the zeros of `part0` leave no finite growth"):
        etwfe_poisson(design_of(outcome, [4, NAN, NAN]), effects=effects)


@pytest.mark.parametrize("effects", EFFECTS)
def test_effects_that_nothing_tells_are_absent(design_of, effects):
    outcome = np.ones((4, 4))
    # from period 4 on everybody is in the program; without periods in common there is no growth to follow
    found = etwfe_poisson(design_of(outcome, [3, 3, 4, 4]), effects=effects)
    assert [(e.cohort, e.period) for e in found.estimands] == [(3, 3)]
    assert etwfe_poisson(design_of(outcome, [NAN] * 4), effects=effects).estimands == ()
    apart = np.array([[1, NAN, 1, 1], [1, NAN, 1, 1], [NAN, 1, NAN, 1], [NAN, 1, NAN, 1]])
    assert etwfe_poisson(design_of(apart, [3, 3, NAN, NAN]), effects=effects).estimands == ()


def test_lone_cohorts_and_comparisons_are_marked(design_of):
    design = design_of(np.ones((5, 3)), [3, 3, 2, NAN, NAN], cluster=np.array([0, 1, 2, 3, 3]))
    found = etwfe_poisson(design)
    marks = {(e.cohort, e.period): (bool(p), bool(c)) for e, p, c in zip(
        found.estimands, found.lone_program, found.lone_comparison, strict=True)}
    assert marks == {(2, 2): (True, False), (2, 3): (True, True), (3, 3): (False, True)}


@pytest.mark.parametrize("effects", EFFECTS)
def test_a_later_cohort_has_no_base_in_a_break(design_of, effects):
    outcome = np.array([[4, 400, 12, 12], [4, 400, 12, 12], [2, 3, 4, 4], [2, 3, 4, 4]])
    design = design_of(outcome, [3, 3, NAN, NAN], is_break=np.array([False, True, False, False]))
    assert etwfe_poisson(design, effects=effects).value[:, 0] == pytest.approx([4, 4])
