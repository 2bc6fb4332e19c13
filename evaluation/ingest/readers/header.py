"""Whether a file's header can be trusted, and how its names may be repeated in a message."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from difflib import get_close_matches

from evaluation.ingest.identity.column_words import is_nobodys_name
from evaluation.ingest.identity.identifiers import kind_of_header, kinds_in_names
from evaluation.ingest.mapping.schema import SourceTable
from evaluation.ingest.records import Flaw, RefusedFileError

TITLES_SEARCHED = 15
_MARK = {"\ufeff": "BYTE-ORDER MARK"}
_SIMILAR = 0.6
_SOME = 0.5
"""Share of the declared columns from which on a line is a header."""


def check_header(header: list[str], row: int, below: Iterable[tuple[int, list[str]]], n_rows: int, table: SourceTable
                 ) -> None:
    """Refuse a header that lacks a declared column, names one twice or names what identifies a person.

    Parameters
    ----------
    row : int
        The header's spreadsheet row.
    below : (row, fields)
        The next rows, searched for the true header.
    n_rows : int
        Rows below the header, as far as can be told.

    Raises
    ------
    RefusedFileError
        The first thing that is wrong.
    """
    required = table.required()
    missing = [name for name in required if name not in header]
    if missing:
        for number, record in below:
            if set(required) <= {field.strip() for field in record}:
                raise RefusedFileError(Flaw("title_rows", number, hint=f"The header is in row {number}."), n_rows)
        hint = (_other_delimiter(header) or _alike(missing, header) or _no_header(len(missing), len(required))
                or _nearest(missing[0], header, table))
        raise RefusedFileError(Flaw("missing_column", row, missing[0], hint=hint), n_rows)
    for place, name in enumerate(header):
        if name and name in header[:place]:
            hint = f"They are columns {header.index(name) + 1} and {place + 1}."
            raise RefusedFileError(Flaw("duplicate_column", row, shown_name(name, place + 1, table), hint=hint), n_rows)
    free = [name for name in header if name and name not in (*required, *table.drop)]
    named = kinds_in_names(free)
    for name in header:
        kind = kind_of_header(name, is_declared=name in required) or named.get(name)
        if kind is not None:
            shown = shown_name(name, header.index(name) + 1, table)
            raise RefusedFileError(Flaw("identifiable_column", row, shown, hint=f"Kind: {kind}."), n_rows)


def shown_name(name: str, place: int, table: SourceTable) -> str:
    """Return a column's name, or its place where an undeclared name could be a value."""
    return name if is_nobodys_name(name) or name in (*table.required(), *table.drop) else f"column {place}"


def _other_delimiter(header: list[str]) -> str:
    """Name the mark that seems to part the columns of a header that was read as one."""
    other = next((mark for mark in (";", "\t", "|", ",") if len(header) == 1 and mark in header[0]), None)
    if other is None:
        return ""
    return f"The header is one column and holds `{'tab' if other == chr(9) else other}`: declare `delimiter`."


def _alike(missing: Iterable[str], header: list[str]) -> str:
    """Say by what a column's name differs from the declared one that looks the same, or nearly so."""
    looks = {_looks(name): (place, name) for place, name in enumerate(header, start=1) if name}
    wanted = next((name for name in missing if _looks(name) in looks), None)
    if wanted is None:
        return ""
    place, name = looks[_looks(wanted)]
    odd = sorted({_MARK.get(c, unicodedata.name(c, f"U+{ord(c):04X}")) for c in {*name} ^ {*wanted}
                  if not c.isascii() or (c.isspace() and c != " ")})
    by = [f"the character {character}" for character in odd]
    if not odd:
        by = ["capitals"] * (_spaced(name) != _spaced(wanted)) + ["spaces"] * (name.casefold() != wanted.casefold())
    return f"The name of column {place} differs from `{wanted}` only by {' and '.join(by)}: write both alike."


def _looks(name: str) -> str:
    """Return a name without what the eye passes over: capitals, spaces and unseen characters."""
    return "".join(c for c in unicodedata.normalize("NFKC", name).casefold() if unicodedata.category(c)[0] not in "ZC")


def _spaced(name: str) -> str:
    return "".join(name.split())


def _no_header(n_missing: int, n_declared: int) -> str:
    """Say that a line with hardly any declared column may be no header; its cells may be values, so none is named."""
    n_found = n_declared - n_missing
    if n_found >= _SOME * n_declared:
        return ""
    return (f"{n_found or 'None'} of the {n_declared} columns that mapping.yaml names {'are' if n_found > 1 else 'is'} "
            "in this line: the header may be missing (then export the file with one), or stand in another line.")


def _nearest(wanted: str, header: list[str], table: SourceTable) -> str:
    """Name the most similar undeclared column; its place, where its name could be a value."""
    free = {name.casefold(): name for name in header
            if name and name not in table.required() and not any(c.isdigit() for c in name)}
    close = get_close_matches(wanted.casefold(), list(free), n=1, cutoff=_SIMILAR)
    if not close:
        return ""
    name = free[close[0]]
    shown = f"`{name}`" if is_nobodys_name(name) else f"that of column {header.index(name) + 1}"
    return f"The nearest name in the file is {shown}."
