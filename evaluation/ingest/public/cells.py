"""Group-level public data: a publisher's unmodified archive becomes cells, an intake report and a quarantine.

A published file covers every district of its state, so its intake row has `district_id` = `ALL_DISTRICTS`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from evaluation.contracts import TABLES, conform
from evaluation.errors import DeliveryError, StudyError
from evaluation.ingest.public.archive import matching, member_names, read_member
from evaluation.ingest.public.file import RULES, PublicFile, read_file
from evaluation.ingest.public.wide import read_wide
from evaluation.params import PublicTable, Study

ALL_DISTRICTS = "all"


@dataclass(frozen=True)
class PublicIntake:
    """Frames that conform to the contracts of the same names.

    `public_cell` has a row for every accepted published row and group and for nothing else; `n_students` is missing
    where no number is published, and `mean` is the percentage where `status` is `reported`.
    """

    public_cell: pd.DataFrame
    intake: pd.DataFrame
    quarantine: pd.DataFrame


@dataclass(frozen=True)
class _Read:
    table: PublicTable
    period: int
    name: str
    found: PublicFile


def read_public(folder: Path, study: Study) -> PublicIntake:
    """Read the study's public tables from the publisher's archive in `folder`.

    Only files of the study's periods are opened. Nothing is guessed: a cell the publisher does not list is not made,
    a suppressed cell stays a cell without a value, and every other row is in the quarantine with its rule.

    Raises
    ------
    DeliveryError
        The archive or a period's file is missing or doubled (says who publishes it), or the archive is unsafe.
    StudyError
        The study file does not say which archive and tables to read.
    """
    delivery = study.deliveries
    if delivery.archive is None or delivery.publisher is None or not delivery.tables:
        raise StudyError("public group-level data needs an archive, a publisher and tables.",
                         where="studies/, key deliveries", fix="See docs/studies/connecticut.md for an example.")
    if any((study.unit == "school") != (table.district_id_column is not None) for table in delivery.tables):
        raise StudyError("published schools need `unit: school` and `district_id_column`, districts neither.",
                         where="studies/, key deliveries.tables", fix="docs/delivery.md has an example of each.")
    archive = folder / delivery.archive
    names = member_names(archive, delivery.publisher)
    units = _units_by_code(study)
    reads = tuple(
        _Read(table, period, f"{archive.name}/{name}{'' if table.group_column else f'#{table.outcome}'}",
              (read_file if table.group_column else read_wide)(read_member(archive, name), table, units))
        for table in delivery.tables
        for period, name in _files_by_period(table, names, study, archive)
    )
    return PublicIntake(
        public_cell=conform(_frame("public_cell", _cells(reads)), "public_cell"),
        intake=conform(_frame("intake", _intake(reads)), "intake"),
        quarantine=conform(_frame("quarantine", _quarantine(reads)), "quarantine"),
    )


def _units_by_code(study: Study) -> dict[str, str]:
    is_national = all(table.district_id_column for table in study.deliveries.tables)
    if len({d.state for d in study.districts}) > 1 and not is_national:
        raise StudyError("a publisher's codes are unique within one state only.", where="studies/, key districts",
                         fix="Make one study per state.")
    return {d.id.partition("-")[2]: d.id for d in study.districts}


def _files_by_period(table: PublicTable, names: tuple[str, ...], study: Study, archive: Path
                     ) -> Iterator[tuple[int, str]]:
    """Yield (period, file) for every period the table is published for; none may be missing or doubled."""
    found: dict[int, list[str]] = {}
    for name in matching(names, table.files):
        years = re.search(table.period_pattern, name)
        if years is not None and (int(years["start"]) + 1) % 100 == int(years["end"]) % 100:
            found.setdefault(int(years["start"]) + 1, []).append(name)
    for period in study.periods.all():
        if table.first_period is not None and period < table.first_period:
            continue
        if len(found.get(period, [])) != 1:
            what = "two files" if period in found else "no file"
            raise DeliveryError(
                f"there is {what} like `{table.files}` for school year {period}, needed for {table.outcome}.",
                where=str(archive), fix=f"It is published by: {study.deliveries.publisher} Put the unmodified archive "
                                        f"`{archive.name}` into {archive.parent}.")
        yield period, found[period][0]


def _cells(reads: tuple[_Read, ...]) -> list[tuple[object, ...]]:
    def missing(value: float | None) -> object:
        return pd.NA if value is None else value
    return [("school" if read.table.district_id_column else "district", cell.unit_id, cell.district_id, "all",
             "school_year", read.period, read.table.dimension, cell.group_id, read.table.outcome,
             missing(cell.n_students), missing(cell.mean), cell.status)
            for read in reads for cell in read.found.cells]


def _intake(reads: tuple[_Read, ...]) -> list[tuple[object, ...]]:
    return [(ALL_DISTRICTS, read.period, "public_cell", read.name, read.found.rows_in,
             len({cell.row for cell in read.found.cells}), len(read.found.set_aside),
             read.found.rows_in if read.found.refusal else 0, read.found.refusal)
            for read in reads]


def _quarantine(reads: tuple[_Read, ...]) -> list[tuple[object, ...]]:
    return [(row.unit_id or ALL_DISTRICTS, read.period, "public_cell", read.name, row.row, row.column, row.rule,
             RULES[row.rule].fix)
            for read in reads for row in read.found.set_aside]


def _frame(table: str, rows: list[tuple[object, ...]]) -> pd.DataFrame:
    """Return a frame whose columns are the contract's, in its order."""
    return pd.DataFrame(rows, columns=list(TABLES[table].columns), dtype="object")
