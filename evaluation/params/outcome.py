"""The shape of an outcome in a study file."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from evaluation.contracts.choices import StudentCovariate, StudentWeight
from evaluation.params.block import Block, Id
from evaluation.params.measures import broken_parameters


class Outcome(Block):
    """An outcome: kind, direction of good, definition with its authority.

    `kind` fixes how a cell's sum becomes a mean: binary and count are shown per 100 students, score in its own units.
    `measure` names the formula in `panel`; `parameters` are its settings. `variant_of` names the outcome of which this
    is another definition: effects on it are shown beside that one's. `placebo_for` names outcomes whose program cannot
    move this one: an effect on it would speak against them.

    `counted`: every enrolled student, at the school with most days (`cross_section`, a repeated cross-section), or
    those enrolled on `baseline_day` (month-day), at the school of that day, so that who comes or goes later moves
    nothing (`baseline_enrolled`). `legs`: a student's days, actions and answers at `all` schools of the district, or
    those at the school where she counts (`home`). `code_lists: unchanged` counts only districts whose discipline codes
    never changed.

    `student_covariates` and `student_weights`: what the student panel may adjust this outcome for, or weight students
    by, beside its plain sums (`days_enrolled` and `schools_attended` of the year; `first_days_enrolled`, the days of
    the first year in which the student was enrolled).
    """

    id: Id
    label: str
    kind: Literal["binary", "count", "score"]
    measure: Literal["chronic_absence", "any_action", "action_count", "scale_score", "published_rate"]
    unit_name: str
    better: Literal["higher", "lower"]
    margin: float = Field(gt=0)
    authority: str
    version: str
    definition: str
    parameters: Mapping[str, float | str | tuple[str, ...]] = {}
    variant_of: Id | None = None
    placebo_for: tuple[Id, ...] = ()
    counted: Literal["cross_section", "baseline_enrolled"] = "cross_section"
    baseline_day: Annotated[str, StringConstraints(pattern=r"^(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$")] = "10-01"
    legs: Literal["all", "home"] = "all"
    code_lists: Literal["any", "unchanged"] = "any"
    student_covariates: tuple[StudentCovariate, ...] = ()
    student_weights: tuple[StudentWeight, ...] = ()

    @property
    def is_of_everybody(self) -> bool:
        """Whether every enrolled student counts, with all that she has in the district."""
        return (self.counted, self.legs, self.code_lists) == ("cross_section", "all", "any")

    @model_validator(mode="after")
    def _has_its_parameters(self) -> Outcome:
        for what in broken_parameters(self.measure, self.parameters):
            raise ValueError(what)
        for name in ("student_covariates", "student_weights"):
            if len(set(getattr(self, name))) < len(getattr(self, name)):
                raise ValueError(f"`{name}` names one twice")
        try:
            date.fromisoformat(f"2023-{self.baseline_day}")
        except ValueError:
            raise ValueError("`baseline_day` is no day of every year") from None
        if self.code_lists == "unchanged" and self.measure not in ("any_action", "action_count"):
            raise ValueError("`code_lists` belongs to outcomes of discipline actions")
        if self.measure == "published_rate" and not self.is_of_everybody:
            raise ValueError("whom a published rate counts is its publisher's choice")
        return self
