"""Columns of text in little memory: every distinct text once, and a code per row."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

import numpy as np
from numpy.typing import NDArray

_AT_ONCE = 500
_SHOWN = re.compile(r'="([^"]*)"')


@dataclass(frozen=True)
class Text:
    """A column of text: row i holds `values[codes[i]]`; every value is held by some row."""

    values: tuple[str, ...]
    codes: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.codes)

    def is_in(self, wanted: Collection[str]) -> NDArray[np.bool_]:
        """Return which rows hold one of the wanted texts."""
        return np.array([value in wanted for value in self.values], dtype=bool)[self.codes]

    def changed(self, change: Callable[[str], str]) -> Text:
        """Return the column with every text changed."""
        index = _Index()
        new = np.fromiter((index[change(value)] for value in self.values), np.int32, len(self.values))
        return Text(tuple(index), new[self.codes])

    def kept(self, is_kept: NDArray[np.bool_]) -> Text:
        """Return the column of the rows that are kept, and the values these hold."""
        used, codes = np.unique(self.codes[is_kept], return_inverse=True)
        return Text(tuple(self.values[code] for code in used), codes.astype(np.int32))


@dataclass(frozen=True)
class Coded:
    """Records of one width as columns; `rows` are their numbers, `odd` (number, width) of the others.

    `odd_fields` holds, place by place, the texts of those and the first row of each. `empty` counts records of empty
    fields, which are in neither.
    """

    columns: tuple[Text, ...]
    rows: NDArray[np.int64]
    odd: tuple[tuple[int, int], ...]
    odd_fields: tuple[Mapping[str, int], ...]
    empty: int


def shown(text: str) -> str:
    """Return what a spreadsheet shows of a field: no spaces around it, and of `="…"`, which keeps zeros, the inside."""
    stripped = text.strip()
    formula = _SHOWN.fullmatch(stripped)
    return formula[1].strip() if formula else stripped


def combined(columns: Sequence[Text], make: Callable[[tuple[str, ...]], str]) -> Text:
    """Return the column that `make` makes of one text per column; every combination is made once."""
    codes = columns[0].codes.astype(np.int64)
    rows = [(value,) for value in columns[0].values]
    for column in columns[1:]:
        n = len(column.values)
        pairs, codes = np.unique(codes * n + column.codes, return_inverse=True)
        rows = [(*rows[pair // n], column.values[pair % n]) for pair in pairs.tolist()]
    index = _Index()
    new = np.fromiter((index[make(row)] for row in rows), np.int32, len(rows))
    return Text(tuple(index), new[codes])


class _Index(dict[str, int]):
    """The code of a text: its place among the distinct texts seen."""

    def __missing__(self, text: str) -> int:
        self[text] = code = len(self)
        return code


@dataclass
class _Column:
    index: _Index = field(default_factory=_Index)
    parts: list[NDArray[np.int32]] = field(default_factory=list)

    def add(self, texts: tuple[str, ...]) -> None:
        self.parts.append(np.fromiter(map(self.index.__getitem__, texts), np.int32, len(texts)))

    def text(self) -> Text:
        return Text(tuple(self.index), np.concatenate([np.empty(0, np.int32), *self.parts]))


def coded(records: Iterator[list[str]], width: int, first_row: int) -> Coded:
    """Return records as columns; a record without fields is none.

    Parameters
    ----------
    records : iterator of list of str
        Fields in order; read as they come, never held together.
    width : int
        Fields of a whole record.
    first_row : int
        Number of the first record.
    """
    columns = [_Column() for _ in range(width)]
    rows: list[NDArray[np.int64]] = [np.empty(0, np.int64)]
    odd: list[tuple[int, int]] = []
    odd_fields: list[dict[str, int]] = []
    empty = 0
    while chunk := list(islice(records, _AT_ONCE)):
        numbers = np.arange(first_row, first_row + len(chunk))
        first_row += len(chunk)
        widths = np.fromiter(map(len, chunk), np.int64, len(chunk))
        is_whole = widths == width
        if not is_whole.all():
            others = np.flatnonzero(~is_whole & (widths > 0))
            filled = [i for i in others if any(field.strip() for field in chunk[i])]
            odd += [(int(numbers[i]), int(widths[i])) for i in filled]
            for i in filled:
                _add_fields(odd_fields, chunk[i], int(numbers[i]))
            empty += len(others) - len(filled)
            chunk = [chunk[i] for i in np.flatnonzero(is_whole)]
            numbers = numbers[is_whole]
        rows.append(numbers)
        for column, texts in zip(columns, zip(*chunk, strict=True), strict=False):
            column.add(texts)
    whole, whole_rows = tuple(column.text() for column in columns), np.concatenate(rows)
    is_empty = _are_empty(whole, len(whole_rows))
    if is_empty.any():
        empty += int(is_empty.sum())
        whole, whole_rows = tuple(text.kept(~is_empty) for text in whole), whole_rows[~is_empty]
    return Coded(whole, whole_rows, tuple(odd), tuple(odd_fields), empty)


def _add_fields(places: list[dict[str, int]], record: list[str], row: int) -> None:
    places += [{} for _ in range(len(record) - len(places))]
    for place, text in zip(places, record, strict=False):
        place.setdefault(shown(text), row)


def _are_empty(columns: Sequence[Text], rows: int) -> NDArray[np.bool_]:
    """Return which rows hold nothing in any column."""
    found = np.ones(rows, dtype=bool)
    for column in columns:
        found &= column.is_in({value for value in column.values if not value.strip()})
        if not found.any():
            break
    return found
