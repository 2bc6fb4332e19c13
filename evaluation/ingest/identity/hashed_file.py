"""A delivered CSV file as a district hands it on that keeps its key: the declared columns, pseudonyms in place of ids.

Whatever the mapping does not read stays with the district: other columns, words before the header, and the cells of
rows that are not as wide as the header, where an id may stand in any place.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatch

from evaluation.ingest.identity.identified import identified
from evaluation.ingest.identity.pseudonym import pseudonyms, student_pseudonyms
from evaluation.ingest.mapping.schema import DistrictMapping, SourceTable
from evaluation.ingest.parsers import canonical_action_id, canonical_id
from evaluation.ingest.readers.containers import opened
from evaluation.ingest.readers.csv_records import csv_records, ends_with_line_end
from evaluation.ingest.readers.header import shown_name
from evaluation.ingest.readers.sheet import Sheet, header_of, read_sheet
from evaluation.ingest.readers.text import shown
from evaluation.ingest.records import Flaw, RefusedFileError
from evaluation.ingest.rulebook import REFUSE_FILE
from evaluation.ingest.values import Broken, Parser, identifier
from evaluation.ingest.versions import year_and_day

_EMPTIED = "emptied"
"""Stands in place of words that are not handed on, where the line has to be counted all the same."""


@dataclass(frozen=True)
class Copy:
    """A copy, what the columns that are not in it are called in messages, or why there is none."""

    content: bytes
    left_out: tuple[str, ...] = ()
    refused: tuple[Flaw, ...] = ()


@dataclass(frozen=True)
class _Declared:
    """A file's records in declared columns, those from `first` on its rows, and what the other columns are called."""

    rows: list[list[str]]
    header: list[str]
    first: int
    left_out: tuple[str, ...]


def copies(mapping: DistrictMapping, paths: Iterable[str], read: Callable[[str], bytes], *, key: bytes, state: str
           ) -> dict[str, Copy]:
    """Return a copy of each of a district's files by its path; ids of years that hold pseudonyms stay.

    Parameters
    ----------
    paths : files below the district's folder, `<school year>/<name>`.
    """
    made = {}
    for path in paths:
        found = year_and_day(path.partition("/")[0])
        tables = [table for table in mapping.tables.sent().values() if fnmatch(path, table.files)]
        if found is None or len(tables) != 1:
            hint = "It lies in no school year's folder." if found is None else "Several do." if tables else ""
            made[path] = Copy(b"", refused=(Flaw("unclaimed_file", hint=hint),))
            continue
        is_hashed = found[0] in mapping.student_id.hashed_with
        replaced = {} if is_hashed else replacements(mapping, tables[0], found[0], key=key, state=state)
        made[path] = copied(read(path), tables[0], replaced, found[0], name=path)
    return made


def copied(content: bytes, table: SourceTable, replaced: Mapping[str, Parser], school_year: int, *, name: str) -> Copy:
    """Return a copy of a CSV file with its declared columns, some of them replaced, every row in its place.

    The copy is in the declared encoding, as the mapping reads it. A cell to be replaced that is no id becomes empty,
    but a total stays one. It is refused as `evaluation check` refuses it: where it cannot be read, and where a declared
    column identifies people.

    Parameters
    ----------
    replaced : from a column's name to what becomes of its cells (`replacements`).
    school_year : end year, which tells at what dates pupils were born.
    name : the file's name, whose suffix must not say another kind than the content is.
    """
    try:
        kept, is_closed = _declared(content, table, name), ends_with_line_end(content)
        if not any(kept.rows[kept.first:]):
            return Copy(_written(kept.rows, table, is_closed=is_closed), kept.left_out)
        sheet = read_sheet(_written(kept.rows, table, is_closed=is_closed), table)
        lost = [column for column in replaced if column not in kept.header]
        if lost:
            raise RefusedFileError(Flaw("missing_column", column=lost[0], hint="A derived id is not replaced."))
        if found := tuple(identified(sheet, table, school_year)):
            return Copy(b"", refused=found)
        if found := tuple(_changed(sheet, replaced)):
            return Copy(b"", refused=found)
        places = {kept.header.index(column): parse for column, parse in replaced.items()}
        for number in sheet.rows:
            kept.rows[number - 1] = _with_replaced(kept.rows[number - 1], places)
        return Copy(_written(kept.rows, table, is_closed=is_closed), kept.left_out)
    except RefusedFileError as refused:
        return Copy(b"", refused=(refused.flaw,))


def replacements(mapping: DistrictMapping, table: SourceTable, school_year: int, *, key: bytes,
                 state: str) -> dict[str, Parser]:
    """Return by column of a table what becomes of students' and actions' ids; empty where it holds none."""
    student = student_pseudonyms(key, mapping.district_id, state, mapping.student_id.id_type)
    action = pseudonyms(key, mapping.district_id, "action_id")
    made: Mapping[str, Callable[[str], str]] = {
        "student_id": lambda text: student(canonical_id(text, mapping.student_id)),
        "action_id": lambda text: action(canonical_action_id(text, school_year)),
    }
    return {table.columns[field].column: identifier(make) for field, make in made.items() if field in table.columns}


def _declared(content: bytes, table: SourceTable, name: str) -> _Declared:
    """Return what a file holds in declared columns; a blank line has no cell."""
    file = opened(content, name)
    if file.kind != "csv" or file.content is not content or table.oneroster is not None:
        raise RefusedFileError(Flaw("not_a_table", hint="Ids can be replaced in plain CSV files alone."))
    records = list(csv_records(content, table))
    header, row = header_of(iter(records), table)
    places = [place for place, column in enumerate(header) if column in table.required()]
    if not places:
        raise RefusedFileError(Flaw("missing_column", row, table.required()[0], hint="The header may be missing."))
    first = row + table.label_rows
    rows = [[_EMPTIED] if record else [] for record in records[:first]]
    rows[row - 1] = [header[place] for place in places]
    rows += [_kept(record, places, len(header)) for record in records[first:]]
    left_out = tuple(shown_name(column, place, table) for place, column in enumerate(header, start=1)
                     if column not in table.required())
    return _Declared(rows, rows[row - 1], first, left_out)


def _kept(record: list[str], places: list[int], width: int) -> list[str]:
    """Return the declared cells; for a row of another width, or blank in them, a row that is set aside too."""
    if not any(cell.strip() for cell in record):
        return []
    kept = [record[place] for place in places] if len(record) == width else []
    return kept if any(cell.strip() for cell in kept) else _emptied(len(places))


def _emptied(width: int) -> list[str]:
    return [_EMPTIED] * (width + 1)


def _changed(sheet: Sheet, replaced: Mapping[str, Parser]) -> Iterator[Flaw]:
    """Yield the ids that a spreadsheet changed, for which the intake refuses a file."""
    for column, parse in replaced.items():
        text = sheet.columns[column]
        rules = {value: found.rule for value in text.values if isinstance(found := parse(value), Broken)}
        for rule in sorted(set(rules.values()) & set(REFUSE_FILE)):
            at = sheet.rows[text.is_in({value for value, broken in rules.items() if broken == rule})]
            yield Flaw(rule, int(at[0]), column, len(at))


def _with_replaced(row: list[str], places: Mapping[int, Parser]) -> list[str]:
    cells = [_replaced(shown(cell), places[place]) if place in places else cell for place, cell in enumerate(row)]
    return cells if any(cell.strip() for cell in cells) else _emptied(len(row))


def _replaced(text: str, parse: Parser) -> str:
    found = parse(text)
    if isinstance(found, str):
        return found
    return text if getattr(found, "rule", "") == "total_row" else ""


def _written(rows: list[list[str]], table: SourceTable, *, is_closed: bool) -> bytes:
    """Return records as a file; one that was cut off in its last line is so again."""
    out = io.StringIO()
    csv.writer(out, delimiter=table.delimiter, lineterminator="\n").writerows(rows)
    text = out.getvalue() if is_closed else out.getvalue().removesuffix("\n")
    try:
        return text.encode(table.encoding)
    except UnicodeEncodeError:
        raise RefusedFileError(Flaw("encoding")) from None
