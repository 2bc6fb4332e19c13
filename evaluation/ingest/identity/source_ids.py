"""The students' source ids of a district's files, in the form in which they are hashed. They stay in the district."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fnmatch import fnmatch

from evaluation.errors import DeliveryError
from evaluation.ingest.mapping.schema import DistrictMapping, SourceTable
from evaluation.ingest.parsers import canonical_id
from evaluation.ingest.readers.sheet import read_sheet
from evaluation.ingest.records import RefusedFileError, findings, sentence
from evaluation.ingest.rulebook import RULES
from evaluation.ingest.values import identifier
from evaluation.ingest.versions import year_and_day


def source_ids(mapping: DistrictMapping, paths: Iterable[str], read: Callable[[str], bytes]) -> set[str]:
    """Return the canonical student ids in those of a district's files that hold ids.

    Parameters
    ----------
    paths : str
        Files below the district's folder, `<school year>/<name>`.

    Raises
    ------
    DeliveryError
        A file cannot be read as its table; the message never holds a value.
    """
    parse = identifier(lambda text: canonical_id(text, mapping.student_id))
    found: set[str] = set()
    for path in paths:
        table = table_with_students(mapping, path)
        if table is None:
            continue
        try:
            texts = read_sheet(read(path), table).columns[table.columns["student_id"].column].values
        except RefusedFileError as refused:
            said = sentence(findings("refused", [refused.flaw], RULES)[0])
            raise DeliveryError(said, where=f"{mapping.district_id}/{path}", fix="See docs/delivery.md.") from None
        found |= {value for text in texts if isinstance(value := parse(text), str)}
    return found


def table_with_students(mapping: DistrictMapping, path: str) -> SourceTable | None:
    """Return the table that claims a file, if it holds students' ids that are not hashed yet."""
    found = year_and_day(path.partition("/")[0])
    if found is None or found[0] in mapping.student_id.hashed_with:
        return None
    return next((table for table in mapping.tables.sent().values()
                 if fnmatch(path, table.files) and "student_id" in table.columns), None)
