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
from benchmarks.coverage.page import decisions, is_open, page, picture, table
from benchmarks.coverage.simulate import QUICK
from evaluation import coverage
from evaluation.stats.inference.coverage import Scenario, Simulated, registry_of

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
    parser.add_argument("--more", type=int, default=30_000,
                        help="more repetitions of CR2 and CV3 where 10,000 leave the decision open (default 30,000)")
    parser.add_argument("--seed", type=int, default=20260101)
    parser.add_argument("--only", nargs="+", default=[], metavar="G-PROGRAM",
                        help="designs by clusters and program clusters, as 10-5, or a longer name, 10-5-moderate")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="processes (default: cores)")
    parser.add_argument("--at-least", type=int, default=10_000, help="repetitions a registry needs (default 10,000)")
    parser.add_argument("--page", action="store_true", help="simulate nothing; write page and picture of the table")
    return parser.parse_args(arguments)


def simulated(chosen: Sequence[Shape], o: Namespace) -> list[Simulated]:
    """Simulate the shapes; one without a size pattern that may have an interval in its first batch has no more.

    Where the bounds of a quick method lie on both sides of what is required, its shape is simulated further: at 10,000
    repetitions the worst of eight scenarios would refuse one exact method in six.
    """
    n, folder = max(1, o.repetitions // o.batch), folder_of(o.batch, o.seed)

    def batches(numbers: range, of: Sequence[Shape], *, is_quick: bool = False) -> list[Batch]:
        return [Batch(shape, i, o.batch, o.seed, folder, is_quick) for i in numbers for shape in of]

    done = _with_progress("first batches", batches(range(1), chosen), o.workers)
    known = [b.shape for b in done if has_rows(b)]
    done += _with_progress("all batches", batches(range(1, n), known), o.workers)
    if o.more and o.repetitions >= o.at_least and not o.only:
        open_ = {(s.n_clusters, s.n_program, s.skew, s.is_staggered) for s in undecided(read(done))}
        further = [s for s in known if (s.n_clusters, s.n_program, s.skew, s.is_staggered) in open_]
        done += _with_progress("open decisions", batches(range(n, n + o.more // o.batch), further, is_quick=True),
                               o.workers)
    return read(done)


def undecided(rows: Sequence[Simulated]) -> list[Scenario]:
    """Return the worst scenarios of quick methods whose decision is open."""
    return [row.scenario for of in registry_of(rows).worst.values() for row in of.values()
            if row.method in QUICK and is_open(row)]


def _with_progress(name: str, batches: list[Batch], workers: int) -> list[Batch]:
    with Progress(console=Console(stderr=True)) as progress:
        return list(progress.track(run(batches, workers), total=len(batches), description=name))


def write_page(rows: Sequence[Simulated]) -> None:
    """Write the page and the picture of a table."""
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(page(rows), encoding="utf-8")
    PICTURE.write_text(picture(rows), encoding="utf-8")


def _pair(shape: Shape) -> str:
    return f"{shape.n_clusters}-{shape.n_program}"


if __name__ == "__main__":
    sys.exit(main())
