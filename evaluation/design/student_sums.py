"""Student moments and a specification become a design of home schools and the moments that `stats` reads."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from evaluation.contracts import SCALE, TABLES
from evaluation.design.build import home_schools
from evaluation.design.student_pairs import StudentPairs
from evaluation.design.topics import Topic
from evaluation.errors import EstimationError
from evaluation.params import Gap, Specification, Study
from evaluation.stats.moments import Moments
from evaluation.stats.records import Design, Floats, Integers

_SIDES = ("focal", "reference")
_COVARIATE_UNITS = {"none": 1.0, "days_enrolled": 0.5, "schools_attended": 1.0}
"""What 1 in the sums of a covariate is; days are summed as half-days."""


@dataclass(frozen=True)
class StudentSums:
    """Tables `student_moments` and `home_students` of a study, or of one outcome and dimension of it."""

    moments: pd.DataFrame
    homes: pd.DataFrame

    def only(self, study: Study, topic: Topic) -> StudentSums:
        """Return the rows of a specification's program, periods, covariate and weight, an outcome and a gap's groups.

        Raises
        ------
        EstimationError
            The specification leaves out other periods than all breaks or none; no moments are made for that.
        """
        specification, gap = topic.specification, topic.gap
        periods = _sample_periods(specification, study)

        def chosen(rows: pd.DataFrame) -> pd.DataFrame:
            mine = ((rows["program"] == specification.program) & (rows["sample_periods"] == periods)
                    & (rows["student_covariate"] == specification.student_covariate)
                    & (rows["student_weight"] == specification.student_weight)
                    & (rows["outcome_id"] == topic.outcome.id) & (rows["dimension"] == gap.dimension)
                    & rows["group_id"].isin((gap.focal, gap.reference)))
            return rows[mine.to_numpy(dtype=bool)]

        return StudentSums(chosen(self.moments), chosen(self.homes))


NO_SUMS = StudentSums(pd.DataFrame(columns=list(TABLES["student_moments"].columns)),
                      pd.DataFrame(columns=list(TABLES["home_students"].columns)))


def build_students(sums: StudentSums, cells: pd.DataFrame, study: Study, topic: Topic) -> tuple[Design, Moments]:
    """Return the home schools of a specification as a design without outcome, and their moments in outcome units.

    Groups of the moments are `focal` and `reference`, cells are period × grade. Home schools are the specification's
    units that have moments; one without a student of either group twice is left out. Weights, which only averages over
    cohorts read: `unit` 1; `focal` mean focal students of the panel before the program's earliest cohort, and a home
    school without any is left out.

    Raises
    ------
    EstimationError
        There are no moments for the specification, no program or other home school remains, or of a group no student
        who is seen twice.
    """
    specification = topic.specification
    frame = home_schools(cells, study, specification, topic.outcome.id, topic.gap)
    mine = sums.only(study, topic)
    if mine.moments.empty:
        raise EstimationError(f"there are no student moments of {topic.outcome.id} by {topic.gap.dimension}: the study "
                              "has no student rows.")
    moments = moments_of(mine, frame, topic)
    in_panel = (moments.n_students > 0).any(axis=1)
    weight = np.ones(len(frame.unit_ids)) if specification.weights == "unit" else _focal_students(moments, frame)
    keep = in_panel & (weight > 0)
    design = replace(frame, weight=weight).subset(keep)
    if design.never_program.all() or not (design.never_program.any() or specification.comparison == "not_yet"):
        side = "program" if design.never_program.all() else "comparison"
        raise EstimationError(
            f"{specification.id}, {topic.outcome.id}, {topic.gap.id}: no {side} home school of {len(keep):,} has "
            "students of the panel; choose another gap, outcome or comparison.")
    for k, group in enumerate((topic.gap.focal, topic.gap.reference)):
        if not moments.n_students[keep, k].any():
            raise EstimationError(f"{specification.id}, {topic.outcome.id}, {topic.gap.id}: no student of {group} has "
                                  "the outcome twice; choose another gap or outcome.")
    return design, moments


def moments_of(sums: StudentSums, design: Design, topic: Topic) -> Moments:
    """Return the moments of the design's units in outcome units; a unit without rows has none of anything."""
    rows, unit = _of_units(sums.moments, design.unit_ids)
    cells, (first, second) = _cells(rows)

    def column(name: str) -> Floats:
        return rows[name].to_numpy(dtype=np.float64)

    covariate = topic.specification.student_covariate
    y, z = 1 / SCALE if topic.outcome.kind == "score" else 100.0, _COVARIATE_UNITS[covariate]
    p = 0 if covariate == "none" else 1
    n, w, m = column("n_students"), column("weight_total"), column("n_years")
    total, z_squared = column("total"), column("covariate_squared")
    pairs = StudentPairs((unit, _side(rows, topic.gap)), first, second, m, (len(design.unit_ids), 2, len(cells)))
    z_cross = z * pairs.cross(column("covariate_total"), column("other_covariate_total"))
    z_outcome = z * y * pairs.inner(column("covariate_outcome"), column("outcome_covariate"))
    return Moments(
        design.unit_ids, _SIDES, ("outcome",), cells // 100, cells % 100,
        gram=pairs.gram(w),
        cross=y * pairs.cross(total, column("other_total"))[..., None],
        n=_whole(pairs.by_cell(n)),
        weight=pairs.by_cell(w),
        total=y * pairs.by_cell(total)[..., None],
        n_rows=_whole(pairs.by_home(n * (m > 1))),
        n_students=_whole(pairs.by_home(n / m * (m > 1))),
        n_spanning=_counts(sums.homes, "n_spanning", design, topic.gap),
        covariates=(covariate,) * p,
        covariate_cross=z_cross[..., None][..., :p],
        covariate_gram=z * z * pairs.inner(z_squared, z_squared)[..., None, None][..., :p, :p],
        covariate_outcome=z_outcome[..., None, None][..., :p, :])


def _whole(values: Floats) -> Integers:
    return np.rint(values).astype(np.int64)


def students_of_homes(moments: Moments, design: Design) -> Floats:
    """(U, T, 2): students of the panel, focal and reference, by home school and period."""
    rows = [moments.unit_ids.index(unit) for unit in design.unit_ids]
    in_period = (moments.period[:, None] == design.periods[None, :]).astype(np.float64)
    found: Floats = np.einsum("ukc,ct->utk", moments.n[rows].astype(np.float64), in_period)
    return found


def _sample_periods(specification: Specification, study: Study) -> str:
    breaks = {p for e in study.events if e.kind == "break" for p in e.periods}
    left_out = {p for e in study.events if e.id in specification.exclude_events for p in e.periods}
    if left_out not in (set(), breaks):
        raise EstimationError(f"student moments are made with all periods or without the breaks, and specification "
                              f"{specification.id} leaves out others; change its `exclude_events`.")
    return "without_breaks" if left_out else "all"


def _focal_students(moments: Moments, design: Design) -> Floats:
    """(U,): mean focal students of the panel over the periods before the program's earliest cohort."""
    before = design.periods < np.nanmin(design.cohort, initial=np.inf)
    mean: Floats = students_of_homes(moments, design)[:, before, 0].sum(axis=1) / max(int(before.sum()), 1)
    return mean


def _cells(rows: pd.DataFrame) -> tuple[Integers, tuple[Integers, Integers]]:
    """(C,): periods × 100 + grades, in order, and for either cell of a pair (N,) which it is."""
    own, other = (100 * rows[period].to_numpy(dtype=np.int64) + rows[grade].to_numpy(dtype=np.int64)
                  for period, grade in (("period", "grade"), ("other_period", "other_grade")))
    cells = np.union1d(own, other)
    place = [np.searchsorted(cells, codes).astype(np.int64) for codes in (own, other)]
    return cells, (place[0], place[1])


def _side(rows: pd.DataFrame, gap: Gap) -> Integers:
    return (rows["group_id"] == gap.reference).to_numpy(dtype=bool).astype(np.int64)


def _counts(homes: pd.DataFrame, name: str, design: Design, gap: Gap) -> Integers:
    rows, unit = _of_units(homes, design.unit_ids)
    out = np.zeros((len(design.unit_ids), 2), dtype=np.int64)
    np.add.at(out, (unit, _side(rows, gap)), rows[name].to_numpy(dtype=np.int64))
    return out


def _of_units(rows: pd.DataFrame, unit_ids: tuple[str, ...]) -> tuple[pd.DataFrame, Integers]:
    """Return the rows of some units, and for each which unit it is."""
    code, names = pd.factorize(rows["unit_id"])
    place = {unit: i for i, unit in enumerate(unit_ids)}
    unit = np.array([place.get(str(name), -1) for name in names], dtype=np.int64)[code]
    return rows[unit >= 0], unit[unit >= 0]
