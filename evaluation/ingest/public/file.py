"""One published group-level file: bytes in, cells and rows set aside out."""

from __future__ import annotations

import csv
import io
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from evaluation.ingest.records import Rule
from evaluation.params import PublicTable

RULES: Mapping[str, Rule] = {
    "row_length": Rule("The row has more or fewer fields than the header", "Fetch the file again."),
    "no_code": Rule("The row has no code; rows are matched by code, never by name",
                    "Nothing to do unless the publisher adds the code."),
    "total_row": Rule("The row is a total over all districts, which is no district", "Nothing to do."),
    "district_not_in_study": Rule(
        "The row is of a district that is not in the study",
        "Nothing to do, unless it should be: then add it to the study file, or check the code's leading zeros."),
    "unknown_group": Rule("The group's label is not declared; it is never counted as another group",
                          "Add the label to the table's `groups` in the study file."),
    "not_a_percentage": Rule("The value is no number from 0 to 100 and none of the publisher's codes",
                             "Declare a new code in the study file, or ask the publisher."),
    "not_a_count": Rule("The value is no whole number and none of the publisher's codes",
                        "Declare a new code in the study file, or ask the publisher."),
    "more_than_students": Rule("More students are counted than there are in the group", "Ask the publisher."),
    "duplicate_row": Rule("The same cell is listed again with the same value; the first row is used", "Nothing to do."),
    "conflicting_rows": Rule("The same cell is listed with different values, and none is used", "Ask the publisher."),
}
"""Every rule by which a row is set aside, and what can be done about it. A row is set aside by the first it breaks."""


@dataclass(frozen=True)
class Cell:
    """A published value: `mean` in percent, missing unless `status` is `reported`; `n_students` where it is known."""

    row: int
    unit_id: str
    group_id: str
    mean: float | None
    status: str
    n_students: int | None = None
    district: str | None = None

    @property
    def district_id(self) -> str:
        """The unit's district: the unit itself unless it is a school."""
        return self.district or self.unit_id


@dataclass(frozen=True)
class SetAside:
    """A row set aside: where it is and the rule it breaks; `unit_id` is missing when the row names no known unit."""

    row: int
    unit_id: str | None
    column: str | None
    rule: str


@dataclass(frozen=True)
class PublicFile:
    """What was read: rows_in = len(cells) + len(set_aside), or all rows refused for the reason in `refusal`."""

    rows_in: int
    cells: tuple[Cell, ...] = ()
    set_aside: tuple[SetAside, ...] = ()
    refusal: str | None = None


class RefusedTableError(Exception):
    """The file as a whole cannot be read; the message says why."""


@dataclass(frozen=True)
class _Layout:
    header_row: int
    width: int
    unit: int
    group: int
    value: int
    value_name: str


def read_file(content: bytes, table: PublicTable, units: Mapping[str, str]) -> PublicFile:
    """Read one published file.

    Title lines before the header are skipped; blank lines are no rows; rows are numbered as in a spreadsheet.

    Parameters
    ----------
    content : bytes
        The file, UTF-8, comma-separated.
    table : PublicTable
        What its columns, labels and codes mean.
    units : mapping of str to str
        Publisher's code → unit id, for every unit of the study.
    """
    group = table.group_column or ""
    try:
        records = list(records_of(content))
        layout = _find_header(records, table, group)
        rows = [(i, r) for i, r in enumerate(records, start=1) if i > layout.header_row and any(f.strip() for f in r)]
        if not rows:
            raise RefusedTableError("0 rows after the header")
    except RefusedTableError as refused:
        return refused_file(content, refused)
    read = [_read_row(number, record, layout, table, units) for number, record in rows]
    cells, repeated = _without_repeats([r for r in read if isinstance(r, Cell)], group)
    set_aside = sorted([*(r for r in read if isinstance(r, SetAside)), *repeated], key=lambda r: r.row)
    return PublicFile(len(rows), tuple(cells), tuple(set_aside))


def refused_file(content: bytes, refused: RefusedTableError) -> PublicFile:
    """Return a file refused with every line that is not blank."""
    return PublicFile(sum(1 for line in content.splitlines() if line.strip()), refusal=str(refused))


def records_of(content: bytes) -> Iterator[list[str]]:
    """Yield the records of a file, one after the other, so that a wide one is never held as a whole.

    Raises
    ------
    RefusedTableError
        It is no UTF-8 text, or a quote is not closed.
    """
    if b"\0" in content:
        raise RefusedTableError("holds NUL bytes")
    reader = csv.reader(io.TextIOWrapper(io.BytesIO(content), encoding="utf-8-sig", newline=""), strict=True)
    try:
        yield from reader
    except UnicodeDecodeError:
        raise RefusedTableError("not UTF-8 text") from None
    except csv.Error:
        raise RefusedTableError(f"a stray quote at line {reader.line_num}") from None


def _find_header(records: list[list[str]], table: PublicTable, group_column: str) -> _Layout:
    """Return where the first row is that names every needed column once, with exactly one of the value columns."""
    needed = (table.unit_id_column, table.name_column, group_column)
    for number, record in enumerate(records, start=1):
        names = [field.strip() for field in record]
        values = [name for name in names if name in table.value_columns]
        if all(names.count(name) == 1 for name in needed) and len(values) == 1:
            unit, _, group = (names.index(name) for name in needed)
            return _Layout(number, len(names), unit, group, names.index(values[0]), values[0])
    raise RefusedTableError(f"no header row names {', '.join(needed)} and one of {', '.join(table.value_columns)}")


def _read_row(number: int, record: list[str], at: _Layout, table: PublicTable, units: Mapping[str, str]
              ) -> Cell | SetAside:
    if len(record) != at.width:
        return SetAside(number, None, None, "row_length")
    code = unwrapped(record[at.unit])
    unit_id = units.get(code)
    if unit_id is None:
        rule = "total_row" if code in table.total_codes else "district_not_in_study" if code else "no_code"
        return SetAside(number, None, table.unit_id_column, rule)
    group_id = table.groups.get(record[at.group].strip())
    if group_id is None:
        return SetAside(number, unit_id, table.group_column, "unknown_group")
    status, mean = _status_and_mean(record[at.value].strip(), table)
    if status is None:
        return SetAside(number, unit_id, at.value_name, "not_a_percentage")
    return Cell(number, unit_id, group_id, mean, status)


def _status_and_mean(value: str, table: PublicTable) -> tuple[str | None, float | None]:
    """Return what the publisher says of a value, and the percentage; no status when it is neither number nor code."""
    if value in table.suppressed:
        return "suppressed", None
    if value in table.not_applicable:
        return "not_applicable", None
    if re.fullmatch(r"[0-9]{1,3}(\.[0-9]+)?", value) is None or float(value) > 100:
        return None, None
    return "reported", float(value)


def unwrapped(code: str) -> str:
    """Return a code without the `="…"` that keeps a spreadsheet from dropping its leading zeros."""
    found = re.fullmatch(r'="(.*)"', code.strip())
    return (found[1] if found else code).strip()


def _without_repeats(cells: list[Cell], column: str) -> tuple[list[Cell], list[SetAside]]:
    """Return the cells listed once; of equal repeats the first is kept, of different ones none."""
    alike: dict[tuple[str, str], list[Cell]] = defaultdict(list)
    for cell in cells:
        alike[cell.unit_id, cell.group_id].append(cell)
    kept: list[Cell] = []
    repeated: list[SetAside] = []
    for same in alike.values():
        is_equal = all(replace(cell, row=same[0].row) == same[0] for cell in same)
        kept += same[:1] if is_equal else []
        rule = "duplicate_row" if is_equal else "conflicting_rows"
        repeated += [SetAside(c.row, c.unit_id, column, rule) for c in (same[1:] if is_equal else same)]
    return kept, repeated
