"""How many students a student-level table would single out, by what somebody who knows them may know. Never a value.

A record is an enrolment spell with the student's attributes of the year; a class is all records that are alike in the
quasi-identifiers, within a district and school year. A record that is alone in its class is unique: whoever knows those
things of a student finds the row.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evaluation.engine import Frame, collect

QUASI_IDENTIFIERS = ("school_id", "grade", "race_ethnicity", "sex", "disability", "english_learner", "economic",
                     "entry_month", "exit_month")
K = 10
"""Smallest class that hides a student: the fewest students that any released table shows."""
_STRATUM = ("district_id", "school_year")
_ATTRIBUTES = ("race_ethnicity", "sex", "disability", "english_learner", "economic")
_SIZES = (("1", 1, 1), ("2-4", 2, 4), ("5-9", 5, 9), ("10+", K, None))
_DIGITS = 4


@dataclass(frozen=True)
class _Classes:
    """Classes by all columns: `codes[column]` numbers each class's value, `n` is its number of records."""

    codes: Mapping[str, NDArray[np.int64]]
    n: NDArray[np.int64]

    def refined(self, classes: NDArray[np.int64], column: str) -> NDArray[np.int64]:
        """Return the number of each class after another column is known too."""
        codes = self.codes[column]
        wide = classes * (int(codes.max(initial=0)) + 1) + codes
        numbers: NDArray[np.int64] = np.unique(wide, return_inverse=True)[1].astype(np.int64)
        return numbers

    def known(self, columns: Iterable[str]) -> NDArray[np.int64]:
        """Return the number of each class where only `columns` are known."""
        classes = np.zeros(len(self.n), dtype=np.int64)
        for column in columns:
            classes = self.refined(classes, column)
        return classes

    def share(self, classes: NDArray[np.int64], low: int, high: int | None) -> float:
        """Return the share of records in classes of `low` to `high` records."""
        sizes = np.bincount(classes, weights=self.n)[classes] if len(self.n) else self.n
        is_in = (sizes >= low) & (sizes <= (np.inf if high is None else high))
        return round(float(self.n[is_in].sum() / max(self.n.sum(), 1)), _DIGITS)


def k_anonymity(enrollment: Frame, student_year: Frame) -> dict[str, Any]:
    """Return how far enrolment with attributes singles students out, by column names and shares alone.

    Parameters
    ----------
    enrollment, student_year : canonical tables; a student without attributes counts as unknown in all of them.

    Returns
    -------
    dict
        `records`; `share_by_class_size`; `share_unique`; `share_unique_by_day`: the same where days of entry and exit
        are known and not months alone; `worst`: the columns in the order in which each singles out most with those
        before it, with the shares of unique records and of those in classes below `K` so far; `without`: the share of
        unique records were one column left out. Shares are of records, rounded to 4 digits.
    """
    found = _classes(enrollment, student_year)
    every = found.known((*_STRATUM, *QUASI_IDENTIFIERS))
    without = {left_out: found.share(found.known(c for c in (*_STRATUM, *QUASI_IDENTIFIERS) if c != left_out), 1, 1)
               for left_out in QUASI_IDENTIFIERS}
    by_day = found.known((*_STRATUM, *QUASI_IDENTIFIERS, "entry_date", "exit_date"))
    return {
        "records": int(found.n.sum()), "k": K,
        "share_by_class_size": {name: found.share(every, low, high) for name, low, high in _SIZES},
        "share_unique": found.share(every, 1, 1),
        "share_unique_by_day": found.share(by_day, 1, 1),
        "worst": list(_worst(found)),
        "without": without,
    }


def _worst(found: _Classes) -> Iterable[dict[str, Any]]:
    classes, left = found.known(_STRATUM), list(QUASI_IDENTIFIERS)
    while left:
        tried = {column: found.refined(classes, column) for column in left}
        shares = {c: (found.share(of, 1, 1), found.share(of, 1, K - 1)) for c, of in tried.items()}
        chosen = max(left, key=lambda c: (shares[c], -left.index(c)))
        classes = tried[chosen]
        left.remove(chosen)
        yield {"column": chosen, "share_unique": shares[chosen][0], "share_below_k": shares[chosen][1]}


def _classes(enrollment: Frame, student_year: Frame) -> _Classes:
    columns = [*_STRATUM, "school_id", "grade", *_ATTRIBUTES, "entry_date", "exit_date"]
    described = student_year.select("student_key", *_STRATUM, *_ATTRIBUTES)
    rows = enrollment.select("student_key", *_STRATUM, "school_id", "grade", "entry_date", "exit_date").join(
        described, on=["student_key", *_STRATUM], how="left")
    counted = collect(rows.group_by(*columns).agg(n=nw.len().cast(nw.Int64)))
    counted = counted.assign(**{f"{side}_month": counted[f"{side}_date"].astype("string").str.slice(0, 7)
                                for side in ("entry", "exit")})
    codes = {c: pd.factorize(counted[c], use_na_sentinel=False)[0].astype(np.int64)
             for c in counted.columns if c != "n"}
    return _Classes(codes, counted["n"].to_numpy(dtype=np.int64))
