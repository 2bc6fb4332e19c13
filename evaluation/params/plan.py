"""The plan of a study: which results confirm, which explore, which are judged together, and what counts as success."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, field_validator

from evaluation.contracts import VERDICTS
from evaluation.params.block import Block, Id

if TYPE_CHECKING:
    from evaluation.params.models import Specification

Standing = Literal["confirmatory", "exploratory", "not planned"]
Result = tuple[str, str, str]
"""Specification, outcome, gap."""
Alpha = Annotated[float, Field(gt=0, le=0.05)]
Ids = Annotated[tuple[Id, ...], Field(min_length=1)]
NO_SUCCESS = ("narrowed_levelling_down", "narrowed_focal_worse", "widened", "overshot_levelling_down",
              "overshot_focal_worse", "both_worsened", "cannot_tell")
"""Verdicts that no plan may call success."""


class PlannedResults(Block):
    """Results, as specifications × outcomes × gaps; outcomes or gaps left out: all that the specifications have."""

    specifications: Ids
    outcomes: Ids | None = None
    gaps: Ids | None = None

    def names(self, specification: str, outcome: str, gap: str) -> bool:
        """Say whether a result is among these."""
        return (specification in self.specifications and (self.outcomes is None or outcome in self.outcomes)
                and (self.gaps is None or gap in self.gaps))


class Family(Block):
    """Confirmatory results whose p-values are adjusted together; `alpha` is the level of the adjusted p-value.

    `benjamini_hochberg` bounds the share of false findings among the findings, `romano_wolf` the chance of any.
    """

    id: Id
    label: str
    adjustment: Literal["benjamini_hochberg", "romano_wolf"]
    alpha: Alpha
    results: tuple[PlannedResults, ...] = Field(min_length=1)


class DecisionRule(Block):
    """What counts as success for one outcome: one of the verdicts of `success`, and an adjusted p-value ≤ `alpha`.

    Verdicts rest on 95 % intervals, so `alpha` is at most 0.05. `margin` is the largest worsening of the reference
    group that still goes with "not at its expense"; the verdict uses the outcome's, so a number here repeats it, and
    `outcome` refers to it. `words` say the rule as the report will. Levelling down is never success.
    """

    outcome: Id
    alpha: Alpha
    margin: float | Literal["outcome"] = "outcome"
    success: tuple[str, ...] = Field(min_length=1)
    words: str = Field(min_length=1)

    @field_validator("success")
    @classmethod
    def _can_be_success(cls, success: tuple[str, ...]) -> tuple[str, ...]:
        able = [v for v in VERDICTS if v not in NO_SUCCESS]
        for verdict in success:
            if verdict not in able:
                raise ValueError(f"verdict `{verdict}` cannot be success; choose among {', '.join(able)}")
        return success


class Plan(Block):
    """Confirmatory and exploratory results, families, decision rules; a specification is in one of the two lists."""

    confirmatory: tuple[PlannedResults, ...]
    exploratory: tuple[PlannedResults, ...] = ()
    families: tuple[Family, ...] = ()
    decision_rules: tuple[DecisionRule, ...] = ()

    def standing(self, specification: str, outcome: str, gap: str) -> Standing:
        """Say what the plan makes of a result."""
        if any(entry.names(specification, outcome, gap) for entry in self.confirmatory):
            return "confirmatory"
        return "exploratory" if any(e.names(specification, outcome, gap) for e in self.exploratory) else "not planned"

    def confirmatory_specifications(self) -> tuple[str, ...]:
        """Return the specifications with a confirmatory result, in the plan's order."""
        return tuple(dict.fromkeys(s for entry in self.confirmatory for s in entry.specifications))


def results_of(entries: Sequence[PlannedResults], specifications: Iterable[Specification]) -> tuple[Result, ...]:
    """Return every specification × outcome × gap that entries name, in the study's order."""
    return tuple((s.id, o, g) for s in specifications for o in s.outcomes for g in s.gaps
                 if any(entry.names(s.id, o, g) for entry in entries))
