"""Multilevel model of group cells with known sampling variance: a sensitivity check, never the headline."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np
from scipy.linalg import block_diag, cholesky, solve_triangular

from evaluation.stats.cohorts import first_in_program
from evaluation.stats.components import Method, Random, Variances, maximize, nested_cells
from evaluation.stats.lone import lone_arms
from evaluation.stats.records import Design, Estimand, Estimate, Floats, Integers, Regression
from evaluation.stats.regression import TOLERANCE, dummies, fit, independent

Part = Literal["gap", "focal", "reference"]
GROUPS: tuple[Part, Part] = ("focal", "reference")
SIGNS: dict[Part, tuple[float, float]] = {"gap": (1, -1), "focal": (1, 0), "reference": (0, 1)}


@dataclass(frozen=True)
class Multilevel:
    """Effect on the gap and its parts by a multilevel model; a sensitivity beside the headline.

    Attributes
    ----------
    gap, focal, reference : Estimate
        Kind overall, one part each; contrasts of one regression, so gap = focal − reference. Standard errors come from
        `infer`, as everywhere.
    variances : between districts, schools and schools' gaps, in squared outcome units
    model_se : (3,)
        Of gap, focal, reference if the model were true, its variances known; NaN where there is no effect. Not to be
        shown as the uncertainty of anything: it counts on independent cells and on many districts.
    log_likelihood : float
        Maximum of the method's criterion, its constants included.
    method : `reml` or `ml`
    """

    gap: Estimate
    focal: Estimate
    reference: Estimate
    variances: Variances
    model_se: Floats
    log_likelihood: float
    method: Method


def multilevel(design: Design, *, variance: Floats, random: tuple[Random, ...] = ("district", "school", "school_gap"),
               method: Method = "reml") -> Multilevel:
    """Fit cell means of both groups by generalized least squares, with random effects of districts and schools.

    y_kut = period × stratum × group + cohort × group + δ_k · in program + a_district + b_school + h_k c_school + e_kut,
    h = ½ for focal and −½ for reference, e_kut ~ N(0, variance_kut), all independent. Cells of students with one
    variance s² have variance s²/n; then estimates are those of the model of student rows, given s².

    Cohort × group effects take the place of school effects: without them, schools chosen for their large gaps would
    count as an effect of the program. Period effects are by group: what moves one group everywhere is no effect.

    Parameters
    ----------
    design : its parts include `focal` and `reference`; units are schools, clusters are districts. Its weights are not
        used: cells weigh by their precision. Schools in the program from the first period on are left out.
    variance : (U, T, 2)
        Sampling variance of the mean of focal and reference, positive where the cell is present.
    random : effects in the model; without any it is weighted least squares
    method : `reml` or `ml`

    Returns
    -------
    Multilevel
        The regression of its estimates is the whitened one, V^−½X with V by district as estimated, so that CR2 has V as
        its working model. Estimates have no estimand where the program cannot be told from the other effects.

    Raises
    ------
    ValueError
        A part is missing, no cell is left, a variance is not positive, or no maximum was found.
    """
    unit, period = np.nonzero(design.present & (first_in_program(design) > 0)[:, None])
    if len(unit) == 0:
        raise ValueError("the multilevel model has no cell of a school with periods without the program")
    where = _positions(design)
    y, v = (np.concatenate(list(values[unit, period].T)) for values in (design.outcome[..., where], variance))
    if not (v > 0).all():
        raise ValueError(f"{int((~(v > 0)).sum()):,} of {len(v):,} cells have no positive sampling variance; "
                         "use a variance s² pooled over cells, divided by each cell's students")
    regressors, is_identified = _regressors(design, unit, period)
    rows = _Rows(block_diag(regressors, regressors), y, v, np.tile(unit, 2), design.cluster[np.tile(unit, 2)],
                 np.repeat([0.5, -0.5], len(unit)))
    found = maximize(nested_cells(rows.x, y, v, school=rows.school, district=rows.district, half=rows.half), random,
                     method)
    regression = _whitened(rows, found.variances)
    m, k = int(is_identified), regressors.shape[1]
    contrasts = {part: np.hstack([sign * np.eye(m, k) for sign in signs]) for part, signs in SIGNS.items()}
    refit = partial(_again, first=design, variance=variance, random=random, method=method)
    gap, focal, reference = (
        _estimate(design, part, regression, contrasts[part], unit=unit, estimator=partial(refit, part=part))
        for part in SIGNS)
    triangle = np.linalg.qr(regression.x, mode="r")
    load = solve_triangular(triangle, np.vstack(list(contrasts.values())).T, trans="T")
    model_se = np.linalg.norm(load, axis=0) if is_identified else np.full(len(SIGNS), np.nan)
    return Multilevel(gap, focal, reference, found.variances, model_se, found.log_likelihood, method)


@dataclass(frozen=True)
class _Rows:
    """Focal cells, then reference cells (N rows), one block of regressors each."""

    x: Floats
    y: Floats
    variance: Floats
    school: Integers
    district: Integers
    half: Floats


def _positions(design: Design) -> list[int]:
    missing = [group for group in GROUPS if group not in design.parts]
    if missing:
        raise ValueError(f"the multilevel model needs the parts focal and reference; {missing[0]} is not among "
                         f"{', '.join(design.parts)}")
    return [design.parts.index(group) for group in GROUPS]


def _regressors(design: Design, unit: Integers, period: Integers) -> tuple[Floats, bool]:
    """(N, k) of one group, "in the program" first where the other effects do not explain it; and whether it is there.

    Both groups have the same cells, so they have the same regressors.
    """
    stratum, ones = design.stratum[unit], np.ones(len(unit))
    start = np.unique(np.nan_to_num(design.cohort, nan=np.inf), return_inverse=True)[1][unit]
    effects = independent(np.hstack([dummies(stratum, period), dummies(stratum, start)]), ones)
    indicator = design.in_program[unit, period].astype(np.float64)[:, None]
    left = fit(effects, indicator, ones, unit).residual
    is_identified = bool((left**2).sum() > TOLERANCE * (indicator**2).sum())
    return np.hstack([indicator[:, : int(is_identified)], effects]), is_identified


def _whitened(rows: _Rows, variances: Variances) -> Regression:
    """Rows L⁻¹x and L⁻¹y with LL' = V, district by district."""
    x, y = np.empty_like(rows.x), np.empty((len(rows.y), 1))
    for code in np.unique(rows.district):
        mine = rows.district == code
        is_same = rows.school[mine][:, None] == rows.school[mine][None, :]
        gap = variances.school_gap * np.outer(rows.half[mine], rows.half[mine])
        root = cholesky(np.diag(rows.variance[mine]) + variances.district + is_same * (variances.school + gap),
                        lower=True)
        x[mine] = solve_triangular(root, rows.x[mine], lower=True)
        y[mine, 0] = solve_triangular(root, rows.y[mine], lower=True)
    return fit(x, y, np.ones(len(x)), rows.district)


def _estimate(design: Design, part: Part, regression: Regression, contrasts: Floats, *, unit: Integers,
              estimator: Callable[[Design], Estimate]) -> Estimate:
    m = len(contrasts)
    is_program = (first_in_program(design) < len(design.periods))[unit]
    program = (np.unique(design.cluster[unit[is_program]]),) * m
    lone_program, lone_comparison = lone_arms(regression, contrasts, program)
    return Estimate(
        design=design,
        estimator=estimator,
        estimands=(Estimand("overall"),) * m,
        parts=(part,),
        value=contrasts @ regression.coefficient,
        program_clusters=program,
        comparison_clusters=(np.unique(design.cluster[unit[~is_program]]),) * m,
        lone_program=lone_program,
        lone_comparison=lone_comparison,
        left_out_cohorts=((),) * m,
        regression=regression,
        contrasts=contrasts,
    )


def _again(design: Design, *, part: Part, first: Design, variance: Floats, random: tuple[Random, ...],
           method: Method) -> Estimate:
    """Estimate a part from units and periods of the first design, whose sampling variances are known."""
    place = {unit: i for i, unit in enumerate(first.unit_ids)}
    known = variance[[place[unit] for unit in design.unit_ids]][:, np.searchsorted(first.periods, design.periods)]
    found: Estimate = getattr(multilevel(design, variance=known, random=random, method=method), part)
    return found
