"""Moments of the items of a scale: exact integer sums by state, grade band, wave and group."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations_with_replacement

import narwhals.stable.v2 as nw
import pandas as pd

from evaluation.contracts import TABLES, conform
from evaluation.engine import Frame, collect
from evaluation.panel.cells import grouped
from evaluation.panel.mobility import counted
from evaluation.panel.outcomes import min_items, scale_answers, scale_items
from evaluation.panel.students import STUDENT
from evaluation.params import Outcome, Study
from evaluation.sent import SOURCE

_GROUP = ("state", "grade_band", "period", "dimension", "group_id")
_SUMS = ("n_answered", "sum_i", "sum_j", "sum_ij")
_COLUMNS = list(TABLES["item_moments"].columns)


def item_moments(study: Study, students: Frame, tables: Mapping[str, Frame]) -> pd.DataFrame:
    """Return `item_moments` of every scale outcome and dimension; empty where the study has none.

    A wave's answers count where they give a score (`min_items`), so that the moments are of the answers the scores are
    made of. Where a student answered an item twice in a wave, at two schools, the larger answer counts. Who is in which
    group is as in `cells`.
    """
    parts = [no_items()]
    for outcome in study.outcomes:
        if outcome.measure != "scale_score":
            continue
        sent = tables[f"{SOURCE[outcome.measure]}_sent"]
        mine, used = counted(outcome, students, tables)
        found = mine.join(sent, on=["district_id", "school_year"], how="inner")
        answers = _wide(outcome, used)
        parts.append(_long(collect(_summed(grouped(study, found, tables), answers, outcome)), outcome))
    return conform(pd.concat(parts, ignore_index=True)[_COLUMNS], "item_moments")


def no_items() -> pd.DataFrame:
    """Return an empty `item_moments`, of a study without student answers."""
    return conform(pd.DataFrame(columns=_COLUMNS), "item_moments")


def _wide(outcome: Outcome, tables: Mapping[str, Frame]) -> Frame:
    """One row per student and wave with a score; a column per item, missing where not answered."""
    answers = scale_answers(outcome, tables)
    items = _items(outcome)
    for k, item in enumerate(items):
        chosen = nw.when(nw.col("item_code") == item).then(nw.col("turned"))
        answers = answers.with_columns(chosen.alias(f"x_{k}"))
    waves = answers.group_by(*STUDENT, "wave").agg(
        nw.len().cast(nw.Int64).alias("answered"),
        *(nw.col(f"x_{k}").max().cast(nw.Int64).alias(f"x_{k}") for k in range(len(items))))
    return waves.filter(nw.col("answered") >= min_items(outcome))


def _items(outcome: Outcome) -> list[str]:
    """A scale's items in order; columns are named by their place, as a code may hold what no column's name can."""
    return sorted(scale_items(outcome))


def _pairs(outcome: Outcome) -> list[tuple[int, int]]:
    return list(combinations_with_replacement(range(len(_items(outcome))), 2))


def _summed(members: Frame, answers: Frame, outcome: Outcome) -> Frame:
    """One row per group and wave; four columns per pair of items."""
    rows = members.drop("period").join(answers, on=list(STUDENT), how="inner")
    rows = rows.with_columns(state=nw.col("district_id").str.slice(0, 2), period=nw.col("wave"))
    made = []
    for i, j in _pairs(outcome):
        x, y = nw.col(f"x_{i}"), nw.col(f"x_{j}")
        both = ~x.is_null() & ~y.is_null()
        columns = (both.cast(nw.Int64), *(nw.when(both).then(value) for value in (x, y, x * y)))
        made += [column.alias(f"{name}_{i}_{j}") for name, column in zip(_SUMS, columns, strict=True)]
    names = [f"{name}_{i}_{j}" for i, j in _pairs(outcome) for name in _SUMS]
    return rows.with_columns(*made).group_by(*_GROUP).agg(
        *(nw.col(name).sum().cast(nw.Int64).alias(name) for name in names))


def _long(summed: pd.DataFrame, outcome: Outcome) -> pd.DataFrame:
    """One row per group, wave and pair of items that anybody answered together."""
    items = _items(outcome)
    parts = [summed[list(_GROUP)].assign(item_i=items[i], item_j=items[j],
                                         **{name: summed[f"{name}_{i}_{j}"] for name in _SUMS})
             for i, j in _pairs(outcome)]
    rows = pd.concat(parts, ignore_index=True)
    return rows[rows["n_answered"] > 0].assign(outcome_id=outcome.id, period_kind="wave")
