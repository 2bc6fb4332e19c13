"""What is asked of a panel: estimator, inference and aggregate; what does not go together is refused."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from evaluation.contracts.choices import (
    ADJUSTABLE_ESTIMATORS,
    PLACEBO_ESTIMATORS,
    Adjustment,
    Base,
    Comparison,
    EstimatorName,
    Method,
    Sampling,
)
from evaluation.coverage import registry
from evaluation.did.columns import Columns, listed
from evaluation.did.known import CHOICES, DEFAULTS, KNOWN, Choice, knowing
from evaluation.did.views import ASKED_OF, KIND, Aggregate
from evaluation.errors import PanelError
from evaluation.stats.estimators.registry import Choices
from evaluation.stats.inference.bands import with_band
from evaluation.stats.inference.gate import gates_of
from evaluation.stats.inference.infer import infer
from evaluation.stats.inference.placebo import placebo
from evaluation.stats.records import Estimate, Inference

Refusal = tuple[bool, str, str, str]
"""Whether the rule is broken, the option, what is wrong and what to do."""


@dataclass(frozen=True)
class Options:
    """The options of `did` that are no columns; draws begin anew for every estimate, so that none depends on others.

    Choices are None where nobody said; `used` says what they then are.
    """

    estimator: EstimatorName
    comparison: Comparison | None
    base: Base | None
    adjustment: Adjustment | None
    sampling: Sampling | None
    inference: Method | None
    aggregate_by: Aggregate
    decompose: bool
    draws: int
    seed: int

    def used(self, choice: Choice, *, has_covariates: bool = False) -> str | None:
        """Return what the estimator uses, None where it does not know the choice; covariates are used doubly robust."""
        if choice not in KNOWN.get(self.estimator, ()):
            return None
        default = "dr" if choice == "adjustment" and has_covariates else DEFAULTS[choice]
        return str(getattr(self, choice) or default)

    def choices(self, columns: Columns) -> Choices:
        """Return the estimator's choices; one that it does not know has its default, and is not read."""
        found: dict[str, Any] = {choice: self.used(choice, has_covariates=bool(columns.covariates)) or DEFAULTS[choice]
                                 for choice in CHOICES}
        return Choices(**found, effects="overall" if self.aggregate_by == "overall" else "event_time")

    def said(self, columns: Columns) -> dict[str, Any]:
        """Return the options as they were used, None where one does not apply."""
        out = asdict(self) | {"inference": self.inference or "automatic"}
        for choice in CHOICES:
            out[choice] = self.used(choice, has_covariates=bool(columns.covariates))
        return out

    def inferred(self, estimate: Estimate) -> tuple[tuple[Inference, ...], ...]:
        """Return the inference of m estimands in K parts.

        Intervals and bands pass the coverage registry's gate; CR1 does not, as it only reproduces other programs.
        Placebos of effects by event time are ranked by effect: their average has no path before the program to set it
        against.
        """
        rng = np.random.default_rng(self.seed)
        if self.estimator in PLACEBO_ESTIMATORS:
            rank_by = "effect" if self.aggregate_by == "event" else PLACEBO_ESTIMATORS[self.estimator]
            found = placebo(estimate, rng, rank_by=rank_by, draws=self.draws)
            return tuple(tuple(of_part.inference for of_part in row) for row in found)
        gates = gates_of(registry())
        gate = None if self.inference == "cr1" else gates.single
        made = infer(estimate, method=self.inference, rng=rng, draws=self.draws, gate=gate)
        return with_band(estimate, made, gate=gates.joint)


def refuse_mismatch(asked: Options, columns: Columns) -> None:
    """Refuse options that do not go together or that the estimator does not know, rather than pass them over."""
    for is_broken, option, what, fix in (*_unknown(asked), *_mismatched(asked, columns), *_groups(asked, columns)):
        if is_broken:
            raise PanelError(what, where=f"option {option}", fix=fix)


def _unknown(asked: Options) -> Iterator[Refusal]:
    """Yield refusals of choices that were made and that the estimator does not know."""
    for choice in CHOICES:
        is_known = choice in KNOWN.get(asked.estimator, ())
        yield (getattr(asked, choice) is not None and not is_known, f"--{choice}",
               f"`{asked.estimator}` has no choice of {choice}.",
               f"Leave it out, or choose an estimator that has: {', '.join(knowing(choice))}.")


def _mismatched(asked: Options, columns: Columns) -> Iterator[Refusal]:
    name, covariates = asked.estimator, [c for text in columns.covariates for c in text.split(",") if c.strip()]
    twice = [c for c, n in Counter(columns.covariates).items() if n > 1]
    yield (asked.aggregate_by not in ASKED_OF.get(name, tuple(KIND)), "--aggregate",
           f"`{name}` has no effects by {asked.aggregate_by}.",
           "Leave it out, or choose an estimator with effects by cohort and period: group_time_att.")
    yield (asked.decompose and name != "twfe", "--decompose",
           "the Goodman-Bacon decomposition is of two-way fixed effects.", "Say --estimator twfe.")
    yield (name in PLACEBO_ESTIMATORS and asked.inference is not None, "--inference",
           f"`{name}` has placebo inference.", "Leave it out.")
    yield (bool(columns.covariates) and not covariates, "--covariates", "it names no column.",
           "Name columns, or leave it out.")
    yield bool(twice), "--covariates", f"{listed(twice)} is named twice.", "Name each column once."
    yield (bool(covariates) and name not in ADJUSTABLE_ESTIMATORS, "--covariates",
           f"`{name}` does not adjust for covariates.", f"Use {' or '.join(ADJUSTABLE_ESTIMATORS)}, or leave them out.")
    yield (not covariates and asked.adjustment not in (None, "none"), "--adjustment",
           f"adjustment `{asked.adjustment}` needs covariates.", "Name them with --covariates.")
    yield (bool(covariates) and asked.adjustment == "none", "--adjustment",
           "adjustment `none` would leave the covariates unused.", "Leave one of the two out.")
    yield (bool(covariates) and asked.sampling == "repeated_cross_sections", "--covariates",
           "cross-sections have no change of a unit to adjust for covariates.", "Leave one of the two out.")
    yield asked.seed < 0, "--seed", "a seed is 0 or more.", "Give a whole number from 0 on."
    yield asked.draws < 99, "--draws", "fewer than 99 draws tell nothing at 5 %.", "Give 99 or more."


def _groups(asked: Options, columns: Columns) -> Iterator[Refusal]:
    for option, wanted in (("--focal", columns.focal), ("--reference", columns.reference)):
        yield (wanted is not None and columns.group is None, option, "it names a group, and no column of groups.",
               "Name the column with --group.")
        yield wanted == "", option, "it names no group.", "Give the group's code in the file."
        yield (wanted == "gap", option, "a group cannot be called gap: the estimates call the difference so.",
               "Give the group another code.")
    yield (asked.estimator == "triple_difference" and columns.group is None, "--group",
           "a triple difference needs to know whom the program reaches.",
           "Name the column with --group, the eligible with --focal and the others with --reference.")
    yield (columns.group is not None and None in (columns.focal, columns.reference), "--group",
           "a group column needs both groups of the gap.", "Say --focal and --reference.")
    yield (columns.focal is not None and columns.focal == columns.reference, "--focal, --reference",
           "focal and reference are the same group.", "Name two groups.")
