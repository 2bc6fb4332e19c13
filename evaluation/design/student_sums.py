"""Student moments and a specification become a design of home schools and the moments that `stats` reads."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from evaluation.contracts import SCALE, TABLES
from evaluation.design.build import home_schools
from evaluation.design.topics import Topic
from evaluation.errors import EstimationError
from evaluation.params import Gap, Specification, Study
from evaluation.stats.moments import Moments
from evaluation.stats.records import Design, Floats, Integers

_SIDES = ("focal", "reference")


@dataclass(frozen=True)
class StudentSums:
    """Tables `student_moments` and `home_students` of a study, or of one outcome and dimension of it."""

    moments: pd.DataFrame
    homes: pd.DataFrame

    def only(self, study: Study, topic: Topic) -> StudentSums:
        """Return the rows of a specification's program and periods, of an outcome and of a gap's groups.

        Raises
        ------
        EstimationError
            The specification leaves out other periods than all breaks or none; no moments are made for that.
        """
        periods, gap = _sample_periods(topic.specification, study), topic.gap

        def chosen(rows: pd.DataFrame) -> pd.DataFrame:
            mine = ((rows["program"] == topic.specification.program) & (rows["sample_periods"] == periods)
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
        There are no moments for the specification, or no program or other home school remains.
    """
    specification = topic.specification
    frame = home_schools(cells, study, specification, topic.outcome.id, topic.gap)
    mine = sums.only(study, topic)
    if mine.moments.empty:
        raise EstimationError(f"there are no student moments of {topic.outcome.id} by {topic.gap.dimension}: the study "
                              "has no student rows, or the outcome counts some of the enrolled students only.")
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
    return design, moments


def moments_of(sums: StudentSums, design: Design, topic: Topic) -> Moments:
    """Return the moments of the design's units; a unit without rows has none of anything.

    With N and S a pair's students and sums among those seen in m years: gram = Σ_m (N_tt δ_ts − N_ts / m) and
    cross_t = Σ_m (S_t − Σ_s S_s of those seen in t / m).
    """
    rows, unit = _of_units(sums.moments, design.unit_ids)
    cells, at = _cells(rows)
    where = (unit, _side(rows, topic.gap))
    m, n = (rows[name].to_numpy(dtype=np.float64) for name in ("n_years", "n_students"))
    factor = 1 / SCALE if topic.outcome.kind == "score" else 100.0
    own, other = (factor * rows[name].to_numpy(dtype=np.float64) for name in ("total", "other_total"))
    shape = (len(design.unit_ids), 2, len(cells))
    gram, cross = np.zeros((*shape, len(cells))), np.zeros(shape)
    seen, total = np.zeros(shape, dtype=np.int64), np.zeros(shape)
    one = at[0] == at[1]
    np.add.at(gram, (*where, *at), np.where(one, n, 0) - n / m)
    np.add.at(gram, (*where, *at[::-1]), np.where(one, 0, -n / m))
    np.add.at(cross, (*where, at[0]), np.where(one, own, 0) - other / m)
    np.add.at(cross, (*where, at[1]), np.where(one, 0, -own / m))
    np.add.at(seen, (*where, at[0]), np.where(one, n, 0).astype(np.int64))
    np.add.at(total, (*where, at[0]), np.where(one, own, 0))
    twice = one & (m > 1)
    n_rows, share = np.zeros(shape[:2], dtype=np.int64), np.zeros(shape[:2])
    np.add.at(n_rows, where, np.where(twice, n, 0).astype(np.int64))
    np.add.at(share, where, np.where(twice, n / m, 0))
    return Moments(
        design.unit_ids, _SIDES, ("outcome",), cells // 100, cells % 100, gram, cross[..., None], seen,
        total[..., None], n_rows, np.rint(share).astype(np.int64), _counts(sums.homes, "n_spanning", design, topic.gap))


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
