"""A design for `stats` from the cells of one specification, outcome and gap."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import numpy as np
import pandas as pd

from evaluation.contracts import PARTS
from evaluation.design.assignment import assign, in_band, in_pool
from evaluation.design.covariates import baseline
from evaluation.design.means import means
from evaluation.errors import EstimationError
from evaluation.params import Gap, Specification, Study
from evaluation.stats.records import Design, Floats, Integers

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
        Only this part, on its own cells (sample `own`), with weights `own` by its own students; by default all three
        on the cells they share.

    Raises
    ------
    EstimationError
        A cohort starts in a period that is left out, cells or weights are missing, or no program or no other unit
        remains; says how many and what to do.
    """
    rows = _rows(cells, study, specification, outcome_id, gap)
    if rows.empty:
        raise EstimationError(f"there is no cell of {outcome_id} by {gap.dimension} in the program's grade band; leave "
                              "the gap or the outcome out of the specification.")
    chosen = periods(study, specification)
    units = _units(cells, study, specification, chosen)
    value = means(rows, study.outcomes)
    focal, reference = (_grid(rows, value, group, units["unit_id"], chosen) for group in (gap.focal, gap.reference))
    n = {group: _grid(rows, rows["n_students"], group, units["unit_id"], chosen)
         for group in (gap.focal, gap.reference)}
    before = chosen < units["cohort"].min()
    if part == "focal":
        outcome = focal[..., None]
    elif part == "reference":
        outcome = reference[..., None]
    else:
        outcome = np.stack([focal - reference, focal, reference], axis=2)
        outcome = np.where(np.isnan(outcome).any(axis=2, keepdims=True), np.nan, outcome)
        outcome = outcome[..., :1] if part == "gap" else outcome
    weighing = gap.reference if specification.weights == "own" and part == "reference" else gap.focal
    weight = (np.ones(len(units)) if specification.weights == "unit" else
              _mean_students(n[weighing][:, before], weighing, outcome_id))
    full = Design(
        outcome=outcome, parts=(part,) if part else PARTS, unit_ids=tuple(units["unit_id"]), periods=chosen,
        position=np.searchsorted(study.periods.all(), chosen).astype(np.int64),
        cluster=_codes(units["district_id"]), stratum=_codes(_stratum(units, specification)),
        cohort=units["cohort"].to_numpy(dtype=float), weight=weight,
        is_break=np.isin(chosen, [p for e in study.events if e.kind == "break" for p in e.periods]),
        covariates=baseline(specification.covariates, focal[:, before], reference[:, before],
                            n[gap.focal][:, before], n[gap.reference][:, before]))
    return _with_both_sides(full, specification, outcome_id, gap)


def stacked(focal: Design, reference: Design) -> Design:
    """Return both groups' designs as one with every unit twice, for a gap whose parts are estimated apart."""
    both = (focal, reference)
    names = ("outcome", "cluster", "stratum", "cohort", "weight", "covariates")
    return replace(
        focal, parts=("all",),
        unit_ids=tuple(f"{u}/{side}" for side, d in zip(PARTS[1:], both, strict=True) for u in d.unit_ids),
        is_eligible=np.repeat([True, False], [len(d.unit_ids) for d in both]),
        **{name: np.concatenate([getattr(d, name) for d in both]) for name in names})


def students(cells: pd.DataFrame, study: Study, specification: Specification, design: Design, *, outcome_id: str,
             gap: Gap) -> Floats:
    """Return students of the focal and reference group, (U, T, 2); NaN where the number is not known."""
    rows = _rows(cells, study, specification, outcome_id, gap)
    units = pd.Series(design.unit_ids, dtype=object)
    return np.stack([_grid(rows, rows["n_students"], group, units, design.periods)
                     for group in (gap.focal, gap.reference)], axis=2)


def districts(cells: pd.DataFrame, design: Design) -> pd.Series:
    """Return the district of each unit, in the design's order; its cluster is the district."""
    known = cells.drop_duplicates("unit_id").set_index("unit_id")["district_id"].astype(object)
    return known.reindex(list(design.unit_ids)).reset_index(drop=True)


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


def _mean_students(n: Floats, group: str, outcome_id: str) -> Floats:
    if not (n > 0).any():
        raise EstimationError(f"no number of students is known for {group} in {outcome_id} before the program; "
                              "choose `weights: unit`.")
    counted = (n > 0).sum(axis=1)
    mean: Floats = np.nansum(n, axis=1) / np.where(counted > 0, counted, np.nan)
    return mean


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
