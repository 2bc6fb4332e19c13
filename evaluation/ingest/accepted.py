"""The accepted rows of a table: files one below the other, judged by its rules, in its contract.

Attendance has many more rows than the other tables together, and a way of its own (`accepted_attendance.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields

import narwhals.stable.v2 as nw
import pandas as pd

from evaluation.contracts import TABLES, conform
from evaluation.engine import Frame, Session, collect
from evaluation.ingest.delivery.delivered import DeliveredFile
from evaluation.ingest.mergers import Listed, impossible_mergers
from evaluation.ingest.records import Flaw
from evaluation.ingest.rules import KEEPS_NO_ROW, judged
from evaluation.ingest.stacked import stacked, typed_as
from evaluation.params import Study

ROWS_PER_FILE = 100_000_000
"""Most rows of a file: `at` counts so many for each file before."""
_BAND_ORDER = ("elementary", "middle", "high", "all")


def accepted_rows(name: str, files: Sequence[DeliveredFile], tables: Mapping[str, pd.DataFrame], study: Study,
                  session: Session) -> pd.DataFrame:
    """Return the accepted rows of a table; rows set aside by its rules are noted on their files.

    Parameters
    ----------
    tables : mapping
        The tables accepted before, on which this one rests.
    """
    taken = [(file, file.content.frame) for file in files
             if file.content is not None and isinstance(file.content.frame, pd.DataFrame) and len(file.content.frame)]
    if not taken:
        return conform(pd.DataFrame(columns=list(TABLES[name].columns)), name)
    frame = stacked([rows.assign(at=i * ROWS_PER_FILE + rows["row"]) for i, (_, rows) in enumerate(taken)])
    contract = TABLES[name]
    if name == "school_year":
        frame = _described(frame, tables, study)
    frame = typed_as(frame, contract)
    broken = _broken(name, frame, tables, session)
    if name == "school_year":
        broken = _with_mergers(broken, frame, study)
    note_broken([file for file, _ in taken], broken.assign(hint=""))
    is_note = broken["rule"].isin(KEEPS_NO_ROW)
    kept = frame.loc[~frame["at"].isin(broken.loc[~is_note, "at"]), list(contract.columns)]
    return conform(kept.drop_duplicates() if is_note.any() else kept, name)


def note_broken(files: Sequence[DeliveredFile], broken: pd.DataFrame) -> None:
    """Note on files their rows among `broken` (at, rule, hint); the i-th file's `at` begin at i * ROWS_PER_FILE."""
    for i, file in enumerate(files):
        mine = broken[broken["at"] // ROWS_PER_FILE == i]
        file.later = tuple(Flaw(rule, int(at) % ROWS_PER_FILE, hint=hint)
                           for at, rule, hint in zip(mine["at"], mine["rule"], mine["hint"], strict=True))


def resting_on(tables: Mapping[str, pd.DataFrame], session: Session) -> dict[str, Frame]:
    """Return the tables accepted before that rules look into, as frames."""
    return {name: session.frame(tables[name]) for name in ("school_year", "enrollment", "school_session")
            if name in tables}


def _broken(name: str, frame: pd.DataFrame, tables: Mapping[str, pd.DataFrame], session: Session) -> pd.DataFrame:
    """Return (at, rule) of rows that break a rule of the table, in order."""
    others = resting_on(tables, session)
    rows = judged(name, session.frame(frame), others.get("school_year"), others.get("enrollment"),
                  sessions=others.get("school_session"))
    found = collect(rows.filter(~nw.col("rule").is_null()).select("at", "rule").unique())
    return found.sort_values(["at", "rule"], ignore_index=True)


def _with_mergers(broken: pd.DataFrame, schools: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Return (at, rule) of schools with those whose merger cannot be."""
    good = schools.loc[~schools["at"].isin(broken["at"]), [field.name for field in fields(Listed)]]
    rows = (Listed(*row) for row in good.astype("object").where(good.notna(), None).itertuples(index=False))
    found = pd.DataFrame(impossible_mergers(rows, {merger.id for merger in study.lineage}), columns=["at", "rule"])
    return pd.concat([broken, found], ignore_index=True) if len(found) else broken


def _described(schools: pd.DataFrame, tables: Mapping[str, pd.DataFrame], study: Study) -> pd.DataFrame:
    """Return schools with their calendar's days, where the file has none, and their grade band."""
    if "calendar_days" not in schools:
        schools = schools.merge(_calendar_days(tables["school_session"]), on=["school_id", "school_year"], how="left")
    return schools.assign(grade_band=[_band(low, high, study) for low, high in
                                      zip(schools["grade_low"], schools["grade_high"], strict=True)])


def _calendar_days(sessions: pd.DataFrame) -> pd.DataFrame:
    """Return the instructional days of every school and year whose calendar was accepted."""
    return sessions.groupby(["school_id", "school_year"], as_index=False).agg(calendar_days=("session_days", "sum"))


def _band(low: int, high: int, study: Study) -> str:
    """Return the study's grade band with most of the school's grades (the earlier in a tie), or nothing."""
    def shared(band: tuple[int, int]) -> int:
        return min(high, band[1]) - max(low, band[0]) + 1
    bands = sorted(study.grade_bands.items(), key=lambda item: (-shared(item[1]), _BAND_ORDER.index(item[0])))
    return bands[0][0] if shared(bands[0][1]) > 0 else ""
