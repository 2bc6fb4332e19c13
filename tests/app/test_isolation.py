"""The app runs where there is nothing but itself, the reader of releases and one release."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
COPIED = ("app", "evaluation/__init__.py", "evaluation/released.py", "evaluation/errors.py", "evaluation/contracts")
SCRIPT = """
import sys
from pathlib import Path
sys.path = [p for p in sys.path if "gap_evaluation" not in p]
sys.meta_path = [f for f in sys.meta_path if "editable" not in str(f).lower()]
sys.path.insert(0, str(Path.cwd()))
from streamlit.testing.v1 import AppTest
import evaluation
assert Path(evaluation.__file__).is_relative_to(Path.cwd()), evaluation.__file__
for page in ("start", "gaps_narrow", "how_sure", "gaps_over_time", "coverage"):
    app = AppTest.from_file(str(Path.cwd() / "app" / "main.py"), default_timeout=60)
    app.query_params["study"] = "partnership"
    if page != "start":
        app.switch_page(f"screens/{page}.py")
    app.run()
    assert not app.exception, [e.message for e in app.exception]
    assert not app.error and app.table, page
missing = [m for m in sys.modules if m.startswith("evaluation.")]
print(sorted(missing))
"""


@pytest.fixture
def empty_folder(releases: Path, tmp_path: Path) -> Path:
    for name in COPIED:
        source, target = ROOT / name, tmp_path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, target)
    shutil.copytree(releases, tmp_path / "data" / "released")
    return tmp_path


def test_every_page_runs_beside_one_release_and_nothing_else(empty_folder):
    done = subprocess.run([sys.executable, "-c", SCRIPT], cwd=empty_folder, capture_output=True, text=True, check=False,
                          env={"PATH": "/usr/bin:/bin", "HOME": str(empty_folder)})
    assert done.returncode == 0, done.stderr[-3000:]
    loaded = done.stdout.splitlines()[-1]
    for stage in ("store", "params", "release.", "stats", "estimate"):
        assert f"evaluation.{stage}" not in loaded
