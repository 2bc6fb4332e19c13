"""The intake in tables and in words: per file, what came in and what became of it."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from evaluation.contracts import TABLES
from evaluation.errors import DeliveryError, ToleranceError
from evaluation.ingest.file_pattern import is_listed
from evaluation.ingest.records import FileReport
from evaluation.ingest.report.tolerance import over_tolerance

_NAMED = 5
_COUNTS = ("rows_in", "rows_accepted", "rows_quarantined", "rows_refused")


def intake(files: Iterable[FileReport]) -> pd.DataFrame:
    """Return one `intake` row per file."""
    columns = TABLES["intake"].columns
    return pd.DataFrame([[getattr(f, c) for c in columns] for f in files], columns=list(columns), dtype="object")


def summary(files: tuple[FileReport, ...], districts_without_files: Iterable[str], accept_without: tuple[str, ...],
            where: str) -> list[tuple[str, str]]:
    """Return what the stage says of a delivery: (line, colour), the account of all rows first."""
    unexpected, accepted = refused_files(files, accept_without)
    silent = sorted(districts_without_files)
    total = {field: sum(getattr(f, field) for f in files) for field in _COUNTS}
    colour = "red" if unexpected else "yellow" if accepted or silent else "green"
    lines = [(f"{len(files):,} file{'' if len(files) == 1 else 's'}, {total['rows_in']:,} rows in = "
              f"{total['rows_accepted']:,} accepted + {total['rows_quarantined']:,} set aside + "
              f"{total['rows_refused']:,} refused; report: {where}", colour)]
    marked = [(f, "red") for f in unexpected] + [(f, "yellow") for f in accepted]
    lines += [(f"Refused: {f.file}: {f.refusal}", shade) for f, shade in marked[:_NAMED]]
    if len(marked) > _NAMED:
        lines.append((f"… and {len(marked) - _NAMED:,} more refused files.", colour))
    if silent:
        lines.append((f"Districts that sent nothing: {', '.join(silent)}.", "yellow"))
    return lines


def stop_unless_usable(files: tuple[FileReport, ...], tolerance: float, accept_without: tuple[str, ...],
                       where: str) -> None:
    """Raise when a file was refused that the study does not go without, or too much of a table's year was set aside.

    Raises
    ------
    DeliveryError
        A refused file; names the first ones, where the report lies and the way out.
    ToleranceError
        Only rows set aside, more than tolerated; names the tables, years and shares.
    """
    over = [found.sentence for found in over_tolerance(files, tolerance)]
    refused, _ = refused_files(files, accept_without)
    if refused:
        names = _first([f.file for f in refused], "files")
        also = f" Rows set aside beyond the tolerance: {_first(over, 'tables and years')}." if over else ""
        raise DeliveryError(f"{len(refused):,} delivered file{' was' if len(refused) == 1 else 's were'} refused "
                            f"({names}).{also}", where=where,
                            fix="Mend them as it says, or list those the study knowingly goes without under "
                                "`deliveries.accept_without` in the study file.")
    if over:
        raise ToleranceError(f"too many rows were set aside ({_first(over, 'tables and years')}).", where=where,
                             fix="Mend the rows it lists, or raise `quarantine_tolerance` in the study file.")


def refused_files(files: Iterable[FileReport], accept_without: tuple[str, ...]
                  ) -> tuple[list[FileReport], list[FileReport]]:
    """Return the refused files that stop the run, and those that the study goes without."""
    unexpected: list[FileReport] = []
    accepted: list[FileReport] = []
    for file in sorted((f for f in files if f.refusal is not None), key=lambda f: f.file):
        (accepted if is_listed(file.file, accept_without) else unexpected).append(file)
    return unexpected, accepted


def _first(items: list[str], what: str) -> str:
    more = f"; and {len(items) - _NAMED:,} more {what}" if len(items) > _NAMED else ""
    return "; ".join(items[:_NAMED]) + more
