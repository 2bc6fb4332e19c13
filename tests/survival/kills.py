"""Seeded kill points: where a run of the tiny study starts from, and where in it everything is killed."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.tiny.project import Project, make

KILLER = Path(__file__).parent / "killer"


@dataclass(frozen=True)
class Start:
    """A project about to run: how it lies there, what a clean run makes of it, how long and in how many changes."""

    name: str
    project: Project
    clean: dict[str, str]
    seconds: float
    changes: int


@dataclass(frozen=True)
class Kill:
    """One kill point: before the `at`-th change of a file, or after a share `at` of a clean run's time."""

    kind: str
    at: float


def _another_seed(study: dict[str, Any]) -> None:
    study["synthetic"]["seed"] += 1


def _another_specification(study: dict[str, Any]) -> None:
    study["specifications"][0]["weights"] = "unit"


def starts(root: Path) -> tuple[Start, ...]:
    """Make the three starts: nothing there yet, all deliveries changed, one specification changed."""
    empty = make(root / "empty")
    first = _clean(empty, "empty", root)
    finished = Project(root / "empty-clean")
    found = [first]
    for name, change in (("new_seed", _another_seed), ("new_specification", _another_specification)):
        project = finished.copy(root / name)
        project.edit(change)
        found.append(_clean(project, name, root))
    return tuple(found)


def drawn(start: Start, seed: int) -> Kill:
    """Draw a kill point of a start by its seed."""
    rng = random.Random(seed)
    if rng.random() < 0.7:
        return Kill("change", rng.randint(1, start.changes))
    return Kill("time", rng.random())


def killed(start: Start, kill: Kill, root: Path) -> Project:
    """Run a copy of a start until it is killed, and return what is left of it."""
    project = start.project.copy(root / "killed")
    if kill.kind == "change":
        running = project.start("run", "tiny", **counting(project, root / "count", int(kill.at)))
        running.communicate(timeout=300)
    else:
        running = project.start("run", "tiny")
        try:
            running.communicate(timeout=kill.at * start.seconds)
        except subprocess.TimeoutExpired:
            os.killpg(running.pid, signal.SIGKILL)
            running.communicate()
    return project


def counting(project: Project, count: Path, at: int, kill_with: str = "kill") -> dict[str, str]:
    """Return the environment that counts changes of files, and kills or fails at the `at`-th."""
    return {"PYTHONPATH": str(KILLER), "KILL_ROOT": str(project.root.resolve()), "KILL_COUNT": str(count),
            "KILL_AT": str(at), "KILL_WITH": kill_with}


def _clean(project: Project, name: str, root: Path) -> Start:
    run, count = project.copy(root / f"{name}-clean"), root / f"{name}-count"
    began = time.monotonic()
    done = run.evaluation("run", "tiny", **counting(run, count, -1))
    assert done.returncode == 0, done.stderr
    return Start(name, project, run.hashes(), time.monotonic() - began, count.stat().st_size)
