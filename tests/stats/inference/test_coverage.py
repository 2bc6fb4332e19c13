"""What the coverage registry says of a design, and what the gate does with it."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from evaluation import coverage
from evaluation.stats.aggregate import aggregate
from evaluation.stats.combine import gap_of
from evaluation.stats.estimators.etwfe import etwfe
from evaluation.stats.estimators.event_study import event_study
from evaluation.stats.estimators.group_time_att import group_time_att
from evaluation.stats.estimators.imputation import imputation
from evaluation.stats.estimators.sun_abraham import sun_abraham
from evaluation.stats.estimators.twfe import twfe
from evaluation.stats.inference import infer as module
from evaluation.stats.inference.coverage import (
    SKEW,
    Scenario,
    Simulated,
    lookup,
    registry_of,
    required,
    skew_of,
)
from evaluation.stats.inference.gate import achieved, gate_of, joint_achieved, variation
from evaluation.stats.inference.infer import infer
from evaluation.stats.own_weights import stack
from evaluation.stats.regression import influence_of

PLAIN = Scenario(10, 5, "moderate", False, 0.0, 0.02, False)
ASKED = {"variation": 0.3, "is_staggered": False, "method": "cr2", "level": 0.95}


def row(covered, scenario=PLAIN, *, quantity="overall", method="cr2", level=0.95):
    return Simulated(scenario, quantity, method, level, 10_000, covered)


def with_two_way(*rows):
    """A registry of rows in which two-way effects always cover."""
    return registry_of([*rows, *(replace(r, quantity="two_way", covered=r.repetitions) for r in rows)])


def at(n_clusters, n_program, covered, **other):
    return row(covered, replace(PLAIN, n_clusters=n_clusters, n_program=n_program, **other))


def test_bounds_are_clopper_pearson_at_99_percent():
    low, high = row(9_400).bounds
    assert stats.binom.sf(9_399, 10_000, low) == pytest.approx(0.005)
    assert stats.binom.cdf(9_400, 10_000, high) == pytest.approx(0.005)
    assert row(10_000).bounds[1] == 1
    assert row(0).bounds[0] == 0


def test_the_worst_over_what_is_unknown_counts():
    rows = [row(9_600), row(9_350, replace(PLAIN, autocorrelation=0.8)), row(9_500, replace(PLAIN, icc=0.5)),
            row(9_550, replace(PLAIN, is_heterogeneous=True))]
    found = lookup(registry_of(rows), n_clusters=10, n_program=5, **ASKED)
    assert found.coverage == 0.935
    assert found.lower == row(9_350).bounds[0]
    assert found.simulated == rows[1]


def test_a_design_maps_to_the_next_smaller_clusters_and_program_clusters():
    registry = registry_of([at(10, 4, 9_400), at(10, 5, 9_500), at(20, 4, 9_410), at(20, 10, 9_510), at(20, 15, 9_420)])

    def mapped(n_clusters, n_program):
        found = lookup(registry, n_clusters=n_clusters, n_program=n_program, **ASKED).simulated
        return None if found is None else (found.scenario.n_clusters, found.scenario.n_program)

    assert mapped(10, 5) == (10, 5)
    assert mapped(19, 9) == (10, 5)
    assert mapped(39, 12) == (20, 10)
    assert mapped(24, 8) == (20, 4)
    assert mapped(24, 17) == (20, 15)
    assert mapped(14, 10) is None
    assert mapped(9, 4) is None
    assert mapped(30, 3) is None


def test_skew_maps_to_the_next_worse_level_and_beyond_the_last_nothing_is_allowed():
    assert [skew_of(v) for v in (0.0, 0.1, 0.11, 0.4, 0.41, 0.8, 1.2, 1.21)] == [
        "equal", "equal", "moderate", "moderate", "strong", "strong", "extreme", None]
    registry = registry_of([at(10, 5, 10_000, skew=name) for name in SKEW])
    assert lookup(registry, n_clusters=10, n_program=5, **ASKED | {"variation": 1.2}).is_allowed
    beyond = lookup(registry, n_clusters=10, n_program=5, **ASKED | {"variation": 1.3})
    assert (beyond.coverage, beyond.lower, beyond.is_allowed, beyond.simulated) == (None, None, False, None)


@pytest.mark.parametrize(("n_clusters", "n_program", "is_equal", "level", "right"), [
    (10, 5, True, 0.95, 0.94), (9, 4, True, 0.95, 0.93), (9, 4, False, 0.95, 0.92), (40, 20, False, 0.95, 0.92),
    (40, 10, True, 0.95, 0.94), (40, 9, True, 0.95, 0.92), (40, 31, True, 0.95, 0.92), (40, 20, True, 0.8, 0.78),
    (9, 4, True, 0.8, 0.76), (40, 20, False, 0.8, 0.74)])
def test_required_lower_bounds(n_clusters, n_program, is_equal, level, right):
    assert required(n_clusters, n_program, is_equal=is_equal, level=level) == right


def test_an_interval_is_allowed_where_the_lower_bound_and_not_the_share_reaches_what_is_required():
    def allowed(covered):
        registry = registry_of([at(20, 10, covered, skew="equal")])
        return lookup(registry, n_clusters=20, n_program=10, **ASKED | {"variation": 0}).is_allowed

    assert not allowed(9_430)
    assert allowed(9_470)
    assert allowed(9_990)


def test_method_level_quantity_and_staggering_have_their_own_rows():
    registry = registry_of([row(9_500)])
    for other in ({"method": "wild"}, {"level": 0.8}, {"is_staggered": True}, {"quantity": "joint"}):
        assert lookup(registry, n_clusters=10, n_program=5, **ASKED | other).simulated is None


@given(st.integers(6, 200), st.data())
def test_the_shipped_registry_never_answers_with_a_larger_or_less_skewed_design(n_clusters, data):
    n_program = data.draw(st.integers(1, n_clusters - 1))
    asked = ASKED | {"variation": data.draw(st.floats(0, 1.5)), "is_staggered": data.draw(st.booleans())}
    found = lookup(coverage.registry(), n_clusters=n_clusters, n_program=n_program, **asked)
    assert found.is_allowed <= (found.lower is not None and found.lower >= found.required)
    if found.simulated is not None:
        s = found.simulated.scenario
        assert s.n_program <= n_program
        assert s.n_clusters - s.n_program <= n_clusters - n_program
        assert asked["variation"] <= max(SKEW[s.skew], 0.1)
        assert s.is_staggered == asked["is_staggered"]


def test_the_shipped_table_is_read_as_it_was_written():
    rows = coverage.rows()
    assert coverage.read(coverage.write(rows)) == rows
    assert {r.repetitions for r in rows if r.scenario.n_clusters < 100} >= {10_000}
    assert {r.scenario.n_clusters for r in rows} == {6, 8, 10, 20, 40, 100}
    assert {(r.method, r.level) for r in rows} >= {(m, level) for m in ("cr2", "cv3", "wild") for level in (0.95, 0.8)}


def test_cr1_undercovers_and_is_refused_where_few_clusters_are_in_the_program():
    for n_clusters, n_program in ((20, 4), (40, 5)):
        found = lookup(coverage.registry(), n_clusters=n_clusters, n_program=n_program,
                       **ASKED | {"variation": 0, "method": "cr1"})
        assert found.coverage < 0.91
        assert not found.is_allowed


def drawn(design_of, program, comparison, starts=(3,), **given):
    rng = np.random.default_rng(3)
    cohort = [*np.resize(starts, program), *[np.nan] * comparison]
    return design_of(rng.normal(size=(program + comparison, 6)), cohort, **given)


def overall(design):
    return aggregate(group_time_att(design, comparison="not_yet", base="universal"), "overall")


def test_the_design_is_read_off_the_estimate(design_of):
    rows = [at(10, 5, 9_500, is_staggered=False), at(10, 5, 9_400, is_staggered=True)]
    registry = with_two_way(*rows)
    weight = np.array([1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1, 1])
    for starts, right in (((3,), rows[0]), ((3, 5), rows[1])):
        made = overall(drawn(design_of, 6, 6, starts, weight=weight))
        assert achieved(registry, made, 0, "cr2", 0.95).simulated == right
    assert achieved(registry, overall(drawn(design_of, 6, 4)), 0, "cr2", 0.95).simulated is None


def test_variation_is_that_of_cluster_weights_in_the_worse_arm(design_of):
    design = drawn(design_of, 4, 3, cluster=np.array([0, 0, 1, 2, 3, 4, 4]), weight=np.array([1, 1, 2, 2, 1, 2, 1.0]))
    program = ~design.never_program
    assert variation(design, program, ~program) == pytest.approx(0.5)
    assert variation(design, program, program) == 0


def test_a_cluster_on_both_sides_counts_as_a_program_cluster(design_of):
    registry = with_two_way(at(6, 3, 9_500, skew="equal"), at(7, 3, 9_600, skew="equal"))
    cluster = np.array([0, 1, 2, 2, 3, 4, 5])
    made = overall(drawn(design_of, 3, 4, cluster=cluster))
    assert [len(c[0]) for c in (made.program_clusters, made.comparison_clusters)] == [3, 4]
    assert achieved(registry, made, 0, "cr2", 0.95).simulated.scenario.n_clusters == 6


def quantities(overall_covered, two_way_covered, **scenario):
    """A registry of the overall effect and of the two-way effect in one scenario, and its two rows."""
    of = replace(PLAIN, skew="equal", **scenario)
    rows = [row(overall_covered, of), row(two_way_covered, of, quantity="two_way")]
    return registry_of(rows), rows


@pytest.mark.parametrize(("overall_covered", "two_way_covered", "worse"), [(9_500, 9_300, 1), (9_300, 9_500, 0)])
def test_with_one_start_every_estimator_is_judged_by_the_worse_of_overall_and_two_way_effects(
        design_of, overall_covered, two_way_covered, worse):
    registry, rows = quantities(overall_covered, two_way_covered)
    design = drawn(design_of, 5, 5)
    for made in (twfe(design), overall(design), aggregate(etwfe(design, comparison="not_yet"), "overall"),
                 aggregate(imputation(design), "overall")):
        assert achieved(registry, made, 0, "cr2", 0.95).simulated == rows[worse]


def test_with_several_starts_the_two_way_coefficient_is_judged_alone_and_averages_by_the_worse(design_of):
    registry, rows = quantities(9_300, 9_500, is_staggered=True)
    design = drawn(design_of, 6, 6, (3, 5))
    assert achieved(registry, twfe(design), 0, "cr2", 0.95).simulated == rows[1]
    twice = stack(replace(drawn(design_of, 6, 6, (3, 5)), outcome=np.repeat(design.outcome, 2, axis=2),
                          parts=("focal", "reference")), np.ones((12, 2)))
    assert achieved(registry, gap_of(twice, twfe), 0, "cr2", 0.95).simulated == rows[1]
    for made in (overall(design), aggregate(etwfe(design, comparison="not_yet"), "overall"),
                 aggregate(imputation(design), "overall")):
        assert achieved(registry, made, 0, "cr2", 0.95).simulated == rows[0]


@pytest.mark.parametrize("method", ["cr2", "cv3", "cr1", "wild"])
@pytest.mark.parametrize(("program", "comparison"), [(5, 5), (4, 4), (10, 10), (5, 15)])
def test_one_number_has_one_decision_whatever_its_estimator_and_its_estimand_are_called(
        design_of, program, comparison, method):
    registry = coverage.registry()
    full = drawn(design_of, program, comparison, starts=(2,))
    design = replace(full, outcome=full.outcome[:, :2], periods=full.periods[:2], position=full.position[:2],
                     is_break=full.is_break[:2])
    by_cell = group_time_att(design, comparison="never", base="universal")
    made = [twfe(design), by_cell, event_study(design), sun_abraham(design, comparison="never"),
            *(aggregate(by_cell, kind) for kind in ("overall", "cohort", "event_time", "calendar")),
            aggregate(imputation(design), "overall"), aggregate(etwfe(design, comparison="never"), "overall")]
    after = [(e, i) for e in made for i, of in enumerate(e.estimands) if of.event_time in (None, 0)]
    values = [e.value[i, 0] for e, i in after]
    assert len(values) == len(made)
    assert values == pytest.approx([values[0]] * len(values))
    for level in (0.95, 0.8):
        assert len({achieved(registry, e, i, method, level) for e, i in after}) == 1


def test_cr1_of_five_against_five_equal_clusters_is_refused_to_two_way_effects_too(design_of):
    registry, design = coverage.registry(), drawn(design_of, 5, 5)
    asked = ASKED | {"variation": 0, "method": "cr1", "n_clusters": 10, "n_program": 5}
    assert [lookup(registry, quantity=q, **asked).is_allowed for q in ("overall", "two_way")] == [False, True]
    assert not any(achieved(registry, made, 0, "cr1", 0.95).is_allowed for made in (twfe(design), overall(design)))


def test_event_times_alone_and_their_band_have_their_own_rows(design_of):
    rows = [row(9_450, replace(PLAIN, skew="equal"), quantity="event_time"),
            row(9_150, replace(PLAIN, skew="equal"), quantity="joint")]
    registry = with_two_way(*rows)
    by_time = aggregate(group_time_att(drawn(design_of, 5, 5), comparison="never", base="universal"), "event_time")
    assert achieved(registry, by_time, 2, "cr2", 0.95).simulated == rows[0]
    assert joint_achieved(registry, by_time, [2, 3, 4], 0.95).simulated == rows[1]


def test_infer_shows_intervals_with_their_coverage_and_refuses_those_that_miss_too_often(design_of):
    made = overall(drawn(design_of, 6, 6))
    for covered, reason in ((9_600, None), (9_300, "low_coverage")):
        eighty = row(7_900, replace(PLAIN, skew="equal"), level=0.8)
        registry = with_two_way(row(covered, replace(PLAIN, skew="equal")), eighty)
        found = infer(made, gate=gate_of(registry))[0][0]
        assert (found.no_interval, found.coverage) == (reason, covered / 10_000)
        assert (found.ci_low is None, found.p_value is None) == (reason is not None,) * 2
        assert found.se is not None
    nothing = infer(made, gate=gate_of(registry_of([])))[0][0]
    assert (nothing.no_interval, nothing.coverage) == ("not_simulated", None)


def test_the_jackknife_stands_in_where_cr1_from_influence_covers_too_seldom(design_of, monkeypatch):
    of_regression = overall(drawn(design_of, 5, 5))
    made = replace(of_regression, regression=None, contrasts=None, influence=influence_of(of_regression))
    monkeypatch.setattr(module, "MANY", 9)
    alone = infer(made)[0][0]
    assert (alone.method, alone.df) == ("cr1", 9)
    equal = replace(PLAIN, skew="equal")
    rows = [row(covered, equal, method=method, level=level)
            for method, covered in (("cr1", 9_300), ("cv3", 9_600)) for level in (0.95, 0.8)]
    found = infer(made, gate=gate_of(with_two_way(*rows)))[0][0]
    assert (found.method, found.no_interval, found.coverage) == ("cv3", None, 0.96)
    assert found == replace(infer(made, method="cv3")[0][0], coverage=0.96)
    asked = infer(made, method="cr1", gate=gate_of(with_two_way(*rows)))[0][0]
    assert (asked.method, asked.no_interval) == ("cr1", "low_coverage")


def test_a_smaller_design_that_passes_stands_in_for_a_larger_one_that_fails_by_noise():
    small, large = replace(PLAIN, skew="equal"), replace(PLAIN, skew="equal", n_clusters=100, n_program=50)
    rows = [row(9_500, small), row(9_390, large)]
    asked = ASKED | {"variation": 0.0, "is_staggered": PLAIN.is_staggered}
    found = lookup(registry_of(rows), n_clusters=120, n_program=60, **asked)
    assert (found.simulated, found.is_allowed) == (rows[0], True)
    lopsided = lookup(registry_of(rows), n_clusters=1_000, n_program=PLAIN.n_program + 50, **asked)
    assert lopsided.simulated == rows[1]


def test_a_hundred_and_ten_clusters_of_which_a_quarter_is_in_the_program_have_the_jackknifes_interval():
    """100 clusters with a fifth in the program fail by noise of the simulation; 40 with a quarter pass."""
    asked = ASKED | {"variation": 0.0, "method": "cv3"}
    found = lookup(coverage.registry(), n_clusters=110, n_program=28, **asked)
    assert found.is_allowed
    assert (found.simulated.scenario.n_clusters, found.simulated.scenario.n_program) == (40, 10)
