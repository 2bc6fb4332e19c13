"""The report of a published archive: the same account and verdict as of a district's delivery."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from evaluation.ingest.public.cells import PublicIntake
from evaluation.ingest.public.file import RULES
from evaluation.ingest.records import FileReport, Finding
from evaluation.ingest.report.content import report_content
from evaluation.params import Study


def public_files(found: PublicIntake) -> tuple[FileReport, ...]:
    """Return the account of every published file, with what of it was set aside or refused."""
    aside = _set_aside(found)
    rows = found.intake.astype("object").where(found.intake.notna(), None).to_dict("records")
    return tuple(FileReport(**{str(column): value for column, value in row.items()},
                            findings=(*_refused(row["refusal"], row["rows_refused"]), *aside[row["file"]]))
                 for row in rows)


def public_content(found: PublicIntake, study: Study, *, definitions: str) -> dict[str, Any]:
    """Return the content of report.json."""
    return report_content(public_files(found), found.quarantine, {}, tolerance=study.quarantine_tolerance,
                          accept_without=study.deliveries.accept_without, silent=(), definitions=definitions,
                          pseudonyms="none: no row is about a person")


def _set_aside(found: PublicIntake) -> dict[str, tuple[Finding, ...]]:
    """Return findings by file: every rule with its first row and how many rows break it."""
    by_file: dict[str, list[Finding]] = defaultdict(list)
    rows = found.quarantine.astype("object").where(found.quarantine.notna(), None)
    for (file, rule), mine in rows.groupby(["file", "rule"], sort=True):
        first = mine.sort_values("row").iloc[0]
        by_file[str(file)].append(Finding("quarantined", str(rule), int(first["row"]), first["column"], len(mine),
                                          RULES[str(rule)].what, RULES[str(rule)].fix))
    return defaultdict(tuple, {file: tuple(findings) for file, findings in by_file.items()})


def _refused(refusal: str | None, rows: int) -> tuple[Finding, ...]:
    if refusal is None:
        return ()
    what = "The file is not as the study declares it"
    return (Finding("refused", "not_as_declared", None, None, rows, what, refusal),)
