"""Dates of enrolment told by month: as far as a study needs them that asks for no days."""

from __future__ import annotations

from typing import Literal, TypeAlias

import narwhals.stable.v2 as nw

from evaluation.contracts import TABLES
from evaluation.engine import Frame

Dates: TypeAlias = Literal["day", "month"]


def by_month(enrollment: Frame) -> Frame:
    """Return enrolment with dates at the first of their month; 30 June, the end of an open spell, stays.

    Spells of a student at a school that begin in one month become one. A spell that ends in the month in which the next
    one begins still ends by that day, so spells do not overlap.
    """
    key = TABLES["enrollment"].key
    is_end = nw.col("exit_date").str.ends_with("-06-30")
    frame = enrollment.with_columns(
        entry_date=_first("entry_date"),
        exit_date=nw.when(is_end).then(nw.col("exit_date")).otherwise(_first("exit_date")))
    rest = [nw.col(c).max().alias(c) for c in TABLES["enrollment"].columns if c not in key]
    return frame.group_by(*key).agg(*rest).select(*TABLES["enrollment"].columns)


def _first(date: str) -> nw.Expr:
    return nw.concat_str([nw.col(date).str.slice(0, 7), nw.lit("-01")])
