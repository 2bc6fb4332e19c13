"""The command-line program: help that shows an example, and exit code 2 for a user's mistake."""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from evaluation.cli import COMMANDS, main, program

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


WORDS = [name.split() for name in (
    *(command for command in COMMANDS if command not in {"plan", "key"}),
    "plan lock", "plan show", "key new", "key show", "key rotate", "key hash")]


@pytest.mark.parametrize("words", WORDS, ids=" ".join)
def test_help_shows_an_example(words: list[str]) -> None:
    shown = CliRunner().invoke(program, [*words, "--help"], env={"COLUMNS": "120"})
    assert shown.exit_code == 0
    assert re.search(rf"Example[^`]*: *evaluation {' '.join(words)} ", re.sub(r"[\s│]+", " ", shown.output))
    assert "`" not in shown.output
    assert "completion" not in shown.output


def test_the_first_help_says_where_to_start() -> None:
    shown = CliRunner().invoke(program, ["--help"], env={"COLUMNS": "120"})
    assert all(f"evaluation {command}" in shown.output for command in COMMANDS)


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


def test_a_run_loads_what_only_its_stages_need_in_them() -> None:
    code = ("import sys, evaluation.cli.run\n"
            "sys.exit(' '.join({'scipy', 'duckdb', 'dvc', 'narwhals'} & set(sys.modules)) or None)")
    loaded = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert loaded.stderr.strip() == ""
