"""A student-level panel read from moments is the regression of its student rows."""

from dataclasses import replace
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from linearmodels.panel import PanelOLS

from evaluation.stats.aggregate import aggregate
from evaluation.stats.estimators.student_panel import student_panel
from evaluation.stats.inference.cr2 import cr1, cr2, joint_htz
from evaluation.stats.inference.cv3 import cv3
from evaluation.stats.inference.infer import infer
from evaluation.stats.inference.permutation import permutation_test
from evaluation.stats.inference.wild import wild_bootstrap
from evaluation.stats.moments import Moments
from evaluation.stats.records import Design
from evaluation.stats.regression import influence_of
from tests.stats.estimators.student_rows import (
    Rows,
    dense_regression,
    draw_rows,
    make_moments,
    seen_twice,
    with_weights_and_covariates,
    without_homes,
)

PARTS = {"gap": (0, 1), "focal": (0,), "reference": (1,)}


def estimates(design, moments, *, effect="overall", **options):
    return {part: student_panel(design, moments=moments, part=part, effect=effect, **options) for part in PARTS}


def values(design, moments, *, effect="event_time"):
    return np.hstack([e.value for e in estimates(design, moments, effect=effect).values()])


def standard_errors(estimate):
    return cr2(estimate.regression, estimate.contrasts).se


def test_three_students_worked_by_hand(design_of):
    """Student effects leave the changes: 5 in the program school; 1 and 3 (mean 2) in the other. Effect 5 − 2 = 3."""
    design = design_of(np.full((2, 2), np.nan), [2, np.nan])
    rows = Rows(*np.array([[0, 0, 0, 1, 6], [0, 0, 0, 2, 11], [1, 1, 0, 1, 2], [1, 1, 0, 2, 3], [2, 1, 0, 1, 40],
                           [2, 1, 0, 2, 43]]).T[[0, 1, 2, 3]], np.zeros(6, dtype=int),
                np.array([6.0, 11, 2, 3, 40, 43])[:, None])
    found = student_panel(design, moments=make_moments(rows, design), part="focal", effect="overall")
    assert found.value[0, 0] == pytest.approx(3)
    assert (found.lone_program[0], found.lone_comparison[0]) == (True, True)
    assert infer(found)[0][0].no_interval == "lone_cohort_cluster"


@pytest.mark.parametrize("by_grade", [False, True])
@pytest.mark.parametrize("effect", ["overall", "event_time"])
@pytest.mark.parametrize("part", PARTS)
def test_coefficients_cr1_cr2_and_df_are_those_of_rows_with_student_dummies(part, effect, by_grade):
    rows, design = draw_rows(1, columns=2)
    found = student_panel(design, moments=make_moments(rows, design, by_grade=by_grade), part=part, effect=effect)
    labels, dense = dense_regression(rows, design, effect, by_grade=by_grade, groups=PARTS[part])
    assert [e.event_time if effect == "event_time" else e.kind for e in found.estimands] == labels
    robust = cr2(found.regression, found.contrasts)
    assert np.abs(found.value - dense.coefficient).max() < 1e-11
    assert np.abs(cr1(found.regression, found.contrasts).se - dense.cr1).max() < 1e-11
    assert np.abs(robust.se - dense.cr2).max() < 1e-11
    assert np.abs(robust.df / dense.df - 1).max() < 1e-10


@pytest.mark.parametrize("effect", ["overall", "event_time"])
@pytest.mark.parametrize("part", PARTS)
def test_with_covariates_and_weights_too(part, effect):
    drawn, design = draw_rows(1, columns=2)
    rows = with_weights_and_covariates(drawn, 1)
    found = student_panel(design, moments=make_moments(rows, design), part=part, effect=effect)
    _, dense = dense_regression(rows, design, effect, by_grade=False, groups=PARTS[part])
    robust = cr2(found.regression, found.contrasts)
    assert np.abs(found.value - dense.coefficient).max() < 1e-9
    assert np.abs(cr1(found.regression, found.contrasts).se - dense.cr1).max() < 1e-9
    assert np.abs(robust.se - dense.cr2).max() < 1e-9
    assert np.abs(robust.df / dense.df - 1).max() < 1e-9
    plain = student_panel(design, moments=make_moments(drawn, design), part=part, effect=effect)
    assert np.abs(plain.value - found.value).max() > 1e-3


def test_cv3_is_the_jackknife_of_row_regressions():
    drawn, design = draw_rows(2, students=5)
    rows = with_weights_and_covariates(drawn, 2)
    found = student_panel(design, moments=make_moments(rows, design), part="gap", effect="overall")
    cluster, left_out = design.cluster[rows.home], []
    for code in np.unique(cluster):
        _, dense = dense_regression(rows.only(cluster != code), design, "overall", by_grade=False, groups=(0, 1))
        left_out.append(dense.coefficient[0, 0])
    change = np.array(left_out) - found.value[0, 0]
    g = len(change)
    assert cv3(found).se[0, 0] == pytest.approx(np.sqrt((g - 1) / g * (change**2).sum()), rel=1e-10)
    refitted = [found.estimator(design.subset(design.cluster != code)).value[0, 0] for code in np.unique(cluster)]
    assert refitted == pytest.approx(left_out, abs=1e-11)


def test_coefficients_are_those_of_linearmodels_on_the_reference_students(table):
    """Reference table disparity8_students.csv: unbalanced students of eight districts, staggered starts."""
    data = table("disparity8_students.csv")
    code = {name: data[name].astype(int) for name in ("student", "district", "year", "high_need")}
    start = {d: g or np.nan for d, g in zip(code["district"], data["first_treat"], strict=True)}
    rows = Rows(code["student"], code["district"], 1 - code["high_need"], code["year"], np.zeros(len(data["y"]), int),
                data["y"][:, None])
    periods = np.unique(code["year"])
    design = Design(
        outcome=np.full((8, len(periods), 1), np.nan), parts=("y",), unit_ids=tuple(map(str, range(8))),
        periods=periods, position=np.arange(len(periods)), cluster=np.arange(8), stratum=np.zeros(8, dtype=int),
        cohort=np.array([start[d] for d in range(8)]), weight=np.ones(8), is_break=np.zeros(len(periods), dtype=bool))
    found = student_panel(design, moments=make_moments(rows, design), part="gap", effect="overall")
    frame = pd.DataFrame({**code, "y": data["y"]}).set_index(["student", "year"])
    into = (code["year"] >= design.cohort[code["district"]]).astype(float)
    frame["program"], frame["program_x_focal"] = into, into * code["high_need"]
    for t in periods[1:]:
        for group in (0, 1):
            frame[f"year{t}_{group}"] = (code["year"] == t) * (code["high_need"] == group).astype(float)
    fitted = PanelOLS(frame["y"], frame.drop(columns=["y", "district", "high_need"]), entity_effects=True).fit()
    assert found.value[0, 0] == pytest.approx(fitted.params["program_x_focal"], abs=1e-9)
    parts = estimates(design, make_moments(rows, design))
    assert parts["reference"].value[0, 0] == pytest.approx(fitted.params["program"], abs=1e-9)


@pytest.mark.parametrize("effect", ["overall", "event_time", "att_gt"])
@pytest.mark.parametrize("seed", range(3))
def test_the_gap_is_focal_less_reference_and_its_variance_that_of_a_difference(effect, seed):
    rows, design = draw_rows(seed)
    found = estimates(design, make_moments(rows, design), effect=effect)
    gap, focal, reference = (found[part] for part in PARTS)
    assert gap.estimands == focal.estimands == reference.estimands
    assert np.abs(gap.value - (focal.value - reference.value)).max() < 1e-10
    both = np.hstack([focal.contrasts, np.zeros_like(reference.contrasts)])
    assert standard_errors(replace(gap, contrasts=both)) == pytest.approx(standard_errors(focal), abs=1e-10)


@pytest.mark.parametrize("seed", range(3))
def test_students_seen_once_fixed_shifts_common_shocks_and_order_change_nothing(seed):
    rows, design = draw_rows(seed)
    base, rng = values(design, make_moments(rows, design, by_grade=True)), np.random.default_rng(seed)
    kept = seen_twice(rows)
    once, all_rows = (student_panel(design, moments=make_moments(r, design, by_grade=True), part="gap",
                                    effect="overall") for r in (kept, rows))
    assert len(kept.y) < len(rows.y)
    for statistic in (cr1, cr2):
        assert statistic(once.regression, once.contrasts).se == pytest.approx(
            statistic(all_rows.regression, all_rows.contrasts).se, abs=1e-12)
    student = rng.normal(size=(rows.student.max() + 1, 1)) * 100
    shock = rng.normal(size=(2, 2, 10, 10)) * 10
    where = design.stratum[rows.home], rows.group, rows.period - 2001, rows.grade
    moved = replace(rows, y=rows.y + student[rows.student] + shock[where][:, None])
    assert np.abs(values(design, make_moments(moved, design, by_grade=True)) - base).max() < 1e-10
    order, homes = rng.permutation(len(rows.y)), rng.permutation(len(design.unit_ids))
    turned = replace(design, **{name: getattr(design, name)[homes] for name in ("outcome", "cluster", "stratum",
                                                                               "cohort", "weight")},
                     unit_ids=tuple(design.unit_ids[h] for h in homes))
    assert np.abs(values(turned, make_moments(rows.only(order), design, by_grade=True)) - base).max() < 1e-10


def test_scaling_scales_and_an_added_effect_is_found():
    rows, design = draw_rows(4)
    base = values(design, make_moments(rows, design), effect="overall")
    in_program = (rows.period >= design.cohort[rows.home])[:, None]
    moved = replace(rows, y=3 * rows.y + 7 * in_program * (rows.group == 0)[:, None])
    found = values(design, make_moments(moved, design), effect="overall")
    assert found == pytest.approx(3 * base + [[7, 7, 0]], abs=1e-10)


def test_home_schools_always_in_the_program_change_nothing():
    rows, design = draw_rows(5)
    always = replace(design, cohort=np.where(design.cluster == 2, 2001, design.cohort))
    moments = make_moments(rows, design)
    for effect in ("overall", "event_time", "att_gt"):
        assert values(always, moments, effect=effect) == pytest.approx(
            values(design.subset(design.cluster != 2), moments, effect=effect), abs=1e-10)


def test_moments_of_a_district_are_the_sum_of_its_schools():
    rows, design = draw_rows(6)
    district, first = np.unique(design.cluster, return_inverse=True)[0], np.unique(design.cluster, return_index=True)[1]
    assert len(district) < len(design.cluster)
    whole = design.subset(np.isin(np.arange(len(design.cluster)), first))
    split = student_panel(design, moments=make_moments(rows, design), part="gap", effect="event_time")
    joint = student_panel(whole, moments=make_moments(replace(rows, home=design.cluster[rows.home]), whole),
                          part="gap", effect="event_time")
    assert split.value == pytest.approx(joint.value, abs=1e-11)
    assert standard_errors(split) == pytest.approx(standard_errors(joint), abs=1e-11)
    assert cr1(split.regression, split.contrasts).se == pytest.approx(cr1(joint.regression, joint.contrasts).se)


def test_period_effects_without_grade_give_what_moments_without_grade_give():
    rows, design = draw_rows(8)
    plain = estimates(design, make_moments(rows, design))["gap"]
    by_grade = make_moments(rows, design, by_grade=True)
    found = estimates(design, by_grade, period_effects="period")["gap"]
    assert found.value == pytest.approx(plain.value, abs=1e-11)
    assert standard_errors(found) == pytest.approx(standard_errors(plain), abs=1e-11)
    assert abs(estimates(design, by_grade)["gap"].value - plain.value).max() > 1e-3


def test_effects_by_cohort_and_period_aggregate_to_the_planted_averages():
    """Each cohort's own effect is found where one coefficient for all would mix them."""
    rows, design = draw_rows(9, students=4)
    distance = rows.period - design.cohort[rows.home]
    planted = np.where(distance >= 0, np.where(design.cohort[rows.home] == 2004, 10.0, 1.0) * (distance + 1), 0)
    exact = replace(rows, y=np.nan_to_num(planted)[:, None] + rows.student[:, None])
    moments = make_moments(exact, design)
    found = student_panel(design, moments=moments, part="focal", effect="att_gt")
    for estimand, value in zip(found.estimands, found.value[:, 0], strict=True):
        size = 10.0 if estimand.cohort == 2004 else 1.0
        assert value == pytest.approx(size * max(estimand.event_time + 1, 0), abs=1e-9)
    by_cohort = aggregate(found, "cohort").value[:, 0]
    assert by_cohort == pytest.approx([10 * 2.5, 2.0])
    pooled = student_panel(design, moments=moments, part="focal", effect="event_time")
    assert not np.allclose(pooled.value[-1, 0], 40)


def test_the_base_is_the_last_period_before_the_start_that_is_no_break():
    rows, design = draw_rows(10)
    broken = replace(design, is_break=design.periods == 2003)
    moments = make_moments(rows, design)
    found = student_panel(broken, moments=moments, part="focal", effect="att_gt")
    absent = {(g, t) for g in (2004, 2005) for t in design.periods} - {(e.cohort, e.period) for e in found.estimands}
    assert absent == {(2004, 2002), (2005, 2004)}
    times = [e.event_time for e in student_panel(broken, moments=moments, part="focal", effect="event_time").estimands]
    assert times == [-4, -3, -2, -1, 0, 1, 2, 3]


def test_without_schools_that_stay_out_no_event_time_is_known():
    rows, design = draw_rows(11)
    moments = make_moments(rows, design)
    among = ~np.isnan(design.cohort)
    assert student_panel(design.subset(among), moments=moments, part="gap", effect="event_time").estimands == ()
    assert len(student_panel(design.subset(among), moments=moments, part="gap", effect="overall").estimands) == 1
    assert student_panel(design.subset(~among), moments=moments, part="gap", effect="overall").estimands == ()


def test_clusters_behind_an_effect_and_lone_ones():
    rows, design = draw_rows(12)
    moments = make_moments(rows, design)
    found = estimates(design, moments)["gap"]
    assert list(found.program_clusters[0]) == [0, 1, 4, 6, 7, 10]
    assert list(found.comparison_clusters[0]) == [2, 3, 5, 8, 9, 11]
    assert infer(found)[0][0].n_clusters == 12
    few = design.subset(np.isin(design.cluster, [0, 2, 3, 8, 9]))
    lone = student_panel(few, moments=moments, part="gap", effect="overall")
    assert (lone.lone_program[0], lone.lone_comparison[0]) == (True, False)


def test_levels_are_the_means_of_the_students():
    rows, design = draw_rows(13)
    found = estimates(design, make_moments(rows, design, by_grade=True))
    mine = (rows.home == 3) & (rows.period == 2004)
    focal, reference = (rows.y[mine & (rows.group == k)].mean() for k in (0, 1))
    assert found["focal"].design.outcome[3, 3, 0] == pytest.approx(focal)
    assert found["gap"].design.outcome[3, 3, 0] == pytest.approx(focal - reference)


def test_unknown_parts_units_and_periods_are_refused():
    rows, design = draw_rows(14)
    moments = make_moments(rows, design)
    with pytest.raises(ValueError, match="no group white; they have focal, reference"):
        student_panel(design, moments=moments, part="white", effect="overall")
    _, fewer = without_homes(design, moments, np.arange(len(design.unit_ids)) > 1)
    with pytest.raises(ValueError, match=r"2 of \d+ units of the design have no student moments, first home0"):
        student_panel(design, moments=fewer, part="gap", effect="overall")
    short = replace(design, outcome=design.outcome[:, 1:], periods=design.periods[1:], position=design.position[1:],
                    is_break=design.is_break[1:])
    with pytest.raises(ValueError, match="period 2001"):
        student_panel(short, moments=moments, part="gap", effect="overall")


def test_a_group_of_which_nobody_is_seen_twice_is_refused():
    rows, design = draw_rows(14)
    once = rows.only((rows.group == 1) | ~np.isin(rows.student, seen_twice(rows).student))
    moments = make_moments(once, design)
    with pytest.raises(ValueError, match="no student of group focal is seen twice"):
        student_panel(design, moments=moments, part="gap", effect="overall")
    student_panel(design, moments=moments, part="reference", effect="overall")


def big_moments(schools, periods):
    """Random moments of 300 schools: students present in a stretch of years."""
    rng = np.random.default_rng(0)
    gram, cross = np.zeros((schools, 2, periods, periods)), np.zeros((schools, 2, periods, 1))
    for place in np.ndindex(schools, 2):
        for _ in range(6):
            first = rng.integers(0, periods - 1)
            seen = np.zeros(periods)
            seen[first:first + rng.integers(2, 7)] = 1
            y = seen * rng.normal(size=periods)
            gram[place] += np.diag(seen) - np.outer(seen, seen) / seen.sum()
            cross[place][:, 0] += y - seen * y.sum() / seen.sum()
    ids, n = tuple(f"home{i}" for i in range(schools)), np.ones((schools, 2, periods), dtype=int)
    years, ones = np.arange(2001, 2001 + periods), np.full((schools, 2), 12)
    moments = Moments(ids, ("focal", "reference"), ("y",), years, np.zeros(periods, dtype=int), gram, cross, n,
                      n.astype(float), n[..., None].astype(float), 4 * ones, ones, ones, (),
                      *(np.zeros((schools, 2, *size)) for size in ((periods, 0), (0, 0), (0, 1))))
    code = np.arange(schools)
    return moments, Design(
        outcome=np.full((schools, periods, 1), np.nan), parts=("y",), unit_ids=ids, periods=years,
        position=np.arange(periods), cluster=code, stratum=code % 2, cohort=np.array([2006, 2008, np.nan])[code % 3],
        weight=np.ones(schools), is_break=np.zeros(periods, dtype=bool))


def test_three_hundred_schools_go_from_moments_to_bootstrap():
    """Whole event study of a gap with CR2, joint test and 9,999 draws."""
    moments, design = big_moments(300, 10)
    found = student_panel(design, moments=moments, part="gap", effect="event_time")
    robust = cr2(found.regression, found.contrasts)
    joint_htz(found.regression, found.contrasts[:4])
    wild = wild_bootstrap(found.regression, found.contrasts, rng=np.random.default_rng(1))
    assert len(found.estimands) > 10
    assert np.isfinite(robust.se).all()
    assert np.isfinite(wild.p_value).all()


def test_permutation_estimates_the_students_of_every_assignment_anew():
    """Six districts, three of them in the program: 20 assignments, each a regression of its own."""
    rows, design = draw_rows(15, clusters=6, periods=5, students=3)
    cohort = np.where(np.isin(design.cluster, [0, 1, 3]), 2004.0, np.nan)
    design = replace(design, cohort=cohort, stratum=np.zeros_like(design.stratum))
    moments = make_moments(rows, design)
    found = student_panel(design, moments=moments, part="gap", effect="overall")

    def statistic(estimate):
        score = influence_of(estimate).of_cluster[:, 0, 0]
        return abs(estimate.value[0, 0]) / np.sqrt((score**2).sum())

    drawn = [statistic(student_panel(replace(design, cohort=np.where(np.isin(design.cluster, some), 2004.0, np.nan)),
                                     moments=moments, part="gap", effect="overall"))
             for some in combinations(range(6), 3)]
    test = permutation_test(found)
    assert test.n_assignments == 20
    assert test.p_value[0, 0] == pytest.approx(np.mean(np.array(drawn) >= statistic(found) * (1 - 1e-10)))
