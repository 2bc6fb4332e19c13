"""The Goodman-Bacon decomposition and negative weights of the two-way coefficient."""

from dataclasses import replace

import numpy as np
import pytest

from evaluation.stats.estimators.bacon import bacon, by_kind
from evaluation.stats.estimators.group_time_att import group_time_att
from evaluation.stats.estimators.negative_weights import negative_weights
from evaluation.stats.estimators.twfe import twfe

NAN = np.nan
KINDS = ("earlier_later", "later_earlier", "program_never")


def total(components):
    return sum(c.weight * c.estimate for c in components)


def test_two_cohorts_by_hand(design_of):
    # unit 1 starts in period 2 with +6, unit 2 in period 3 with +3; no other change
    design = design_of(np.array([[0, 6, 6], [0, 0, 3]]), [2, 3])
    early, late = bacon(design)
    # 2/3 and 1/3 of the time in the program: (1/3)(1/3) against (1/3)(1/3)
    assert (early.kind, early.cohort, early.comparison) == ("earlier_later", 2, 3)
    assert (late.kind, late.cohort, late.comparison) == ("later_earlier", 3, 2)
    assert (early.weight, late.weight) == (pytest.approx(0.5), pytest.approx(0.5))
    assert (early.estimate[0], late.estimate[0]) == (6, 3)
    assert twfe(design).value[0, 0] == pytest.approx(4.5)


def test_a_later_start_is_compared_with_effects_that_grow(design_of):
    design = design_of(np.array([[0, 1, 2, 3], [0, 0, 0, 1]]), [2, 4])
    of = {c.kind: c.estimate[0] for c in bacon(design)}
    # the earlier unit rises from 1.5 to 3 meanwhile: 1 − 1.5
    assert of["later_earlier"] == pytest.approx(-0.5)


def test_castle_doctrine_components_are_those_of_bacondecomp(castle, cases):
    """R code of evanjflack/bacondecomp."""
    expected = cases["bacon_castle"]
    components = bacon(castle)
    found = {k.kind: k for k in by_kind(components)}
    assert total(components)[0] == pytest.approx(expected["twfe"], abs=1e-9)
    assert twfe(castle).value[0, 0] == pytest.approx(expected["twfe"], abs=1e-9)
    assert set(found) == set(KINDS)
    for kind, name in zip(KINDS, ("earlier_later", "later_earlier", "treated_never"), strict=True):
        assert found[kind].weight == pytest.approx(expected["weights"][name], abs=1e-9)
        assert found[kind].estimate[0] == pytest.approx(expected["avg"][name], abs=1e-9)


def test_county_components_are_those_of_bacondecomp(counties, cases):
    expected = cases["bacon_mpdta"]
    components = bacon(counties)
    found = {k.kind: k for k in by_kind(components)}
    assert total(components)[0] == pytest.approx(expected["twfe"], abs=1e-9)
    assert [found[k].weight for k in KINDS] == pytest.approx(expected["weights"], abs=1e-9)
    assert [found[k].estimate[0] for k in KINDS] == pytest.approx(expected["avg"], abs=1e-9)


@pytest.fixture(params=range(5))
def drawn(request, staggered):
    """Weights, strata, three parts, and in odd draws units always in the program and units that start too late."""
    design = staggered(request.param, missing=0)
    if request.param % 2:
        moved = np.where(design.cluster % 12 == 11, 1, np.where(design.cluster % 12 == 10, 99, design.cohort))
        design = replace(design, cohort=moved)
    return design


def test_components_sum_to_the_two_way_coefficient_in_every_part(drawn):
    components = bacon(drawn)
    assert np.abs(total(components) - twfe(drawn).value[0]).max() < 1e-10
    assert sum(c.weight for c in components) == pytest.approx(1)
    assert min(c.weight for c in components) > 0
    kinds = by_kind(components)
    assert sum(k.weight * k.estimate for k in kinds) == pytest.approx(twfe(drawn).value[0], abs=1e-10)
    assert ("program_always" in {k.kind for k in kinds}) == bool((drawn.cohort == 1).any())


def test_the_order_of_units_does_not_matter(drawn):
    order = np.random.default_rng(0).permutation(len(drawn.cohort))
    turned = replace(drawn, **{name: getattr(drawn, name)[order]
                               for name in ("outcome", "cluster", "stratum", "cohort", "weight")})
    for a, b in zip(bacon(drawn), bacon(turned), strict=True):
        assert (a.kind, a.cohort, a.comparison, a.stratum) == (b.kind, b.cohort, b.comparison, b.stratum)
        assert a.weight == pytest.approx(b.weight)
        assert a.estimate == pytest.approx(b.estimate)


def test_against_never_program_units_it_is_the_mean_effect_since_the_start_less_that_before(staggered):
    design = staggered(2, missing=0)
    design = design.subset(design.stratum == 0)
    never = group_time_att(design, comparison="never", base="universal")
    component = next(c for c in bacon(design) if (c.kind, c.cohort) == ("program_never", 4))
    effects = [(e.event_time, v) for e, v in zip(never.estimands, never.value, strict=True) if e.cohort == 4]
    after = np.mean([v for e, v in effects if e >= 0], axis=0)
    # three periods before, of which the base has effect 0
    before = np.sum([v for e, v in effects if e < 0], axis=0) / 3
    assert component.estimate == pytest.approx(after - before, abs=1e-10)


def test_an_incomplete_panel_is_refused_with_a_count(staggered):
    design = staggered(0, missing=0)
    outcome = design.outcome.copy()
    outcome[3, 2] = NAN
    incomplete = replace(design, outcome=outcome)
    with pytest.raises(ValueError, match="every unit in every period: 1 of"):
        bacon(incomplete)


def test_units_without_cells_do_not_make_it_incomplete(staggered):
    design = staggered(0, missing=0)
    empty = replace(design, outcome=np.where(design.cluster[:, None, None] == 3, NAN, design.outcome))
    assert np.abs(total(bacon(empty)) - twfe(empty).value[0]).max() < 1e-10


@pytest.mark.parametrize("cohort", [[NAN, NAN], [1, 1], [2, 2], [9, NAN]])
def test_where_there_is_no_two_way_coefficient_there_is_nothing_to_decompose(design_of, cohort):
    assert bacon(design_of(np.arange(6.0).reshape(2, 3) ** 2, cohort)) == ()


def test_the_cells_of_an_early_start_late_in_the_panel_have_negative_weight(design_of):
    design = design_of(np.zeros((2, 8)), [2, 7])
    (found,) = negative_weights(twfe(design))
    weights = twfe(design).weights[0][design.in_program]
    assert found.n_cells == 9
    assert found.n_negative == (weights < -1e-12).sum() == 2
    assert found.share == pytest.approx(2 / 9)
    assert found.total == pytest.approx(weights[weights < 0].sum())
    assert found.share_of_weight == pytest.approx(-found.total / (1 - 2 * found.total))
    assert found.total < -0.1


def test_a_cell_of_weight_zero_is_neither_negative_nor_counted(design_of):
    # unit 0 in period 3: 1 − 2/3 − 2/3 + 1/3 = 0
    (found,) = negative_weights(twfe(design_of(np.zeros((3, 3)), [2, 3, NAN])))
    assert (found.n_cells, found.n_negative, found.total, found.share_of_weight) == (2, 0, 0, 0)


def test_one_cohort_and_group_time_effects_have_no_negative_weights(staggered):
    design = staggered(2, missing=0)
    one = design.subset(design.cohort != 6)
    for estimate in (twfe(one), group_time_att(one, comparison="never", base="universal")):
        assert all(n.n_negative == 0 and n.total == 0 for n in negative_weights(estimate)[:1])


def test_an_estimate_without_weights_is_refused(staggered):
    with pytest.raises(ValueError, match="no weights"):
        negative_weights(replace(twfe(staggered(0)), weights=None))
