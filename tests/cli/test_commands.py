"""The command-line program: help that shows an example, and exit code 2 for a user's mistake."""

import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from evaluation.cli import program

ROOT = Path(__file__).parents[2]


def evaluation(*words: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    code = "import sys; from evaluation.cli import main; sys.argv[0] = 'evaluation'; main()"
    return subprocess.run([sys.executable, "-c", code, *words], cwd=cwd, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("command", ["run", "check", "app"])
def test_help_shows_an_example(command: str) -> None:
    shown = CliRunner().invoke(program, [command, "--help"])
    assert shown.exit_code == 0
    assert f"evaluation {command}" in shown.output


def test_an_unknown_study_is_a_users_mistake() -> None:
    done = evaluation("run", "nowhere")
    assert done.returncode == 2
    assert "Known studies: connecticut, partnership" in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_a_missing_file_is_a_users_mistake(tmp_path: Path) -> None:
    done = evaluation("check", str(tmp_path / "absent.csv"))
    assert done.returncode == 2
    assert "no such file" in done.stderr


def test_a_study_file_can_be_checked() -> None:
    assert evaluation("check", "studies/partnership.yaml").returncode == 0


def test_the_app_says_when_nothing_was_published(tmp_path: Path) -> None:
    done = evaluation("app", cwd=tmp_path)
    assert done.returncode == 2
    assert "evaluation run" in done.stderr


def test_a_mapping_can_be_checked(tmp_path: Path) -> None:
    mapping = tmp_path / "ia-9001" / "mapping.yaml"
    mapping.parent.mkdir()
    mapping.write_text("district_id: ia-9001\nversion: '1'\ntables: {}\n")
    done = evaluation("check", str(mapping))
    assert done.returncode == 2
    assert "key tables.school_year" in done.stderr
