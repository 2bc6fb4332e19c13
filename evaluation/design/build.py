"""A design for `stats` from the cells of one specification, outcome and gap."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd

from evaluation.contracts import PARTS
from evaluation.design.assignment import assign, in_band, in_pool
from evaluation.design.covariates import baseline
from evaluation.design.means import means
from evaluation.errors import EstimationError
from evaluation.params import Gap, Specification, Study
from evaluation.stats.own_weights import stack
from evaluation.stats.records import Booleans, Design, Floats, Integers

Part = Literal["gap", "focal", "reference"]


def periods(study: Study, specification: Specification) -> Integers:
    """Return the study's periods without those of the events the specification leaves out."""
    left_out = {p for e in study.events if e.id in specification.exclude_events for p in e.periods}
    return np.array([p for p in study.periods.all() if p not in left_out], dtype=np.int64)


def build(cells: pd.DataFrame, study: Study, specification: Specification, outcome_id: str, gap: Gap, *,
          part: Part | None = None) -> Design:
    """Return the design of one specification, outcome and gap.

    Parameters
    ----------
    cells : DataFrame
        Contract `cells`.
    part : {"gap", "focal", "reference"}, optional
        Only this part, on its own cells (sample `own`); by default all three on the cells they share.

    Raises
    ------
    EstimationError
        A cohort starts in a period that is left out, cells or weights are missing, or no program or no other unit
        remains; says how many and what to do.
    """
    found = _found(cells, study, specification, outcome_id, gap)
    focal, reference = found.focal, found.reference
    if part == "focal":
        outcome = focal[..., None]
    elif part == "reference":
        outcome = reference[..., None]
    else:
        outcome = np.stack([focal - reference, focal, reference], axis=2)
        outcome = np.where(np.isnan(outcome).any(axis=2, keepdims=True), np.nan, outcome)
        outcome = outcome[..., :1] if part == "gap" else outcome
    weight = np.ones(len(outcome)) if specification.weights == "unit" else found.mean_students(gap, outcome_id, "focal")
    full = found.design(outcome, (part,) if part else PARTS, weight)
    return _with_both_sides(full, specification, outcome_id, gap)


def build_stacked(cells: pd.DataFrame, study: Study, specification: Specification, outcome_id: str, gap: Gap) -> Design:
    """Return the design with every unit twice, as focal and as reference unit, each on the cells it has.

    For groups with weights of their own (`weights: own`), estimators that are not linear in the outcome, and the triple
    difference. Other parameters and errors as for `build`.
    """
    found = _found(cells, study, specification, outcome_id, gap)
    if specification.weights == "unit":
        weight = np.ones((len(found.focal), 2))
    else:
        reference = "reference" if specification.weights == "own" else "focal"
        weight = np.column_stack([found.mean_students(gap, outcome_id, side) for side in ("focal", reference)])
    apart = found.design(np.stack([found.focal, found.reference], axis=2), ("focal", "reference"), weight[:, 0])
    return _with_both_sides(stack(apart, weight), specification, outcome_id, gap)


def home_schools(cells: pd.DataFrame, study: Study, specification: Specification, outcome_id: str,
                 gap: Gap) -> Design:
    """Return the specification's units as a design without outcome, every weight 1, for moments of their students."""
    frame = _found(cells, study, specification, outcome_id, gap).frame
    return replace(frame, outcome=np.full((*frame.outcome.shape[:2], 1), np.nan), parts=("none",))


def students(cells: pd.DataFrame, study: Study, specification: Specification, design: Design, *, outcome_id: str,
             gap: Gap) -> Floats:
    """Return students of the focal and reference group, (U, T, 2); NaN where the number is not known."""
    rows = _rows(cells, study, specification, outcome_id, gap)
    units = pd.Index(list(dict.fromkeys(design.unit_ids)), dtype=object)
    known = np.stack([_grid(rows, rows["n_students"], group, units.to_series(), design.periods)
                      for group in (gap.focal, gap.reference)], axis=2)
    return known[units.get_indexer(pd.Index(design.unit_ids, dtype=object))]


def districts(cells: pd.DataFrame, design: Design) -> pd.Series:
    """Return the district of each unit, in the design's order; its cluster is the district."""
    known = cells.drop_duplicates("unit_id").set_index("unit_id")["district_id"].astype(object)
    return known.reindex(list(design.unit_ids)).reset_index(drop=True)


@dataclass(frozen=True)
class _Found:
    """Means and students (U, T) of both groups of a gap, with the units and what a design knows of them."""

    units: pd.DataFrame
    frame: Design
    focal: Floats
    reference: Floats
    n_focal: Floats
    n_reference: Floats

    @property
    def before(self) -> Booleans:
        """(T,): periods before the program's earliest cohort."""
        return np.asarray(self.frame.periods < self.units["cohort"].min())

    def mean_students(self, gap: Gap, outcome_id: str, side: str) -> Floats:
        """(U,): mean number of a group's students before the program."""
        n = (self.n_focal if side == "focal" else self.n_reference)[:, self.before]
        if not (n > 0).any():
            raise EstimationError(f"no number of students is known for {getattr(gap, side)} in {outcome_id} before the "
                                  "program; choose `weights: unit`.")
        counted = (n > 0).sum(axis=1)
        mean: Floats = np.nansum(n, axis=1) / np.where(counted > 0, counted, np.nan)
        return mean

    def design(self, outcome: Floats, parts: tuple[str, ...], weight: Floats) -> Design:
        """Return the design of these parts and weights."""
        return replace(self.frame, outcome=outcome, parts=parts, weight=weight)


def _found(cells: pd.DataFrame, study: Study, specification: Specification, outcome_id: str, gap: Gap) -> _Found:
    rows = _rows(cells, study, specification, outcome_id, gap)
    if rows.empty:
        raise EstimationError(f"there is no cell of {outcome_id} by {gap.dimension} in the program's grade band; leave "
                              "the gap or the outcome out of the specification.")
    chosen = periods(study, specification)
    units = _units(cells, study, specification, chosen)
    value = means(rows, study.outcomes)
    focal, reference, n_focal, n_reference = (
        _grid(rows, values, group, units["unit_id"], chosen)
        for values in (value, rows["n_students"]) for group in (gap.focal, gap.reference))
    if specification.partial_first == "leave_out":
        is_partial = _partial_first(units, study, specification, chosen)
        focal, reference = (np.where(is_partial, np.nan, values) for values in (focal, reference))
    before = chosen < units["cohort"].min()
    frame = Design(
        outcome=np.empty((len(units), len(chosen), 0)), parts=(), unit_ids=tuple(units["unit_id"]), periods=chosen,
        position=np.searchsorted(study.periods.all(), chosen).astype(np.int64),
        cluster=_codes(units["district_id"]), stratum=_codes(_stratum(units, specification)),
        cohort=units["cohort"].to_numpy(dtype=float), weight=np.ones(len(units)),
        is_break=np.isin(chosen, [p for e in study.events if e.kind == "break" for p in e.periods]),
        covariates=baseline(specification.covariates, focal[:, before], reference[:, before], n_focal[:, before],
                            n_reference[:, before]))
    return _Found(units, frame, focal, reference, n_focal, n_reference)


def _partial_first(units: pd.DataFrame, study: Study, specification: Specification, chosen: Integers) -> Booleans:
    """(U, T): whether the period is the unit's first one under the program and the program ran in a part of it only."""
    program = next(p for p in study.programs if p.id == specification.program)
    starts = [c.start for c in program.cohorts if c.first_period == "partial"]
    cohort = units["cohort"].to_numpy(dtype=float)[:, None]
    is_partial: Booleans = np.isin(cohort, starts) & (cohort == chosen[None, :])
    return is_partial


def _rows(cells: pd.DataFrame, study: Study, specification: Specification, outcome_id: str, gap: Gap) -> pd.DataFrame:
    """Cells of one outcome and dimension in the program's grade band: a school that leaves the band leaves with it."""
    program = next(p for p in study.programs if p.id == specification.program)
    chosen = (cells["outcome_id"] == outcome_id) & (cells["dimension"] == gap.dimension)
    return cells[(chosen & in_band(cells["grade_band"], program)).to_numpy(dtype=bool)]


def _units(cells: pd.DataFrame, study: Study, specification: Specification, chosen: Integers) -> pd.DataFrame:
    units = in_pool(assign(cells, study.programs, specification.program), specification.comparison_pool, study)
    if specification.cohorts:
        units = units[units["cohort"].isna() | units["cohort"].isin(specification.cohorts)].reset_index(drop=True)
    hidden = sorted({int(c) for c in units["cohort"].dropna()} - set(chosen.tolist()))
    if hidden:
        raise EstimationError(f"cohort {hidden[0]} starts in a period that specification {specification.id} leaves out;"
                              " change its `exclude_events` or the cohort's start.")
    label = _stratum(units, specification)
    return units[label.isin(set(label[units["cohort"].notna()]))].reset_index(drop=True)


def _stratum(units: pd.DataFrame, specification: Specification) -> pd.Series:
    label = pd.Series("", index=units.index)
    for name in specification.within:
        label = label + "/" + units[name].astype(str)
    return label


def _codes(values: pd.Series) -> Integers:
    return np.unique(values.to_numpy(dtype=str), return_inverse=True)[1].astype(np.int64)


def _grid(rows: pd.DataFrame, values: pd.Series, group: str, units: pd.Series, chosen: Integers) -> Floats:
    mine = (rows["group_id"] == group).to_numpy(dtype=bool)
    unit = pd.Index(units).get_indexer(pd.Index(rows.loc[mine, "unit_id"].astype(object)))
    period = pd.Index(chosen).get_indexer(pd.Index(rows.loc[mine, "period"].to_numpy(dtype=np.int64)))
    inside = (unit >= 0) & (period >= 0)
    place = unit[inside] * len(chosen) + period[inside]
    repeated = len(place) - len(np.unique(place))
    if repeated:
        is_banded = rows.loc[mine].groupby(["unit_id", "period"])["grade_band"].nunique().max() > 1
        raise EstimationError(f"{repeated:,} cells share unit, period and group" + (
            ": a unit lies in two grade bands; give the program one grade band." if is_banded else
            "; a cell may be there once: look for it among the delivered tables."))
    grid = np.full(len(units) * len(chosen), np.nan)
    grid[place] = values[mine].astype(float).to_numpy(dtype=np.float64)[inside]
    return grid.reshape(len(units), len(chosen))


def _with_both_sides(full: Design, specification: Specification, outcome_id: str, gap: Gap) -> Design:
    keep = full.present.any(axis=1) & (full.weight > 0)
    design = full.subset(keep)
    n_program = int((~design.never_program).sum())
    if n_program and len(keep) and (specification.comparison == "not_yet" or design.never_program.any()):
        return design
    side = "comparison" if n_program else "program"
    raise EstimationError(
        f"{specification.id}, {outcome_id}, {gap.id}: no {side} unit is left of {len(keep):,} "
        f"({int((~full.present.any(axis=1)).sum()):,} without cells of both groups, "
        f"{int((~(full.weight > 0)).sum()):,} without weight); choose another gap, outcome or comparison.")
