"""Two-way fixed effects: one coefficient for "in the program"; a reference, never the headline."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np

from evaluation.stats.records import Design, Estimand, Estimate
from evaluation.stats.regression import TOLERANCE, fit, period_effects, seen_twice, within


def twfe(design: Design) -> Estimate:
    """Two-way fixed effects: unit effects, period × stratum effects, one coefficient for "in the program".

    By Frisch–Waugh the coefficient is Σ wD̃y / Σ wD̃², D̃ the program indicator less both sets of effects; so cell
    (u, t) has weight wD̃ / Σ wD̃². Weights of program cells may be negative: under staggered starts with effects that
    differ this is no average of effects (Goodman-Bacon 2021), so it is a reference and never the headline. `bacon` says
    which comparisons it averages, `negative_weights` how much weighs less than zero.

    Returns
    -------
    Estimate
        One estimand, `overall`; none where the indicator is a combination of the effects. Units seen in fewer than
        two periods say nothing and are left out. Comparison clusters are those of units never in the program within
        the design's periods. No cell is saturated here, so nothing is marked lone.
    """
    unit, period = seen_twice(design)
    w = design.weight[unit]
    in_program = design.in_program[unit, period].astype(np.float64)
    effects = period_effects(design, unit, period)
    y = within(design.outcome[unit, period], unit)
    indicator = within(in_program[:, None], unit)
    tilde = fit(effects, indicator, w, unit).residual[:, 0]
    is_identified = w @ tilde**2 > TOLERANCE * (w @ indicator[:, 0] ** 2)
    m = int(is_identified)
    regression = fit(np.hstack([indicator[:, :m], effects]), y, w, design.cluster[unit],
                     n_absorbed=len(np.unique(unit)))
    weights = np.zeros((m, *design.present.shape))
    weights[:, unit, period] = w * tilde / (w @ tilde**2) if is_identified else 0.0
    program = np.unique(unit[in_program > 0])
    return Estimate(
        design=design,
        estimator=twfe,
        estimands=(Estimand("overall"),) * m,
        parts=design.parts,
        value=regression.coefficient[:m],
        program_clusters=(np.unique(design.cluster[program]),) * m,
        comparison_clusters=(np.unique(design.cluster[np.setdiff1d(unit, program)]),) * m,
        lone_program=np.zeros(m, dtype=bool),
        lone_comparison=np.zeros(m, dtype=bool),
        left_out_cohorts=((),) * m,
        weights=weights,
        regression=regression,
        contrasts=np.eye(m, regression.x.shape[1]),
    )


def lone_cohorts(design: Design) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the cohorts that are lone, and those that are not, of units seen both before and in the program.

    Lone is a cohort that has, in some stratum, one cluster only; the headline's averages leave it out.
    """
    changes = (design.present & design.in_program).any(axis=1) & (design.present & ~design.in_program).any(axis=1)
    of: tuple[list[int], list[int]] = ([], [])
    for cohort in np.unique(design.cohort[changes]):
        mine = changes & (design.cohort == cohort)
        n_clusters = [len(np.unique(design.cluster[mine & (design.stratum == s)])) for s in design.stratum[mine]]
        of[min(n_clusters) > 1].append(int(cohort))
    return tuple(of[0]), tuple(of[1])


def without_cohorts(design: Design, cohorts: tuple[int, ...]) -> Design:
    """Return the design with the cells of these cohorts absent."""
    is_out = np.isin(design.cohort, cohorts)
    return replace(design, outcome=np.where(is_out[:, None, None], np.nan, design.outcome))


def leaving_lone_out(estimator: Callable[[Design], Estimate], design: Design) -> Estimate:
    """Estimate without the cohorts of one cluster, as averages of group-time effects are made.

    For estimators that put all cohorts into one regression. Where every cohort is lone they stay, and all is marked.
    """
    lone, others = lone_cohorts(design)
    left_out = lone if others else ()
    found = estimator(without_cohorts(design, left_out))
    return replace(
        found,
        estimator=partial(leaving_lone_out, estimator),
        lone_program=found.lone_program | (bool(lone) and not others),
        left_out_cohorts=(left_out,) * len(found.estimands),
    )
