"""One batch: a drawn size pattern, all kinds of errors, every interval, and how many of them cover."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
from scipy import special, stats

from benchmarks.coverage.designs import Shape, draw_design, mean_effect, with_outcomes
from evaluation.stats.aggregate import aggregate
from evaluation.stats.combine import joined, select
from evaluation.stats.estimators.group_time_att import group_time_att
from evaluation.stats.estimators.twfe import twfe
from evaluation.stats.inference.bands import BAND_TIMES
from evaluation.stats.inference.coverage import Quantity, Scenario, Simulated
from evaluation.stats.inference.cr2 import Robust, covariance, cr1, cr2
from evaluation.stats.inference.cv3 import cv3
from evaluation.stats.inference.infer import LEVELS, infer
from evaluation.stats.inference.signs import Weights
from evaluation.stats.inference.wild import wild_bootstrap
from evaluation.stats.reading import on_used_dummies
from evaluation.stats.records import Booleans, Design, Estimate, Floats
from evaluation.stats.regression import regression_of

Estimator = Callable[[Design], Estimate]
Covers = Callable[[Estimate, Floats, np.random.Generator], Booleans]
"""From an estimate of one estimand in K repetitions and its truth (1,): (levels, K), the interval covers."""
LATER = 1
"""The event time whose interval is simulated alone."""
QUICK = ("cr2", "cv3", "band")
"""Methods that many repetitions cost little; the others are a check beside them."""
PATTERNS = 60
"""Size patterns drawn for one that has enough degrees of freedom for an interval."""
WILD_DRAWS = 199
"""Beyond 12 clusters; a test of a pivotal statistic has its size with any number that makes .05(B + 1) whole."""
WEBB_CLUSTERS, WILD_CLUSTERS = (6, 10), 20
DIRECTIONS = 512


@dataclass(frozen=True)
class Question:
    """What is asked of an estimate: some of its estimands, one for an interval, several for a band."""

    quantity: Quantity
    estimator: Estimator
    event_times: tuple[int, ...]
    methods: tuple[str, ...]

    def of(self, estimate: Estimate) -> Estimate:
        """Return the estimands that are asked about; `overall` without event times."""
        kept = [i for i, e in enumerate(estimate.estimands)
                if (e.event_time in self.event_times if self.event_times else e.kind == "overall")]
        chosen = select(estimate, kept)
        return on_used_dummies(chosen) if regression_of(chosen)[0].is_saturated else chosen


def by_t(robust: Callable[[Estimate], Robust]) -> Covers:
    """Return what intervals of t cover, by the standard errors and degrees of freedom of a method."""

    def covers(estimate: Estimate, truth: Floats, rng: np.random.Generator) -> Booleans:
        found = robust(estimate)
        missed = np.abs(estimate.value[0] - truth[0]) / found.se[0]
        critical = np.array([stats.t.ppf((1 + level) / 2, found.df[0]) for level in LEVELS])
        return np.asarray(missed <= critical[:, None])

    return covers


def by_wild(weights: Weights) -> Covers:
    """Return what confidence sets of the restricted wild bootstrap cover: p at the truth is above 1 − level."""

    def covers(estimate: Estimate, truth: Floats, rng: np.random.Generator) -> Booleans:
        found = wild_bootstrap(*regression_of(estimate), null=float(truth[0]), weights=weights, draws=WILD_DRAWS,
                               rng=rng)
        return np.array([found.p_value[0] > 1 - level + 1e-9 for level in LEVELS])

    return covers


def by_band(estimate: Estimate, truth: Floats, rng: np.random.Generator) -> Booleans:
    """Return which 95 % sup-t bands cover all their estimands: P(max|T| ≤ the largest |t|) is at most the level.

    The probability is needed only between the critical values of one estimand and of Bonferroni. There T = ρL'θ with
    random directions θ shared by all repetitions, and the radius integrated exactly, as in `bands`.
    """
    of = covariance(*regression_of(estimate))
    df, m, level = float(of.df.min()), len(of.df), LEVELS[0]
    se = np.sqrt(np.einsum("pmm->pm", of.matrix))
    largest = np.abs((estimate.value.T - truth) / se).max(axis=1)
    theta = rng.standard_normal((DIRECTIONS, m))
    theta /= np.linalg.norm(theta, axis=1)[:, None]
    single, bonferroni = stats.t.ppf([(1 + level) / 2, 1 - (1 - level) / (2 * m)], df)
    covers = largest <= single
    between = np.flatnonzero((largest > single) & (largest <= bonferroni))
    values, vectors = np.linalg.eigh(of.matrix[between] / (se[between, :, None] * se[between, None, :]))
    root = vectors * np.sqrt(np.maximum(values, 0))[:, None, :]
    furthest = np.abs(np.einsum("dr,pmr->pdm", theta, root, optimize=True)).max(axis=2) ** 2
    inside = special.fdtr(m, df, largest[between, None] ** 2 / (m * furthest)).mean(axis=1)
    covers[between] = inside <= level
    return covers[None]


METHODS: Mapping[str, Covers] = {
    "cr2": by_t(lambda e: cr2(*regression_of(e))), "cv3": by_t(cv3), "cr1": by_t(lambda e: cr1(*regression_of(e))),
    "wild": by_wild("rademacher"), "webb": by_wild("webb"), "band": by_band}


def group_time(design: Design) -> Estimate:
    """Return the overall effect and effects by event time, against clusters that are not yet in the program."""
    att_gt = group_time_att(design, comparison="not_yet", base="universal")
    return joined([aggregate(att_gt, "overall"), aggregate(att_gt, "event_time")])


def questions(shape: Shape, *, is_quick: bool = False) -> tuple[Question, ...]:
    """Return what is asked of a shape: Webb's weights, and bootstraps of one event time, where clusters are few.

    Parameters
    ----------
    is_quick : the methods of `QUICK` alone
    """
    webb = ("webb",) if shape.n_clusters in WEBB_CLUSTERS else ()
    wild = ("wild",) if shape.n_clusters <= WILD_CLUSTERS else ()
    every = (Question("overall", group_time, (), ("cr2", "cv3", "cr1", "wild", *webb)),
             Question("event_time", group_time, (LATER,), ("cr2", "cv3", "cr1", *wild)),
             Question("joint", group_time, BAND_TIMES, ("band",)),
             Question("two_way", twfe, (), ("cr2", "cv3", "cr1", "wild", *webb)))
    return every if not is_quick else tuple(
        replace(question, methods=tuple(m for m in question.methods if m in QUICK)) for question in every)


def simulate(shape: Shape, repetitions: int, rng: np.random.Generator, *,
             asked: tuple[Question, ...] | None = None,
             methods: Mapping[str, Covers] = METHODS) -> Iterator[Simulated]:
    """Simulate a batch: per question one size pattern that may have an interval, `repetitions` of each scenario.

    A pattern that the rules for few clusters withhold the interval from is drawn anew; where none of many may have one
    the question has no rows.
    """
    left = list(asked or questions(shape))
    for _ in range(1 if shape.skew == "equal" else PATTERNS):
        design = draw_design(shape, rng)
        taken = [question for question in left if _may_have_intervals(question, design)]
        left = [question for question in left if question not in taken]
        for scenario in shape.scenarios() if taken else ():
            drawn = with_outcomes(design, scenario, repetitions, rng)
            found = {estimator: estimator(drawn) for estimator in dict.fromkeys(q.estimator for q in taken)}
            for question in taken:
                yield from _answers(question, found[question.estimator], scenario, methods, rng)
        if not left:
            return


def _may_have_intervals(question: Question, design: Design) -> bool:
    estimate = question.of(question.estimator(design))
    return len(estimate.estimands) > 0 and all(row[0].no_interval is None for row in infer(estimate))


def _answers(question: Question, found: Estimate, scenario: Scenario, methods: Mapping[str, Covers],
             rng: np.random.Generator) -> Iterator[Simulated]:
    estimate = question.of(found)
    if estimate.weights is None:
        raise ValueError("the truth of an estimate is known by its weights, and this one has none")
    truth = np.tensordot(estimate.weights, mean_effect(estimate.design, scenario), axes=2)
    for name in question.methods:
        label = "cr2" if name == "band" else name
        for level, covered in zip(LEVELS, methods[name](estimate, truth, rng), strict=False):
            yield Simulated(scenario, question.quantity, label, level, len(covered), int(covered.sum()))
