"""A year's absences spread over schools and months, in whole half-days and never more than were enrolled."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from evaluation.synthetic.roster import Ints


@dataclass(frozen=True)
class Spread:
    """One entry per student-year, school and month (or year): `row` and `month` are positions, the rest half-days."""

    row: Ints
    school: Ints
    month: Ints
    enrolled: Ints
    absent: Ints
    oss: Ints


def spread(rows: pd.DataFrame, month_of_day: Ints, absent: Ints, oss: Ints) -> Spread:
    """Split half-days over each student-year's spells and months in proportion to enrolment.

    Parameters
    ----------
    rows : DataFrame
        Roster rows of one school year.
    month_of_day : (days,) int
        Position of each instructional day's month, from 0; all zeros for a yearly grain.
    absent, oss : (rows,) int
        Half-days in the year; oss ≤ absent ≤ enrolled. The parts add up to them exactly.
    """
    first, move, last = (rows[c].to_numpy() for c in ("first_day", "move_day", "last_day"))
    months = int(month_of_day.max()) + 1
    start = np.searchsorted(month_of_day, np.arange(months)) + 1
    end = np.append(start[1:] - 1, len(month_of_day))
    overlap = [np.maximum(0, np.minimum(stop[:, None], end) - np.maximum(begin[:, None], start) + 1)
               for begin, stop in ((first, move - 1), (move, last))]
    enrolled = 2 * np.concatenate(overlap, axis=1)
    away = _shared_out(absent, enrolled)
    suspended = _shared_out(oss, away)
    row, part = np.nonzero(enrolled)
    schools = rows[["school", "later_school"]].to_numpy()
    return Spread(row, schools[row, part // months], part % months, enrolled[row, part], away[row, part],
                  suspended[row, part])


def _shared_out(total: Ints, room: Ints) -> Ints:
    """Split each total ≤ Σ room over its row in proportion to room; integers, within room, adding up exactly."""
    filled = np.cumsum(room, axis=1)
    whole = np.maximum(filled[:, -1:], 1)
    rest = (np.arange(len(total)) * 7919)[:, None] % whole
    reached = (total[:, None] * filled + rest) // whole
    return np.diff(reached, axis=1, prepend=0)
