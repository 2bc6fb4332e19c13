"""All effects of a study, for what can only be said of them together or beside other tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from evaluation.diagnose.diagnosed import Diagnosed, Row
from evaluation.params import Study
from evaluation.stats.standards.handbook import Handbook

Result = tuple[str, str, str]
"""Specification, outcome, gap."""


@dataclass(frozen=True)
class Published:
    """What stage `estimate` says of an overall effect on a gap: p-value, where one may be given, and verdict."""

    p_value: float | None
    verdict: str


@dataclass(frozen=True)
class Together:
    """A study's diagnosed topics.

    Attributes
    ----------
    of : by specification, outcome and gap
    published : overall effects on gaps, of every estimator
    scales : rows of `scale_reliability` and `measurement_invariance`
    """

    study: Study
    of: Mapping[Result, Diagnosed]
    published: Mapping[Result, Published]
    scales: Mapping[str, Sequence[Row]]
    handbook: Handbook


def key_of(of: Diagnosed) -> Result:
    """Return specification, outcome and gap of a topic."""
    return of.topic.specification.id, of.topic.outcome.id, of.topic.gap.id


def published(estimates: pd.DataFrame) -> dict[Result, Published]:
    """Return what `estimates` says of the overall effects on gaps."""
    rows = estimates[(estimates["estimand"] == "overall") & (estimates["part"] == "gap")]
    return {(row["specification"], row["outcome_id"], row["gap_id"]): Published(
        None if pd.isna(row["p_value"]) else float(row["p_value"]), row["verdict"]) for _, row in rows.iterrows()}
