"""Time by kind is added up: where one part is set aside, the sum of the others lies, so they are set aside too."""

from __future__ import annotations

from collections.abc import Sequence

import narwhals.stable.v2 as nw
import pandas as pd

from evaluation.engine import Frame, Session, collect
from evaluation.ingest.accepted import ROWS_PER_FILE
from evaluation.ingest.delivery.delivered import DeliveredFile
from evaluation.ingest.rules import KEEPS_NO_ROW, STUDENT_SCHOOL

_TYPES = {"student_key": "string", "school_id": "string", "school_year": "int64", "at": "int64"}
_STUDENT = ["student_key", "school_year"]
_ELSEWHERE = ("school_not_in_roster", "not_enrolled_at_school")


def with_whole_sums(marked: Frame, files: Sequence[DeliveredFile], session: Session) -> Frame:
    """Return judged parts with `lost_at`; those of a student, school and year that lack a part break `part_set_aside`.

    Of a part whose school cannot be read nobody knows which sum lacks it: every school's of the student and year does.
    One at a school that is not the student's may be there by a wrong id: it is taken to be lacking where the student
    has no time of its kind.

    Parameters
    ----------
    marked : judged `attendance_part` rows.
    files : those that the rows' `at` counts; their unreadable parts are not among the rows.
    """
    is_part = nw.col("source_grain") != "day"
    is_kept = nw.col("rule").is_null() | nw.col("rule").is_in(KEEPS_NO_ROW)
    broken = collect(marked.filter(is_part & ~is_kept).select(*STUDENT_SCHOOL, "at"))
    unread = _unread(files)
    is_named = unread["school_id"].notna()
    anywhere = unread.loc[~is_named, [*_STUDENT, "at"]]
    kinds = marked.filter(is_part & is_kept).select(*STUDENT_SCHOOL, "kind").unique()
    strays = marked.filter(is_part & nw.col("rule").is_in(_ELSEWHERE)).select(*_STUDENT, "kind", "at")
    stray = strays.join(kinds.select(*STUDENT_SCHOOL).unique(), on=_STUDENT, how="inner")
    lost = [broken, unread[is_named],
            collect(session.frame(anywhere).join(kinds.select(*STUDENT_SCHOOL).unique(), on=_STUDENT, how="inner")),
            collect(stray.join(kinds, on=[*STUDENT_SCHOOL, "kind"], how="anti"))]
    found = pd.concat([rows.astype(_TYPES)[list(_TYPES)] for rows in lost], ignore_index=True)
    first = found.groupby(list(STUDENT_SCHOOL), as_index=False).agg(lost_at=("at", "min"))
    rows = marked.join(session.frame(first), on=list(STUDENT_SCHOOL), how="left")
    lacks = is_part & is_kept & ~nw.col("lost_at").is_null()
    return rows.with_columns(rule=nw.when(lacks).then(nw.lit("part_set_aside")).otherwise(nw.col("rule")))


def hints(broken: pd.DataFrame, files: Sequence[DeliveredFile]) -> list[str]:
    """Return for rows (at, rule, lost_at) which part their sum lacks; nothing for rows of other rules."""
    def hint(at: int, lost_at: int) -> str:
        file = f" of {files[lost_at // ROWS_PER_FILE].path}" if at // ROWS_PER_FILE != lost_at // ROWS_PER_FILE else ""
        return f"Row {lost_at % ROWS_PER_FILE}{file} broke."
    return [hint(int(at), int(lost_at)) if rule == "part_set_aside" else ""
            for at, rule, lost_at in zip(broken["at"], broken["rule"], broken["lost_at"], strict=True)]


def _unread(files: Sequence[DeliveredFile]) -> pd.DataFrame:
    """Return whose parts the files hold that could not be read, as far as can be told."""
    found = [content.unread.assign(school_year=file.school_year, at=i * ROWS_PER_FILE + content.unread["row"])
             for i, file in enumerate(files) if (content := file.content) is not None]
    return pd.concat([rows.astype(_TYPES)[list(_TYPES)] for rows in found], ignore_index=True)
