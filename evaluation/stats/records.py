"""What goes into the statistical core and what comes out."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Booleans = NDArray[np.bool_]
Kind = Literal["att_gt", "overall", "cohort", "phase", "event_time", "calendar", "district"]


@dataclass(frozen=True)
class Design:
    """Cells of one outcome and one gap: U units × T periods × K parts.

    Attributes
    ----------
    outcome : (U, T, K)
        Cell means in outcome units; NaN where the cell is absent. Parts share the units: a cell is present in all
        parts or in none. The gap, focal − reference, is a part like the others.
    parts : K names
    unit_ids, periods : U names, T increasing periods (positions in the study's full list are in `position`)
    position : (T,)
        Place of each period in the study's ordered list; event time is a difference of positions.
    cluster, stratum : (U,)
        Integer codes: level of assignment; who may be compared with whom.
    cohort : (U,)
        First program period; NaN for never-program units.
    weight : (U,)
        Fixed weight of each unit, positive; part of the estimand.
    is_break : (T,)
        Periods that measure something else (a pandemic) and are no base.
    """

    outcome: Floats
    parts: tuple[str, ...]
    unit_ids: tuple[str, ...]
    periods: Integers
    position: Integers
    cluster: Integers
    stratum: Integers
    cohort: Floats
    weight: Floats
    is_break: Booleans

    @property
    def never_program(self) -> Booleans:
        """Units that never start the program."""
        return np.isnan(self.cohort)

    @property
    def present(self) -> Booleans:
        """(U, T): the cell is observed."""
        return np.asarray(~np.isnan(self.outcome).any(axis=2))

    def subset(self, keep: Booleans) -> Design:
        """Return the design with only the units in `keep` (U,)."""
        kept = np.flatnonzero(keep)
        return replace(
            self,
            unit_ids=tuple(self.unit_ids[i] for i in kept),
            **{f.name: getattr(self, f.name)[kept] for f in fields(self)
               if f.name in ("outcome", "cluster", "stratum", "cohort", "weight")},
        )


@dataclass(frozen=True)
class Estimand:
    """What a number is about; None where a coordinate does not apply."""

    kind: Kind
    cohort: int | None = None
    period: int | None = None
    event_time: int | None = None
    phase: str | None = None
    district: str | None = None


@dataclass(frozen=True)
class Regression:
    """A weighted least-squares fit, as cluster-robust inference needs it.

    Attributes
    ----------
    x : (N, k)  regressors of full column rank
    w : (N,)  positive weights
    cluster : (N,)  integer codes
    residual : (N, K)  one column per part
    coefficient : (k, K)
    """

    x: Floats
    w: Floats
    cluster: Integers
    residual: Floats
    coefficient: Floats


@dataclass(frozen=True)
class Estimate:
    """What an estimator says of a design.

    Attributes
    ----------
    estimands : m
    parts : K names
    value : (m, K)
    weights : (m, U, T)
        value[:, p] = Σ weights × outcome[..., p]; the same weights in every part.
    regression : Regression
    contrasts : (m, k)
        Each estimand as a contrast of the regression's coefficients.
    program_clusters, comparison_clusters : m arrays of cluster codes behind each estimand
    lone_program, lone_comparison : (m,) booleans
        A contributing cohort (or comparison) cell has fewer than two clusters.
    left_out_cohorts : m tuples
        Cohorts of one cluster that would belong to the aggregate and were left out of it.
    """

    estimands: tuple[Estimand, ...]
    parts: tuple[str, ...]
    value: Floats
    weights: Floats
    regression: Regression
    contrasts: Floats
    program_clusters: tuple[Integers, ...]
    comparison_clusters: tuple[Integers, ...]
    lone_program: Booleans
    lone_comparison: Booleans
    left_out_cohorts: tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class Inference:
    """Uncertainty of one estimand and one part; interval and p are None where no interval may be given.

    se and df are then None too, but for CR1, which reproduces a published table's.
    """

    value: float
    se: float | None
    df: float | None
    ci_low: float | None
    ci_high: float | None
    ci80_low: float | None
    ci80_high: float | None
    p_value: float | None
    no_interval: str | None
    n_clusters: int
