"""The benchmark of estimators runs, on a tiny design and without other programs, and counts as it says."""

from dataclasses import replace

import numpy as np
import pytest

from benchmarks import tasks
from benchmarks.estimators import OURS, Timing, measure, parse, table, whole
from benchmarks.panels import PARTS, Size, districts, draw
from benchmarks.tasks import CURVE, GROUP_TIME_WILD, MULTIPLIER, WILD, WILD_CI, Peer, Task, own_tasks
from evaluation.stats.regression import influence_of

TINY = Size(schools=24, years=6, outcomes=1, draws=99)


@pytest.fixture
def without_study(monkeypatch):
    monkeypatch.setattr(tasks, "study_curve", lambda: None)


def test_every_task_of_ours_runs(without_study):
    found = own_tasks(draw(TINY), TINY)
    assert CURVE in found
    for name, task in found.items():
        if name != CURVE:
            (timing,) = measure(task, 1)
            assert (timing.program, timing.ratio, timing.share) == (OURS, 1, 1)
            assert timing.wall > 0
    assert tasks.specifications(districts(), 7) == 7


def test_the_panel_has_the_gap_as_a_column_beside_its_parts():
    design = draw(Size(schools=24, years=6, outcomes=2))
    assert design.parts == tuple(f"{k}:{part}" for k in range(2) for part in PARTS)
    assert design.outcome[..., 3] == pytest.approx(design.outcome[..., 4] - design.outcome[..., 5])
    assert draw(TINY).outcome == pytest.approx(draw(TINY).outcome, abs=0)
    assert len(set(design.cohort[~design.never_program])) > 2


def test_multiplier_draws_spread_as_the_influence_does():
    found = tasks.as_diff_diff(draw(TINY))
    se, ends = tasks.multiplied(found, 9_999)
    assert se == pytest.approx(np.sqrt((influence_of(found).of_cluster**2).sum(axis=0)), rel=0.05)
    assert (ends[0] < ends[1]).all()


def test_a_part_of_the_work_is_scaled_to_the_whole_and_checked_before_it_is_timed():
    calls = []
    peer = Peer("other", ((lambda: calls.append("fit"), 3.0), (lambda: calls.append("draw"), 30.0)), "nothing")
    own, other = measure(Task("t", lambda: calls.append("own"), (peer,), lambda: calls.append("check")), 2)
    each = ["own", "fit", "draw"]
    assert calls == [*each, "check", *each, *each]
    assert (other.share, other.lacks, own.lacks) == (1 / 30, "nothing", "")
    assert "1 of 30" in table([own, other])


def test_the_whole_is_both_event_studies_against_the_fastest_of_the_others():
    def timing(task, program, cpu):
        return Timing(task, program, cpu, cpu, 0, 1, 1, "")

    timings = [timing(WILD, OURS, 1), timing(WILD, "a", 80), timing(WILD_CI, OURS, 2), timing(WILD_CI, "b", 90),
               timing(MULTIPLIER, OURS, 1), timing(MULTIPLIER, "c", 20), timing(GROUP_TIME_WILD, OURS, 3)]
    assert whole(timings) == (5, 100, 20)
    assert whole([t for t in timings if t.program == OURS]) is None


def test_help_says_how_to_run_it(capsys):
    with pytest.raises(SystemExit):
        parse(["--help"])
    said = capsys.readouterr().out
    assert "examples:" in said
    assert "--json" in said
    assert replace(TINY).columns == 3
