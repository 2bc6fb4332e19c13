"""Speed of the engine: 100 M rows of daily attendance to the student-year panel, beside pandas and beside a bare scan.

Every program runs in a process of its own, turn by turn, so that its peak memory is its own. Before timing, the panel
of pandas is asserted to be ours, row for row. What Python takes to start and to import is not counted for any of them.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from argparse import ArgumentParser, Namespace, RawDescriptionHelpFormatter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

from benchmarks import engine_panel
from benchmarks.engine_data import deliver
from benchmarks.estimators import machine

OURS, PANDAS, SCAN = "ours", "by_pandas", "scan"
GROWTH = (1_000_000, 3_000_000, 10_000_000, 30_000_000, 100_000_000)
LEAST_RATIO, MOST_SCANS, MOST_MEMORY = 6.0, 15.0, 600e6
EPILOG = """examples:
  python -m benchmarks.engine --rows 10000000            a minute or two
  python -m benchmarks.engine                            the table of docs/benchmarks.md: 100 M rows, about 5 minutes
  python -m benchmarks.engine --growth                   1 M to 100 M rows, and docs/images/engine_growth.svg

Exit code 1 where a panel differs, where ours is less than 6 times as fast as pandas, takes more than 15 scans of three
columns, or takes 600 MB or more (the last three with 100 M rows only: fixed costs weigh on fewer)."""


@dataclass(frozen=True)
class Run:
    """What one program took for a panel: seconds are medians, memory is the most of any run."""

    program: str
    rows: int
    wall: float
    cpu: float
    peak_bytes: int


def measure(folder: Path, rows: int, programs: Sequence[str], repetitions: int) -> list[Run]:
    """Run the programs turn by turn."""
    turns = [[_one(program, folder) for program in programs] for _ in range(repetitions)]
    return [Run(program, rows, median(turn[i].wall for turn in turns), median(turn[i].cpu for turn in turns),
                max(turn[i].peak_bytes for turn in turns)) for i, program in enumerate(programs)]


def _one(program: str, folder: Path) -> Run:
    words = (program, str(folder), str(_panel(folder, program)))
    done = subprocess.run([sys.executable, "-m", "benchmarks.engine_panel", *words], check=True, capture_output=True,
                          text=True)
    return Run(program, 0, **json.loads(done.stdout))


def _panel(folder: Path, program: str) -> Path:
    return folder / f"{program}.parquet"


def table(runs: Sequence[Run]) -> str:
    """Return the runs as a Markdown table."""
    lines = ["| Rows | Program | Wall s | CPU s | Peak MB | Wall ÷ ours | CPU ÷ ours |",
             "|---:|---|---:|---:|---:|---:|---:|"]
    for run in runs:
        own = next(r for r in runs if r.program == OURS and r.rows == run.rows)
        lines.append(f"| {run.rows:,} | {run.program.replace('_', ' ')} | {run.wall:.2f} | {run.cpu:.2f} | "
                     f"{run.peak_bytes / 1e6:,.0f} | {run.wall / own.wall:.2g} | {run.cpu / own.cpu:.2g} |")
    return "\n".join(lines)


def misses(runs: Sequence[Run]) -> list[str]:
    """Return the targets that the runs of 100 M rows miss."""
    found = {run.program: run for run in runs if run.rows >= GROWTH[-1] * 0.99}
    if not {OURS, PANDAS, SCAN} <= set(found):
        return []
    own = found[OURS]
    judged = {f"{found[PANDAS].wall / own.wall:.1f} times as fast as pandas, not {LEAST_RATIO:g}":
              found[PANDAS].wall / own.wall >= LEAST_RATIO,
              f"{own.wall / found[SCAN].wall:.1f} scans, not {MOST_SCANS:g}": own.wall / found[SCAN].wall <= MOST_SCANS,
              f"{own.peak_bytes / 1e6:.0f} MB, not {MOST_MEMORY / 1e6:.0f}": own.peak_bytes < MOST_MEMORY}
    return [what for what, is_met in judged.items() if not is_met]


def draw(runs: Sequence[Run], target: Path) -> None:
    """Draw seconds against rows, both on scales of powers of ten, where linear growth is a slope of one."""
    import vl_convert
    names = {OURS: "this program", PANDAS: "pandas, district by district", SCAN: "scan of three columns"}
    values = [{"rows": r.rows, "seconds": r.cpu, "program": names[r.program]} for r in runs]
    chart = {"$schema": "https://vega.github.io/schema/vega-lite/v5.json", "width": 420, "height": 260,
             "data": {"values": values}, "mark": {"type": "line", "point": True},
             "encoding": {"x": {"field": "rows", "type": "quantitative", "title": "Rows of daily attendance",
                                "scale": {"type": "log", "domain": [GROWTH[0], GROWTH[-1]]},
                                "axis": {"format": "~s", "values": GROWTH}},
                          "y": {"field": "seconds", "type": "quantitative", "title": "CPU seconds",
                                "scale": {"type": "log"}, "axis": {"format": "~g", "values": [0.1, 1, 10]}},
                          "color": {"field": "program", "type": "nominal", "title": None,
                                    "scale": {"domain": list(names.values())}}}}
    target.write_text(vl_convert.vegalite_to_svg(chart), encoding="utf-8")


def main() -> None:
    """Measure, print and judge."""
    asked = _asked()
    sizes = GROWTH if asked.growth else (asked.rows,)
    runs: list[Run] = []
    with tempfile.TemporaryDirectory(dir=asked.folder) as made:
        for size in sizes:
            folder = Path(made) / str(size)
            rows = deliver(folder, size)
            for program in (OURS, PANDAS):
                _one(program, folder)
            if not engine_panel.same(_panel(folder, OURS), _panel(folder, PANDAS)):
                sys.exit(f"{rows:,} rows: the two panels differ")
            runs += measure(folder, rows, (SCAN, OURS, PANDAS), asked.repetitions)
            print(f"{rows:,} rows done", file=sys.stderr)
    if asked.growth:
        draw(runs, Path(__file__).parents[1] / "docs/images/engine_growth.svg")
    print(json.dumps({"machine": machine(), "runs": [asdict(run) for run in runs]}) if asked.json
          else f"{table(runs)}\n\n{machine()}")
    if missed := misses(runs):
        sys.exit("\n".join(missed))


def _asked() -> Namespace:
    parser = ArgumentParser("python -m benchmarks.engine", description=__doc__, epilog=EPILOG,
                            formatter_class=RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=GROWTH[-1], help="rows of daily attendance (100,000,000)")
    parser.add_argument("--growth", action="store_true", help="1 M, 3 M, 10 M, 30 M and 100 M rows")
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--folder", help="where some 100 MB may be written (the system's temporary folder)")
    parser.add_argument("--json", action="store_true", help="data instead of a table")
    return parser.parse_args()


if __name__ == "__main__":
    main()
