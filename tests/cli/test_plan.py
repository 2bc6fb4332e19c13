"""`evaluation plan`: a lock is written once, amended with a reason, and compared with the study file."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from evaluation.cli import program
from evaluation.errors import StudyError
from evaluation.params.locked import plan_hash

ROOT = Path(__file__).parents[2]
LOCK = Path("plans/partnership/lock.yaml")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "studies").mkdir()
    shutil.copy(ROOT / "studies/partnership.yaml", tmp_path / "studies")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def plan(*words: str, code: int = 0):
    done = CliRunner().invoke(program, ["plan", *words])
    if isinstance(done.exception, StudyError):
        raise done.exception
    assert done.exit_code == code, done.output
    return done


def edit(change: Callable[[dict], object]) -> None:
    path = Path("studies/partnership.yaml")
    content = yaml.safe_load(path.read_text())
    change(content)
    path.write_text(yaml.safe_dump(content, sort_keys=False))


def locks() -> list[dict]:
    return yaml.safe_load(LOCK.read_text())["locks"]


def test_without_a_subcommand_the_help_teaches_the_steps():
    shown = CliRunner().invoke(program, ["plan"])
    for words in ("evaluation plan lock STUDY", "evaluation plan show STUDY", "--amend"):
        assert words in shown.output


@pytest.mark.parametrize("command", ["lock", "show"])
def test_help_shows_an_example(command):
    assert f"evaluation plan {command} partnership" in plan(command, "--help").output


def test_a_lock_holds_content_hash_and_date_and_its_path_is_the_result(project):
    assert plan("lock", "partnership").stdout == f"{LOCK}\n"
    (entry,) = locks()
    assert entry["sha256"] == plan_hash(entry["plan"])
    assert (entry["commit"], entry["is_dirty"], entry["had_results"], entry["reason"]) == (None, None, False, None)
    assert "is what was locked" in plan("show", "partnership").stdout


def test_locking_again_changes_nothing(project):
    plan("lock", "partnership")
    before = LOCK.read_bytes()
    edit(lambda s: s.update(title="Another title"))
    assert "nothing has changed" in plan("lock", "partnership").stderr
    assert LOCK.read_bytes() == before


def test_a_changed_plan_is_not_locked_over_without_a_reason(project):
    plan("lock", "partnership")
    before = LOCK.read_bytes()
    edit(lambda s: s["specifications"][0].update(weights="unit"))
    with pytest.raises(StudyError, match=r"headline_dile\.weights: planned focal, now unit.*--amend") as caught:
        plan("lock", "partnership")
    assert caught.value.exit_code == 2
    with pytest.raises(StudyError, match="reason for the amendment is empty"):
        plan("lock", "partnership", "--amend", " ")
    assert LOCK.read_bytes() == before
    shown = plan("show", "partnership", code=3).stdout
    assert "differs from the lock in 1 key:" in shown
    assert "specifications.headline_dile.weights: planned focal, now unit" in shown


def test_an_amendment_is_appended_and_the_history_stays(project):
    plan("lock", "partnership")
    (first,) = locks()
    edit(lambda s: s["specifications"][0].update(weights="unit"))
    plan("lock", "partnership", "--amend", "small schools")
    assert locks()[0] == first
    assert locks()[1]["reason"] == "small schools"
    shown = plan("show", "partnership").stdout
    assert "Reason: small schools" in shown
    assert "specifications.headline_dile.weights: was focal, is unit" in shown


def test_only_a_lock_can_be_amended_or_shown(project):
    with pytest.raises(StudyError, match="no lock to amend"):
        plan("lock", "partnership", "--amend", "why")
    with pytest.raises(StudyError, match="no plan was locked"):
        plan("show", "partnership")


def test_an_unfinished_plan_is_not_locked(project):
    edit(lambda s: s["plan"].update(families=[]))
    with pytest.raises(StudyError, match=r"plan\.families.*in no family"):
        plan("lock", "partnership")
    assert not LOCK.exists()


def test_a_lock_says_whether_the_commit_was_clean_and_results_were_there(project):
    def git(*words: str) -> str:
        return subprocess.run(["git", "-c", "user.name=T", "-c", "user.email=t@example.org", *words], check=True,
                              capture_output=True, text=True).stdout.strip()

    git("init", "-q")
    git("add", "studies")
    git("commit", "-q", "-m", "Study")
    plan("lock", "partnership")
    assert (locks()[0]["commit"], locks()[0]["is_dirty"]) == (git("rev-parse", "HEAD"), False)
    estimates = Path("data/unreleased/estimate/partnership/estimates.parquet")
    estimates.parent.mkdir(parents=True)
    estimates.touch()
    edit(lambda s: s["specifications"][0].update(weights="unit"))
    said = plan("lock", "partnership", "--amend", "why").stderr
    assert "not clean" in said
    assert "already there" in said
    assert (locks()[1]["is_dirty"], locks()[1]["had_results"]) == (True, True)
