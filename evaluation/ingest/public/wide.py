"""A published file with a row per school, or district, and columns of counts per group: bytes in, cells out."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from evaluation.ingest.public.file import (
    Cell,
    PublicFile,
    RefusedTableError,
    SetAside,
    records_of,
    refused_file,
    unwrapped,
)
from evaluation.params import PublicTable

_NUMBER = re.compile(r"[0-9]+")
_GROUP = "{group}"


@dataclass(frozen=True)
class _Places:
    """Where the needed columns stand: of the unit, of its district, and per group of counts and of all students."""

    width: int
    unit: int
    district: int | None
    counts: Mapping[str, Sequence[int]]
    students: Mapping[str, Sequence[int]]


def read_wide(content: bytes, table: PublicTable, units: Mapping[str, str]) -> PublicFile:
    """Read one published file of counts; its other columns are not looked at.

    A group's value is 100 × the sum of its `value_columns` / the sum of its `of_columns`. A group that a code of the
    publisher hides in any of its columns has that code's status and no value; without students it is not applicable. A
    row is set aside as a whole by the first group that breaks a rule.

    Parameters
    ----------
    content : bytes
        The file, UTF-8, comma-separated.
    table : PublicTable
        What its columns and codes mean.
    units : mapping of str to str
        Publisher's code, in lower case as in ids → district id, for every district of the study.
    """
    rows = 0
    units_read: dict[str, list[list[Cell]]] = {}
    aside: list[SetAside] = []
    try:
        records = records_of(content)
        header = next((record for record in records if any(record)), [])
        places = _places([name.strip() for name in header], table)
        for number, record in enumerate(records, start=2):
            if not any(record):
                continue
            rows += 1
            read = _read_row(number, record, places, table, units)
            if isinstance(read, SetAside):
                aside.append(read)
            else:
                units_read.setdefault(read[0].unit_id, []).append(read)
        if not rows:
            raise RefusedTableError("0 rows after the header")
    except RefusedTableError as refused:
        return refused_file(content, refused)
    cells: list[Cell] = []
    for same in units_read.values():
        is_equal = all(_content(row) == _content(same[0]) for row in same)
        cells += same[0] if is_equal else []
        rule = "duplicate_row" if is_equal else "conflicting_rows"
        aside += [SetAside(row[0].row, row[0].district_id, table.unit_id_column, rule)
                  for row in (same[1:] if is_equal else same)]
    return PublicFile(rows, tuple(sorted(cells, key=lambda c: c.row)), tuple(sorted(aside, key=lambda a: a.row)))


def _content(row: Sequence[Cell]) -> list[Cell]:
    return [replace(cell, row=0) for cell in row]


def _places(header: Sequence[str], table: PublicTable) -> _Places:
    def named(name: str) -> int:
        if header.count(name) != 1:
            raise RefusedTableError(f"no header row names {name} once")
        return header.index(name)

    def by_group(columns: Sequence[str]) -> dict[str, Sequence[int]]:
        return {group: [named(name.replace(_GROUP, label)) for name in columns]
                for label, group in table.groups.items()}
    district = None if table.district_id_column is None else named(table.district_id_column)
    return _Places(len(header), named(table.unit_id_column), district, by_group(table.value_columns),
                   by_group(table.of_columns))


def _read_row(number: int, record: Sequence[str], at: _Places, table: PublicTable, units: Mapping[str, str]
              ) -> list[Cell] | SetAside:
    if len(record) != at.width:
        return SetAside(number, None, None, "row_length")
    code = unwrapped(record[at.unit]).lower()
    outer = code if at.district is None else unwrapped(record[at.district]).lower()
    district = units.get(outer)
    if district is None or not code:
        rule = "total_row" if outer in table.total_codes else "district_not_in_study" if outer and code else "no_code"
        return SetAside(number, None, table.district_id_column or table.unit_id_column, rule)
    unit = district if at.district is None else f"{district}-{code}"
    cells = []
    for group in at.counts:
        counts = _total([record[i] for i in at.counts[group]], table)
        students = _total([record[i] for i in at.students[group]], table)
        label = next(label for label, id_ in table.groups.items() if id_ == group)
        if counts is None or students is None:
            column = table.value_columns if counts is None else table.of_columns
            return SetAside(number, district, column[0].replace(_GROUP, label), "not_a_count")
        if isinstance(counts, int) and isinstance(students, int) and counts > students:
            return SetAside(number, district, table.value_columns[0].replace(_GROUP, label), "more_than_students")
        cells.append(_valued(Cell(number, unit, group, None, "", None, district), counts, students))
    return cells


def _valued(cell: Cell, counts: int | str, students: int | str) -> Cell:
    """Return the cell with its percentage, or with the status that hides it."""
    hidden = next((status for status in (counts, students) if isinstance(status, str)), None)
    if hidden is None and students != 0:
        return replace(cell, mean=100 * int(counts) / int(students), status="reported", n_students=int(students))
    n = None if isinstance(students, str) else students
    return replace(cell, status=hidden or "not_applicable", n_students=n)


def _total(values: Sequence[str], table: PublicTable) -> int | str | None:
    """Return the sum of counts; the status where a code hides one; nothing where a value is neither."""
    codes = (("suppressed", table.suppressed), ("not_published", table.not_published),
             ("not_applicable", table.not_applicable))
    texts = [value.strip() for value in values]
    hidden = [status for status, named in codes if any(text in named for text in texts)]
    known = {text for _, named in codes for text in named}
    if not all(text in known or _NUMBER.fullmatch(text) for text in texts):
        return None
    return hidden[0] if hidden else sum(int(text) for text in texts)
