"""Codes that changed within a school year: every row is read by the list that held on its date."""

from __future__ import annotations

from bisect import bisect_right

import numpy as np
import pandas as pd

from evaluation.ingest.mapping.schema import SourceColumn
from evaluation.ingest.readers.text import Text, combined
from evaluation.ingest.values import Broken, day


def in_year(named: SourceColumn, school_year: int) -> SourceColumn:
    """Return a column with the codes of a school year; where these changed within it, with its lists by day alone."""
    lists = named.lists_in(school_year)
    if len(lists) == 1:
        return named.in_list(lists[0][1])
    by_day = {start: named.in_list(version).codes for start, version in lists}
    return named.model_copy(update={"codes": {}, "codes_from": by_day})


def translated(text: Text, source: SourceColumn, dates: Text, form: str | None, school_year: int) -> Text:
    """Return a column whose codes changed within the year, translated by the date of each row; any other as it is.

    A row without a date in the year, which is set aside for that, is read by the first list; a code that is in no list
    stays, to be judged as any other.

    Parameters
    ----------
    source : from `in_year`
    dates : the rows' dates as text, which `form` reads
    """
    lists = source.lists_in(school_year)
    if len(lists) == 1:
        return text
    codes = [source.in_list(version).codes for _, version in lists]
    parse, starts = day(form, school_year, missing=None), [start for start, _ in lists]

    def read(row: tuple[str, ...]) -> str:
        value, found = row[0], parse(row[1])
        held = 0 if found is None or isinstance(found, Broken) else bisect_right(starts, str(found)) - 1
        return codes[held].get(value, value)

    return combined((text, dates), read)


def versions(named: SourceColumn, dates: pd.Series, school_year: int) -> pd.Series:
    """Return the version of the code list by which each row was read; `dates` are ISO text."""
    starts, names = zip(*named.lists_in(school_year), strict=True)
    held = np.zeros(len(dates), np.int8) if len(starts) == 1 else (
        np.searchsorted(np.array(starts), dates.astype("str").to_numpy(dtype=str), side="right") - 1)
    return pd.Series(pd.Categorical.from_codes(held, categories=pd.Index(names)), index=dates.index)
