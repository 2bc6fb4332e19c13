"""Every estimator by name, with its choices bound: what specifications, `did` and benchmarks call."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Literal, get_args

from evaluation.stats.estimators.group_time_att import Base, Comparison, group_time_att
from evaluation.stats.estimators.twfe import twfe
from evaluation.stats.records import Design, Estimate

EstimatorName = Literal["twfe", "group_time_att"]
NAMES: tuple[EstimatorName, ...] = get_args(EstimatorName)


@dataclass(frozen=True)
class Choices:
    """What an estimator may be told; each reads what it knows.

    Attributes
    ----------
    comparison : `never` or `not_yet`
    base : `universal` or `varying`
    """

    comparison: Comparison
    base: Base


def bind(name: EstimatorName, choices: Choices) -> Callable[[Design], Estimate]:
    """Return the estimator as a function of a design alone."""
    return _BOUND[name](choices)


_BOUND: Mapping[EstimatorName, Callable[[Choices], Callable[[Design], Estimate]]] = {
    "twfe": lambda _: twfe,
    "group_time_att": lambda c: partial(group_time_att, comparison=c.comparison, base=c.base),
}
