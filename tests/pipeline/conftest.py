"""A copy of the real dvc.yaml whose stages only leave a file behind: tested is what reruns, not what it computes."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]


class Pipeline:
    def __init__(self, root: Path) -> None:
        self.root = root

    def dvc(self, *words: str) -> str:
        done = subprocess.run([sys.executable, "-m", "dvc", *words], cwd=self.root, capture_output=True, text=True,
                              check=False, env={**os.environ, "DVC_NO_ANALYTICS": "true"})
        assert done.returncode == 0, done.stderr
        return done.stdout

    def stale(self, study: str) -> set[str]:
        """Stages of a study that would run now."""
        lines = self.dvc("status", f"release@{study}", "--with-deps").splitlines()
        return {line.rstrip(":").split("@")[0] for line in lines if line and not line[0].isspace() and "@" in line}

    def edit(self, file: str, change: Callable[[dict], None]) -> None:
        path = self.root / file
        content = yaml.safe_load(path.read_text())
        change(content)
        path.write_text(yaml.safe_dump(content, sort_keys=False, allow_unicode=True))


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Pipeline:
    root = tmp_path_factory.mktemp("pipeline")
    for name in ("dvc.yaml", "params.yaml", ".dvcignore", ".gitignore"):
        shutil.copy(ROOT / name, root / name)
    for name in ("studies", "evaluation"):
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    (root / ".dvc").mkdir()
    shutil.copy(ROOT / ".dvc/config", root / ".dvc/config")
    (root / "data/restricted/deliveries/connecticut").mkdir(parents=True)
    (root / "data/restricted/deliveries/connecticut/raw.zip").write_text("raw")
    (root / "leave.py").write_text(
        "import pathlib, sys\n"
        "for out in sys.argv[1:]:\n"
        "    folder = pathlib.Path(out)\n"
        "    folder.mkdir(parents=True, exist_ok=True)\n"
        "    (folder / 'made').write_text(out)\n"
    )
    pipeline = Pipeline(root)
    subprocess.run(["git", "init", "-q", str(root)], check=True)

    def only_leave_files(content: dict) -> None:
        for stage in content["stages"].values():
            stage["cmd"] = f"{sys.executable} leave.py {' '.join(stage['outs'])}"

    pipeline.edit("dvc.yaml", only_leave_files)
    pipeline.dvc("repro", "release@partnership", "release@connecticut")
    return pipeline


@pytest.fixture
def pipeline(finished: Pipeline, tmp_path: Path) -> Pipeline:
    """A fresh copy of the finished pipeline, to be changed freely."""
    root = tmp_path / "pipeline"
    shutil.copytree(finished.root, root, symlinks=True)
    return Pipeline(root)
