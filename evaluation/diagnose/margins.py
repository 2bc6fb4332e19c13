"""What the published mean of all students leaves to hidden groups."""

from __future__ import annotations

import numpy as np
import pandas as pd

from evaluation.design import means
from evaluation.params import Outcome
from evaluation.stats.extremes import Margins
from evaluation.stats.records import Booleans

ROUNDING = {"binary": 0.05, "count": 0.05, "score": 0.005}
"""Half of the last digit that published means are taken to have, by kind of outcome."""
_PLACE = ["unit_id", "grade_band", "period"]


def margins_of(groups: pd.DataFrame, everybody: pd.DataFrame, is_hidden: Booleans, outcome: Outcome,
               limits: tuple[float, float]) -> Margins:
    """Return sums over the hidden cells, in the order of `groups`, of the places whose mean of all students is known.

    Σ n × mean over hidden groups = n × mean of all − Σ n × mean over shown groups; a mean is known to its rounding
    where its sum is not published. Only where all numbers of students are known and groups add up to all, and where
    some filling fits: margins that contradict the cells are not used.

    Parameters
    ----------
    groups, everybody : cells of the outcome by the gap's dimension, and of all students
    """
    none = np.zeros(len(everybody), dtype=bool)
    of_groups, of_all = (_sums(cells, hidden, outcome).groupby(_PLACE).sum()
                         for cells, hidden in ((groups, is_hidden), (everybody, none)))
    both = of_groups.join(of_all.add_suffix("_all"), how="inner")
    left, slack = both["known_all"] - both["known"], both["slack"] + both["slack_all"]
    fits = ((both["n"] == both["n_all"]) & (both["n_unknown"] + both["n_unknown_all"] == 0) & (both["n_hidden"] > 0)
            & (limits[0] * both["n_hidden"] <= left + slack) & (limits[1] * both["n_hidden"] >= left - slack))
    row = both.index[fits].get_indexer(pd.MultiIndex.from_frame(groups.loc[is_hidden, _PLACE].astype(object)))
    is_in = row >= 0
    n = groups.loc[is_hidden, "n_students"].to_numpy(dtype=np.float64, na_value=np.nan)
    return Margins(row[is_in].astype(np.int64), np.flatnonzero(is_in).astype(np.int64), n[is_in],
                   (left - slack)[fits].to_numpy(dtype=np.float64), (left + slack)[fits].to_numpy(dtype=np.float64))


def _sums(cells: pd.DataFrame, is_hidden: Booleans, outcome: Outcome) -> pd.DataFrame:
    """Students of each cell; what is known of n × mean and how far off that may be; whether something is missing."""
    n, mean = cells["n_students"].astype(float), means(cells, (outcome,)).astype(float)
    is_shown = ~is_hidden & (n > 0).to_numpy(dtype=bool)
    is_rounded = is_shown & cells["total"].isna().to_numpy(dtype=bool)
    return cells[_PLACE].astype(object).assign(
        n=n, n_hidden=n.where(is_hidden, 0.0), known=(n * mean).where(is_shown, 0.0),
        slack=(n * ROUNDING[outcome.kind]).where(is_rounded, 0.0),
        n_unknown=(n.isna() | (is_shown & mean.isna())).astype(int))
