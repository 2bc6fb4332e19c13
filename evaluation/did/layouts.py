"""Rows as arrays: one design per way in which two groups of a gap enter."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

import numpy as np
import pandas as pd

from evaluation.contracts import PARTS
from evaluation.stats.estimators.registry import Layout
from evaluation.stats.records import Design, Floats, Integers


def laid_out(rows: pd.DataFrame, periods: Integers, layout: Layout | Literal["single"]) -> Design:
    """Return the design of rows with fixed weights; without groups the layout is `single`."""
    return _LAYOUTS[layout](rows, periods)


def _single(rows: pd.DataFrame, periods: Integers) -> Design:
    unit, ids = _numbered(rows["unit"])
    outcome = _grid(rows["outcome"], unit, rows, ids, periods)[..., None]
    return _design(rows, unit, ids, periods, outcome=outcome, parts=("all",))


def _parts(rows: pd.DataFrame, periods: Integers) -> Design:
    unit, ids = _numbered(rows["unit"])
    focal, reference = (_grid(rows["outcome"].where(rows["is_focal"] == side), unit, rows, ids, periods)
                        for side in (True, False))
    outcome = np.stack([focal - reference, focal, reference], axis=2)
    outcome = np.where(np.isnan(outcome).any(axis=2, keepdims=True), np.nan, outcome)
    return _design(rows, unit, ids, periods, outcome=outcome, parts=PARTS)


def _by_group(rows: pd.DataFrame, periods: Integers) -> Design:
    unit, ids = _numbered(rows["unit"] + np.where(rows["is_focal"], "\x1f1", "\x1f0"))
    outcome = _grid(rows["outcome"], unit, rows, ids, periods)[..., None]
    return _design(rows, unit, ids, periods, outcome=outcome, parts=("all",))


_LAYOUTS: Mapping[str, Callable[[pd.DataFrame, Integers], Design]] = {
    "single": _single, "parts": _parts, "stacked": _by_group, "eligible": _by_group}


def _numbered(names: pd.Series) -> tuple[Integers, tuple[str, ...]]:
    ids, number = np.unique(names.to_numpy(dtype=str), return_inverse=True)
    return number.astype(np.int64), tuple(str(i) for i in ids)


def _grid(values: pd.Series, unit: Integers, rows: pd.DataFrame, ids: tuple[str, ...], periods: Integers) -> Floats:
    grid = np.full((len(ids), len(periods)), np.nan)
    is_there = values.notna().to_numpy(dtype=bool)
    at = np.searchsorted(periods, rows["period"].to_numpy(dtype=np.int64))
    grid[unit[is_there], at[is_there]] = values.to_numpy(dtype=np.float64)[is_there]
    return grid


def _design(rows: pd.DataFrame, unit: Integers, ids: tuple[str, ...], periods: Integers, *, outcome: Floats,
            parts: tuple[str, ...]) -> Design:
    first = rows.assign(number=unit).sort_values("period", kind="stable").drop_duplicates("number")
    first = first.sort_values("number")
    step = np.gcd.reduce(np.diff(periods)) if len(periods) > 1 else 1
    covariates = [c for c in rows.columns if c.startswith("covariate")]
    return Design(
        outcome=outcome, parts=parts, unit_ids=ids, periods=periods,
        position=((periods - periods[0]) // step).astype(np.int64),
        cluster=_numbered(first["cluster"])[0], stratum=np.zeros(len(ids), dtype=np.int64),
        cohort=first["cohort"].to_numpy(dtype=np.float64), weight=first["weight"].to_numpy(dtype=np.float64),
        is_break=np.zeros(len(periods), dtype=bool), covariates=first[covariates].to_numpy(dtype=np.float64),
        n=np.where(np.isnan(outcome[..., 0]), 0.0, 1.0),
        is_eligible=first["is_focal"].to_numpy(dtype=bool) if "is_focal" in rows else np.empty(0, dtype=bool))
