"""The simulation behind the coverage registry: it catches wrong methods, agrees with theory, and can be resumed."""

import math
from collections import Counter

import numpy as np
import pytest

from benchmarks.coverage.__main__ import PAGE, PICTURE, main
from benchmarks.coverage.batches import Batch, folder_of, has_rows, read, run
from benchmarks.coverage.designs import Shape, draw_design, mean_effect, shapes, with_outcomes
from benchmarks.coverage.page import page
from benchmarks.coverage.simulate import METHODS, Question, by_t, group_time, questions, simulate
from evaluation import coverage
from evaluation.stats.estimators.twfe import twfe
from evaluation.stats.inference.bands import bands
from evaluation.stats.inference.coverage import SKEW, lookup, registry_of
from evaluation.stats.inference.cr2 import Robust, cr2
from evaluation.stats.inference.infer import infer
from evaluation.stats.regression import influence_of, regression_of

SHAPE = Shape(10, 5, "moderate", False)
NORMAL = 1e9
"""Degrees of freedom at which t is normal."""


def cr0_with_normal_quantiles(estimate):
    return Robust(np.sqrt((influence_of(estimate).of_cluster ** 2).sum(axis=0)), np.array([NORMAL]))


def cr2_without_satterthwaite(estimate):
    return Robust(cr2(*regression_of(estimate)).se, np.array([NORMAL]))


PLANTED = {"cr0_normal": by_t(cr0_with_normal_quantiles), "cr2_normal": by_t(cr2_without_satterthwaite)}


@pytest.mark.parametrize(("quantity", "estimator"), [("overall", group_time), ("two_way", twfe)])
def test_a_planted_wrong_method_is_refused_where_cr2_is_allowed(quantity, estimator):
    asked = (Question(quantity, estimator, (), ("cr2", *PLANTED)),)
    rng, methods = np.random.default_rng(5), {**METHODS, **PLANTED}
    registry = registry_of(simulate(SHAPE, 3_000, rng, asked=asked, methods=methods))
    found = {(method, level): lookup(registry, n_clusters=10, n_program=5, variation=0.4, is_staggered=False,
                                     method=method, level=level, quantity=quantity)
             for method in ("cr2", *PLANTED) for level in (0.95, 0.8)}
    assert found["cr2", 0.95].is_allowed
    assert found["cr2", 0.8].is_allowed
    assert not any(found[method, 0.95].is_allowed for method in PLANTED)
    assert not found["cr0_normal", 0.8].is_allowed
    assert found["cr0_normal", 0.95].coverage < found["cr2_normal", 0.95].coverage < 0.925


def test_with_two_equal_arms_cr2_is_the_t_test_and_covers_exactly():
    exact = [row for row in coverage.rows()
             if row.method == "cr2" and row.quantity in ("overall", "event_time") and row.scenario.skew == "equal"
             and not row.scenario.is_staggered and not row.scenario.is_heterogeneous
             and row.scenario.n_clusters == 2 * row.scenario.n_program]
    assert len(exact) >= 5 * 4 * 2 * 2
    score = [(row.coverage - row.level) / math.sqrt(row.level * (1 - row.level) / row.repetitions) for row in exact]
    assert np.abs(score).max() < 4
    assert abs(np.mean(score)) < 4 / math.sqrt(len(score) / 16)


@pytest.mark.parametrize("name", ["10-5-moderate-staggered", "20-7-strong-one"])
def test_a_fresh_simulation_agrees_with_the_shipped_table(name):
    shape = next(s for s in shapes() if s.name == name)
    shipped = {(r.scenario, r.quantity, r.method, r.level): r for r in coverage.rows()}
    asked = tuple(Question(q.quantity, q.estimator, q.event_times, ("cr2",))
                  for q in questions(shape) if q.quantity in ("overall", "two_way"))
    # ten patterns, as sizes matter beyond the level of skew
    rng = np.random.default_rng(1)
    found = Counter()
    for _ in range(10):
        for row in simulate(shape, 300, rng, asked=asked):
            found[(row.scenario, row.quantity, row.method, row.level)] += row.covered
    for key, covered in found.items():
        right = shipped[key].coverage
        assert covered / 3_000 == pytest.approx(right, abs=4.5 * math.sqrt(right * (1 - right) / 3_000) + 0.01)


@pytest.mark.parametrize("skew", list(SKEW))
def test_sizes_have_the_variation_of_their_level_in_each_arm(skew):
    design = draw_design(Shape(20, 7, skew, True), np.random.default_rng(2))
    for arm in (design.weight[:7], design.weight[7:]):
        assert arm.std() / arm.mean() == pytest.approx(SKEW[skew], abs=1e-6)
        assert arm.mean() == pytest.approx(1)
    assert Counter(design.cohort[:7]) == {4: 3, 5: 2, 6: 2}


def test_errors_have_the_variance_and_autocorrelation_they_are_said_to_have():
    shape = Shape(10, 5, "equal", False)
    design = draw_design(shape, np.random.default_rng(0))
    for scenario in shape.scenarios():
        made = with_outcomes(design, scenario, 20_000, np.random.default_rng(3))
        error = made.outcome[7]
        variance = scenario.icc + (1 - scenario.icc) / 5
        assert error.var(axis=1) == pytest.approx(np.full(7, variance), rel=0.05)
        assert np.corrcoef(error[2], error[3])[0, 1] == pytest.approx(scenario.autocorrelation, abs=0.03)
        effect = made.outcome[0, 3] - made.outcome[0, 2]
        assert effect.mean() == pytest.approx(mean_effect(design, scenario)[0, 3], abs=0.05)


def test_intervals_are_counted_as_infer_gives_them():
    rng = np.random.default_rng(4)
    shape = Shape(10, 4, "moderate", False)
    design, scenario = draw_design(shape, rng), list(shape.scenarios())[3]
    drawn = with_outcomes(design, scenario, 60, rng)
    question = questions(shape)[0]
    estimate = question.of(question.estimator(drawn))
    truth = np.tensordot(estimate.weights, mean_effect(design, scenario), axes=2)
    for method in ("cr2", "cv3", "wild"):
        covered = METHODS[method](estimate, truth, rng)
        given = infer(estimate, method=method)[0]
        assert covered[0].tolist() == [i.ci_low <= truth[0] <= i.ci_high for i in given]
        assert covered[1].tolist() == [i.ci80_low <= truth[0] <= i.ci80_high for i in given]


def test_bands_are_counted_as_bands_gives_them():
    rng = np.random.default_rng(6)
    shape = Shape(10, 5, "equal", False)
    design, scenario = draw_design(shape, rng), next(shape.scenarios())
    drawn = with_outcomes(design, scenario, 150, rng)
    question = next(q for q in questions(shape) if q.quantity == "joint")
    estimate = question.of(question.estimator(drawn))
    truth = np.tensordot(estimate.weights, mean_effect(design, scenario), axes=2)
    covered = METHODS["band"](estimate, truth, rng)[0]
    given = [((b.ci_low <= truth) & (truth <= b.ci_high)).all() for b in bands(estimate, range(4))]
    assert (covered != given).sum() <= 1
    assert 0 < (~covered).sum() < 30


def test_a_shape_that_never_has_an_interval_has_no_rows():
    assert list(simulate(Shape(6, 3, "extreme", True), 10, np.random.default_rng(0))) == []


def test_a_stopped_run_goes_on_where_it_was(tmp_path):
    batches = [Batch(Shape(10, 5, "equal", False), i, 20, 7, tmp_path, is_quick=i == 2) for i in range(3)]
    first = read(list(run(batches[:2], 1)))
    kept = batches[0].path.stat().st_mtime_ns
    content = batches[1].path.read_text()
    batches[1].path.unlink()
    done = list(run(batches, 1))
    assert done == batches
    assert batches[0].path.stat().st_mtime_ns == kept
    assert batches[1].path.read_text() == content
    assert all(map(has_rows, batches))
    assert read(batches[:2]) == first
    assert {(row.method, row.repetitions) for row in read(batches)} == {
        ("cr2", 60), ("cv3", 60), ("cr1", 40), ("wild", 40), ("webb", 40)}
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted(b.path.name for b in batches)


def test_batches_of_other_code_size_or_seed_are_not_mixed(tmp_path):
    assert folder_of(10, 1, under=tmp_path) == folder_of(10, 1, under=tmp_path)
    assert len({folder_of(*of, under=tmp_path) for of in ((10, 1), (10, 2), (20, 1))}) == 3


def test_the_page_is_the_one_made_from_the_table():
    assert PAGE.read_text() == page(coverage.rows()), "run: python -m benchmarks.coverage --page"
    assert PICTURE.read_text().startswith("<svg")


def test_help_teaches_and_an_unknown_design_is_told_what_there_is(capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["--help"])
    assert stopped.value.code == 0
    assert "--only 10-5" in capsys.readouterr().out
    assert main(["--only", "7-2"]) == 2
    assert "10-5" in capsys.readouterr().err
