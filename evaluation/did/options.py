"""What is asked of a panel: estimator, inference and aggregate; what does not go together is refused."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evaluation.contracts.choices import (
    ADJUSTABLE_ESTIMATORS,
    Adjustment,
    Base,
    Comparison,
    EstimatorName,
    Method,
    Sampling,
)
from evaluation.did.panel import Columns
from evaluation.did.views import ASKED_OF, KIND, Aggregate
from evaluation.errors import PanelError
from evaluation.stats.estimators.registry import PLACEBO, Choices
from evaluation.stats.inference.infer import default_method, infer
from evaluation.stats.inference.placebo import placebo
from evaluation.stats.records import Estimate, Inference


@dataclass(frozen=True)
class Options:
    """The options of `did` that are no columns; draws begin anew for every estimate, so that none depends on others."""

    estimator: EstimatorName
    comparison: Comparison
    base: Base
    adjustment: Adjustment | None
    sampling: Sampling
    inference: Method | None
    aggregate_by: Aggregate
    decompose: bool
    draws: int
    seed: int

    def choices(self, columns: Columns) -> Choices:
        """Return the estimator's choices; covariates are used doubly robust unless told otherwise."""
        default: Adjustment = "dr" if columns.covariates else "none"
        return Choices(
            comparison=self.comparison, base=self.base, adjustment=self.adjustment or default, sampling=self.sampling,
            effects="overall" if self.aggregate_by == "overall" else "event_time")

    def inferred(self, estimate: Estimate) -> tuple[str, tuple[tuple[Inference, ...], ...]]:
        """Return the method's name and the inference of m estimands in K parts."""
        rng = np.random.default_rng(self.seed)
        if self.estimator in PLACEBO:
            found = placebo(estimate, rng, rank_by=PLACEBO[self.estimator], draws=self.draws)
            return "placebo", tuple(tuple(of_part.inference for of_part in row) for row in found)
        method = self.inference or default_method(estimate)
        return method, infer(estimate, method=method, rng=rng, draws=self.draws)


def refuse_mismatch(asked: Options, columns: Columns) -> None:
    """Refuse options that the estimator does not know, rather than pass them over."""
    name = asked.estimator
    rules = (
        (asked.aggregate_by not in ASKED_OF.get(name, tuple(KIND)), "--aggregate",
         f"`{name}` has no effects by {asked.aggregate_by}.",
         "Leave it out, or choose an estimator with effects by cohort and period: group_time_att."),
        (asked.decompose and name != "twfe", "--decompose",
         "the Goodman-Bacon decomposition is of two-way fixed effects.", "Say --estimator twfe."),
        (asked.sampling != "panel" and name != "group_time_att", "--sampling", f"`{name}` follows units.",
         "Use group_time_att."),
        (name in PLACEBO and asked.inference is not None, "--inference", f"`{name}` has placebo inference.",
         "Leave it out."),
        (bool(columns.covariates) and name not in ADJUSTABLE_ESTIMATORS, "--covariates",
         f"`{name}` does not adjust for covariates.", f"Use {' or '.join(ADJUSTABLE_ESTIMATORS)}, or leave them out."),
        (not columns.covariates and asked.adjustment not in (None, "none"), "--adjustment",
         f"adjustment `{asked.adjustment}` needs covariates.", "Name them with --covariates."),
        (name == "triple_difference" and columns.group is None, "--group",
         "a triple difference needs to know whom the program reaches.",
         "Name the column with --group, the eligible with --focal and the others with --reference."),
    )
    for is_broken, option, what, fix in rules:
        if is_broken:
            raise PanelError(what, where=f"option {option}", fix=fix)
