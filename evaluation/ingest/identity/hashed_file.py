"""A delivered CSV file with pseudonyms in place of ids: what a district can hand on that keeps its key to itself."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping

from evaluation.errors import DeliveryError
from evaluation.ingest.identity.pseudonym import pseudonyms, student_pseudonyms
from evaluation.ingest.mapping.schema import DistrictMapping, SourceTable
from evaluation.ingest.parsers import canonical_action_id, canonical_id
from evaluation.ingest.readers.csv_records import declared_encoding
from evaluation.ingest.values import Parser, identifier

_TITLE = "title"


def hashed(content: bytes, table: SourceTable, replaced: Mapping[str, Parser], where: str) -> bytes:
    """Return a CSV file with some columns replaced, every row in its place, in UTF-8 as the mapping still reads it.

    Lines before the header are emptied of words. A cell that is no id becomes empty, but a total, which stays one.

    Parameters
    ----------
    replaced : from a column's name to what becomes of its cells (`replacements`).

    Raises
    ------
    DeliveryError
        The file is not CSV in the declared encoding, or lacks such a column. The message never holds a value.
    """
    try:
        text = content.decode(declared_encoding(table))
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=table.delimiter, strict=True))
        header = [name.strip() for name in rows[table.title_rows]]
        places = {header.index(column): parse for column, parse in replaced.items()}
    except (UnicodeDecodeError, LookupError, csv.Error, IndexError, ValueError):
        raise DeliveryError("this is not the CSV file that mapping.yaml describes.", where=where,
                            fix="See what `evaluation check` says of it.") from None
    for row in rows[table.title_rows + 1:]:
        for place, parse in places.items():
            if place < len(row):
                row[place] = _replaced(row[place].strip(), parse)
    rows[:table.title_rows] = [[_TITLE]] * table.title_rows
    out = io.StringIO()
    csv.writer(out, delimiter=table.delimiter, lineterminator="\n").writerows(rows)
    return out.getvalue().encode(table.encoding)


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


def _replaced(text: str, parse: Parser) -> str:
    found = parse(text)
    if isinstance(found, str):
        return found
    return text if getattr(found, "rule", "") == "total_row" else ""
