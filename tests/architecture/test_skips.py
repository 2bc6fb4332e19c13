"""Locally a missing program skips a test and says why; under CI the skip is a failure, but for Spark."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(("name", "ci", "code"), [
    ("test_chromium.py", "", 0), ("test_chromium.py", "true", 1), ("test_spark.py", "true", 0)])
def test_a_skip(tmp_path: Path, name: str, ci: str, code: int) -> None:
    (tmp_path / name).write_text("import pytest\n\ndef test_it():\n    pytest.skip('it is not installed')\n")
    done = subprocess.run([sys.executable, "-m", "pytest", "-q", "-rs", "-p", "tests.skips", "-p", "no:cacheprovider",
                           "--rootdir", str(tmp_path), str(tmp_path / name)], capture_output=True, text=True,
                          check=False, env={**os.environ, "CI": ci, "PYTHONPATH": str(ROOT)}, cwd=tmp_path)
    assert done.returncode == code, done.stdout
    assert "it is not installed" in done.stdout
