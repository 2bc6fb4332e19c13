"""Speed of event studies with their inference, beside diff-diff, pyfixest and linearmodels in the same run.

300 schools × 10 years × 2 groups × 10 outcomes, staggered starts. We estimate gap, focal and reference of all outcomes
as columns of one right-hand side; the others do column by column. What takes them too long is timed on a stated share
of the work and scaled. Before timing, their numbers are asserted to be ours. Times are medians of interleaved
repetitions, on one thread, after a first call that is shown apart: it holds what a program compiles.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import platform
import resource
import sys
import time
import warnings
from argparse import ArgumentParser, Namespace, RawDescriptionHelpFormatter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from importlib.metadata import version
from statistics import median

from benchmarks.panels import Size, draw
from benchmarks.peers import found
from benchmarks.tasks import GROUP_TIME_WILD, MULTIPLIER, WILD, WILD_CI, Task, own_tasks, with_peers

OURS = "ours"
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS",
                            "RAYON_NUM_THREADS"), "1")
QUICK = Size(schools=60, years=8, outcomes=2, draws=999)
EPILOG = """examples:
  make oracles-install
  .venv-oracles/bin/python -m benchmarks.estimators          the table of docs/benchmarks.md, about 5 minutes
  .venv-oracles/bin/python -m benchmarks.estimators --json   the same as data
  .venv/bin/python -m benchmarks.estimators --own --quick    only ours, small: a few seconds

Read CPU seconds where the machine is shared. Exit code 1 where a number differs, where the whole is less than 20 times
as fast as the fastest other programs, or where it takes 1 GB or more (the last two not with --quick). The curve of the
default study is measured where the study has been run (make evaluate)."""
LEAST_RATIO, MOST_MEMORY = 20.0, 1e9


@dataclass(frozen=True)
class Timing:
    """Seconds of one program on one task.

    Attributes
    ----------
    wall, cpu : medians, scaled to the whole work
    first : wall seconds of the first calls, not scaled
    share : of the work that was timed
    ratio : cpu of this program ÷ ours
    lacks : what it leaves out
    """

    task: str
    program: str
    wall: float
    cpu: float
    first: float
    share: float
    ratio: float
    lacks: str


def measure(task: Task, repetitions: int) -> Iterator[Timing]:
    """Time the task by every program, turn by turn."""
    ways = {OURS: ((task.own, 1.0),), **{peer.program: peer.steps for peer in task.peers}}
    lacks = {peer.program: peer.lacks for peer in task.peers}
    first = {program: sum(timed(step)[0] for step, _ in steps) for program, steps in ways.items()}
    if task.check is not None and task.peers:
        task.check()
    spent: dict[str, list[list[tuple[float, float]]]] = {program: [] for program in ways}
    for _ in range(repetitions):
        for program, steps in ways.items():
            spent[program].append([timed(step) for step, _ in steps])
    scaled = {program: [sum(scale * median(turn[k][i] for turn in spent[program])
                            for k, (_, scale) in enumerate(steps)) for i in range(2)]
              for program, steps in ways.items()}
    for program, steps in ways.items():
        wall, cpu = scaled[program]
        yield Timing(task.name, program, wall, cpu, first[program], 1 / max(scale for _, scale in steps),
                     cpu / scaled[OURS][1], lacks.get(program, ""))


def timed(step: Callable[[], object]) -> tuple[float, float]:
    """Return wall and CPU seconds."""
    wall, cpu = time.perf_counter(), time.process_time()
    step()
    return time.perf_counter() - wall, time.process_time() - cpu


def whole(timings: list[Timing]) -> tuple[float, float, float] | None:
    """Return our CPU seconds for both kinds of event study with CR2 and wild bootstrap, the fastest others', the ratio.

    The others': the fastest wild bootstrap of the two-way study, with or without intervals, and the multiplier draws of
    the group-time study, as nobody has restricted ones.
    """
    theirs = [t for t in timings if t.program != OURS]
    wild = [t.cpu for t in theirs if t.task in (WILD, WILD_CI)]
    multiplied = [t.cpu for t in theirs if t.task == MULTIPLIER]
    if not wild or not multiplied:
        return None
    own = sum(t.cpu for t in timings if t.program == OURS and t.task in (WILD_CI, GROUP_TIME_WILD))
    others = min(wild) + min(multiplied)
    return own, others, others / own


def peak_memory(size: Size) -> int:
    """Bytes of resident memory at most, of a process that does all our tasks."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(run_own, size).result()


def run_own(size: Size) -> int:
    """Do all our tasks and return this process's peak memory in bytes."""
    for task in own_tasks(draw(size), size).values():
        task.own()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else 1024 * peak


def machine() -> dict[str, str]:
    """Processor and versions that the numbers belong to."""
    return {"machine": processor(), "python": platform.python_version(), "numpy": version("numpy"),
            "scipy": version("scipy"), **found()}


def processor() -> str:
    """Name of the processor, and how many of it there are."""
    name = platform.processor() or platform.machine()
    if sys.platform == "linux":
        with open("/proc/cpuinfo", encoding="utf-8") as lines:
            name = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), name)
    return f"{name}, {os.cpu_count()} cores"


def table(timings: list[Timing]) -> str:
    """Return the timings as a Markdown table."""
    lines = ["| Task | Program | Wall s | CPU s | First call s | Share timed | CPU ÷ ours | Leaves out |",
             "|---|---|---:|---:|---:|---:|---:|---|"]
    lines += [f"| {t.task if t.program == OURS else ''} | {t.program} | {t.wall:,.3g} | {t.cpu:,.3g} | {t.first:.3g} | "
              f"{'all' if t.share == 1 else f'1 of {1 / t.share:.0f}'} | "
              f"{'' if t.program == OURS else f'{t.ratio:,.1f}'} | {t.lacks} |" for t in timings]
    return "\n".join(lines)


def parse(arguments: list[str] | None = None) -> Namespace:
    """Read the command line."""
    parser = ArgumentParser("benchmarks.estimators", description=__doc__, epilog=EPILOG,
                            formatter_class=RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print an object instead of tables")
    parser.add_argument("--quick", action="store_true", help="60 schools, 2 outcomes, 999 draws, once")
    parser.add_argument("--own", action="store_true", help="leave the other programs out")
    parser.add_argument("--repetitions", type=int, default=5, help="per program and task, interleaved (default 5)")
    return parser.parse_args(arguments)


def main() -> int:
    """Measure, print, and return 1 where the targets are missed."""
    options = parse()
    if any(os.environ.get(name) != one for name, one in ONE_THREAD.items()):
        os.execve(sys.executable, [sys.executable, "-m", "benchmarks.estimators", *sys.argv[1:]],
                  os.environ | ONE_THREAD)
    warnings.simplefilter("ignore")  # the others' advice on the design
    size, repetitions = (QUICK, 1) if options.quick else (Size(), options.repetitions)
    memory, design = peak_memory(size), draw(size)
    tasks = own_tasks(design, size)
    if not options.own:
        tasks = with_peers(tasks, design, size)
    timings: list[Timing] = []
    for task in tasks.values():
        print(task.name, file=sys.stderr)
        timings += measure(task, repetitions)
    total, about = whole(timings), machine()
    if options.json:
        print(json.dumps({"size": asdict(size), "machine": about, "timings": [asdict(t) for t in timings],
                          "peak_memory_bytes": memory, "whole": total and dict(zip(
                              ("own_cpu", "others_cpu", "ratio"), total, strict=True))}, indent=1))
    else:
        print(f"{size.schools} schools × {size.years} years × 2 groups × {size.outcomes} outcomes, "
              f"{size.draws:,} draws\n" + ", ".join(f"{k} {v}" for k, v in about.items()) + f"\n\n{table(timings)}\n")
        if total:
            print("both event studies with CR2 and wild bootstrap: {:.3g} s, fastest others {:,.0f} s, "
                  "{:,.0f} times as fast".format(*total))
        print(f"peak memory of ours: {memory / 1e6:.0f} MB")
    return int(not options.quick and (memory >= MOST_MEMORY or (total is not None and total[2] < LEAST_RATIO)))


if __name__ == "__main__":
    sys.exit(main())
