from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from evaluation.design import build
from evaluation.diagnose.effects import overall_effect
from evaluation.diagnose.placebos import placebos
from evaluation.diagnose.regression_to_mean import Window, matched, pretended

MATCHED, WINDOW = "regression_to_mean_matched", "regression_to_mean_window"
PERIODS = range(2001, 2007)


def cells_by_gap(cells_of, gap, units, seed=None):
    rng = np.random.default_rng(seed)
    noise = (lambda: 0.0) if seed is None else (lambda: rng.normal(0, 4))
    return cells_of({(u, p, g): (40.0 + (gap[u, p] if g == "black" else 0.0) + noise(), 20)
                     for u in units for p in PERIODS for g in ("black", "white")})


def design_of(cells, study):
    return build(cells, study, study.specifications[0], "rate_pct", study.gaps[0])


def levels(cells_of, study_of, level, starts):
    gap = {(u, p): value for u, value in level.items() for p in PERIODS}
    study = study_of(starts)
    return design_of(cells_by_gap(cells_of, gap, level), study), study


def test_each_program_unit_takes_the_nearest_and_shares_its_weight(cells_of, study_of):
    level = {"ia-10": 10.0, "ia-11": 9.0, "ia-12": 12.0, "ia-13": 30.0, "ia-14": 11.5}
    design, _ = levels(cells_of, study_of, level, {"ia-10": 2004})
    found = matched(design, matches=2)
    assert [u.partition("/")[0] for u in found.unit_ids] == ["ia-10", "ia-11", "ia-14"]
    assert found.weight.tolist() == [1.0, 0.5, 0.5]
    assert set(found.cluster) == {0, 1, 4}


def test_ties_are_all_taken(cells_of, study_of):
    level = {"ia-10": 10.0, "ia-11": 9.0, "ia-12": 11.0, "ia-13": 30.0}
    design, _ = levels(cells_of, study_of, level, {"ia-10": 2004})
    assert matched(design, matches=1).weight.tolist() == [1.0, 0.5, 0.5]


def test_a_unit_near_two_cohorts_is_compared_with_each_in_a_stratum_of_its_own(cells_of, study_of):
    level = {"ia-10": 10.0, "ia-11": 10.0, "ia-12": 10.0, "ia-13": 40.0}
    design, _ = levels(cells_of, study_of, level, {"ia-10": 2004, "ia-11": 2005})
    found = matched(design, matches=1)
    assert [u.partition("/")[0] for u in found.unit_ids] == ["ia-10", "ia-12", "ia-11", "ia-12"]
    assert found.stratum.tolist() == [0, 0, 1, 1]
    assert len(set(found.cluster[[1, 3]])) == 1


def test_only_periods_before_the_start_decide_who_is_near(cells_of, study_of):
    gap = {(u, p): 10.0 for u in ("ia-10", "ia-11", "ia-12") for p in PERIODS}
    gap |= {("ia-12", p): 10.5 if p < 2004 else 90.0 for p in PERIODS}
    gap |= {("ia-11", p): 12.0 if p < 2004 else 10.0 for p in PERIODS}
    design = design_of(cells_by_gap(cells_of, gap, ("ia-10", "ia-11", "ia-12")), study_of({"ia-10": 2004}))
    assert [u.partition("/")[0] for u in matched(design, matches=1).unit_ids] == ["ia-10", "ia-12"]
    assert matched(design, matches=1, anticipation=3) is None


def test_without_never_program_units_there_is_nothing_to_match(cells_of, study_of):
    level = {"ia-10": 10.0, "ia-11": 10.0}
    design, _ = levels(cells_of, study_of, level, {"ia-10": 2004, "ia-11": 2005})
    assert matched(design) is None


UNITS = tuple(f"ia-{u}" for u in range(10, 50))


def noise_alone(seed):
    rng = np.random.default_rng(seed)
    return {(u, p): rng.normal(8, 6) for u in UNITS for p in PERIODS}


def mean_before(gap, seed):
    return lambda u: np.mean([gap[u, p] for p in PERIODS if p < 2004])


def at_random(gap, seed):
    return dict(zip(UNITS, np.random.default_rng(seed + 1000).random(len(UNITS)), strict=True)).get


def checked(cells_of, study_of, prepared, score):
    """Mean over seeds of headline and checks; ten units with the largest score start in 2004, without any effect."""
    found = []
    for seed in range(15):
        gap = noise_alone(seed)
        starts = dict.fromkeys(sorted(UNITS, key=score(gap, seed), reverse=True)[:10], 2004)
        of = prepared(cells_by_gap(cells_of, gap, UNITS, seed), study_of(starts))
        rows = pd.DataFrame(placebos(of))
        rows = rows[rows["part"] == "gap"].set_index(["placebo", "detail"])["value"]
        found.append({"headline": of.overall.value[0, 0], "matched": rows[MATCHED].iloc[0],
                      "window": rows[WINDOW, "in the program's periods"],
                      "before": rows[WINDOW, "gaps of 2001–2002, effect in 2003"]})
    return pd.DataFrame(found).mean()


def test_units_chosen_for_large_gaps_seem_to_improve_and_both_checks_say_so(cells_of, study_of, prepared):
    found = checked(cells_of, study_of, prepared, mean_before)
    assert found["headline"] < -4
    assert abs(found["matched"]) < 1.5
    assert found["window"] < -3
    assert found["before"] < -3


def test_units_chosen_at_random_show_nothing_matched_or_not(cells_of, study_of, prepared):
    found = checked(cells_of, study_of, prepared, at_random)
    assert found.abs().max() < 1.5


def test_an_effect_stays_where_units_are_matched(cells_of, study_of, prepared):
    starts = dict.fromkeys(UNITS[:10], 2004)
    gap = {(u, p): int(u[3:]) % 7 - 6.0 * (u in starts and p >= 2004) for u in UNITS for p in PERIODS}
    of = prepared(cells_by_gap(cells_of, gap, UNITS), study_of(starts))
    rows = pd.DataFrame(placebos(of)).query("part == 'gap'").set_index("placebo")["value"]
    assert rows[MATCHED] == pytest.approx(-6.0)
    assert rows[WINDOW].tolist() == pytest.approx([0.0, 0.0])


def test_units_like_the_programs_pretend_it_beside_all_never_program_units(cells_of, study_of):
    level = {"ia-10": 10.0, "ia-11": 9.0, "ia-12": 12.0, "ia-13": 30.0, "ia-14": 11.5}
    design, _ = levels(cells_of, study_of, level, {"ia-10": 2004})
    early = design.periods < 2003
    found = pretended(design, [Window(early, design.periods == 2003, None)], matches=2)
    assert [u.partition("/")[0] for u in found.unit_ids] == ["ia-11", "ia-12", "ia-13", "ia-14", "ia-11", "ia-14"]
    assert found.weight.tolist() == [1.0, 1.0, 1.0, 1.0, 0.5, 0.5]
    assert found.cohort[4:].tolist() == [2003, 2003]
    assert found.never_program[:4].all()
    assert found.present.sum(axis=0).tolist() == [6, 6, 6, 0, 0, 0]


def test_neither_check_depends_on_the_order_of_units(cells_of, study_of):
    gap, starts = noise_alone(3), dict.fromkeys(UNITS[::4], 2004)
    study = study_of(starts)
    design = design_of(cells_by_gap(cells_of, gap, UNITS), study)
    turned = matched(design)
    order = np.argsort(turned.unit_ids)[::-1]
    shuffled = replace(turned, unit_ids=tuple(turned.unit_ids[i] for i in order), **{
        name: getattr(turned, name)[order] for name in ("outcome", "cluster", "stratum", "cohort", "weight",
                                                         "covariates")})
    one, other = (overall_effect(d, study.specifications[0]).value for d in (turned, shuffled))
    np.testing.assert_allclose(one, other, atol=1e-10)
