"""Which units a program may be evaluated on, and when they start it."""

from __future__ import annotations

import numpy as np
import pandas as pd

from evaluation.errors import StudyError
from evaluation.params import Pool, Program, Study


def assign(cells: pd.DataFrame, programs: tuple[Program, ...], program_id: str) -> pd.DataFrame:
    """Return the units a program may be evaluated on, sorted by `unit_id`.

    Returns
    -------
    DataFrame
        unit_id, district_id, state (first part of the district's id), grade_band, cohort (missing: never-program),
        phase (missing likewise).
    """
    program = next(p for p in programs if p.id == program_id)
    units = cells.loc[in_band(cells["grade_band"], program), ["unit_id", "district_id", "grade_band"]]
    units = units.astype(object).sort_values(["unit_id", "grade_band"]).drop_duplicates("unit_id", ignore_index=True)
    units["state"] = units["district_id"].str.partition("-")[0]
    units["cohort"], units["phase"] = np.nan, None
    elsewhere = np.zeros(len(units), dtype=bool)
    for other in programs:
        for cohort in other.cohorts:
            listed = (units["district_id"].isin(cohort.districts) | units["unit_id"].isin(cohort.schools)).to_numpy()
            if other is program:
                units.loc[listed, "cohort"], units.loc[listed, "phase"] = float(cohort.start), cohort.phase
            elif _share_band(other, program):
                elsewhere |= listed & in_band(units["grade_band"], other).to_numpy(dtype=bool)
    return units[units["cohort"].notna() | ~elsewhere].reset_index(drop=True)


def in_pool(units: pd.DataFrame, pool: Pool, study: Study) -> pd.DataFrame:
    """Return the units without those that a comparison pool leaves out.

    Parameters
    ----------
    units : DataFrame
        From `assign`.
    pool : {"all", "other_districts", "no_network"}
        `other_districts`: no never-program unit of a district with a program unit, which the program may have reached;
        `no_network`: none of a district that joined the network to learn, for the same reason.
    """
    if pool == "all":
        return units
    learners = [d.id for d in study.districts if d.role == "observe"]
    left_out = set(units.loc[units["cohort"].notna(), "district_id"]) if pool == "other_districts" else set(learners)
    return units[units["cohort"].notna() | ~units["district_id"].isin(left_out)].reset_index(drop=True)


def check_assignment(cells: pd.DataFrame, programs: tuple[Program, ...], study_id: str) -> None:
    """Refuse a cohort that lists a unit which has no cell in the program's grade band, though its district has cells.

    A district without any cell sent nothing that could be taken; that is told in the coverage, not here.

    Raises
    ------
    StudyError
        Names the study's key, the cohort and the unit.
    """
    sent = set(cells["district_id"].unique())
    for i, program in enumerate(programs):
        mine = cells.loc[in_band(cells["grade_band"], program), ["district_id", "unit_id"]]
        known = {"districts": set(mine["district_id"].unique()), "schools": set(mine["unit_id"].unique())}
        for j, cohort in enumerate(program.cohorts):
            for key, units in known.items():
                for unit in sorted(set(getattr(cohort, key)) - units):
                    if "-".join(unit.split("-")[:2]) in sent:
                        raise StudyError(
                            f"cohort {cohort.start} lists `{unit}`, which has no unit of grade band "
                            f"{program.grade_band} in the cells.",
                            where=f"studies/{study_id}.yaml, key programs.{i}.cohorts.{j}.{key}",
                            fix="Correct the id, remove it, or change the program's `grade_band`.")


def in_band(grade_band: pd.Series, program: Program) -> pd.Series:
    """Return whether each grade band is the program's."""
    return (grade_band == program.grade_band) | (program.grade_band == "all")


def _share_band(one: Program, other: Program) -> bool:
    return one.grade_band == other.grade_band or "all" in (one.grade_band, other.grade_band)
