"""What late and corrected versions of a delivery changed, in numbers and in words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from evaluation.ingest.records import FileReport
from evaluation.ingest.report.compare import Difference

_NAMED = 5


@dataclass(frozen=True)
class Revision:
    """What a version of one table and school year changed against the version `before` it; both are folders."""

    before: str
    version: str
    difference: Difference


def told(revisions: Iterable[Revision], superseded: Iterable[FileReport], later: Sequence[str],
         as_of: str | None) -> dict[str, Any]:
    """Return what report.json says of versions: the snapshot, every change, files replaced and files left for later."""
    return {
        "as_of": as_of or "newest",
        "revisions": [{"version": r.version, "before": r.before} | r.difference.in_words() for r in revisions],
        "superseded_files": [asdict(f) for f in superseded],
        "delivered_after_as_of": list(later),
    }


def lines(revisions: Sequence[Revision], later: Sequence[str], as_of: str | None) -> list[str]:
    """Return what the stage says of versions: the first changes, and files that the snapshot leaves out."""
    said = [_line(r) for r in revisions[:_NAMED]]
    if len(revisions) > _NAMED:
        said.append(f"… and {len(revisions) - _NAMED:,} more late or corrected tables; report.json has all.")
    if later:
        said.append(f"As of {as_of}: {len(later):,} file{'' if len(later) == 1 else 's'} delivered later left out, "
                    f"first {later[0]}.")
    return said


def _line(revision: Revision) -> str:
    d = revision.difference
    rows = f"rows {d.added:,} added, {d.removed:,} removed, {d.changed:,} changed"
    students = "" if d.students_after is None else f"; students {d.students_before:,} before, {d.students_after:,} now"
    return f"{d.district_id}, {d.table}: {revision.version} replaces {revision.before}; {rows}{students}."
