"""Accepted attendance, judged a school year at a time: of no other table are there so many rows.

No rule of attendance looks beyond a school year, since a date outside of it is set aside before.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby

import narwhals.stable.v2 as nw
import pandas as pd

from evaluation.contracts import TABLES, conform
from evaluation.contracts.table import Table
from evaluation.engine import Frame, Session, collect
from evaluation.ingest.accepted import ROWS_PER_FILE, note_broken, resting_on
from evaluation.ingest.apart import Rows, is_empty, names
from evaluation.ingest.attendance_parts import attendance
from evaluation.ingest.delivery.delivered import DeliveredFile
from evaluation.ingest.rules import KEEPS_NO_ROW, judged
from evaluation.ingest.stacked import stacked, typed_as
from evaluation.ingest.typed import Typed
from evaluation.ingest.whole_sums import hints, with_whole_sums


def accepted_attendance(files: Sequence[DeliveredFile], tables: Mapping[str, pd.DataFrame], session: Session
                        ) -> tuple[str, Frame]:
    """Return accepted attendance and its table: `attendance_day` where it is daily, else `attendance`, which parts of
    attendance become too. Rows set aside by the table's rules are noted on their files.

    Parameters
    ----------
    tables : mapping
        The accepted `school_year`, `enrollment` and `school_session`, on which attendance rests.
    """
    taken = sorted((file for file in files if file.content is not None and not _is_nothing(file.content)),
                   key=lambda file: file.school_year)
    contract = TABLES["attendance"]
    found = []
    are_many = any(not isinstance(file.content.frame, pd.DataFrame) for file in taken if file.content is not None)
    for _, year in groupby(taken, key=lambda file: file.school_year if are_many else None):
        mine = [(file, file.content.frame) for file in year if file.content is not None]
        contract = TABLES[_table(names(mine[0][1]))]
        rows = _accepted(contract, mine, tables, session)
        if contract.name == "attendance_part":
            contract = TABLES["attendance"]
            parts = conform(collect(rows), "attendance_part")
            rows = session.kept(session.frame(
                attendance(parts, tables["enrollment"], tables.get("school_session"), session)))
        found.append(rows)
    if not found:
        found = [session.frame(conform(pd.DataFrame(columns=list(contract.columns)), contract.name))]
    return contract.name, nw.concat(found)


def _is_nothing(content: Typed) -> bool:
    """Return whether neither a row was read nor a part of a sum set aside."""
    return is_empty(content.frame) and content.unread.empty


def _table(columns: Sequence[str]) -> str:
    """Return the table that rows of a file are of: parts of attendance and daily attendance have one of their own."""
    if "day_parts" in columns:
        return "attendance_part"
    return "attendance_day" if "date" in columns else "attendance"


def _accepted(contract: Table, taken: Sequence[tuple[DeliveredFile, Rows]], tables: Mapping[str, pd.DataFrame],
              session: Session) -> Frame:
    """Return the accepted rows of files of one school year."""
    others = resting_on(tables, session)
    rows = _below_each_other(contract, [frame for _, frame in taken], session)
    repeated = rows.group_by(*contract.key).agg(n=nw.len()).filter(nw.col("n") > 1).head(1)
    marked = session.kept(judged(contract.name, rows, others.get("school_year"), others.get("enrollment"),
                                 sessions=others.get("school_session"), keys_repeat=len(collect(repeated)) > 0))
    files = [file for file, _ in taken]
    is_part = contract.name == "attendance_part"
    if is_part:
        marked = session.kept(with_whole_sums(marked, files, session))
    said = ["at", "rule", *(["lost_at"] if is_part else [])]
    broken = collect(marked.filter(~nw.col("rule").is_null()).select(*said).unique())
    broken = broken.sort_values(["at", "rule"], ignore_index=True)
    note_broken(files, broken.assign(hint=hints(broken, files) if is_part else ""))
    is_note = nw.col("rule").is_in(KEEPS_NO_ROW)
    accepted = marked.filter(nw.col("rule").is_null() | is_note).select(*contract.columns)
    return accepted.unique() if broken["rule"].isin(KEEPS_NO_ROW).any() else accepted


def _below_each_other(contract: Table, files: Sequence[Rows], session: Session) -> Frame:
    """Return the contract's columns of all files in its types, with `at`."""
    few = [rows.assign(at=i * ROWS_PER_FILE + rows["row"]) for i, rows in enumerate(files)
           if isinstance(rows, pd.DataFrame)]
    many = [rows.with_columns(at=i * ROWS_PER_FILE + nw.col("row")) for i, rows in enumerate(files)
            if not isinstance(rows, pd.DataFrame)]
    frames = [*([session.frame(typed_as(stacked(few), contract))] if few else []), *many]
    columns = [nw.col("at").cast(nw.Int64),
               *(nw.col(name).cast(nw.String() if contract.column(name).dtype == "string" else nw.Int64())
                 for name in contract.columns)]
    return nw.concat([frame.select(*columns) for frame in frames])
