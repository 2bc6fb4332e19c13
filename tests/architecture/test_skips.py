"""Locally a missing program skips a test and says why; under CI the skip is a failure, but for Spark."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


TEST = "import pytest\n\ndef test_it():\n    pytest.skip('it is not installed')\n"
MODULE = "import pytest\n\npytest.skip('it is not installed', allow_module_level=True)\n"


@pytest.mark.parametrize(("name", "content", "ci", "code"), [
    ("test_chromium.py", TEST, "", 0), ("test_chromium.py", TEST, "true", 1), ("test_spark.py", TEST, "true", 0),
    ("test_chromium.py", MODULE, "", 5), ("test_chromium.py", MODULE, "true", 2), ("test_spark.py", MODULE, "true", 5)])
def test_a_skip(tmp_path: Path, name: str, content: str, ci: str, code: int) -> None:
    (tmp_path / name).write_text(content)
    done = subprocess.run([sys.executable, "-m", "pytest", "-q", "-rs", "-p", "tests.skips", "-p", "no:cacheprovider",
                           "--rootdir", str(tmp_path), str(tmp_path / name)], capture_output=True, text=True,
                          check=False, env={**os.environ, "CI": ci, "PYTHONPATH": str(ROOT)}, cwd=tmp_path)
    assert done.returncode == code, done.stdout
    assert "it is not installed" in done.stdout
