"""Which tables of which years a district did not send at all, in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any


def not_sent(coverage: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Yield the tables of a district with the years in which no school's rows were sent.

    Parameters
    ----------
    coverage : as report.json has it.
    """
    def place(row: Mapping[str, Any]) -> tuple[str, str]:
        return row["district_id"], row["table"]
    for (district, table), rows in groupby(coverage, key=place):
        years = zip(*(row["years"] for row in rows), strict=True)
        missing = [str(year[0]["school_year"]) for year in years if all(one["state"] == "not_sent" for one in year)]
        if missing:
            yield f"{district} {table} {', '.join(missing)}"
