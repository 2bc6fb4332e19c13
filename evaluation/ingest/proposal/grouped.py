"""Which table a district's files feed: files of one table must be alike, since one mapping reads them all."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from evaluation.ingest.proposal.fits import Fit
from evaluation.ingest.proposal.guess import Guess, guess_table, is_told
from evaluation.ingest.proposal.layout_table import placed
from evaluation.ingest.proposal.sample_file import Sample

Files = list[tuple[Sample, Guess]]


@dataclass(frozen=True)
class Grouped:
    """Files by table, of those that a layout reads and of those that none does; `left` says why others are neither."""

    by_layout: Mapping[str, Files]
    by_name: Mapping[str, Files]
    left: tuple[str, ...]


def grouped(samples: Sequence[Sample], fits: Mapping[str, Fit], presets: Mapping[str, Any]) -> Grouped:
    """Return the files by table; of files of one table that differ in their columns, the most that are alike."""
    by_layout: dict[str, Files] = defaultdict(list)
    by_name: dict[str, Files] = defaultdict(list)
    left = []
    for sample in samples:
        if sample.path in fits:
            table = fits[sample.path].table
            by_layout[table].append((sample, placed(table, presets[table], list(sample.columns))))
    for sample in (s for s in samples if s.path not in fits):
        guess = guess_table(sample.columns, sample.path)
        if guess.table in by_layout:
            left.append(f"{sample.path}: other files of {guess.table} have a layout, this one has not.")
        else:
            by_name[guess.table].append((sample, guess))
    for table, files in by_name.items():
        told = [(sample, guess) for sample, guess in files if is_told(guess, sample.path)]
        if told and len(told) < len(files):
            left += [f"{sample.path}: no column tells what table it feeds: write its table by hand, or leave it out."
                     for sample, guess in files if not is_told(guess, sample.path)]
            by_name[table] = told
    for tables in (by_layout, by_name):
        for table, files in tables.items():
            tables[table] = alike = _most_alike(files)
            left += [f"{sample.path}: one mapping reads all files of {table}, and its columns, delimiter or title rows "
                     f"are not those of {alike[0][0].path}: write it alike, or leave it out."
                     for sample, guess in files if (sample, guess) not in alike]
    return Grouped(dict(by_layout), dict(by_name), tuple(left))


def _most_alike(files: Files) -> Files:
    shapes: dict[object, Files] = defaultdict(list)
    for sample, guess in files:
        shape = frozenset(guess.columns.items()), sample.delimiter, sample.title_rows, sample.label_rows, sample.sheet
        shapes[shape].append((sample, guess))
    return max(shapes.values(), key=len)

