"""A project folder of its own with the tiny study: the real pipeline, stages and all, in seconds."""

from __future__ import annotations

import compileall
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
STAGES = ("synthetic", "ingest", "panel", "describe", "estimate", "diagnose", "release")
MAIN = "import sys; from evaluation.cli import main; sys.argv[0] = 'evaluation'; main()"
_NOT_HASHED = ("provenance.json",)  # holds the date of publishing


@dataclass(frozen=True)
class Project:
    """A folder that holds the program, the tiny study and nothing else."""

    root: Path
    python: str = sys.executable

    def evaluation(self, *words: str, **options: Any) -> subprocess.CompletedProcess[str]:
        """Run the command-line program in the project's folder, with the project's own code."""
        return subprocess.run([self.python, "-c", MAIN, *words], cwd=self.root, capture_output=True, text=True,
                              check=False, env=self.environment(**options))

    def start(self, *words: str, **options: str) -> subprocess.Popen[str]:
        """Start the program in a process group of its own, which can be killed whole."""
        return subprocess.Popen([self.python, "-c", MAIN, *words], cwd=self.root, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True, start_new_session=True,
                                env=self.environment(**options))

    def stages(self, *names: str, **options: str) -> None:
        """Run stages one after the other without DVC."""
        for name in names or STAGES:
            subprocess.run([self.python, "-m", f"evaluation.{name}", "tiny"], cwd=self.root, check=True,
                           capture_output=True, env=self.environment(**options))

    def environment(self, **options: str) -> Mapping[str, str]:
        return {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", **options}

    def edit(self, change: Callable[[dict[str, Any]], None], file: str = "studies/tiny.yaml") -> None:
        path = self.root / file
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        change(content)
        path.write_text(yaml.safe_dump(content, sort_keys=False, allow_unicode=True), encoding="utf-8")

    def copy(self, root: Path) -> Project:
        shutil.copytree(self.root, root, symlinks=True, dirs_exist_ok=True)
        return Project(root, self.python)

    def commit(self) -> None:
        """Commit all that git does not ignore."""
        self.git("add", "-A")
        self.git("-c", "user.email=test@example.org", "-c", "user.name=test", "commit", "-q", "-m", "state")

    def clone(self, root: Path) -> Project:
        """Clone the project with git: what is not in git does not come along."""
        subprocess.run(["git", "clone", "-q", str(self.root), str(root)], check=True)
        return Project(root, self.python)

    def git(self, *words: str) -> str:
        return subprocess.run(["git", *words], cwd=self.root, check=True, capture_output=True, text=True).stdout

    def hashes(self, *below: str) -> dict[str, str]:
        """SHA-256 of every file under data/, or under these folders of it, what was left behind included, and of
        dvc.lock."""
        folders = [self.root / "data" / name for name in below or ("",)]
        files = [p for f in folders for p in f.rglob("*") if p.is_file() and p.name not in _NOT_HASHED]
        return {p.relative_to(self.root).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest()
                for p in [*files, self.root / "dvc.lock"] if p.is_file()}


def make(root: Path) -> Project:
    """Make the project at `root`, which must not exist or be empty."""
    root.mkdir(parents=True, exist_ok=True)
    for name in ("dvc.yaml", ".dvcignore", ".gitignore"):
        shutil.copy(ROOT / name, root / name)
    for name in ("studies", "plans/tiny", ".dvc"):
        (root / name).mkdir(parents=True)
    for name in ("config", ".gitignore"):
        shutil.copy(ROOT / ".dvc" / name, root / ".dvc" / name)
    shutil.copy(Path(__file__).with_name("tiny.yaml"), root / "studies/tiny.yaml")
    shutil.copytree(ROOT / "evaluation", root / "evaluation", ignore=shutil.ignore_patterns("__pycache__"))
    compileall.compile_dir(root / "evaluation", quiet=1)
    settings = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    settings.update(studies=["tiny"], synthetic_studies=["tiny"])
    (root / "params.yaml").write_text(yaml.safe_dump(settings, sort_keys=False), encoding="utf-8")
    subprocess.run(["git", "init", "-q", str(root)], check=True)
    return Project(root)
