"""Refusal of identifiable input: share of seeded cells found, share of clean columns refused, and time.

`python -m benchmarks.identifiers`; docs/benchmarks.md says what is measured.
"""

from __future__ import annotations

import argparse
import random
import resource
import sys
import time
from collections.abc import Iterator

from benchmarks.delivered_columns import STREWN, UNDECIDABLE, YEAR, Column, Draw, clean, identifiers
from evaluation.ingest.identity.identifiers import kind_of_header, kind_of_values


def drawn(rng: random.Random, kind: str, header: str, draw: Draw, rows: int) -> Column:
    """Return a clean column."""
    return Column(kind, header, [draw(rng) for _ in range(rows)])


def seeded_columns(rng: random.Random, each: int) -> Iterator[tuple[str, Column]]:
    """Yield (mode, column): whole columns of identifiers, and single ones strewn into clean columns."""
    kinds, others = identifiers(), clean()
    for kind, draw in kinds.items():
        for i in range(each):
            values = [draw(rng) for _ in range(rng.choice([60, 300, 2000]))]
            yield "column", Column(kind, f"Field {i}", values, frozenset(values))
    for kind in STREWN:
        for _ in range(each):
            headers, draw = others[rng.choice([k for k in others if k not in UNDECIDABLE])]
            found = frozenset(kinds[kind](rng) for _ in range(rng.randint(1, 5)))
            values = [draw(rng) for _ in range(500)]
            yield "strewn", Column(kind, rng.choice(headers), [*values, *found], found)


def found_in(column: Column) -> int:
    """Return how many cells of a column were seeded and found."""
    if kind_of_header(column.header, is_declared=False) is not None:
        return sum(1 for v in column.values if v in column.seeded)
    found = kind_of_values(dict.fromkeys(column.values), is_declared=False, school_year=YEAR, header=column.header)
    return 0 if found is None else sum(1 for v in column.values if v in column.seeded and v in found[1])


def recall(seed: int, each: int) -> dict[tuple[str, str], tuple[int, int]]:
    """Return (seeded cells, cells found) by mode and kind."""
    rng = random.Random(seed)
    counts: dict[tuple[str, str], tuple[int, int]] = {}
    for mode, column in seeded_columns(rng, each):
        seeded, found = counts.get((mode, column.kind), (0, 0))
        cells = sum(1 for v in column.values if v in column.seeded)
        counts[mode, column.kind] = seeded + cells, found + found_in(column)
    return counts


def false_refusals(seed: int, each: int) -> tuple[int, list[str]]:
    """Return (clean columns, those that were refused with the kind seen)."""
    rng = random.Random(seed)
    n, refused = 0, []
    for kind, (headers, draw) in clean().items():
        for _ in range(each):
            header = rng.choice(headers)
            column = drawn(rng, kind, header, draw, rng.choice([60, 500, 3000]))
            n += 1
            seen = kind_of_header(header, is_declared=False)
            if seen is None:
                hit = kind_of_values(dict.fromkeys(column.values), is_declared=False, school_year=YEAR, header=header)
                seen = hit[0] if hit else None
            if seen is not None:
                refused.append(f"{kind} under `{header}`: {seen}")
    return n, refused


def seconds(seed: int, rows: int, columns: int) -> tuple[float, int]:
    """Return (CPU seconds to look through clean columns of distinct values, distinct values)."""
    rng = random.Random(seed)
    kinds = list(clean().items())
    table = []
    for i in range(columns):
        kind, (headers, draw) = kinds[i % len(kinds)]
        table.append((headers[0], tuple(dict.fromkeys(drawn(rng, kind, headers[0], draw, rows).values))))
    start = time.process_time()
    for header, values in table:
        kind_of_header(header, is_declared=False)
        kind_of_values(values, is_declared=False, school_year=YEAR, header=header)
    return time.process_time() - start, sum(len(v) for _, v in table)


def main() -> None:
    """Print the three measures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=5, help="How many seeds.")
    parser.add_argument("--each", type=int, default=20, help="Columns of each kind and seed.")
    parser.add_argument("--rows", type=int, default=1_000_000, help="Rows of the timed table.")
    parser.add_argument("--columns", type=int, default=30, help="Columns of the timed table.")
    given = parser.parse_args()
    totals: dict[tuple[str, str], tuple[int, int]] = {}
    refused: list[str] = []
    n_clean = 0
    for seed in range(given.seeds):
        for key, (cells, found) in recall(seed, given.each).items():
            before = totals.get(key, (0, 0))
            totals[key] = before[0] + cells, before[1] + found
        n, bad = false_refusals(seed, given.each)
        n_clean, refused = n_clean + n, refused + bad
    print("| Mode | Kind | Seeded cells | Found |\n|---|---|---:|---:|")
    for (mode, kind), (cells, found) in totals.items():
        print(f"| {mode} | {kind} | {cells:,} | {100 * found / cells:.2f} % |")
    for mode in ("column", "strewn", None):
        cells, found = (sum(v[i] for k, v in totals.items() if mode in (k[0], None)) for i in (0, 1))
        print(f"| **{mode or 'all'}** | all | {cells:,} | **{100 * found / cells:.3f} %** |")
    print(f"\nClean columns: {n_clean:,}; refused: {len(refused):,} ({100 * len(refused) / n_clean:.2f} %)")
    for what in sorted(set(refused)):
        print(f"  {refused.count(what):,} x {what}")
    took, distinct = seconds(0, given.rows, given.columns)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"\n{given.rows:,} rows x {given.columns} columns ({distinct:,} distinct values): {took:.1f} CPU seconds; "
          f"peak of the benchmark {peak:,} MB; Python {sys.version.split()[0]}")


if __name__ == "__main__":
    main()
