"""The planted truth beside an estimate: true effects of cells under the estimate's own weights. No stage reads it."""

from __future__ import annotations

import pandas as pd

from evaluation.contracts import SCALE
from evaluation.params import Study

_ESTIMAND = ["specification", "outcome_id", "gap_id", "estimand", "cohort", "phase", "period", "event_time",
             "district_id"]


def truth_of(weights: pd.DataFrame, truth_cells: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Return Σ weight × (mean_y1 − mean_y0) per estimand, in outcome units; only program cells differ.

    The truth for two-way fixed effects is that of the group-time specification it stands beside: its own weights are
    what is wrong with it.

    Parameters
    ----------
    weights : DataFrame
        Contract `estimate_weights`.
    truth_cells : DataFrame
        Contract `truth_cells`; rows of one cell add up, as those of merged schools named alike do.

    Returns
    -------
    DataFrame
        One row per estimand of `weights`: its key, `truth` of the gap, `truth_focal` and `truth_reference`; missing
        where a weighted cell has no truth.
    """
    gaps = pd.DataFrame([{"gap_id": g.id, "dimension": g.dimension, "focal": g.focal} for g in study.gaps])
    factor = {o.id: 1 / SCALE if o.kind == "score" else 100.0 for o in study.outcomes}
    sums = ["n_students", "total_y0", "total_y1"]
    of = ["unit_id", "period", "dimension", "group_id", "outcome_id"]
    cells = truth_cells.groupby(of, as_index=False, dropna=False)[sums].sum()
    cells = cells[cells["n_students"] > 0]
    effect = (cells["total_y1"] - cells["total_y0"]) / cells["n_students"] * cells["outcome_id"].map(factor)
    key = ["unit_id", "cell_period", "dimension", "group_id", "outcome_id"]
    effects = cells.rename(columns={"period": "cell_period"})[key].assign(effect=effect.astype(float))
    rows = weights.merge(gaps, on="gap_id").merge(effects, on=key, how="left")
    rows["truth"] = rows["weight"].astype(float) * rows["effect"]
    is_focal = (rows["group_id"] == rows["focal"]).to_numpy(dtype=bool)
    rows["truth_focal"] = rows["truth"].where(is_focal, 0.0)
    rows["truth_reference"] = -rows["truth"].where(~is_focal, 0.0)
    rows["has_truth"] = rows["effect"].notna()
    values = ["truth", "truth_focal", "truth_reference"]
    out = rows.groupby(_ESTIMAND, dropna=False).agg({**dict.fromkeys(values, "sum"), "has_truth": "all"}).reset_index()
    out[values] = out[values].where(out["has_truth"])
    return out.drop(columns="has_truth")
