"""What became of every row of a delivered file: its report, and the rows that were set aside."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pandas as pd

from evaluation.contracts import TABLES, conform
from evaluation.ingest.delivery.delivered import DeliveredFile
from evaluation.ingest.mapping.schema import DistrictMapping
from evaluation.ingest.records import FileReport, Flaw, findings, sentence
from evaluation.ingest.rulebook import RULES
from evaluation.ingest.rules import KEEPS_NO_ROW


def note_rosters(files: Sequence[DeliveredFile], mapping: DistrictMapping) -> None:
    """Note on rosters of years for which neither attendance nor discipline was sent that they hold neither."""
    more = {file.school_year for file in files if file.table in ("attendance", "discipline_action")}
    for file in files:
        if file.table == "enrollment" and mapping.tables.enrollment.oneroster and file.school_year not in more:
            file.notes += (Flaw("roster_alone"),)


def note_scales(files: Sequence[DeliveredFile]) -> None:
    """Note on survey files that answers were not checked against a scale."""
    for file in files:
        if file.table == "survey_response":
            file.notes += (Flaw("scale_not_checked"),)


def file_report(file: DeliveredFile, district_id: str) -> FileReport:
    """Return the account of one file: rows in = accepted + quarantined + refused."""
    aside = _set_aside(file)
    rows = {flaw.row for flaw in aside}
    name = f"{district_id}/{file.name}"
    if file.content is None or file.refusal is not None:
        found = findings("refused", [file.refusal or Flaw("unclaimed_file")], RULES)
        return FileReport(district_id, file.school_year, file.table, name, file.rows_in, 0, 0, file.rows_in,
                          sentence(found[0]), found, file.superseded_by)
    notes = [*file.notes, *file.content.notes, *(flaw for flaw in file.later if flaw.rule in KEEPS_NO_ROW)]
    accepted = file.content.n_good - len({flaw.row for flaw in file.later if flaw.rule not in KEEPS_NO_ROW})
    return FileReport(district_id, file.school_year, file.table, name, file.rows_in, accepted, len(rows), 0, None,
                      findings("quarantined", aside, RULES) + findings("note", notes, RULES), file.superseded_by)


def quarantine(files: Iterable[DeliveredFile], district_id: str) -> pd.DataFrame:
    """Return table `quarantine`: where the rows lie that were set aside, which rule each breaks, and how to fix it."""
    rows = [(district_id, file.school_year, file.table, f"{district_id}/{file.name}", flaw.row, flaw.column, flaw.rule,
             " ".join(part for part in (flaw.hint, RULES[flaw.rule].fix) if part))
            for file in files for flaw in dict.fromkeys(_set_aside(file))]
    return conform(pd.DataFrame(rows, columns=list(TABLES["quarantine"].columns), dtype="object"), "quarantine")


def _set_aside(file: DeliveredFile) -> list[Flaw]:
    """Return the flaws that set rows aside: of single cells, then of the table's rules."""
    if file.content is None:
        return []
    return [*file.content.flaws, *(flaw for flaw in file.later if flaw.rule not in KEEPS_NO_ROW)]
