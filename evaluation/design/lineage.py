"""Schools that exchanged their places are one unit throughout: their cells are summed.

Cells keep the school that students were at. Schools that merged, split or moved a boundary are added up before it and
after, so that the unit's students are those of the same streets throughout and the day of it moves no mean.
"""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from evaluation.contracts import TABLES, conform
from evaluation.design.means import factors
from evaluation.errors import StudyError
from evaluation.params import Outcome, Program, Study

_KEY = list(TABLES["cells"].key)
_SUMS = ["n_students", "n_obs", "n_eligible", "total", "total_sq"]


def survivors(lineage: pd.DataFrame, study: Study) -> dict[str, str]:
    """Return the school under whose name each other one of its unit goes; none where units are districts.

    A merged school goes under the one it lives on in; a school that merged again is followed. Of schools that split or
    moved a boundary, the first by name.

    Parameters
    ----------
    lineage : DataFrame
        Contract `school_lineage`: what the districts' school lists say; `study.lineage` overrules it.

    Raises
    ------
    StudyError
        Schools merge in a circle.
    """
    if study.unit != "school":
        return {}
    said = {merger.id: merger.merged_into for merger in study.lineage}
    step = dict(_stated(lineage, "merged_into")) | {school: into or school for school, into in said.items()}
    step = {school: survivor for school, survivor in step.items() if school != survivor}
    ends = {school: _end(school, step) for school in step}
    exchanged = [(ends.get(school, school), ends.get(feeder, feeder)) for school, feeder in
                 _stated(lineage, "feeder_from") if school not in said and said.get(feeder, feeder) is not None]
    names = _first_names(exchanged)
    return names | {school: names.get(end, end) for school, end in ends.items()}


def one_unit(cells: pd.DataFrame, found: Mapping[str, str], study: Study) -> pd.DataFrame:
    """Return `cells` with those of schools that are one unit summed under its name (`found`, of `survivors`).

    A sum with a missing part is missing, and its cell is not reported.
    """
    unit = cells["unit_id"].astype(object)
    if not unit.isin(list(found)).any():
        return cells
    return _summed(cells, unit, found, study.outcomes)


def one_program_unit(study: Study, found: Mapping[str, str]) -> Study:
    """Return the study whose cohorts list every unit under its name.

    Raises
    ------
    StudyError
        Schools of different cohorts are one unit: nobody can say when it starts.
    """
    if not found:
        return study
    return study.model_copy(update={"programs": tuple(_followed(program, found) for program in study.programs)})


def renamed(rows: pd.DataFrame, found: Mapping[str, str]) -> pd.DataFrame:
    """Return rows of units with surviving schools in place of merged ones, for sums that add up over rows."""
    return rows.assign(unit_id=rows["unit_id"].astype(object).replace(dict(found))) if found else rows


def _stated(lineage: pd.DataFrame, column: str) -> list[tuple[str, str]]:
    """Return each school with the one that a column names."""
    rows = lineage[lineage[column].notna()]
    return list(zip(rows["school_id"].astype(str), rows[column].astype(str), strict=True))


def _first_names(pairs: list[tuple[str, str]]) -> dict[str, str]:
    """Return of schools that pairs link the first by name, for every other one."""
    step: dict[str, str] = {}
    for pair in pairs:
        first, other = sorted(_end(school, step) for school in pair)
        if first != other:
            step[other] = first
    return {school: _end(school, step) for school in step}


def _end(school: str, step: Mapping[str, str]) -> str:
    passed = [school]
    while passed[-1] in step:
        if step[passed[-1]] in passed:
            named = " and ".join(sorted(passed))
            raise StudyError(f"schools {named} merge in a circle.", where="studies/, key lineage",
                             fix="Say under `lineage` which of them lives on: its own `merged_into` is null.")
        passed.append(step[passed[-1]])
    return passed[-1]


def _followed(program: Program, found: Mapping[str, str]) -> Program:
    """Return a program whose cohorts list surviving schools."""
    for school, survivor in sorted(found.items()):
        one, other = _start(program, school), _start(program, survivor)
        if one != other:
            raise StudyError(
                f"`{school}` and `{survivor}` merged, split or moved a boundary, and they are not in one cohort of "
                f"{program.id}.",
                where="studies/, key lineage",
                fix="List both in the same cohort, or leave them apart: `merged_into: null` under `lineage`.")
    cohorts = tuple(cohort.model_copy(update={"schools": tuple(dict.fromkeys(found.get(s, s) for s in cohort.schools))})
                    for cohort in program.cohorts)
    return program.model_copy(update={"cohorts": cohorts})


def _start(program: Program, school: str) -> int | None:
    district = school.rsplit("-", 1)[0]
    return next((c.start for c in program.cohorts if school in c.schools or district in c.districts), None)


def _summed(cells: pd.DataFrame, unit: pd.Series, found: Mapping[str, str],
            outcomes: tuple[Outcome, ...]) -> pd.DataFrame:
    is_touched = (unit.isin(list(found)) | unit.isin(list(found.values()))).to_numpy(dtype=bool)
    touched = cells[is_touched].assign(unit_id=unit[is_touched].replace(found))
    touched["district_id"] = touched["unit_id"].str.rsplit("-", n=1).str[0]
    rows = touched.groupby(_KEY, sort=False)
    whole = rows.agg(parts=("status", "size"), mean=("mean", "first"), status=("status", _worst)).reset_index()
    for name in _SUMS:
        is_known = pd.Series(rows[name].count().to_numpy() == whole["parts"].to_numpy())
        whole[name] = pd.Series(rows[name].sum().to_numpy(), dtype="Int64").where(is_known)
    is_alone = whole["parts"] == 1
    mean = factors(whole, outcomes) * whole["total"].astype("Float64") / whole["n_students"].astype("Float64")
    whole["mean"] = whole["mean"].astype("Float64").where(is_alone, mean.where(whole["status"] == "reported"))
    is_unknown = ~is_alone & (whole["status"] == "reported") & whole["mean"].isna()
    whole["status"] = whole["status"].mask(is_unknown, "not_published")
    columns = list(TABLES["cells"].columns)
    return conform(pd.concat([cells[~is_touched][columns], whole[columns]], ignore_index=True), "cells")


def _worst(statuses: pd.Series) -> str:
    return next((str(status) for status in statuses if status != "reported"), "reported")
