"""Within-student moments: all that a regression with student effects needs of the students of a home school."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evaluation.stats.records import Design, Floats, Integers


@dataclass(frozen=True)
class Moments:
    """Students of U home schools × K groups, seen in C cells; a cell is a period, or a period × grade.

    A student has one home school, one group and one weight w_i for all periods, and at most one row a period. With
    o_i (C,) the cells student i is seen in, n_i their number, y_i (C, J) the outcomes and z_i (C, P) the covariates
    there (0 elsewhere), and a dot for less the student's mean, as in ẏ_i = y_i − o_i ȳ_i':

    Attributes
    ----------
    unit_ids : U names of home schools
    groups : K names; the two of a gap are called `focal` and `reference`
    columns : J names of outcomes, observed in the same rows
    period, grade : (C,)
        What a cell is; one grade all over where moments are not by grade.
    gram : (U, K, C, C)
        Σ_i w_i [diag(o_i) − o_i o_i' / n_i]: inner products of the cells' dummies less student means.
    cross : (U, K, C, J)
        Σ_i w_i ẏ_i: inner products of those dummies with the outcomes.
    n : (U, K, C) rows
    weight : (U, K, C) Σ w_i of these rows: n where every student counts alike
    total : (U, K, C, J) weighted sums of the outcomes, students seen once included
    n_rows, n_students : (U, K)
        Rows and students of those seen at least twice; others say nothing.
    n_spanning : (U, K)
        Students seen both before their home school's start and from it on; 0 for never-program schools.
    covariates : P names of covariates that change within students; often none
    covariate_cross : (U, K, C, P) Σ_i w_i ż_i
    covariate_gram : (U, K, P, P) Σ_i w_i ż_i'ż_i
    covariate_outcome : (U, K, P, J) Σ_i w_i ż_i'ẏ_i
    """

    unit_ids: tuple[str, ...]
    groups: tuple[str, ...]
    columns: tuple[str, ...]
    period: Integers
    grade: Integers
    gram: Floats
    cross: Floats
    n: Integers
    weight: Floats
    total: Floats
    n_rows: Integers
    n_students: Integers
    n_spanning: Integers
    covariates: tuple[str, ...]
    covariate_cross: Floats
    covariate_gram: Floats
    covariate_outcome: Floats


def unit_rows(moments: Moments, design: Design) -> Integers:
    """(U,): where each unit of the design is among the moments' home schools.

    Raises
    ------
    ValueError
        A unit has no moments, or the design lacks a period of the moments: a period cannot be taken out of moments
        afterwards, because each student's mean contains it.
    """
    place = {unit: i for i, unit in enumerate(moments.unit_ids)}
    without = [unit for unit in design.unit_ids if unit not in place]
    if without:
        raise ValueError(f"{len(without):,} of {len(design.unit_ids):,} units of the design have no student moments, "
                         f"first {without[0]}; leave them out of the design")
    extra = np.setdiff1d(moments.period, design.periods)
    if len(extra):
        raise ValueError(f"the student moments contain period {extra[0]}, which the design has not; make them anew "
                         "without it")
    return np.array([place[unit] for unit in design.unit_ids], dtype=np.int64)


def inner_products(moments: Moments, rows: Integers, group: int) -> tuple[Floats, Floats]:
    """(U, C + P, C + P) of cells and covariates with each other, and (U, C + P, J) of both with the outcomes.

    Covariates are in units of their spread within the students of `rows`, so that their scale decides nothing.
    """
    at = (rows, group)
    own = moments.covariate_gram[at]
    spread = np.sqrt(np.einsum("upp->p", own).clip(0) / max(moments.n_rows[at].sum(), 1))
    unit = np.where(spread > 0, spread, 1)
    beside = moments.covariate_cross[at] / unit
    gram = np.block([[moments.gram[at], beside], [beside.transpose(0, 2, 1), own / np.outer(unit, unit)]])
    return gram, np.concatenate([moments.cross[at], moments.covariate_outcome[at] / unit[:, None]], axis=1)


def period_means(moments: Moments, rows: Integers, groups: Integers, periods: Integers) -> Floats:
    """(U, T, J): weighted mean of one group, or the first group's less the second's; NaN where one has no student."""
    in_period = (moments.period[:, None] == periods[None, :]).astype(np.float64)
    mean = [np.einsum("ucj,ct->utj", moments.total[rows, k], in_period) for k in groups]
    weight = [moments.weight[rows, k] @ in_period for k in groups]
    found = [np.divide(m, size[..., None], out=np.full_like(m, np.nan), where=size[..., None] > 0)
             for m, size in zip(mean, weight, strict=True)]
    out: Floats = found[0] - found[1] if len(found) > 1 else found[0]
    return out
