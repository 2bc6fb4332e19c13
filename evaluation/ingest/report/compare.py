"""What changed between two deliveries: rows and students added, removed and changed, table by table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import narwhals.stable.v2 as nw

from evaluation.contracts import TABLES
from evaluation.engine import Frame, collect
from evaluation.ingest.report.small_counts import shown

_PLACE = ("district_id", "school_year")


@dataclass(frozen=True)
class Difference:
    """One table of one district and school year in two deliveries.

    rows_after = rows_before + added - removed. A changed row keeps its key and differs in another column; `columns` are
    those that differ anywhere. Students are missing for tables that name none.
    """

    district_id: str
    table: str
    school_year: int
    rows_before: int
    rows_after: int
    added: int
    removed: int
    changed: int
    columns: tuple[str, ...]
    students_before: int | None
    students_after: int | None

    @property
    def is_same(self) -> bool:
        """Whether no row was added, removed or changed."""
        return not (self.added or self.removed or self.changed)

    def in_words(self) -> dict[str, Any]:
        """Return the record for a report, its counts as `small_counts` shows them; a school list's are exact."""
        names_students = self.students_after is not None
        return {key: shown(value) if isinstance(value, int) and key != "school_year" and names_students else value
                for key, value in asdict(self).items()} | {"columns": list(self.columns)}


def compare(before: Mapping[str, Frame], after: Mapping[str, Frame]) -> tuple[Difference, ...]:
    """Return a record for every district, table and school year that either delivery has, in that order.

    Parameters
    ----------
    before, after : canonical rows by table, whose pseudonyms were made with one key; a table may be absent from either.
    """
    order = list(TABLES)
    found = [difference for name in order if name in before or name in after
             for difference in _differences(name, *_both(before.get(name), after.get(name)))]
    return tuple(sorted(found, key=lambda d: (d.district_id, order.index(d.table), d.school_year)))


def _both(before: Frame | None, after: Frame | None) -> tuple[Frame, Frame]:
    """Return both frames; an absent one is empty."""
    known = before if before is not None else after
    assert known is not None
    nothing = known.head(0)
    return (nothing if before is None else before), (nothing if after is None else after)


def _differences(name: str, before: Frame, after: Frame) -> list[Difference]:
    contract = TABLES[name]
    key = list(contract.key)
    rest = [c for c in contract.columns if c not in key]
    old = before.select(*contract.columns).rename({c: f"old_{c}" for c in contract.columns})
    new = after.select(*contract.columns)
    rows = new.join(old, how="full", left_on=key, right_on=[f"old_{c}" for c in key])
    is_new, is_old = ~nw.col(key[0]).is_null(), ~nw.col(f"old_{key[0]}").is_null()
    marked = rows.with_columns(
        *(nw.coalesce(nw.col(c), nw.col(f"old_{c}")).alias(f"at_{c}") for c in _PLACE),
        was=is_old.cast(nw.Int64), now=is_new.cast(nw.Int64), kept=(is_new & is_old).cast(nw.Int64),
        **{f"differs_{c}": (is_new & is_old & _is_unlike(c)).cast(nw.Int64) for c in rest})
    marked = marked.with_columns(changed=nw.max_horizontal(*(f"differs_{c}" for c in rest)))
    sums = ("was", "now", "kept", "changed", *(f"differs_{c}" for c in rest))
    summed = collect(marked.group_by(*(f"at_{c}" for c in _PLACE)).agg(*(nw.col(c).sum() for c in sums)))
    students_before, students_after = _students(name, before), _students(name, after)
    found = []
    for row in summed.to_dict("records"):
        at = (str(row["at_district_id"]), int(row["at_school_year"]))
        was, now, kept = int(row["was"]), int(row["now"]), int(row["kept"])
        found.append(Difference(
            at[0], name, at[1], was, now, now - kept, was - kept, int(row["changed"]),
            tuple(c for c in rest if int(row[f"differs_{c}"])),
            None if students_before is None else students_before.get(at, 0),
            None if students_after is None else students_after.get(at, 0)))
    return found


def _is_unlike(column: str) -> nw.Expr:
    """Whether the two values of a column differ; two missing values do not."""
    new, old = nw.col(column), nw.col(f"old_{column}")
    return (new != old).fill_null(False) | (new.is_null() != old.is_null())


def _students(name: str, frame: Frame) -> dict[tuple[str, int], int] | None:
    if "student_key" not in TABLES[name].columns:
        return None
    counted = collect(frame.select(*_PLACE, "student_key").unique().group_by(*_PLACE).agg(n=nw.len()))
    return {(str(d), int(y)): int(n)
            for d, y, n in zip(counted["district_id"], counted["school_year"], counted["n"], strict=True)}
