"""A copy of the real dvc.yaml whose stages only leave a file behind: tested is what reruns, not what it computes."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from contextlib import chdir
from pathlib import Path

import pytest
import yaml
from dvc.repo import Repo

ROOT = Path(__file__).parents[2]


class Pipeline:
    def __init__(self, root: Path) -> None:
        self.root = root

    def reproduce(self, *studies: str) -> set[str]:
        """Run what is stale and return the names of the stages that ran."""
        with chdir(self.root), Repo() as repo:
            return {stage.name for stage in repo.reproduce(targets=[f"release@{study}" for study in studies])}

    def stale(self, study: str) -> set[str]:
        """Stages of a study that would run now, as `dvc status` says."""
        with chdir(self.root), Repo() as repo:
            return {name.split("@")[0] for name in repo.status(targets=[f"release@{study}"], with_deps=True)}

    def edit(self, file: str, change: Callable[[dict], None]) -> None:
        path = self.root / file
        content = yaml.safe_load(path.read_text())
        change(content)
        path.write_text(yaml.safe_dump(content, sort_keys=False, allow_unicode=True))


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Pipeline:
    root = tmp_path_factory.mktemp("pipeline")
    for name in ("dvc.yaml", "params.yaml", ".dvcignore", ".gitignore"):
        shutil.copy(ROOT / name, root / name)
    for name in ("studies", "plans", "evaluation"):
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
            outs = [out if isinstance(out, str) else next(iter(out)) for out in stage["outs"]]
            stage["cmd"] = f"{sys.executable} leave.py {' '.join(outs)}"

    def shorten(content: dict) -> None:
        content.update(districts=content["districts"][:2], specifications=content["specifications"][:2])

    pipeline.edit("dvc.yaml", only_leave_files)
    for study in ("partnership", "connecticut"):
        pipeline.edit(f"studies/{study}.yaml", shorten)
    pipeline.reproduce("partnership", "connecticut")
    return pipeline


@pytest.fixture
def pipeline(finished: Pipeline, tmp_path: Path) -> Pipeline:
    """A fresh copy of the finished pipeline, to be changed freely."""
    root = tmp_path / "pipeline"
    shutil.copytree(finished.root, root, symlinks=True)
    return Pipeline(root)
