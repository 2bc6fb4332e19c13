"""Delimited text, decoded and split as it streams by: a large file is never held as text."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from itertools import chain, islice

from evaluation.ingest.mapping.schema import SourceTable
from evaluation.ingest.records import Flaw, RefusedFileError

_MARKS = (b"\xff\xfe", b"\xfe\xff")
_WIDE = ("utf-16", "utf-32")
_AT_ONCE = 500
"""Few enough that the collector of garbage does not go through them again and again."""


def csv_records(content: bytes, table: SourceTable) -> Iterator[list[str]]:
    """Return the fields of every line, the header's too, as they are asked for; a blank line has none.

    Raises
    ------
    RefusedFileError
        Bytes are not of the declared encoding, a field goes on in the next line or is without end, or a quotation mark
        is not closed.
    """
    return chain.from_iterable(_pieces(content, _encoding(content, table), table.delimiter))


def _pieces(content: bytes, encoding: str, delimiter: str) -> Iterator[list[list[str]]]:
    with io.TextIOWrapper(io.BytesIO(content), encoding, newline=None) as text:
        reader = csv.reader(text, delimiter=delimiter, strict=True)
        done = 0
        try:
            while records := list(islice(reader, _AT_ONCE)):
                done += len(records)
                if reader.line_num > done:
                    row = 1 + next(i for i, record in enumerate(records) if any("\n" in field for field in record))
                    raise RefusedFileError(Flaw("line_break", done - len(records) + row), lines(content) - 1)
                yield records
        except csv.Error:
            is_long = len(_line(content, encoding, reader.line_num)) > csv.field_size_limit()
            raise RefusedFileError(Flaw("long_field" if is_long else "stray_quote", reader.line_num),
                                   lines(content) - 1) from None
        except UnicodeDecodeError:
            raise RefusedFileError(Flaw("encoding", _broken_line(content, encoding)), lines(content) - 1) from None


def _line(content: bytes, encoding: str, number: int) -> str:
    with io.TextIOWrapper(io.BytesIO(content), encoding, newline=None) as text:
        return next(islice(text, number - 1, None), "")


def csv_notes(content: bytes) -> tuple[Flaw, ...]:
    """Return what is unusual about a text file though it is read."""
    hints = (("It is UTF-16 with its mark.", content.startswith(_MARKS)),
             ("It begins with a byte-order mark.", content.startswith(b"\xef\xbb\xbf")),
             ("Lines end with a lone carriage return.", content.count(b"\r") > content.count(b"\r\n")
              and not content.startswith(_MARKS)))
    notes = [Flaw("read_as", hint=hint) for hint, is_so in hints if is_so]
    return (*notes, *(() if ends_with_line_end(content) else (Flaw("no_last_line_end"),)))


def lines(content: bytes) -> int:
    """Return how many lines a text has, blank ones too."""
    ends = content.count(b"\n") or content.count(b"\r")
    return ends + (not ends_with_line_end(content))


def ends_with_line_end(content: bytes) -> bool:
    """Return whether the last line is closed."""
    return content.endswith((b"\n", b"\r", b"\n\0", b"\r\0"))


def declared_encoding(table: SourceTable) -> str:
    """Return the codec of the encoding that a table declares; UTF-8 may begin with its mark."""
    declared = table.encoding.lower().replace("_", "-")
    return "utf-8-sig" if declared in {"utf-8", "utf8"} else declared


def _encoding(content: bytes, table: SourceTable) -> str:
    declared = declared_encoding(table)
    if content.startswith(_MARKS):
        return "utf-16"
    if b"\0" in content and not declared.startswith(_WIDE):
        at = content.index(b"\0")
        raise RefusedFileError(Flaw("nul_bytes", lines(content[:at] + b".")), lines(content) - 1)
    try:
        "".encode(declared)
        io.TextIOWrapper(io.BytesIO(b""), declared)
    except (LookupError, UnicodeError):
        hint = "The declared encoding does not exist."
        raise RefusedFileError(Flaw("encoding", hint=hint), lines(content) - 1) from None
    return declared_encoding(table)


def _broken_line(content: bytes, encoding: str) -> int | None:
    try:
        content.decode(encoding)
    except UnicodeDecodeError as error:
        return lines(content[:error.start] + b".")
    return None
