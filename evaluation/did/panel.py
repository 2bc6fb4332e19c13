"""A panel in long form becomes a design for `stats`; what cannot be one is refused with column and count."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from evaluation.did.checks import (
    checked_cohorts,
    one_group,
    refuse_covariates,
    refuse_one_sided,
    refuse_repeated,
    refuse_varying,
)
from evaluation.did.columns import Columns
from evaluation.did.layouts import laid_out
from evaluation.did.rows import Notes, rows_of
from evaluation.errors import PanelError
from evaluation.stats.estimators.registry import Layout
from evaluation.stats.records import Design


@dataclass(frozen=True)
class Panel:
    """A design, and what a reader of its results should know about how the file became it."""

    design: Design
    notes: Notes


def to_design(frame: pd.DataFrame, columns: Columns, layout: Layout, where: str,
              labels: pd.Series | None = None) -> Panel:
    """Return the design of a panel file.

    Parameters
    ----------
    frame : DataFrame
        One row per unit and period, or per unit, period and group.
    layout : {"parts", "stacked", "eligible"}
        With a group: gap, focal and reference as parts of the units and periods where both are there; every unit
        twice, as focal and as reference; or rows of the focal group as eligible units (triple difference).
    labels : Series, optional
        The group column as words, where its codes have labels.

    Returns
    -------
    Panel
        Weights are fixed per unit, of mean 1: with groups those of the focal rows; where they change over time their
        mean before the program. Covariates are those of a unit's first period. Periods stand at multiples of the
        greatest common divisor of their distances. Rows and units that are left out are counted in the notes.

    Raises
    ------
    PanelError
        Names option or column, rule and count.
    """
    rows, notes = rows_of(frame, columns, labels, where)
    refuse_repeated(rows, columns, where)
    rows = rows[rows["outcome"].notna()].reset_index(drop=True)
    if rows.empty:
        raise PanelError(f"column `{columns.outcome}` has no value in all {len(frame):,} rows.", where=where,
                         fix="Give the outcome, or another column.")
    refuse_varying(rows, columns, where)
    periods = np.unique(rows["period"].to_numpy(dtype=np.int64))
    notes += checked_cohorts(rows, periods, columns, where)
    weight_note, rows = _with_fixed_weight(rows, columns, where)
    if columns.group:
        notes += one_group(rows, layout)
    design = laid_out(rows, periods, layout if columns.group else "single")
    design = replace(design, weight=design.weight / design.weight.mean())
    refuse_one_sided(design, columns, where)
    refuse_covariates(design, columns, where)
    return Panel(design, (*notes, *weight_note))


def _with_fixed_weight(rows: pd.DataFrame, columns: Columns, where: str) -> tuple[Notes, pd.DataFrame]:
    if columns.weight is None:
        return (), rows
    # By the largest first, so that no mean of huge weights overflows.
    rows = rows.assign(weight=rows["weight"] / rows["weight"].abs().max())
    bad = ~(rows["weight"] > 0)
    if bad.any():
        raise PanelError(f"column `{columns.weight}` is not positive, or empty, in {int(bad.sum()):,} rows with an "
                         "outcome.", where=where, fix="Give every such row a positive weight, or take it out.")
    mine = rows[rows["is_focal"]] if columns.group else rows
    varies = (mine.groupby("unit")["weight"].nunique() > 1).any()
    start = rows["cohort"].min()
    before = mine[mine["period"] < start] if varies and (mine["period"] < start).any() else mine
    fixed = before.groupby("unit")["weight"].mean()
    kept = rows[rows["unit"].isin(fixed.index)]
    said = ((f"Column `{columns.weight}` changes over time: a unit's weight is its mean before the program.",) if varies
            else ())
    whose = ("Weights are those of the focal group's rows, the same for both groups.",) if columns.group else ()
    n_lost = rows["unit"].nunique() - kept["unit"].nunique()
    lost = (f"{n_lost:,} units have no row to take a weight from and are left out.",) if n_lost else ()
    return (*said, *whose, *lost), kept.assign(weight=kept["unit"].map(fixed)).reset_index(drop=True)
