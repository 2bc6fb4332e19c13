"""A few rows as real files have them. None describes a student-year that exists, so the truth does not change.

Set aside by ingest: a total row, an unknown race code, more days absent than enrolled, an action without enrolment.
Counted once: an exact duplicate of an enrolment row.
"""

from __future__ import annotations

from collections.abc import Mapping
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from evaluation.synthetic.layouts import Layout

Columns = dict[str, NDArray[np.object_]]


def with_dirt(tables: Mapping[str, Columns], layout: Layout, district_id: str, year: int) -> dict[str, Columns]:
    """Add dirty rows to one of every three district-years; which ones depends on district and year only."""
    out = dict(tables)
    if crc32(f"dirt {district_id} {year}".encode()) % 3:
        return out
    ghost = f"{layout.id_prefix}{'9' * layout.id_width}"
    out["enrollment"] = _appended(out["enrollment"], {name: values[0] for name, values in out["enrollment"].items()})
    total = dict.fromkeys(out["enrollment"], "") | {"student_id": "Total"}
    out["enrollment"] = _appended(out["enrollment"], total)
    out["student_year"] = _copied(out["student_year"], student_id=ghost, race_ethnicity="ZZ")
    out["attendance"] = _copied(out["attendance"], student_id=ghost, days_enrolled="10", days_absent="12",
                                days_absent_oss="0")
    if len(out["discipline_action"]["action_id"]):
        out["discipline_action"] = _copied(out["discipline_action"], student_id=ghost, action_id=f"{year}99999")
    return out


def _copied(columns: Columns, **changed: str) -> Columns:
    return _appended(columns, {name: values[0] for name, values in columns.items()} | changed)


def _appended(columns: Columns, row: Mapping[str, str]) -> Columns:
    return {name: np.append(values, np.array([row[name]], object)) for name, values in columns.items()}
