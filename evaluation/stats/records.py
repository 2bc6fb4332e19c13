"""What goes into the statistical core and what comes out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
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
    covariates : (U, C)
        Baseline values of each unit, adjusted for by the estimators that say so; none by default.
    n : (U, T)
        Students (or rows) behind each cell, where an estimator weights periods by them; empty (0, 0) where unknown.
    is_eligible : (U,)
        Whom an exposed place's program reaches (triple difference); in a stacked design, which of the two groups a
        unit is (True: focal). Empty where neither applies.
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
    covariates: Floats = field(default_factory=lambda: np.empty((0, 0)))
    n: Floats = field(default_factory=lambda: np.empty((0, 0)))
    is_eligible: Booleans = field(default_factory=lambda: np.empty(0, dtype=bool))

    @property
    def in_program(self) -> Booleans:
        """(U, T): the unit is in the program in the period."""
        return np.asarray(self.periods[None, :] >= self.cohort[:, None])

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
        kept, units = np.flatnonzero(keep), len(self.unit_ids)
        arrays = {f.name: getattr(self, f.name) for f in fields(self) if f.name in _BY_UNIT}
        return replace(self, unit_ids=tuple(self.unit_ids[i] for i in kept),
                       **{name: array[kept] for name, array in arrays.items() if len(array) == units})


_BY_UNIT = ("outcome", "cluster", "stratum", "cohort", "weight", "covariates", "n", "is_eligible")


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

    Only A_g = X_g'WX_g and s_g = X_g'Wu_g of each cluster matter: rows of a cluster may be combined, or made from its
    moments, as long as they keep both.

    Attributes
    ----------
    x : (N, k)  regressors of full column rank
    w : (N,)  positive weights
    cluster : (N,)  integer codes
    residual : (N, K)  one column per part
    coefficient : (k, K)
    n_obs : int
        Observations behind the rows; CR1 counts them.
    n_absorbed : int
        Effects taken out before the fit that are not among the regressors.
    """

    x: Floats
    w: Floats
    cluster: Integers
    residual: Floats
    coefficient: Floats
    n_obs: int
    n_absorbed: int = 0

    @property
    def y(self) -> Floats:
        """(N, K): what was fitted."""
        return self.x @ self.coefficient + self.residual

    @cached_property
    def is_saturated(self) -> bool:
        """Every row has one regressor, so the regressors are orthogonal."""
        return bool((np.count_nonzero(self.x, axis=1) == 1).all())

    @cached_property
    def orthonormal(self) -> tuple[Floats, Floats]:
        """Z (N, k) and R (k, k) with W^½X = ZR and Z'Z = I."""
        z, r = np.linalg.qr(self.x * np.sqrt(self.w)[:, None])
        return z, r


@dataclass(frozen=True)
class Influence:
    """How far each cluster pulls the m estimands in K parts: value − truth ≈ Σ_g of_cluster.

    Attributes
    ----------
    cluster : (G,)  sorted integer codes
    of_cluster : (G, m, K)
    """

    cluster: Integers
    of_cluster: Floats


@dataclass(frozen=True)
class Estimate:
    """What an estimator says of a design. Every tool reads this and nothing else.

    Attributes
    ----------
    design : Design
    estimator : Callable
        Makes the same estimate from another design: without a cluster, with other cohorts. What cannot be estimated
        there is not among its estimands.
    estimands : m
    parts : K names
    value : (m, K)
    program_clusters, comparison_clusters : m arrays of cluster codes behind each estimand
    lone_program, lone_comparison : (m,) booleans
        A contributing cohort (or comparison) cell has fewer than two clusters.
    left_out_cohorts : m tuples
        Cohorts of one cluster that would belong to the aggregate and were left out of it.
    weights : (m, U, T) or None
        value[:, p] = Σ weights × outcome[..., p], the same weights in every part; None where the estimator is not
        linear in the outcome or its parts do not share their weights.
    regression : Regression or None
    contrasts : (m, k) or None
        Each estimand as a contrast of the regression's coefficients.
    influence : Influence or None
        Of an estimator without a regression. Neither one nor the other: inference is by placebo.
    """

    design: Design
    estimator: Callable[[Design], Estimate]
    estimands: tuple[Estimand, ...]
    parts: tuple[str, ...]
    value: Floats
    program_clusters: tuple[Integers, ...]
    comparison_clusters: tuple[Integers, ...]
    lone_program: Booleans
    lone_comparison: Booleans
    left_out_cohorts: tuple[tuple[int, ...], ...]
    weights: Floats | None = None
    regression: Regression | None = None
    contrasts: Floats | None = None
    influence: Influence | None = None


@dataclass(frozen=True)
class Inference:
    """Uncertainty of one estimand and one part.

    Where no interval may be given, se, df, statistic and p are None too; but tests have a p-value without an interval:
    permutation (`test_only`), and placebos that are not inverted; and where simulated coverage withholds the interval
    (`low_coverage`, `not_simulated`), se, df and statistic stay.

    Attributes
    ----------
    value, se : in outcome units, signed
    n_clusters : clusters behind the number
    df : Satterthwaite's, or G − 1; None for wild bootstrap and permutation, which have no t distribution
    statistic : value / se
    ci_low, ci_high, ci80_low, ci80_high
        95 % and 80 % interval; of the wild bootstrap the ends of a set of values that need not be an interval
    band_low, band_high : 95 % band over several event times at once (`bands.with_band`); None for all others
    p_value : two-sided
    no_interval : why there is none
    coverage : that 95 % intervals of this method have in simulated designs like this one, at worst; None where nobody
        asked or none is like it
    method : that was used
    p_value_webb : of the wild bootstrap with Webb's signs, beside p_value up to 10 clusters
    """

    value: float
    n_clusters: int
    se: float | None = None
    df: float | None = None
    statistic: float | None = None
    ci_low: float | None = None
    ci_high: float | None = None
    ci80_low: float | None = None
    ci80_high: float | None = None
    p_value: float | None = None
    no_interval: str | None = None
    coverage: float | None = None
    method: str = "none"
    p_value_webb: float | None = None
    band_low: float | None = None
    band_high: float | None = None
