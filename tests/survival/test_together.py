"""Two runs at once, a full disk, a damaged lock or cache, student files in git: a sentence says so, a rerun mends."""

from __future__ import annotations

import errno
import fcntl
import io
import json
import os
import re
import shutil
import sqlite3
import time
from pathlib import Path

import pytest
from dvc import dvcfile
from rich.console import Console
from ruamel.yaml.representer import RepresenterError

from evaluation.cli import pipeline
from evaluation.cli.whole_lock import replaced_whole
from evaluation.errors import StudyError, TryAgainError
from evaluation.stage import alone, is_disk_full, told
from tests.survival.kills import counting
from tests.tiny.project import Project, make


def another_seed(study: dict) -> None:
    study["synthetic"]["seed"] += 1


@pytest.mark.real
def test_a_second_run_says_that_it_is_busy_and_the_first_ends_as_if_alone(finished: Project, tmp_path: Path) -> None:
    alone_run, two = finished.copy(tmp_path / "alone"), finished.copy(tmp_path / "two")
    for project in (alone_run, two):
        project.edit(another_seed)
    first = two.start("run", "tiny")
    for _ in range(600):
        if '"pid"' in (two.root / ".dvc/tmp/rwlock").read_text():  # a stage is at work
            break
        time.sleep(0.05)
    second = two.evaluation("run", "tiny")
    assert second.returncode == 75
    assert "Another run is at work" in second.stderr
    assert "Traceback" not in second.stderr
    first.communicate(timeout=300)
    assert first.returncode == 0
    alone_run.evaluation("run", "tiny")
    assert two.hashes() == alone_run.hashes()


@pytest.mark.real
@pytest.mark.parametrize("at", [20, 400])
def test_a_full_disk_is_said_and_one_rerun_mends(finished: Project, tmp_path: Path, at: int) -> None:
    project, clean = finished.copy(tmp_path / "full"), finished.copy(tmp_path / "clean")
    for each in (project, clean):
        each.edit(lambda study: study["specifications"][0].update(weights="unit"))
    full = project.evaluation("run", "tiny", **counting(project, tmp_path / "count", at, "full"))
    assert full.returncode == 75, full.stderr
    assert "disk is full" in full.stderr
    assert "Traceback" not in full.stderr
    (project.root / ".dvc/cache/files/md5/00").mkdir(exist_ok=True)
    (project.root / ".dvc/cache/files/md5/00/.left.tmp").touch()  # as DVC does when a copy into its cache fails
    again = project.evaluation("run", "tiny")
    assert again.returncode == 0, again.stderr
    clean.evaluation("run", "tiny")
    assert project.hashes() == clean.hashes()
    assert not list((project.root / ".dvc/cache").rglob("*.tmp"))


@pytest.mark.real
def test_a_damaged_cache_does_not_reach_the_results(finished: Project, tmp_path: Path) -> None:
    project = finished.copy(tmp_path / "project")
    for path in (project.root / ".dvc/cache/files").rglob("*"):
        if path.is_file():
            path.chmod(0o644)
            path.write_bytes(path.read_bytes()[:-7])
    for database in (project.root / ".dvc/tmp").rglob("cache.db"):
        database.write_bytes(b"not a database")
    shutil.rmtree(project.root / "data/unreleased")
    again = project.evaluation("run", "tiny")
    assert again.returncode == 0, again.stderr
    assert project.hashes() == finished.hashes()


def test_who_is_alone_is_alone(tmp_path: Path) -> None:
    file = tmp_path / "dvc.yaml"
    file.touch()
    with alone(file), pytest.raises(TryAgainError, match="Another run is at work"), alone(file):
        pass
    with alone(file):
        pass


def test_a_full_disk_is_known_by_its_cause(capsys: pytest.CaptureFixture) -> None:
    full = OSError(28, "No space left on device")
    assert is_disk_full(full)
    assert not is_disk_full(OSError(13, "Permission denied"))
    assert is_disk_full(sqlite3.OperationalError("database or disk is full"))
    with pytest.raises(SystemExit) as end, told():
        raise RuntimeError from full
    assert end.value.code == 75
    assert "The disk is full" in re.sub(r"\s+", " ", capsys.readouterr().err)


@pytest.mark.parametrize("number", [errno.EACCES, errno.EROFS])
def test_a_file_that_may_not_be_written_is_named(number: int, capsys: pytest.CaptureFixture) -> None:
    refused = OSError(number, os.strerror(number), "data/unreleased/panel/tiny/cells.parquet")
    with pytest.raises(SystemExit) as end, told():
        raise RuntimeError from refused
    assert end.value.code == 2
    assert "Not allowed to read or write, at data/unreleased/panel/tiny/cells.parquet." in capsys.readouterr().err


def test_a_limit_on_the_size_of_files_is_told_with_the_file(capsys: pytest.CaptureFixture) -> None:
    with pytest.raises(SystemExit) as end, told():
        raise OSError(errno.EFBIG, "File too large", "data/x.parquet")
    assert end.value.code == 75
    assert "no file may grow larger here (ulimit -f), at data/x.parquet." in capsys.readouterr().err


@pytest.mark.parametrize("cut", [0, 11])
def test_a_record_cut_off_by_another_program_is_named(tmp_path: Path, cut: int) -> None:
    project = make(tmp_path / "project")
    (project.root / "dvc.lock").write_text("schema: '2.0'\n"[:cut])
    done = project.evaluation("run", "tiny")
    assert done.returncode == StudyError.exit_code
    assert "dvc.lock" in done.stderr
    assert "git restore dvc.lock" in done.stderr


def test_the_record_of_runs_is_replaced_whole(tmp_path: Path) -> None:
    (tmp_path / ".dvc/tmp").mkdir(parents=True)
    lock = tmp_path / "dvc.lock"
    lock.write_text("schema: '2.0'\nstages: {}\n")

    before = lock.read_bytes()
    with replaced_whole(), pytest.raises(RepresenterError), dvcfile.modify_yaml(str(lock)) as content:
        content["unwritable"] = object()
    assert lock.read_bytes() == before
    with replaced_whole(), dvcfile.modify_yaml(str(lock)) as content:
        content["stages"]["written"] = {}
    assert "written" in lock.read_text()


def left_lock(root: Path, content: str) -> Path:
    lock = root / ".dvc/tmp/rwlock"
    lock.parent.mkdir(parents=True)
    lock.write_text(content)
    return lock


def entry(pid: int) -> str:
    return json.dumps({"write": {"data/x": {"pid": pid, "cmd": "dvc repro"}}, "read": {}})


@pytest.mark.parametrize("content", ["", "[]", '{"write": {"data/x"', entry(2**22 + 1)])
def test_what_a_killed_run_left_is_removed(tmp_path: Path, content: str) -> None:
    lock = left_lock(tmp_path, content)
    pipeline.clear_left_lock(Console(file=io.StringIO()), tmp_path)
    assert not lock.exists()


def left_part(root: Path) -> Path:
    part = root / ".dvc/cache/files/md5/3f/.aBc-_1.tmp"
    part.parent.mkdir(parents=True)
    part.touch()
    part.with_name("17d74f326034df57f2d1a1f67e61cd").touch()
    return part


def test_half_written_files_of_the_cache_are_removed_and_nothing_else(tmp_path: Path) -> None:
    part = left_part(tmp_path)
    pipeline.clear_left_parts(tmp_path)
    assert [each.name for each in part.parent.iterdir()] == ["17d74f326034df57f2d1a1f67e61cd"]


def test_an_empty_folder_of_a_run_is_removed_as_dvc_stumbles_over_it(tmp_path: Path) -> None:
    empty, whole = (tmp_path / ".dvc/cache/runs/9c" / name for name in ("9cff", "9cee"))
    for folder in (empty, whole):
        folder.mkdir(parents=True)
    (whole / "1f").touch()
    pipeline.clear_left_parts(tmp_path)
    assert [each.name for each in empty.parent.iterdir()] == ["9cee"]


def test_who_is_at_work_keeps_its_half_written_files(tmp_path: Path) -> None:
    part, lock = left_part(tmp_path), left_lock(tmp_path, entry(os.getpid()))
    pipeline.clear_left_parts(tmp_path)
    assert part.exists()
    lock.write_text("{}")
    with (tmp_path / ".dvc/tmp/lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        pipeline.clear_left_parts(tmp_path)
    assert part.exists()


def test_a_process_number_given_to_another_program_blocks_nothing(tmp_path: Path) -> None:
    lock = left_lock(tmp_path, entry(os.getpid()))
    os.utime(lock, (1, 1))
    pipeline.clear_left_lock(Console(file=io.StringIO()), tmp_path)
    assert not lock.exists()


def test_a_living_owner_keeps_its_lock(tmp_path: Path) -> None:
    lock = left_lock(tmp_path, entry(os.getpid()))
    pipeline.clear_left_lock(Console(file=io.StringIO()), tmp_path)
    assert lock.exists()


def test_a_lock_that_is_being_written_is_left_alone(tmp_path: Path) -> None:
    lock = left_lock(tmp_path, "")
    with (tmp_path / ".dvc/tmp/rwlock.lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        pipeline.clear_left_lock(Console(file=io.StringIO()), tmp_path)
    assert lock.exists()


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    project = Project(tmp_path)
    project.git("init", "-q")
    (tmp_path / ".gitignore").write_text("/data/*\n")
    (tmp_path / "data/restricted").mkdir(parents=True)
    (tmp_path / "data/restricted/students.csv").touch()
    monkeypatch.chdir(tmp_path)
    return project


def test_ignored_student_files_stop_nothing(repository: Project) -> None:
    pipeline.refuse_student_files_in_git()


def test_a_tracked_student_file_stops_a_run(repository: Project) -> None:
    repository.git("add", "-f", "data/restricted/students.csv")
    with pytest.raises(StudyError, match="git would keep 1 files"):
        pipeline.refuse_student_files_in_git()


def test_a_student_file_that_git_would_add_stops_a_run(repository: Project) -> None:
    (repository.root / ".gitignore").write_text("/data/released/\n")
    with pytest.raises(StudyError, match=r"Restore the line `/data/\*`"):
        pipeline.refuse_student_files_in_git()
