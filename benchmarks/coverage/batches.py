"""Batches on disk: each is simulated once, so a killed run goes on where it was."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import astuple, dataclass
from pathlib import Path

from benchmarks.coverage.designs import Shape
from benchmarks.coverage.simulate import questions, simulate
from evaluation.stats.inference.coverage import Scenario, Simulated

ROOT = Path(__file__).parents[2]
SOURCES = (ROOT / "evaluation/stats", ROOT / "benchmarks/coverage")


@dataclass(frozen=True)
class Batch:
    """One size pattern of a shape, its repetitions, and where its counts lie; `is_quick`: of `QUICK` methods alone."""

    shape: Shape
    number: int
    repetitions: int
    seed: int
    folder: Path
    is_quick: bool

    @property
    def path(self) -> Path:
        """File of its counts."""
        return self.folder / f"{self.shape.name}-{self.number}.json"


def folder_of(repetitions: int, seed: int, *, under: Path = ROOT / "build/coverage") -> Path:
    """Return the folder of batches of this size and seed made by this code; other code has another folder."""
    digest = hashlib.sha256()
    for path in sorted(p for source in SOURCES for p in source.rglob("*.py")):
        digest.update(path.read_bytes())
    return under / f"{repetitions}-{seed}-{digest.hexdigest()[:12]}"


def run(batches: list[Batch], workers: int) -> Iterator[Batch]:
    """Simulate the batches that are not on disk and yield each, in order, as it is there."""
    if not batches:
        return
    batches[0].folder.mkdir(parents=True, exist_ok=True)
    with ProcessPoolExecutor(workers) as pool:
        yield from pool.map(_made, batches)


def has_rows(batch: Batch) -> bool:
    """Say whether a batch on disk simulated anything: its shape has size patterns that may have an interval."""
    return len(json.loads(batch.path.read_text(encoding="utf-8"))) > 0


def read(batches: list[Batch]) -> list[Simulated]:
    """Return the sums over the batches, a row per scenario, quantity, method and level."""
    total: dict[tuple[object, ...], list[int]] = {}
    for batch in batches:
        for *of, repetitions, covered in json.loads(batch.path.read_text(encoding="utf-8")):
            mine = total.setdefault(tuple(of), [0, 0])
            mine[0] += repetitions
            mine[1] += covered
    width = len(Scenario.__dataclass_fields__)
    return [Simulated(Scenario(*of[:width]), *of[width:], *counts) for of, counts in total.items()]  # type: ignore[arg-type]


def _made(batch: Batch) -> Batch:
    if batch.path.exists():
        return batch
    simulated = simulate(batch.shape, batch.repetitions, batch.shape.rng(batch.seed, batch.number),
                         asked=questions(batch.shape, is_quick=batch.is_quick))
    rows = [(*astuple(row.scenario), row.quantity, row.method, row.level, row.repetitions, row.covered)
            for row in simulated]
    unfinished = batch.path.with_suffix(f".{os.getpid()}")
    unfinished.write_text(json.dumps(rows), encoding="utf-8")
    unfinished.replace(batch.path)
    return batch
