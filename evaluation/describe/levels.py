"""Means of groups and gaps per scope and period.

A scope's mean is the mean over its students (sums of cells) where every reported cell has sums, otherwise the
unweighted mean of its units' published means. Cells without a usable mean are never counted as zero: a scope without
any usable cell keeps the strongest reason among `suppressed`, `not_published`, `not_applicable`.
"""

from __future__ import annotations

import pandas as pd

from evaluation.describe.scopes import SCOPE
from evaluation.design import factors, means
from evaluation.params import Gap, Outcome, Study

_REASONS = ("not_applicable", "not_published", "suppressed")


def group_levels(cells: pd.DataFrame, members: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Return `group_levels` for `all` and every group of the gaps' dimensions."""
    wanted = {"all", *(g.dimension for g in study.gaps)}
    rows = _usable(cells, study.outcomes)
    rows = rows[rows["dimension"].isin(wanted)]
    return _means(_in_scopes(rows, members), [*SCOPE, "period", "outcome_id", "dimension", "group_id"])


def gap_levels(cells: pd.DataFrame, members: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Return `gap_levels`: focal and reference means on the units where both are observed, and their difference."""
    rows = _usable(cells, study.outcomes)
    return pd.concat([_gap_levels(rows, members, gap) for gap in study.gaps], ignore_index=True)


def _gap_levels(rows: pd.DataFrame, members: pd.DataFrame, gap: Gap) -> pd.DataFrame:
    key = ["unit_id", "period", "outcome_id"]
    rows = rows[rows["dimension"] == gap.dimension]
    focal, reference = (rows[rows["group_id"] == group] for group in (gap.focal, gap.reference))
    columns = [*key, "value", "status", "rank"]
    both = focal[columns].merge(reference[columns], on=key, suffixes=("_focal", "_reference"))
    both["is_pair"] = both["value_focal"].notna() & both["value_reference"].notna()
    both["pair_rank"] = both[["rank_focal", "rank_reference"]].max(axis=1).where(~both["is_pair"], 0)
    sides = []
    for side in (focal, reference):
        paired = side.merge(both[[*key, "is_pair", "pair_rank"]], on=key)
        paired["value"] = paired["value"].where(paired["is_pair"])
        paired["rank"] = paired["pair_rank"]
        sides.append(_means(_in_scopes(paired, members), [*SCOPE, "period", "outcome_id"]))
    scope = [*SCOPE, "period", "outcome_id"]
    out = sides[0].merge(sides[1], on=[*scope, "n_units", "n_districts", "status"])
    out = out.rename(columns={"mean_x": "focal_mean", "mean_y": "reference_mean", "n_students_x": "n_focal",
                              "n_students_y": "n_reference"})
    out["gap"] = out["focal_mean"] - out["reference_mean"]
    return out.assign(gap_id=gap.id, focal=gap.focal, reference=gap.reference)


def _usable(cells: pd.DataFrame, outcomes: tuple[Outcome, ...]) -> pd.DataFrame:
    columns = ["unit_id", "district_id", "period", "outcome_id", "dimension", "group_id"]
    rows = cells[columns].astype({c: object for c in columns if c != "period"})
    rows["total"] = cells["total"].astype(float) * factors(cells, outcomes)
    rows["n"] = cells["n_students"].astype(float)
    rows["value"] = means(cells, outcomes)
    rows["status"] = cells["status"].astype(object)
    rows["rank"] = rows["status"].map({s: i for i, s in enumerate(_REASONS)}).fillna(0).astype(int)
    return rows


def _in_scopes(rows: pd.DataFrame, members: pd.DataFrame) -> pd.DataFrame:
    return rows.merge(members, on="unit_id")


def _means(rows: pd.DataFrame, key: list[str]) -> pd.DataFrame:
    used = rows["value"].notna()
    rows = rows.assign(used=used, total=rows["total"].where(used), n=rows["n"].where(used),
                       has_sums=used & rows["total"].notna() & rows["n"].notna(), has_n=used & rows["n"].notna(),
                       used_district=rows["district_id"].where(used))
    found = rows.groupby(key, dropna=False, sort=False).agg(
        total=("total", "sum"), n=("n", "sum"), plain=("value", "mean"), n_units=("used", "sum"),
        with_sums=("has_sums", "sum"), with_n=("has_n", "sum"), n_districts=("used_district", "nunique"),
        rank=("rank", "max")).reset_index()
    is_reported = found["n_units"] > 0
    pooled = found["total"] / found["n"].where(found["n"] > 0)
    found["mean"] = pooled.where(found["with_sums"] == found["n_units"], found["plain"])
    found["n_students"] = found["n"].where(is_reported & (found["with_n"] == found["n_units"]))
    found["status"] = found["rank"].map(dict(enumerate(_REASONS))).where(~is_reported, "reported")
    return found[[*key, "n_students", "n_units", "n_districts", "mean", "status"]]
