"""What the benchmark of estimators measures: our functions, and other programs' for the same numbers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from itertools import cycle, islice

import numpy as np

from benchmarks.panels import Size, districts
from benchmarks.peers import Peers, found
from evaluation.stats.aggregate import aggregate
from evaluation.stats.estimated_shares import aggregate_with_estimated_shares
from evaluation.stats.estimators.event_study import event_study
from evaluation.stats.estimators.group_time_att import group_time_att
from evaluation.stats.estimators.registry import Choices, bind
from evaluation.stats.inference.cr2 import Robust, cr1, cr2
from evaluation.stats.inference.cv3 import Jackknife, cv3_of_regression
from evaluation.stats.inference.infer import infer
from evaluation.stats.inference.signs import draw_signs
from evaluation.stats.inference.wild import Wild, wild_bootstrap
from evaluation.stats.records import Design, Estimate, Floats
from evaluation.stats.regression import influence_of, regression_of

SPECIFICATIONS = 200
FIT = "two-way event study, CR1"
CR2 = "two-way event study, CR2 and its degrees of freedom"
CV3 = "two-way event study, CV3"
WILD = "two-way event study, CR2, wild p-values"
WILD_CI = "two-way event study, CR2, wild p-values and 95 % intervals"
GROUP_TIME = "group-time by event time, plain standard errors"
MULTIPLIER = "group-time by event time, multiplier draws"
GROUP_TIME_WILD = "group-time by event time, CR2, wild p-values and 95 % intervals"
CURVE = f"{SPECIFICATIONS} specifications on 26 districts, CR2"
STUDY_CURVE = "specification curve of one topic of the default study"
STUDY = "partnership"


@dataclass(frozen=True)
class Peer:
    """Another program's way to the same numbers.

    Attributes
    ----------
    program : as in `peers.PROGRAMS`
    steps : functions to time, and how many times the whole work is what each does
    lacks : what it does not do of the task, said in the table
    """

    program: str
    steps: tuple[tuple[Callable[[], object], float], ...]
    lacks: str = ""


@dataclass(frozen=True)
class Task:
    """One thing to measure, for all columns; `check` raises AssertionError where other programs' numbers differ."""

    name: str
    own: Callable[[], object]
    peers: tuple[Peer, ...] = ()
    check: Callable[[], None] | None = None


def by_event_time(design: Design) -> Estimate:
    """Group-time effects averaged by event time, shares of cohorts fixed."""
    return aggregate(group_time_att(design, comparison="never", base="universal"), "event_time")


def with_wild(estimate: Estimate, draws: int, *, levels: tuple[float, ...] = ()) -> tuple[Robust, Wild]:
    """CR2 with degrees of freedom, and the restricted wild bootstrap, of all event times and columns."""
    regression, contrasts = regression_of(estimate)
    rng = np.random.default_rng(1)
    return cr2(regression, contrasts), wild_bootstrap(regression, contrasts, levels=levels, draws=draws, rng=rng)


def as_diff_diff(design: Design) -> Estimate:
    """Group-time effects by event time with estimated shares of cohorts."""
    return aggregate_with_estimated_shares(group_time_att(design, comparison="never", base="universal"), "dynamic")


def multiplied(estimate: Estimate, draws: int) -> tuple[Floats, Floats]:
    """Multiplier bootstrap: standard errors (m, K) and 95 % intervals of signs × influence. Not one of our methods."""
    influence = influence_of(estimate)
    assert influence is not None
    flat = influence.of_cluster.reshape(len(influence.cluster), -1)
    drawn = flat.T @ draw_signs(len(flat), "rademacher", draws - 1, np.random.default_rng(1))
    return drawn.std(axis=1, ddof=1).reshape(estimate.value.shape), np.quantile(drawn, (0.025, 0.975), axis=1)


def specifications(design: Design, count: int = SPECIFICATIONS) -> int:
    """Estimate and infer (CR2) the overall effect under `count` specifications."""
    choices = [Choices(comparison, base) for comparison in ("never", "not_yet") for base in ("universal", "varying")]
    names = ("group_time_att", "imputation", "etwfe", "sun_abraham", "stacked", "twfe")
    asked = islice(cycle((name, choice) for choice in choices for name in names), count)
    for name, choice in asked:
        found = bind(name, choice)(design)
        infer(found if found.estimands[0].kind == "overall" else aggregate(found, "overall"))
    return count


def study_curve() -> Callable[[], object] | None:
    """Return a function that makes the curve of the study's first planned topic; None before the study has cells."""
    from evaluation import params, store
    from evaluation.diagnose.curve import specification_curve
    from evaluation.diagnose.diagnosed import diagnosable, prepare
    if not store.path("cells", STUDY).exists():
        return None
    study, cells = params.load(STUDY, "diagnose"), store.read("cells", STUDY)
    planned = next(t for t in diagnosable(study) if study.plan.standing(
        t.specification.id, t.outcome.id, t.gap.id) == "confirmatory")
    by_outcome = {(str(o), str(d)): rows for (o, d), rows in cells.groupby(["outcome_id", "dimension"])}
    of = prepare(by_outcome, study, planned)
    return lambda: specification_curve(of)


def own_tasks(design: Design, size: Size) -> dict[str, Task]:
    """Return what is measured, by name; only our side."""
    small, of_study = districts(), study_curve()
    made = [
        Task(FIT, lambda: _cr1(event_study(design))),
        Task(CR2, lambda: cr2(*regression_of(event_study(design)))),
        Task(CV3, lambda: _cv3(event_study(design))),
        Task(WILD, lambda: with_wild(event_study(design), size.draws)),
        Task(WILD_CI, lambda: with_wild(event_study(design), size.draws, levels=(0.95,))),
        Task(GROUP_TIME, lambda: _plain(as_diff_diff(design))),
        Task(MULTIPLIER, lambda: multiplied(as_diff_diff(design), size.draws)),
        Task(GROUP_TIME_WILD, lambda: with_wild(by_event_time(design), size.draws, levels=(0.95,))),
        Task(CURVE, lambda: specifications(small))]
    return {task.name: task for task in [*made, *([] if of_study is None else [Task(STUDY_CURVE, of_study)])]}


def with_peers(tasks: dict[str, Task], design: Design, size: Size) -> dict[str, Task]:
    """Return the tasks beside the other programs that are installed."""
    study, columns = event_study(design), size.columns
    times = [e.event_time for e in study.estimands if e.event_time is not None]
    p, last, tests = Peers(design, times, size.draws), times[-1], columns * len(times)
    same = Same(design, p, study)

    def one(program: str, function: Callable[..., object], **options: int) -> Peer:
        return Peer(program, ((partial(function, 0, **options), columns),))

    peers = {
        FIT: ((one("pyfixest", p.pyfixest), one("linearmodels", p.linearmodels)), same.cr1),
        CR2: ((one("diff-diff", p.diff_diff_cr2),), same.cr2),
        CV3: ((one("pyfixest", p.pyfixest_cv3),), same.cv3),
        WILD: ((Peer("wildboottest", ((partial(p.pyfixest_within, 0), columns),
                                      (partial(p.pyfixest_wild, 0, last), tests)), "no CR2"),), same.wild_p),
        WILD_CI: ((Peer("diff-diff", ((partial(p.diff_diff_cr2, 0), columns),
                                      (partial(p.diff_diff_wild, 0, last), tests))),), same.wild_interval),
        GROUP_TIME: ((one("diff-diff", p.diff_diff_group_time),), same.group_time),
        MULTIPLIER: ((one("diff-diff", p.diff_diff_group_time, draws=size.draws),), same.multiplier),
        GROUP_TIME_WILD: ((replace(one("diff-diff", p.diff_diff_group_time, draws=size.draws),
                                   lacks="no CR2, no restricted draws: its multiplier draws"),), None),
    }
    here = found()
    return {name: replace(task, peers=tuple(x for x in peers[name][0] if x.program in here), check=peers[name][1])
            if name in peers else task for name, task in tasks.items()}


def _cr1(estimate: Estimate) -> Robust:
    return cr1(*regression_of(estimate))


def _cv3(estimate: Estimate) -> Jackknife:
    return cv3_of_regression(*regression_of(estimate))


def _plain(estimate: Estimate) -> Floats:
    influence = influence_of(estimate)
    assert influence is not None
    return np.sqrt((influence.of_cluster**2).sum(axis=0))


@dataclass(frozen=True)
class Same:
    """Assert that other programs' numbers for the first column are ours."""

    design: Design
    peers: Peers
    study: Estimate

    def cr1(self) -> None:
        found = _cr1(self.study).se[:, 0]
        one, other = self.peers.pyfixest(0), self.peers.linearmodels(0)
        for value, se in ((one.coef(), one.se()), (other.params, other.std_errors)):
            assert np.allclose(value.to_numpy(), self.study.value[:, 0], atol=1e-8)
            _proportional(se.to_numpy(), found)

    def cr2(self) -> None:
        value, se, df = self.peers.diff_diff_cr2(0)
        found = cr2(*regression_of(self.study))
        assert np.allclose(value, self.study.value[:, 0], atol=1e-8)
        assert np.allclose(se, found.se[:, 0], rtol=1e-7)
        assert np.allclose(df, found.df, rtol=1e-5)

    def cv3(self) -> None:
        _proportional(self.peers.pyfixest_cv3(0).se().to_numpy(), _cv3(self.study).se[:, 0])

    def wild_p(self) -> None:
        k = len(self.study.estimands) - 1
        p = with_wild(self.study, self.peers.draws)[1].p_value[k, 0]
        self._as_large(self.peers.pyfixest_wild(0, self.peers.times[k]), p)

    def wild_interval(self) -> None:
        k = len(self.study.estimands) - 1
        found, other = with_wild(self.study, self.peers.draws, levels=(0.95,))[1], self.peers.diff_diff_wild(
            0, self.peers.times[k])
        self._as_large(other.p_value, found.p_value[k, 0])
        low, high = found.ci_low[0, k, 0], found.ci_high[0, k, 0]
        assert np.allclose([other.ci_lower, other.ci_upper], [low, high], atol=0.1 * (high - low))

    def group_time(self) -> None:
        self._group_time(draws=0, tolerance=1e-7)

    def multiplier(self) -> None:
        self._group_time(draws=self.peers.draws, tolerance=6 / np.sqrt(2 * self.peers.draws))

    def _group_time(self, *, draws: int, tolerance: float) -> None:
        other = self.peers.diff_diff_group_time(0, draws=draws).event_study_effects
        found = as_diff_diff(self.design)
        se = multiplied(found, draws)[0] if draws else _plain(found)
        for k, e in enumerate(found.estimands):
            if e.event_time is not None:
                assert np.isclose(other[e.event_time]["effect"], found.value[k, 0], atol=1e-8)
                assert np.isclose(other[e.event_time]["se"], se[k, 0], rtol=tolerance)

    def _as_large(self, other: float, p: float) -> None:
        spread = np.sqrt(2 * p * (1 - p) / (self.peers.draws + 1))
        assert abs(other - p) <= 5 * spread + 2 / (self.peers.draws + 1), (other, p)


def _proportional(other: Floats, own: Floats) -> None:
    """Programs differ by small-sample factors that all coefficients share."""
    ratio = other / own
    assert np.allclose(ratio, ratio[0], rtol=1e-6), ratio
    assert 0.9 < ratio[0] < 1.1, ratio
