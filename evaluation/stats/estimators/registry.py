"""Every estimator by name, with its choices bound: what specifications, `did` and benchmarks call."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Literal, get_args

from evaluation.contracts.choices import Adjustment, Base, Comparison, EstimatorName, Sampling
from evaluation.stats.estimators.etwfe import etwfe
from evaluation.stats.estimators.etwfe_poisson import etwfe_poisson
from evaluation.stats.estimators.event_study import event_study
from evaluation.stats.estimators.group_time_att import group_time_att
from evaluation.stats.estimators.imputation import imputation
from evaluation.stats.estimators.stacked import Effects, stacked
from evaluation.stats.estimators.sun_abraham import sun_abraham
from evaluation.stats.estimators.synthetic_control import synthetic_control
from evaluation.stats.estimators.synthetic_did import synthetic_did
from evaluation.stats.estimators.triple_difference import triple_difference
from evaluation.stats.estimators.twfe import twfe
from evaluation.stats.records import Design, Estimate

NAMES: tuple[EstimatorName, ...] = get_args(EstimatorName)
Layout = Literal["parts", "stacked", "eligible"]
LAYOUTS: Mapping[EstimatorName, Layout] = {
    **dict.fromkeys(NAMES, "parts"), "etwfe_poisson": "stacked", "triple_difference": "eligible"}
"""How the two groups of a gap enter: as parts of one right-hand side, apart as a stacked design, or as eligible."""


@dataclass(frozen=True)
class Choices:
    """What an estimator may be told; each reads what it knows.

    Attributes
    ----------
    comparison : `never` or `not_yet`
    base : `universal` or `varying`
    adjustment : for `Design.covariates`
    anticipation : periods before the start that may be moved already
    sampling : of `group_time_att`: `panel` or `repeated_cross_sections`
    effects : of an estimator that gives one or the other: `overall` or `event_time`
    """

    comparison: Comparison
    base: Base
    adjustment: Adjustment = "none"
    anticipation: int = 0
    sampling: Sampling = "panel"
    effects: Effects = "overall"


def bind(name: EstimatorName, choices: Choices) -> Callable[[Design], Estimate]:
    """Return the estimator as a function of a design alone."""
    return _BOUND[name](choices)


def _sun_abraham(design: Design) -> Estimate:
    """Against never-program units, or where there are none against the last cohort, as its authors have it."""
    return sun_abraham(design, comparison="never" if design.never_program.any() else "last_cohort")


_BOUND: Mapping[EstimatorName, Callable[[Choices], Callable[[Design], Estimate]]] = {
    "twfe": lambda _: twfe,
    "event_study": lambda _: event_study,
    "group_time_att": lambda c: partial(group_time_att, comparison=c.comparison, base=c.base, adjustment=c.adjustment,
                                        anticipation=c.anticipation, sampling=c.sampling),
    "sun_abraham": lambda _: _sun_abraham,
    "imputation": lambda _: imputation,
    "etwfe": lambda c: partial(etwfe, comparison=c.comparison),
    "etwfe_poisson": lambda _: etwfe_poisson,
    "stacked": lambda c: partial(stacked, effects=c.effects, comparison=c.comparison, weighting="corrective"),
    "synthetic_did": lambda _: synthetic_did,
    "synthetic_control": lambda _: synthetic_control,
    "triple_difference": lambda c: partial(triple_difference, comparison=c.comparison, base=c.base,
                                           adjustment=c.adjustment, anticipation=c.anticipation),
}
