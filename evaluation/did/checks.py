"""What a panel must be for an estimate, refused with column and count, and what its reader should know, as notes."""

from __future__ import annotations

import numpy as np
import pandas as pd

from evaluation.contracts.choices import PLACEBO_ESTIMATORS
from evaluation.did.columns import Columns, listed
from evaluation.did.options import Options
from evaluation.errors import PanelError
from evaluation.stats.estimators.registry import Layout
from evaluation.stats.records import Booleans, Design, Floats, Integers

_SAME = 1e-9
"""Share of a covariate's spread below which what others leave of it is rounding."""
Notes = tuple[str, ...]


def refuse_repeated(rows: pd.DataFrame, columns: Columns, where: str) -> None:
    """Refuse a second row of a unit and period (and group)."""
    again = rows.duplicated(["unit", "period", *(["is_focal"] if columns.group else [])]).to_numpy(dtype=bool)
    if again.any():
        names = [columns.unit, columns.period, *([columns.group] if columns.group else [])]
        first = int(rows.index[np.flatnonzero(again)[0]]) + 2
        raise PanelError(f"{int(again.sum()):,} rows repeat a {listed(names)} that is already there (first in row "
                         f"{first:,}).", where=where,
                         fix="Keep one row each, or name the column that tells them apart with --group.")


def refuse_varying(rows: pd.DataFrame, columns: Columns, where: str) -> None:
    """Refuse a cohort or cluster that is not the same in all rows of a unit; missing counts as a value."""
    for name, said in (("cohort", "first program period"), ("cluster", "cluster")):
        per_unit = rows.groupby("unit")[name].nunique(dropna=False)
        n_bad = int((per_unit > 1).sum())
        if n_bad:
            raise PanelError(f"column `{getattr(columns, name) or columns.unit}` changes within {n_bad:,} of "
                             f"{len(per_unit):,} units.", where=where,
                             fix=f"A unit has one {name}; give its {said} in all its rows.")


def checked_cohorts(rows: pd.DataFrame, periods: Integers, columns: Columns, where: str) -> Notes:
    """Refuse a cohort 0 that may mean never; note units that are always in the program."""
    cohort = rows.groupby("unit")["cohort"].first()
    n_zero = int((cohort == 0).sum())
    if n_zero and periods[0] > 0:
        raise PanelError(f"column `{columns.cohort}` is 0 in {n_zero:,} units, while periods begin at {periods[0]}.",
                         where=where, fix="If 0 means that a unit never starts, say --never 0.")
    n_always = int((cohort <= periods[0]).sum())
    return (f"{n_always:,} of {len(cohort):,} units are in the program from the first period on: they have no period "
            "before it.",) if n_always else ()


def one_group(rows: pd.DataFrame, layout: Layout) -> Notes:
    """Note units, and units' periods, that have rows of one group alone."""
    n_groups = rows.groupby("unit")["is_focal"].nunique()
    alone = int((n_groups == 1).sum())
    if layout != "parts":
        return (f"{alone:,} of {len(n_groups):,} units have rows of one group alone, and count for that group.",
                ) if alone else ()
    per_cell = rows[rows["unit"].map(n_groups) > 1].groupby(["unit", "period"]).size()
    n_cells = int((per_cell == 1).sum())
    said = ((alone, f"{alone:,} of {len(n_groups):,} units have rows of one group alone and are left out."),
            (n_cells, f"{n_cells:,} rows are left out, as the other group has none of that unit and period."))
    return tuple(note for n, note in said if n)


def seen_seldom(design: Design, asked: Options) -> Notes:
    """Note units that the estimator cannot use, as they are seen in too few periods."""
    n_periods, name = design.present.sum(axis=1), asked.estimator
    if asked.sampling == "repeated_cross_sections":
        return ()
    if name in PLACEBO_ESTIMATORS:
        n_short = int(((n_periods > 0) & (n_periods < design.present.any(axis=0).sum())).sum())
        return (f"{n_short:,} of {len(n_periods):,} units miss a period: `{name}` uses units that are seen in all "
                "periods of the program units.",) if n_short else ()
    n_once = int((n_periods == 1).sum())
    return (f"{n_once:,} of {len(n_periods):,} units are seen in one period only: `{name}` follows units and cannot "
            "use them (group_time_att with --sampling repeated_cross_sections can).",) if n_once else ()


def refuse_one_sided(design: Design, columns: Columns, where: str) -> None:
    """Refuse a design without a start, without comparison units, or of one cluster."""
    starts = design.cohort <= design.periods[-1]
    n, n_clusters = len(design.cohort), len(np.unique(design.cluster))
    seen = design.present.any(axis=1)
    if not seen.any():
        raise PanelError(f"no unit and period has both groups ({n:,} units).", where=f"{where}, option --group",
                         fix="Check that both groups' rows carry the same unit and period.")
    if not (starts & seen).any():
        raise PanelError(f"no unit of {n:,} starts within the periods from {design.periods[0]} to "
                         f"{design.periods[-1]}.",
                         where=f"{where}, column `{columns.cohort}`", fix="Give the first program period of each unit "
                         "that starts; empty means never.")
    if len(np.unique(np.nan_to_num(design.cohort[seen], nan=np.inf))) < 2:
        raise PanelError(f"all {n:,} units start in the same period: there are no comparison units.",
                         where=f"{where}, column `{columns.cohort}`",
                         fix="Add units that start later or never (an empty cohort, or --never VALUE).")
    if n_clusters < 2:
        raise PanelError(f"all {n:,} units are in one cluster: chance cannot be told from effect.",
                         where=f"{where}, column `{columns.cluster or columns.unit}`",
                         fix="Name the level at which the program was assigned with --cluster.")


def refuse_unfit(design: Design, asked: Options, columns: Columns, where: str) -> None:
    """Refuse a panel that this estimator cannot use: no units it compares with, or outcomes it does not model."""
    name, n = asked.estimator, len(design.cohort)
    in_cohort = f"{where}, column `{columns.cohort}`"
    fix = "Add units with an empty cohort (or --never VALUE), or choose another --estimator."
    if name in ("event_study", *PLACEBO_ESTIMATORS) and design.in_program.any(axis=1).all():
        raise PanelError(f"all {n:,} units start within the periods, and `{name}` compares with units that stay out of "
                         "the program.", where=in_cohort, fix=fix)
    if asked.used("comparison") == "never" and not design.never_program.any():
        raise PanelError(f"all {n:,} units have a first program period, so none never starts.", where=in_cohort,
                         fix="Say --comparison not-yet, or add units with an empty cohort.")
    n_negative = int((design.outcome < 0).sum())
    if name == "etwfe_poisson" and n_negative:
        raise PanelError(f"column `{columns.outcome}` is below 0 in {n_negative:,} rows, and a Poisson regression "
                         "models a mean of 0 or more.", where=where, fix="Say --estimator etwfe.")


def refuse_covariates(design: Design, columns: Columns, where: str) -> None:
    """Refuse covariates that are missing, constant, or told by the others."""
    n, where = len(design.cohort), f"{where}, option --covariates"
    if not columns.covariates:
        return
    lost = np.isnan(design.covariates).any(axis=1)
    if lost.any():
        raise PanelError(f"{int(lost.sum()):,} of {n:,} units lack a covariate in their first period.", where=where,
                         fix="Fill it, or leave the covariate out.")
    scaled, is_constant = _scaled(design.covariates)
    for j, name in enumerate(columns.covariates):
        before, told = scaled[:, :j], ""
        same = np.flatnonzero(np.abs(before - scaled[:, [j]]).max(axis=0, initial=0) < _SAME)
        if is_constant[j]:
            told = f"is the same in all {n:,} units"
        elif len(same):
            told = f"says the same as `{columns.covariates[same[0]]}`"
        elif j and np.linalg.norm(_left(scaled[:, j], before)) < _SAME:
            told = f"is a combination of {listed(columns.covariates[:j])}"
        if told:
            raise PanelError(f"covariate `{name}` {told} (in a unit's first period).", where=where,
                             fix="Leave it out.")


def _scaled(x: Floats) -> tuple[Floats, Booleans]:
    """Covariates less their means, of length 1 each; and which have no spread."""
    away = x - x.mean(axis=0)
    spread = np.linalg.norm(away, axis=0)
    is_constant = (x == x[:1]).all(axis=0)
    return away / np.where(is_constant, 1.0, spread), np.asarray(is_constant)


def _left(y: Floats, x: Floats) -> Floats:
    """What a regression of y on x leaves."""
    return np.asarray(y - x @ np.linalg.lstsq(x, y, rcond=None)[0])
