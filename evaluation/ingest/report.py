"""The intake in tables and in words: per file, what came in and what became of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

import pandas as pd

from evaluation.contracts import TABLES
from evaluation.errors import DeliveryError
from evaluation.ingest.records import FileReport

_NAMED = 5


def intake(files: Iterable[FileReport]) -> pd.DataFrame:
    """Return one `intake` row per file."""
    columns = TABLES["intake"].columns
    return pd.DataFrame([[getattr(f, c) for c in columns] for f in files], columns=list(columns), dtype="object")


def report(files: tuple[FileReport, ...], districts_without_files: Iterable[str], demo_key: bool) -> dict[str, Any]:
    """Return the content of report.json: totals, districts that sent nothing, and every file with its findings."""
    fields = ("rows_in", "rows_accepted", "rows_quarantined", "rows_refused")
    return {
        "totals": {field: sum(getattr(f, field) for f in files) for field in fields} | {"files": len(files)},
        "districts_that_sent_nothing": sorted(districts_without_files),
        "pseudonyms": "demonstration key: anybody can recompute them" if demo_key else "district's own key",
        "files": [_in_words(f) for f in sorted(files, key=lambda f: f.file)],
    }


def _in_words(file: FileReport) -> dict[str, Any]:
    content = asdict(file)
    content["findings"] = [{k: v for k, v in f.items() if v is not None and v != ""} for f in content["findings"]]
    return content


def refuse_unusable(files: tuple[FileReport, ...], tolerance: float, where: str) -> None:
    """Raise when everything of a district was refused, or more of its rows were set aside than tolerated.

    Raises
    ------
    DeliveryError
        Names the districts, the shares and where the report lies.
    """
    problems = []
    for district in sorted({f.district_id for f in files}):
        mine = [f for f in files if f.district_id == district]
        read = sum(f.rows_in - f.rows_refused for f in mine)
        aside = sum(f.rows_quarantined for f in mine)
        if all(f.refusal is not None for f in mine):
            problems.append(f"{district}: every file was refused")
        elif aside > tolerance * read:
            problems.append(f"{district}: {aside:,} of {read:,} rows were set aside ({100 * aside / read:.1f} %)")
    if problems:
        more = f"; and {len(problems) - _NAMED} more districts" if len(problems) > _NAMED else ""
        raise DeliveryError(f"the delivery cannot be used as it is ({'; '.join(problems[:_NAMED])}{more}).",
                            where=where,
                            fix="Mend the rows and files it lists, or raise `quarantine_tolerance` in the study file.")
