"""No file may grow beyond a limit, or the disk itself is full: a sentence says so, a rerun without it mends."""

from __future__ import annotations

import resource
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.tiny.project import MAIN, STAGES, Project

pytestmark = pytest.mark.real
KIB = 1024
LIMITS = {"synthetic": 4, "ingest": 20, "panel": 8, "describe": 3, "estimate": 8, "diagnose": 3, "release": 3}
"""In KiB, for each stage below its largest file."""


def limited(project: Project, kib: int, *words: str) -> subprocess.CompletedProcess[str]:
    """Run Python in the project's folder where no file may grow beyond `kib`."""
    return subprocess.run([project.python, *words], cwd=project.root, capture_output=True, text=True, check=False,
                          env=project.environment(),
                          preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (kib * KIB, kib * KIB)))


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_that_reaches_the_largest_size_of_a_file_says_so(finished: Project, tmp_path: Path, stage: str) -> None:
    project = finished.copy(tmp_path / "project")
    own = ("deliveries", "synthetic") if stage == "synthetic" else (stage,)
    others = {name: each for name, each in project.hashes().items() if not set(own) & set(name.split("/"))}
    done = limited(project, LIMITS[stage], "-m", f"evaluation.{stage}", "tiny")
    assert done.returncode == 75, done.stderr
    assert "no file may grow larger here (ulimit -f)" in done.stderr
    assert "Traceback" not in done.stderr
    assert not [p for p in (project.root / "data").rglob("*") if p.is_file() and p.name.endswith(".tmp")]
    assert others.items() <= project.hashes().items()
    project.stages(stage)
    assert project.hashes() == finished.hashes()


@pytest.mark.parametrize("kib", [40, 300])
def test_a_run_that_reaches_the_largest_size_of_a_file_says_so(finished: Project, tmp_path: Path, kib: int) -> None:
    project = finished.copy(tmp_path / "project")
    for folder in ("data", ".dvc/cache", ".dvc/tmp"):
        shutil.rmtree(project.root / folder)
    (project.root / "dvc.lock").unlink()
    done = limited(project, kib, "-c", MAIN, "run", "tiny")
    assert done.returncode == 75, done.stderr
    assert "no file may grow larger here (ulimit -f)" in done.stderr
    assert "Traceback" not in done.stderr
    again = project.evaluation("run", "tiny")
    assert again.returncode == 0, again.stderr
    assert project.hashes() == finished.hashes()
