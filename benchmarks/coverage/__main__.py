"""Simulate the coverage of every interval the project gives and write the registry that the gate reads.

Each design of the grid (clusters, program clusters, skew of sizes, staggering) is simulated in batches: a drawn pattern
of cluster sizes, and on it every kind of error (autocorrelation, ICC) and effect (equal or not). A batch is saved when
it is done; start the command again after it was stopped and it goes on where it was. At 10,000 repetitions it takes
about half an hour on two cores.

It writes evaluation/coverage/registry.csv, the page docs/methods/coverage/README.md and its picture; with --only, or
fewer repetitions than --at-least, it prints the page's table and writes nothing. Exit code 1: an interval that the
committed registry allows or refuses would now be treated otherwise.

Examples:
  python -m benchmarks.coverage
  python -m benchmarks.coverage --only 10-5 --repetitions 2000
  python -m benchmarks.coverage --page        # the page and picture of the committed table again
"""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser, Namespace, RawDescriptionHelpFormatter
from collections.abc import Sequence

os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}

from rich.console import Console
from rich.progress import Progress

from benchmarks.coverage.batches import ROOT, Batch, folder_of, has_rows, read, run
from benchmarks.coverage.designs import Shape, shapes
from benchmarks.coverage.page import decisions, page, picture, table
from evaluation import coverage
from evaluation.stats.inference.coverage import Simulated

TABLE = ROOT / "evaluation/coverage" / coverage.NAME
PAGE = ROOT / "docs/methods/coverage/README.md"
PICTURE = PAGE.with_name("coverage.svg")


def main(arguments: Sequence[str] | None = None) -> int:
    """Simulate what is asked, write or print it, and say whether a decision of the gate changed."""
    o = options(arguments)
    if o.page:
        write_page(coverage.rows())
        return 0
    chosen = [s for s in shapes() if not o.only or any(s.name.startswith(f"{name}-") for name in o.only)]
    if not chosen:
        print(f"no design is called {', '.join(o.only)}; they are: {', '.join(sorted({_pair(s) for s in shapes()}))}",
              file=sys.stderr)
        return 2
    rows = simulated(chosen, o)
    if o.only or o.repetitions < o.at_least:
        print(table(rows))
        return 0
    before = decisions(coverage.rows()) if TABLE.exists() else {}
    TABLE.write_text(coverage.write(rows), encoding="utf-8")
    write_page(rows)
    changed = [key for key, is_allowed in decisions(rows).items() if before.get(key, is_allowed) != is_allowed]
    for key in changed:
        print(f"now {'refused' if before[key] else 'allowed'}: {key}", file=sys.stderr)
    print(f"{TABLE}\n{PAGE}\n{PICTURE}")
    return int(bool(changed))


def options(arguments: Sequence[str] | None) -> Namespace:
    """Read the command line."""
    parser = ArgumentParser("python -m benchmarks.coverage", description=__doc__,
                            formatter_class=RawDescriptionHelpFormatter)
    parser.add_argument("--repetitions", type=int, default=10_000, help="per scenario (default 10,000)")
    parser.add_argument("--batch", type=int, default=1_000, help="repetitions on one size pattern (default 1,000)")
    parser.add_argument("--seed", type=int, default=20260101)
    parser.add_argument("--only", nargs="+", default=[], metavar="G-PROGRAM",
                        help="designs by clusters and program clusters, as 10-5, or a longer name, 10-5-moderate")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="processes (default: cores)")
    parser.add_argument("--at-least", type=int, default=10_000, help="repetitions a registry needs (default 10,000)")
    parser.add_argument("--page", action="store_true", help="simulate nothing; write page and picture of the table")
    return parser.parse_args(arguments)


def simulated(chosen: Sequence[Shape], o: Namespace) -> list[Simulated]:
    """Simulate the shapes; one without a size pattern that may have an interval in its first batch has no more."""
    folder = folder_of(o.batch, o.seed)
    first = [Batch(s, 0, o.batch, o.seed, folder) for s in chosen]
    n = max(1, o.repetitions // o.batch)
    done: list[Batch] = []
    console = Console(stderr=True)
    with Progress(console=console) as progress:
        bar = progress.add_task("coverage", total=len(chosen) * n)
        for batch in run(first, o.workers):
            done.append(batch)
            progress.advance(bar, 1 if has_rows(batch) else n)
        rest = [Batch(b.shape, i, o.batch, o.seed, folder) for i in range(1, n) for b in first if has_rows(b)]
        for batch in run(rest, o.workers):
            done.append(batch)
            progress.advance(bar)
    return read(done)


def write_page(rows: Sequence[Simulated]) -> None:
    """Write the page and the picture of a table."""
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(page(rows), encoding="utf-8")
    PICTURE.write_text(picture(rows), encoding="utf-8")


def _pair(shape: Shape) -> str:
    return f"{shape.n_clusters}-{shape.n_program}"


if __name__ == "__main__":
    sys.exit(main())
