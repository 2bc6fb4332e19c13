"""Files that are not this district's, or that rest on a table which was not accepted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pandas as pd

from evaluation.ingest.apart import Rows, distinct, names
from evaluation.ingest.delivery.delivered import DeliveredFile
from evaluation.ingest.mapping.schema import DistrictMapping
from evaluation.ingest.records import Flaw

MOST_STRANGERS = 0.5
"""Share of a file's students beyond which students who are not enrolled make it another district's."""


def refuse_foreign(files: Sequence[DeliveredFile], name: str, tables: Mapping[str, pd.DataFrame],
                   mapping: DistrictMapping) -> None:
    """Refuse files of table `name` that rest on a table not accepted, or whose schools or students are not here."""
    if name in ("school_session", "school_year"):
        return
    schools = _listed(files, "school_year", tables["school_year"])
    students = _listed(files, "enrollment", tables["enrollment"]) if "enrollment" in tables else {}
    sent = {file.school_year for file in files if file.table == "enrollment"}
    for file in files:
        if file.table != name or not file.stands or file.content is None or not file.content.n_good:
            continue
        flaw = _foreign(file, file.content.frame, schools.get(file.school_year, set()))
        if flaw is None and name != "enrollment":
            flaw = _strangers(file.content.frame, students.get(file.school_year, set()))
            if flaw is not None and file.school_year not in sent:
                flaw = replace(flaw, hint=f"It is looked for in `{mapping.tables.enrollment.files}`.")
        if flaw is not None:
            file.refuse(flaw)


def _listed(files: Sequence[DeliveredFile], table: str, accepted: pd.DataFrame) -> dict[int, set[str]]:
    """Return whom a table lists in every year of which it has accepted rows, those of rows set aside too.

    So a file is not taken for another district's because the list that it rests on is to be mended.
    """
    found: dict[int, set[str]] = {int(year): set() for year in set(accepted["school_year"])}
    for file in files:
        if file.table == table and file.stands and file.content is not None and file.school_year in found:
            found[file.school_year] |= file.content.listed
    return found


def _foreign(file: DeliveredFile, rows: Rows, roster: set[str]) -> Flaw | None:
    if not roster:
        return Flaw("no_roster")
    schools = distinct(rows, "school_id") if "school_id" in names(rows) else set()
    if schools and roster.isdisjoint(schools):
        return Flaw("another_district", count=file.rows_in,
                    hint="No school of the file is in this district's school list.")
    return None


def _strangers(rows: Rows, enrolled: set[str]) -> Flaw | None:
    if not enrolled:
        return Flaw("no_enrollment")
    mine = distinct(rows, "student_key")
    strangers = len(mine - enrolled)
    if strangers <= MOST_STRANGERS * len(mine):
        return None
    return Flaw("another_district", hint=f"{strangers:,} of {len(mine):,} students of the file are not enrolled in "
                                         "this district and year.")
