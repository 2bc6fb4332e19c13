"""The content of report.json, which report.html shows: one account of a delivery, for its sender and the partnership.

Counts of a file's rows are exact, so that they add up and lead to a row. Whatever crosses a school with a table, a code
or a version is shown by `small_counts`.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from itertools import groupby
from typing import Any

import pandas as pd

from evaluation.contracts import TABLES
from evaluation.engine import Frame
from evaluation.ingest.records import FileReport
from evaluation.ingest.report.coverage_matrix import Covered, coverage_matrix
from evaluation.ingest.report.level_shift import Measure, Point, Shift, level_shifts
from evaluation.ingest.report.small_counts import FEWEST, shown
from evaluation.ingest.report.to_mend import problems, verdict

MOST_ROWS_LISTED = 20
_COUNTS = ("rows_in", "rows_accepted", "rows_quarantined", "rows_refused")
_UNITS: Mapping[Measure, str] = {"share": "% of students", "per_100_students": "per 100 students",
                                 "days": "days on average", "points": "points on average"}


def report_content(files: tuple[FileReport, ...], quarantine: pd.DataFrame, tables: Mapping[str, Frame], *,
                   tolerance: float, accept_without: tuple[str, ...], silent: Iterable[str], definitions: str,
                   pseudonyms: str) -> dict[str, Any]:
    """Return the verdict, what to mend, every file with its findings, the coverage matrix and the level shifts.

    Parameters
    ----------
    files : the account of every delivered file that stands.
    quarantine : rows set aside, as the contract of that name.
    tables : accepted canonical rows by table; empty for a delivery that is not about students.
    tolerance : share of rows that may be set aside.
    accept_without : paths or patterns of refused files that the study goes without.
    silent : districts that sent nothing.
    definitions, pseudonyms : in words, whose definitions were applied and how pseudonyms were made.
    """
    found = problems(files, tolerance=tolerance, accept_without=accept_without)
    said = verdict(files, found, tolerance=tolerance, accept_without=accept_without)
    rows = _rows(quarantine)
    covered = coverage_matrix(files, tables) if tables else ()
    return {
        "verdict": asdict(said),
        "definitions": definitions,
        "pseudonyms": pseudonyms,
        "totals": {field: sum(getattr(f, field) for f in files) for field in _COUNTS} | {"files": _n_files(files)},
        "districts": _districts(files),
        "districts_that_sent_nothing": sorted(silent),
        "to_mend": [_stripped(asdict(p)) for p in found],
        "files": [_file(f, rows) for f in sorted(files, key=lambda f: f.file)],
        "coverage": _coverage(covered),
        "level_shifts": _level_shifts(level_shifts(tables) if tables else ()),
    }


def _n_files(files: Iterable[FileReport]) -> int:
    """Return how many files were delivered: one that feeds several tables has an account for each, `path#record`."""
    return len({re.sub(r"#\w+$", "", file.file) for file in files})


def _districts(files: Iterable[FileReport]) -> list[dict[str, Any]]:
    by_district: dict[str, list[FileReport]] = defaultdict(list)
    for file in files:
        by_district[file.district_id].append(file)
    return [{"district_id": district, "files": _n_files(mine),
             "files_refused": _n_files(f for f in mine if f.refusal is not None)}
            | {field: sum(getattr(f, field) for f in mine) for field in _COUNTS}
            for district, mine in sorted(by_district.items())]


def _file(file: FileReport, rows: Mapping[tuple[str, str, str], list[int]]) -> dict[str, Any]:
    content = asdict(file)
    del content["superseded_by"]
    content["findings"] = [
        _stripped(finding | {"rows": rows.get((file.file, finding["rule"], finding["column"] or ""), [])})
        for finding in content["findings"]]
    return content


def _stripped(content: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in content.items() if value is not None and value not in ("", [])}


def _rows(quarantine: pd.DataFrame) -> dict[tuple[str, str, str], list[int]]:
    """Return the first spreadsheet rows that break a rule, by file, rule and column."""
    found: dict[tuple[str, str, str], list[int]] = {}
    keys = ["file", "rule", "column"]
    for (file, rule, column), mine in quarantine.assign(column=quarantine["column"].fillna("")).groupby(keys)["row"]:
        found[str(file), str(rule), str(column)] = sorted({int(row) for row in mine})[:MOST_ROWS_LISTED]
    return found


def _coverage(covered: Iterable[Covered]) -> list[dict[str, Any]]:
    def place(one: Covered) -> tuple[str, str, str]:
        return one.district_id, one.table, one.school_id or ""
    return [{"district_id": district, "table": table, "school_id": school or None,
             "years": [{"school_year": c.school_year, "state": c.state,
                        "rows": shown(c.rows) if "student_key" in TABLES[table].columns else f"{c.rows:,}"}
                       for c in mine]}
            for (district, table, school), mine in groupby(covered, key=place)]


def _level_shifts(found: Iterable[Shift]) -> list[dict[str, Any]]:
    """Return a record per series, with every change of it."""
    def series(shift: Shift) -> tuple[str, ...]:
        return shift.district_id, shift.unit_id, shift.table, shift.column, shift.code or ""
    return [_levels(list(mine)) for _, mine in groupby(found, key=series)]


def _levels(shifts: list[Shift]) -> dict[str, Any]:
    first = shifts[0]
    content = {key: getattr(first, key) for key in ("district_id", "unit_id", "table", "column", "code", "measure")}
    usual = None if first.usual is None else _number(first.usual, first.measure)
    changes = [_stripped({key: getattr(shift, key) for key in ("kind", "year_before", "year", "code_list")})
               for shift in shifts]
    return _stripped(content | {"unit": _UNITS[first.measure], "usual_change": usual, "changes": changes,
                                "levels": {str(p.school_year): _level(p, first.measure) for p in first.points}})


def _level(point: Point, measure: Measure) -> str:
    """Return a level in words; of 1-9 students or actions it is not told."""
    count = point.total if measure in ("share", "per_100_students") else FEWEST
    return "few" if 0 < count < FEWEST else _number(point.level, measure)


def _number(level: float, measure: Measure) -> str:
    return {"share": f"{100 * level:.0f}", "points": f"{level:.2f}"}.get(measure, f"{level:.1f}")
