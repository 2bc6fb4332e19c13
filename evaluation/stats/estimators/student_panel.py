"""Regression with student effects, read from moments: the student-level panel without a student."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import Literal

import numpy as np
from scipy.linalg import block_diag

from evaluation.stats.cohorts import base_period, effect_at, event_time, first_in_program, has_before
from evaluation.stats.lone import lone_arms
from evaluation.stats.moments import Moments, inner_products, period_means, unit_rows
from evaluation.stats.records import Booleans, Design, Estimand, Estimate, Floats, Integers
from evaluation.stats.regression import TOLERANCE, fit, independent

Effect = Literal["overall", "event_time", "att_gt"]
PeriodEffects = Literal["period_by_grade", "period"]
ROUNDING = 1e-12
"""Share of a home school's largest moment below which one is rounding."""


@dataclass(frozen=True)
class _Block:
    """One group's regression: estimable effects come first among the columns of x; `varies` (N, p) is of all p."""

    x: Floats
    y: Floats
    cluster: Integers
    varies: Booleans
    is_estimable: Booleans


def student_panel(design: Design, *, moments: Moments, part: str, effect: Effect,
                  period_effects: PeriodEffects = "period_by_grade") -> Estimate:
    """Effect on the students of program home schools, less student effects and period effects, by least squares.

    y_it = student_i + period × grade × stratum + Σ_j δ_j x_j(home school, period) + z_it γ + u_it, z the moments'
    covariates, each student-year with its student's weight. Exposure follows the home school (intention to treat). With
    R'R = gram and R'η = cross of a home school (both with the covariates among the cells), rows R D and η have the
    A_g = D'gram D and D'cross of all its students, D the regressors by cell; so coefficients, CR1, CR2 with df, CV3 and
    the bootstrap are those of the student rows, times the root of their weight, with a dummy per student.

    Parameters
    ----------
    design : units are home schools; cohort, cluster, stratum, periods, position and is_break are read. The outcome
        comes from the moments: the estimate's design has their means, in the moments' columns.
    part : a group of the moments, or `gap`: focal − reference. For the gap both groups are in one regression, each with
        effects, period effects and slopes of its own, clustered together; so gap = focal − reference, and what moves
        one group alike everywhere cancels within the group.
    effect : `overall`, one coefficient of "in the program" (no average of effects where starts differ and effects
        grow); `event_time`, one by distance to the start; `att_gt`, one by cohort and period, which `aggregate` reads.
        The last two leave out each cohort's base: the last period before its start that is no break, else the last.
    period_effects : period × grade × stratum, or period × stratum; the same where moments are not by grade.

    Returns
    -------
    Estimate
        What the moments cannot tell apart from period effects is not among its estimands. Home schools in the program
        from the first period on are left out; by event time, also those whose cohort is no period of the design. Those
        that start after the last period are comparison schools. CR1 counts students seen at least twice, their rows
        and their effects.

    Raises
    ------
    ValueError
        A unit without moments, a period of the moments that the design has not, an unknown part, or a group of which no
        student is seen twice.
    """
    groups, rows = _groups(moments, part), unit_rows(moments, design)
    means = period_means(moments, rows, groups, design.periods)
    estimands, indicator = _indicators(design, moments, effect)
    is_used = _sample(design, effect)
    sample, used = design.subset(is_used), rows[is_used]
    absent = [moments.groups[k] for k in groups if not moments.n_students[used, k].any()]
    if absent:
        raise ValueError(f"no student of group {absent[0]} is seen twice in these home schools")
    cells = _period_cells(moments, period_effects)
    blocks = [_block(sample, *inner_products(moments, used, k), indicator[is_used], cells) for k in groups]
    shared = np.flatnonzero(np.logical_and.reduce([b.is_estimable for b in blocks]))
    contrasts = np.hstack([sign * _contrasts(b, shared) for sign, b in zip((1.0, -1.0), blocks, strict=False)])
    counted = np.ix_(used, groups)
    regression = fit(
        block_diag(*(b.x for b in blocks)), np.vstack([b.y for b in blocks]), np.ones(sum(len(b.x) for b in blocks)),
        np.concatenate([b.cluster for b in blocks]), n_obs=int(moments.n_rows[counted].sum()),
        n_absorbed=int(moments.n_students[counted].sum()))
    program = tuple(np.unique(np.concatenate([b.cluster[b.varies[:, j]] for b in blocks])) for j in shared)
    comparison = np.unique(sample.cluster[~sample.in_program.any(axis=1) & (moments.n_rows[counted] > 0).any(axis=1)])
    lone_program, lone_comparison = lone_arms(regression, contrasts, program)
    m = len(shared)
    return Estimate(
        design=replace(design, outcome=means, parts=moments.columns),
        estimator=partial(student_panel, moments=moments, part=part, effect=effect, period_effects=period_effects),
        estimands=tuple(estimands[j] for j in shared),
        parts=moments.columns,
        value=contrasts @ regression.coefficient,
        program_clusters=program,
        comparison_clusters=(comparison,) * m,
        lone_program=lone_program,
        lone_comparison=lone_comparison,
        left_out_cohorts=((),) * m,
        regression=regression,
        contrasts=contrasts,
    )


def _groups(moments: Moments, part: str) -> Integers:
    """Positions of the groups a part needs: one, or focal and reference."""
    wanted = ("focal", "reference") if part == "gap" else (part,)
    missing = [group for group in wanted if group not in moments.groups]
    if missing:
        raise ValueError(f"the student moments have no group {missing[0]}; they have {', '.join(moments.groups)}")
    return np.array([moments.groups.index(group) for group in wanted], dtype=np.int64)


def _indicators(design: Design, moments: Moments, effect: Effect) -> tuple[tuple[Estimand, ...], Floats]:
    """Return p estimands and (U, C, p): whether a home school's students in a cell are subject to it."""
    period, times = np.arange(len(design.periods))[None, :], event_time(design)
    if effect == "overall":
        has_effect = design.in_program & has_before(design)[:, None]
    else:
        has_effect = (period != base_period(design)[:, None]) & has_before(design)[:, None]
    if effect == "event_time":
        has_effect &= ~np.isnan(times)
    unit, t = np.nonzero(has_effect)
    key = {"overall": np.zeros((len(unit), 1)), "event_time": times[has_effect][:, None],
           "att_gt": np.column_stack([design.cohort[unit], t])}[effect]
    names, code = np.unique(key, axis=0, return_inverse=True)
    indicator = np.zeros((*has_effect.shape, len(names)))
    indicator[unit, t, code.ravel()] = 1
    return (tuple(_estimand(design, effect, name) for name in names),
            indicator[:, np.searchsorted(design.periods, moments.period)])


def _estimand(design: Design, effect: Effect, name: Floats) -> Estimand:
    if effect == "overall":
        return Estimand("overall")
    if effect == "event_time":
        return Estimand("event_time", event_time=int(name[0]))
    return effect_at(design, name[0], int(name[1]))


def _sample(design: Design, effect: Effect) -> Booleans:
    """(U,): the home school has periods without the program and, where it must, a place in time for its start."""
    first = first_in_program(design)
    is_placed = (first == len(design.periods)) | ~np.isnan(event_time(design)[:, 0])
    return np.asarray((first > 0) & (is_placed if effect == "event_time" else True))


def _period_cells(moments: Moments, period_effects: PeriodEffects) -> Floats:
    """(C, E): which period effect a cell has."""
    effect = np.unique(moments.period, return_inverse=True)[1]
    found: Floats = np.eye(len(moments.period) if period_effects == "period_by_grade" else effect.max(initial=-1) + 1)
    return found if period_effects == "period_by_grade" else found[effect]


def _block(sample: Design, gram: Floats, cross: Floats, indicator: Floats, cells: Floats) -> _Block:
    """Rows with the moments of the home schools; those of one cluster, stratum and cohort share D and are added.

    The first C of what `gram` and `cross` are about are the cells, the others covariates.
    """
    start = np.nan_to_num(sample.cohort, nan=np.inf)
    key, first, place = np.unique(np.column_stack([sample.cluster, sample.stratum, start]), axis=0, return_index=True,
                                  return_inverse=True)
    total, score = np.zeros((len(key), *gram.shape[1:])), np.zeros((len(key), *cross.shape[1:]))
    np.add.at(total, place.ravel(), gram)
    np.add.at(score, place.ravel(), cross)
    values, vectors = np.linalg.eigh(total)
    values[values <= ROUNDING * values.max(axis=1, initial=0, keepdims=True)] = 0
    owner, direction = np.nonzero(values)
    size, turn = np.sqrt(values[owner, direction])[:, None], vectors[owner, :, direction]
    root = size * turn
    y = np.einsum("nc,ncj->nj", turn, score[owner]) / size
    of_cells, covariates = np.hsplit(root, [len(cells)])
    events = np.einsum("nc,ncp->np", of_cells, indicator[first][owner])
    stratum = sample.stratum[first][owner]
    levels = (of_cells @ cells)[:, None, :] * (stratum[:, None] == np.unique(sample.stratum)[None, :])[:, :, None]
    ones = np.ones(len(root))
    nuisance = independent(np.hstack([levels.reshape(len(root), -1), covariates]), ones)
    is_estimable = _estimable(events, fit(nuisance, events, ones, owner).residual)
    x = np.hstack([events[:, is_estimable], independent(np.hstack([events[:, ~is_estimable], nuisance]), ones)])
    varies = np.abs(events) > TOLERANCE * np.abs(root).max(initial=0)
    return _Block(x, y, sample.cluster[first][owner], varies, is_estimable)


def _estimable(events: Floats, left: Floats) -> Booleans:
    """(p,): the effect is a function of what is `left` (N, p) of its column without the period effects.

    A null vector of what is left is a combination of effects nobody can tell from period effects; an effect is
    estimable when none of them involves it.
    """
    norm = np.linalg.norm(events, axis=0)
    scaled = left / np.where(norm > 0, norm, 1)
    _, s, vt = np.linalg.svd(np.vstack([scaled, np.zeros((scaled.shape[1], scaled.shape[1]))]), full_matrices=False)
    found: Booleans = (vt[s**2 <= TOLERANCE] ** 2).sum(axis=0) <= TOLERANCE
    return found


def _contrasts(block: _Block, shared: Integers) -> Floats:
    """(m, k): the columns of the effects that every block can estimate."""
    found: Floats = np.eye(block.x.shape[1])[np.searchsorted(np.flatnonzero(block.is_estimable), shared)]
    return found
