"""The shape of params.yaml and of a study file: frozen models that refuse an unknown key."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints, model_validator

from evaluation.contracts.choices import (
    Adjustment,
    AnyEstimator,
    Base,
    Comparison,
    HandbookVersion,
    Method,
    StudentCovariate,
    StudentWeight,
)
from evaluation.errors import StudyError
from evaluation.params.block import Block, Day, Id
from evaluation.params.delivery import Delivery
from evaluation.params.outcome import Outcome
from evaluation.params.plan import Plan

UnitId = Annotated[str, StringConstraints(pattern=r"^[a-z]{2}-[a-z0-9][a-z0-9_-]*$")]
Role = Literal["implement", "observe", "comparison"]
Phase = Literal["develop", "expansion", "test"]
Pool = Literal["all", "other_districts", "no_network"]
Covariate = Literal["gap", "level", "log_students", "focal_share"]


class Periods(Block):
    """The study's ordered periods; event time is the distance in this list."""

    kind: Literal["school_year"]
    first: int
    last: int

    def all(self) -> tuple[int, ...]:
        """Return every period, in order."""
        return tuple(range(self.first, self.last + 1))


class District(Block):
    """A partner district."""

    id: UnitId
    name: str
    state: Annotated[str, StringConstraints(pattern=r"^[a-z]{2}$")]
    role: Role


class Cohort(Block):
    """Units that start a program in the same period; `schools` when assignment was to schools.

    `first_period: partial` says that the program ran in a part of it only, as where it began in January: event time 0
    is still that period, every number in which it counts says so, and a specification may leave it out
    (`partial_first: leave_out`). `started_on` is the day on which the program began there; with the first and last
    school day of that year it gives the share of the year under the program.
    """

    start: int
    phase: Phase
    districts: tuple[UnitId, ...] = ()
    schools: tuple[str, ...] = ()
    first_period: Literal["whole", "partial"] = "whole"
    started_on: Day | None = None
    first_school_day: Day | None = None
    last_school_day: Day | None = None

    @model_validator(mode="after")
    def _has_days_of_a_partial_first_period(self) -> Cohort:
        days = [day for day in (self.first_school_day, self.started_on, self.last_school_day) if day is not None]
        if days and self.first_period == "whole":
            raise ValueError("`started_on` and school days belong to `first_period: partial`")
        if len(days) == 2 or (len(days) == 1 and self.started_on is None):
            raise ValueError("give `first_school_day`, `started_on` and `last_school_day`, or `started_on` alone")
        if not all(f"{self.start - 1}-07-01" <= day <= f"{self.start}-06-30" for day in days):
            raise ValueError(f"a day is outside school year {self.start} (1 July to 30 June)")
        if days != sorted(set(days)):
            raise ValueError("`first_school_day`, `started_on` and `last_school_day` do not follow each other")
        return self


class Program(Block):
    """A program whose effect on gaps is estimated."""

    id: Id
    label: str
    grade_band: Literal["elementary", "middle", "high", "all"]
    cohorts: tuple[Cohort, ...]


class Dimension(Block):
    """A way of grouping students; groups keep the order in which they are listed, on every page.

    `over_time` says what a student's group is in the student panel where it changes: that of her first year with one
    (`baseline`), or each year's own, so that students with other histories are other paths (`path`).
    """

    id: Id
    label: str
    groups: Mapping[Id, str]
    over_time: Literal["baseline", "path"] = "baseline"


class Gap(Block):
    """Two groups of one dimension: gap = mean focal − mean reference."""

    id: Id
    label: str
    dimension: Id
    focal: Id
    reference: Id


class Specification(Block):
    """One estimand × sample × outcomes × gaps × estimator; docs/methods has a page for each estimator.

    `weights`: `focal` and `own` by mean students before the program (`own`: each group by its own, so that the gap is
    the district-wide one), `unit` counts each once. `comparison_pool` leaves out never-program units of program
    districts (`other_districts`) or of districts that joined to learn (`no_network`). `adjustment` adjusts group-time
    effects for baseline `covariates`. `anticipation` is the number of periods before the start that may be moved
    already. `partial_first: leave_out` leaves out first periods in which the program ran in part only. `cohorts` keeps
    only program units that start then (a lone pilot, for synthetic estimators); empty: all.
    `inference: cr2` becomes CV3 where the estimator is no regression, and placebos where it is synthetic.
    `student_covariate` and `student_weight` belong to `student_panel`: what of a student-year is adjusted for, and how
    much a student counts; `none` or one that every outcome of the specification lists.
    """

    id: Id
    label: str
    program: Id
    estimator: AnyEstimator
    comparison: Comparison = "not_yet"
    comparison_pool: Pool = "all"
    cohorts: tuple[int, ...] = ()
    within: tuple[Literal["state", "grade_band"], ...] = ("state", "grade_band")
    weights: Literal["focal", "unit", "own"] = "focal"
    sample: Literal["same", "own"] = "same"
    base: Base = "universal"
    anticipation: int = Field(default=0, ge=0)
    partial_first: Literal["keep", "leave_out"] = "keep"
    adjustment: Adjustment = "none"
    covariates: tuple[Covariate, ...] = ()
    student_covariate: Literal["none", StudentCovariate] = "none"
    student_weight: Literal["none", StudentWeight] = "none"
    inference: Method = "cr2"
    exclude_events: tuple[Id, ...] = ()
    outcomes: tuple[Id, ...]
    gaps: tuple[Id, ...]


class Event(Block):
    """Something that happened to everybody, or in `states` or `districts`.

    A break, a law, a definition (such as a change of codes), or school boundaries that were drawn anew.
    """

    id: Id
    label: str
    kind: Literal["break", "law", "definition", "boundary"]
    periods: tuple[int, ...]
    states: tuple[str, ...] = ()
    districts: tuple[UnitId, ...] = ()


class Merger(Block):
    """A school that merged, split off or exchanged students by a moved boundary, whatever the school lists say.

    `id` and `merged_into` are one unit, before it and after; null: `id` is a unit of its own.
    """

    id: UnitId
    merged_into: UnitId | None


class Synthetic(Block):
    """Settings of a synthetic partnership: `scale` multiplies students per school only.

    `attendance_grain`: as each district's layout has it, by month or year, or every district by day.
    """

    seed: int
    scale: float = Field(gt=0)
    attendance_grain: Literal["layout", "day"] = "layout"


class Study(Block):
    """One study file. Ids are stable codes: they are in tables, file names and URLs.

    Every key is written out (`null` or `[]` where there is nothing), because the pipeline tracks each by name.
    """

    id: Id
    title: str
    question: str
    demonstration: bool
    banner: str | None
    caveats: tuple[str, ...]
    periods: Periods
    unit: Literal["school", "district"]
    grade_bands: Mapping[Literal["elementary", "middle", "high", "all"], tuple[int, int]]
    deliveries: Delivery
    quarantine_tolerance: float = Field(ge=0, le=1)
    districts: tuple[District, ...]
    programs: tuple[Program, ...]
    outcomes: tuple[Outcome, ...]
    dimensions: tuple[Dimension, ...]
    gaps: tuple[Gap, ...]
    specifications: tuple[Specification, ...]
    events: tuple[Event, ...]
    plan: Plan
    synthetic: Synthetic | None
    lineage: tuple[Merger, ...] = ()

    def __getattr__(self, name: str) -> Any:
        """Explain a key that the running stage has not declared."""
        if name in type(self).model_fields:
            raise StudyError(f"the running stage reads `{name}` without declaring it.", where="dvc.yaml",
                             fix=f"Add `{name}` to the stage's params.")
        return super().__getattr__(name)  # type: ignore[misc]


class Disclosure(Block):
    """Disclosure policy: every number is a parameter."""

    min_students: int = Field(ge=2)
    min_events: int = Field(ge=1)
    min_districts: int = Field(ge=1)
    min_units: int = Field(ge=1)
    significant_digits: int = Field(ge=1, le=6)
    round_students_to: int = Field(ge=1)
    percent_codes: tuple[tuple[int, int], ...]


class Standards(Block):
    """Standards of evidence: the version of the handbook whose rules rate a finding."""

    handbook: HandbookVersion


class Settings(Block):
    """params.yaml: what holds for every study."""

    studies: tuple[Id, ...]
    synthetic_studies: tuple[Id, ...]
    engine: Annotated[str, Field(pattern=r"^(duckdb|local(\[([1-9]\d*|\*)\])?|spark://[^\s/]+)$")]
    engine_memory: Annotated[str, Field(pattern=r"^[1-9]\d{0,5}(MB|GB)$")]
    disclosure: Disclosure
    standards: Standards
