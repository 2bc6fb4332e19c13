"""Killed anywhere, whole process group, with kill -9: one rerun succeeds and every output is that of a clean run."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.survival.kills import Start, drawn, killed, starts

FEW, MANY = range(10), range(10, 510)


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory) -> tuple[Start, ...]:
    return starts(tmp_path_factory.mktemp("starts"))


def survives(ready: tuple[Start, ...], seed: int, root: Path) -> None:
    start = ready[seed % len(ready)]
    kill = drawn(start, seed)
    project = killed(start, kill, root)
    again = project.evaluation("run", "tiny")
    assert again.returncode == 0, (start.name, kill, again.stderr)
    assert project.hashes() == start.clean, (start.name, kill)
    shutil.rmtree(root)


@pytest.mark.real
@pytest.mark.parametrize("seed", FEW)
def test_a_run_killed_anywhere_ends_as_if_it_had_not_been(ready: tuple[Start, ...], seed: int, tmp_path: Path) -> None:
    survives(ready, seed, tmp_path)


@pytest.mark.verify
@pytest.mark.parametrize("seed", MANY)
def test_five_hundred_kills(ready: tuple[Start, ...], seed: int, tmp_path: Path) -> None:
    survives(ready, seed, tmp_path)
