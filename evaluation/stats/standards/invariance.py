"""Does a scale measure the same in every group? Nested one-factor models, their fit, and a decision by rule."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from scipy import stats

from evaluation.stats.records import Booleans
from evaluation.stats.standards.alignment import Aligned, align
from evaluation.stats.standards.handbook import Rule
from evaluation.stats.standards.one_factor import Equality, ItemMoments, OneFactor, check_moments, fit_one_factor

Decision = Literal["holds", "partial", "fails", "cannot_tell"]
Kind = Literal["loadings", "intercepts"]

CUT_OFFS = tuple(Rule(rule_id, sentence, number, source, is_verified=False) for rule_id, sentence, number, source in (
    ("cfi", "One factor fits with a comparative fit index of at least this.", 0.90, "Bentler & Bonett 1980"),
    ("srmr", "One factor fits with a standardized root mean square residual of at most this.", 0.08,
     "Hu & Bentler 1999"),
    ("cfi_drop", "A constraint does not hold where it lowers CFI by at least this,", 0.010,
     "Cheung & Rensvold 2002; Chen 2007"),
    ("rmsea_rise", "and raises RMSEA by at least this,", 0.015, "Chen 2007"),
    ("srmr_rise_loadings", "or SRMR by at least this (loadings)", 0.030, "Chen 2007"),
    ("srmr_rise_intercepts", "or SRMR by at least this (intercepts),", 0.010, "Chen 2007"),
    ("chance", "and chance alone would do so with a probability below this (χ² difference).", 0.01, "this project"),
    ("share_equal", "A scale holds in part where more than this share of items stays equal.", 0.5,
     "Byrne, Shavelson & Muthén 1989 ask for two items; the share is this project's"),
    ("min_respondents", "Every group has at least this many respondents.", 150.0,
     "Chen 2007: the cut-offs are for more than 300 in all; per group this project's"),
))
"""Every cut-off with its source; none was read in its paper for this list but through papers that quote it."""
_LIMIT = {rule.id: rule.number or 0.0 for rule in CUT_OFFS}


@dataclass(frozen=True)
class Fit:
    """Fit of a model: χ² with `df` and p, CFI and SRMR as shares, RMSEA."""

    chi_square: float
    df: int
    p_value: float
    cfi: float
    rmsea: float
    srmr: float


@dataclass(frozen=True)
class Invariance:
    """What may be said of a scale in several groups.

    Attributes
    ----------
    decision : {"holds", "partial", "fails", "cannot_tell"}
        Means may be compared; only with a warning; not at all; nobody knows.
    reason : str
        `equal`, `intercepts`, `loadings` (with `partial`: of the freed items), `one_factor_does_not_fit` (with
        `partial`), `small_group`, `few_items`, `not_estimable`.
    configural, metric, scalar : Fit or None
        One factor in every group; with equal loadings; with equal loadings and intercepts. None where not reached.
    freed : tuple of int
        Items whose loading or intercept had to differ, worst first.
    worst_item : int or None
        The first freed item, else the one whose aligned intercepts lie furthest apart.
    aligned : Aligned or None
    """

    decision: Decision
    reason: str
    configural: Fit | None = None
    metric: Fit | None = None
    scalar: Fit | None = None
    freed: tuple[int, ...] = ()
    worst_item: int | None = None
    aligned: Aligned | None = None


@dataclass(frozen=True)
class ScaleGap:
    """The gap in the mean score of a scale between two groups, in points: what the factor explains, and the rest.

    observed = by_factor + by_items; `by_items` comes from items that work differently (effective noninvariance).
    """

    observed: float
    by_factor: float
    by_items: float


def assess_invariance(moments: ItemMoments) -> Invariance:
    """Decide whether group means of a scale may be compared.

    One factor in every group, then equal loadings, then equal intercepts, each against the one before by `CUT_OFFS`.
    Where a constraint does not hold the item that improves χ² most is freed (its intercept too where its loading
    differs), while more than half of the items stay equal. Where one factor does not fit, a scale holds in part at
    best: what its items share beside the factor may be the same in all groups, but nobody tested that.

    Every group counts as if it had as many respondents as the smallest: fit indices of a small group beside a large one
    hardly move, whatever its items do (Yoon & Lai 2018 draw subsamples of the larger group; moments need no draw). For
    the fit with the true numbers, as other programs print it, call `fit_one_factor` and `fit_indices`.
    """
    p = moments.mean.shape[1]
    if p < 3:
        return Invariance("cannot_tell", "few_items")
    smallest = int(moments.n.min())
    if smallest < _LIMIT["min_respondents"]:
        return Invariance("cannot_tell", "small_group")
    balanced = replace(moments, n=np.full_like(moments.n, smallest))
    try:
        check_moments(balanced)
    except ValueError:
        return Invariance("cannot_tell", "not_estimable")
    return _decide(balanced)


def fit_indices(moments: ItemMoments, model: OneFactor) -> Fit:
    """Return χ², CFI, RMSEA and SRMR of a fitted model.

    CFI against independent items with free means; RMSEA × √G for G groups (Steiger 1998); SRMR from residual
    covariances and means in units of the observed standard deviations, groups weighted by their size. Equal to lavaan's
    `cfi`, `rmsea` and `srmr`. RMSEA is 0 and p NaN without degrees of freedom.
    """
    groups, p = moments.mean.shape
    n = moments.n.astype(float)
    sd = np.sqrt(np.einsum("gii->gi", moments.covariance))
    correlation = moments.covariance / (sd[:, :, None] * sd[:, None, :])
    baseline = float(-(n * np.linalg.slogdet(correlation)[1]).sum())
    excess, of_none = max(model.chi_square - model.df, 0.0), baseline - groups * p * (p - 1) / 2
    cfi = 1 - excess / max(excess, of_none) if max(excess, of_none) > 0 else 1.0
    rmsea = np.sqrt(groups * excess / (model.df * n.sum())) if model.df else 0.0
    shrink = np.sqrt((n - 1) / n)[:, None]
    own = shrink * sd
    residual = (shrink[:, :, None] ** 2 * moments.covariance - model.implied_covariance) / (
        own[:, :, None] * own[:, None, :])
    lower = residual[:, *np.tril_indices(p)]
    means = (moments.mean - model.implied_mean) / own
    each = np.sqrt(((lower**2).sum(axis=1) + (means**2).sum(axis=1)) / (lower.shape[1] + p))
    return Fit(model.chi_square, model.df, model.p_value, float(cfi), float(rmsea), float(n @ each / n.sum()))


def split_gap(moments: ItemMoments, aligned: Aligned, focal: int, reference: int) -> ScaleGap:
    """Split the gap in mean scores (focal − reference, plain mean of the items) into the factor's part and the items'.

    by_factor = mean over items of the groups' mean aligned loading × the difference of factor means.
    """
    observed = float((moments.mean[focal] - moments.mean[reference]).mean())
    loading = aligned.loading[[focal, reference]].mean(axis=0)
    by_factor = float(loading.mean() * (aligned.factor_mean[focal] - aligned.factor_mean[reference]))
    return ScaleGap(observed, by_factor, observed - by_factor)


@dataclass(frozen=True)
class _Step:
    """A model in which some loadings and intercepts are equal, (p,) each, and its fit."""

    equality: Equality
    model: OneFactor
    fit: Fit


@dataclass(frozen=True)
class _Search:
    """A constraint on all items, and what is left of it when items were freed, worst first, until it held."""

    first: _Step
    last: _Step
    freed: tuple[int, ...]
    is_held: bool


def _decide(moments: ItemMoments) -> Invariance:
    p = moments.mean.shape[1]
    none, every = np.zeros(p, dtype=bool), np.ones(p, dtype=bool)
    configural = _step(moments, none, none)
    if not configural.model.is_proper:
        return Invariance("cannot_tell", "not_estimable", configural.fit)
    item_sd = np.sqrt(np.einsum("gii->gi", moments.covariance).mean(axis=0))
    aligned = align(configural.model, moments.n, item_sd)
    loadings = _search(moments, configural, _step(moments, every, none), "loadings")
    found = Invariance("fails", "loadings", configural.fit, loadings.first.fit, None, loadings.freed, None, aligned)
    if loadings.is_held:
        equal = loadings.last.equality.loading
        intercepts = _search(moments, loadings.last, _step(moments, equal, equal), "intercepts")
        freed = loadings.freed + intercepts.freed
        found = replace(found, scalar=intercepts.first.fit, freed=freed,
                        reason="loadings" if loadings.freed else "intercepts" if freed else "equal",
                        decision="holds" if not freed else "partial" if intercepts.is_held else "fails")
        if not freed and (configural.fit.cfi < _LIMIT["cfi"] or configural.fit.srmr > _LIMIT["srmr"]):
            found = replace(found, decision="partial", reason="one_factor_does_not_fit")
    furthest = int(np.argmax(np.ptp(aligned.intercept, axis=0) / item_sd))
    return replace(found, worst_item=found.freed[0] if found.freed else furthest)


def _step(moments: ItemMoments, loading: Booleans, intercept: Booleans) -> _Step:
    equality = Equality(loading, intercept)
    model = fit_one_factor(moments, equality)
    return _Step(equality, model, fit_indices(moments, model))


def _search(moments: ItemMoments, base: _Step, constrained: _Step, kind: Kind) -> _Search:
    """Free items from a constraint one by one, each time the one that lowers χ² most, until it holds."""
    step, freed = constrained, tuple[int, ...]()
    while _breaks(base, step, kind):
        equal = getattr(step.equality, kind.removesuffix("s"))
        tries = {int(i): _step(moments, *_without(step.equality, int(i), kind)) for i in np.flatnonzero(equal)}
        worst = min(tries, key=lambda i: tries[i].model.chi_square)
        freed = (*freed, worst)
        if equal.sum() - 1 <= _LIMIT["share_equal"] * len(equal):
            return _Search(constrained, step, freed, is_held=False)
        step = tries[worst]
    return _Search(constrained, step, freed, is_held=True)


def _without(equality: Equality, item: int, kind: Kind) -> tuple[Booleans, Booleans]:
    keep = np.arange(len(equality.loading)) != item
    return (equality.loading & keep, equality.intercept) if kind == "loadings" else (
        equality.loading, equality.intercept & keep)


def _breaks(base: _Step, step: _Step, kind: Kind) -> bool:
    """Whether a constraint makes the fit worse by the cut-offs."""
    before, after = base.fit, step.fit
    chance = stats.chi2.sf(max(after.chi_square - before.chi_square, 0.0), after.df - before.df)
    rises = (after.rmsea - before.rmsea >= _LIMIT["rmsea_rise"]
             or after.srmr - before.srmr >= _LIMIT[f"srmr_rise_{kind}"])
    return bool(before.cfi - after.cfi >= _LIMIT["cfi_drop"] and rises and chance < _LIMIT["chance"])
