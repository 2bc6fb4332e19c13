"""A file nobody has mapped yet: how it is written, where its header is, and its columns."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain, islice

import numpy as np

from evaluation.ingest.identity.column_words import is_nobodys_name
from evaluation.ingest.mapping.schema import SourceTable
from evaluation.ingest.readers.containers import Opened, opened
from evaluation.ingest.readers.sheet import READERS
from evaluation.ingest.readers.text import coded, shown
from evaluation.ingest.readers.xlsx_records import sheet_titles
from evaluation.ingest.records import Flaw, RefusedFileError

_DELIMITERS = (",", ";", "\t", "|")
_LINES = 60
_TITLES = 15
_FEWEST_KNOWN = 2
_FIRST = 100_000
_PUBLISHED = frozenset({"LEAID", "COMBOKEY", "NCESSCH"})
_IMPORT_ID = '{"ImportId"'


class NoKnownHeaderError(Exception):
    """No line of a file names two known columns."""


@dataclass(frozen=True)
class Sample:
    """A file's columns: distinct trimmed values with how many rows hold each, by name in the header's order.

    `is_encoding_guessed`: the bytes are no UTF-8, and nothing in them says what they are. `title_rows` are the lines
    above the header that hold something, `label_rows` those below it that hold no answers: wording and import ids of a
    survey export. `sheet` is the one of several that has most known names.
    """

    path: str
    kind: str
    encoding: str
    is_encoding_guessed: bool
    delimiter: str
    title_rows: int
    label_rows: int
    sheet: str | None
    columns: Mapping[str, Counter[str]]
    rows: int


def read_sample(content: bytes, path: str, is_known: Callable[[str], bool]) -> Sample:
    """Return what a file holds. The header is the line among the first with most names that `is_known` knows.

    Raises
    ------
    RefusedFileError
        The file cannot be read.
    NoKnownHeaderError
        No line names at least two known columns. Nothing of the file may be repeated then, since the first line of a
        file without header is a student.
    """
    if not content:
        raise RefusedFileError(Flaw("empty_file"))
    file = opened(content, path)
    encoding, is_guessed = _encoding(file.content) if file.kind == "csv" else ("utf-8", False)
    delimiter = _delimiter(file.content, encoding) if file.kind == "csv" else ","
    how = {"files": "*", "encoding": encoding, "delimiter": delimiter, "columns": {}}
    try:
        sheet, first, records = None, *_begun(file, how)
    except RefusedFileError as refused:
        if refused.flaw.rule != "several_sheets":
            raise
        tried = [(name, *_begun(file, how | {"sheet": name})) for name in sheet_titles(file.content) if _is_told(name)]
        if not tried:
            raise
        sheet, first, records = max(tried, key=lambda one: max(_known_names(one[1], is_known), default=0))
    known = _known_names(first, is_known)
    at = known.index(max(known)) if known else 0
    if not known or known[at] < _FEWEST_KNOWN:
        raise NoKnownHeaderError
    header = [shown(name) for name in first[at]]
    labels = next((n for n, record in enumerate(first[at + 1:at + 3], start=1)
                   if any(field.lstrip().startswith(_IMPORT_ID) for field in record)), 0)
    body = coded(chain(first[at + 1 + labels:], records), len(header), at + 2 + labels)
    columns: dict[str, Counter[str]] = {}
    for name, column in zip(header, body.columns, strict=True):
        counts = np.bincount(column.codes, minlength=len(column.values))
        values: Counter[str] = Counter()
        for value, n in zip(column.values, counts, strict=True):
            values[shown(value)] += int(n)
        columns.setdefault(name, values)
    return Sample(path, file.kind, encoding, is_guessed, delimiter, sum(map(bool, first[:at])), labels, sheet, columns,
                  len(body.rows) + len(body.odd))


def _begun(file: Opened, how: Mapping[str, object]) -> tuple[list[list[str]], Iterator[list[str]]]:
    """Return the first records, and the others yet to come."""
    records = READERS[file.kind](file.content, SourceTable.model_validate(how))
    return list(islice(records, _TITLES + 1)), records


def _known_names(records: Iterable[list[str]], is_known: Callable[[str], bool]) -> list[int]:
    return [len({name for field in record if is_known(name := field.strip())}) for record in records]


def _is_told(sheet: str) -> bool:
    """Return whether a sheet's name may be repeated."""
    return re.fullmatch(r"(?i)sheet ?\d+", sheet) is not None or is_nobodys_name(sheet)


def first_fields(content: bytes) -> frozenset[str]:
    """Return the fields of the first line, as far as commas divide text."""
    line = content[:_FIRST].removeprefix(b"\xef\xbb\xbf").partition(b"\n")[0].decode("latin-1")
    return frozenset(field.strip().strip('"') for field in line.split(","))


def is_published(content: bytes) -> bool:
    """Return whether text is a file that a public agency publishes, by its columns for districts or schools."""
    return not _PUBLISHED.isdisjoint(first_fields(content))


def _encoding(content: bytes) -> tuple[str, bool]:
    """Return (encoding, whether it is a guess)."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16", False
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return "cp1252", True
    return "utf-8", False


def _delimiter(content: bytes, encoding: str) -> str:
    """Return the mark that splits most of the first lines into the same number of fields."""
    text = io.StringIO(content[:200_000].decode(encoding, errors="replace"), newline=None)
    lines = list(islice(text, _LINES))

    def agreement(mark: str) -> tuple[int, int]:
        widths: Counter[int] = Counter()
        with suppress(csv.Error):  # a field without end: the reader refuses the file, and says where
            for record in csv.reader(lines, delimiter=mark):
                if len(record) > 1:
                    widths[len(record)] += 1
        (width, count) = widths.most_common(1)[0] if widths else (0, 0)
        return count, width
    return max(_DELIMITERS, key=agreement)
