"""Least and largest value of a weighted sum whose terms are known to lie between limits."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import csr_array

from evaluation.stats.records import Floats, Integers


@dataclass(frozen=True)
class Margins:
    """Sums over some of the terms that are known to lie between limits.

    Attributes
    ----------
    row, column, coefficient : (J,)
        Entries of the sums: which sum, which term, its coefficient.
    low, high : (M,)
    """

    row: Integers = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    column: Integers = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    coefficient: Floats = field(default_factory=lambda: np.empty(0))
    low: Floats = field(default_factory=lambda: np.empty(0))
    high: Floats = field(default_factory=lambda: np.empty(0))


def extremes(weight: Floats, low: Floats, high: Floats, margins: Margins | None = None) -> tuple[float, float]:
    """Return the least and largest weight'y over low ≤ y ≤ high (N,), and within the margins where there are any.

    Without margins each term is at the limit that its weight's sign chooses; with them both ends are linear programs
    (HiGHS). An end is infinite where nothing limits it.

    Raises
    ------
    ValueError
        A lower limit is above an upper one, or no y fits the margins.
    """
    if (low > high).any():
        raise ValueError("a lower limit is above its upper limit")
    if margins is None or not len(margins.low):
        used, w = weight != 0, weight[weight != 0]
        at_low, at_high = w * low[used], w * high[used]
        return float(np.minimum(at_low, at_high).sum()), float(np.maximum(at_low, at_high).sum())
    return _end(weight, low, high, margins), -_end(-weight, low, high, margins)


def _end(weight: Floats, low: Floats, high: Floats, margins: Margins) -> float:
    sums = csr_array((margins.coefficient, (margins.row, margins.column)), shape=(len(margins.low), len(weight)))
    limits = np.concatenate([margins.high, -margins.low])
    both = csr_array((np.concatenate([sums.data, -sums.data]), np.concatenate([sums.indices] * 2), np.concatenate(
        [sums.indptr, sums.indptr[-1] + sums.indptr[1:]])), shape=(2 * len(margins.low), len(weight)))
    found = linprog(weight, A_ub=both, b_ub=limits, bounds=np.column_stack([low, high]), method="highs")
    if found.status == _UNBOUNDED:
        return -np.inf
    if found.status != 0:
        raise ValueError("the margins contradict the limits")
    return float(found.fun)


_UNBOUNDED = 3
