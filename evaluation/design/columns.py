"""Records of `stats` as columns of the contract: what a number is about, and how sure it is."""

from __future__ import annotations

from typing import Any

from evaluation.stats.records import Estimand, Inference


def coordinates(estimand: Estimand) -> dict[str, Any]:
    """Return what a number is about."""
    return {"estimand": estimand.kind, "cohort": estimand.cohort, "phase": estimand.phase, "period": estimand.period,
            "event_time": estimand.event_time, "district_id": estimand.district}


def effect(found: Inference) -> dict[str, Any]:
    """Return value and uncertainty."""
    return {"value": found.value, "se": found.se, "df": found.df, "ci_low": found.ci_low, "ci_high": found.ci_high,
            "ci80_low": found.ci80_low, "ci80_high": found.ci80_high, "p_value": found.p_value,
            "no_interval": found.no_interval}
