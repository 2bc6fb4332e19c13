"""The command-line program: help that shows an example, and exit code 2 for a user's mistake."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from evaluation.cli import main, program

ROOT = Path(__file__).parents[2]


@pytest.fixture
def evaluation(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> Callable[..., tuple[int, str]]:
    """Run the program in a folder; exit code and what stands on stderr."""

    def run(*words: str, cwd: Path = ROOT) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["evaluation", *words])
        monkeypatch.chdir(cwd)
        with pytest.raises(SystemExit) as end:
            main()
        return int(end.value.code or 0), capsys.readouterr().err

    return run


@pytest.mark.parametrize("command", ["run", "check", "app"])
def test_help_shows_an_example(command: str) -> None:
    shown = CliRunner().invoke(program, [command, "--help"])
    assert shown.exit_code == 0
    assert f"evaluation {command}" in shown.output


def test_an_unknown_study_is_a_users_mistake() -> None:
    code = "import sys; from evaluation.cli import main; sys.argv[0] = 'evaluation'; main()"
    done = subprocess.run([sys.executable, "-c", code, "run", "nowhere"], cwd=ROOT, capture_output=True, text=True,
                          check=False)
    assert done.returncode == 2
    assert "Known studies: connecticut, partnership" in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_a_missing_file_is_a_users_mistake(evaluation: Callable[..., tuple[int, str]], tmp_path: Path) -> None:
    code, said = evaluation("check", str(tmp_path / "absent.csv"))
    assert code == 2
    assert "no such file" in said


def test_a_study_file_can_be_checked(evaluation: Callable[..., tuple[int, str]]) -> None:
    assert evaluation("check", "studies/partnership.yaml")[0] == 0


def test_the_app_says_when_nothing_was_published(evaluation: Callable[..., tuple[int, str]], tmp_path: Path) -> None:
    code, said = evaluation("app", cwd=tmp_path)
    assert code == 2
    assert "evaluation run" in said


def test_a_mapping_can_be_checked(evaluation: Callable[..., tuple[int, str]], tmp_path: Path) -> None:
    mapping = tmp_path / "ia-9001" / "mapping.yaml"
    mapping.parent.mkdir()
    mapping.write_text("district_id: ia-9001\nversion: '1'\ntables: {}\n")
    code, said = evaluation("check", str(mapping))
    assert code == 2
    assert "key tables.school_year" in said
