"""A killed run never blocks the next."""

import io
import os
import signal
import subprocess
import sys
import time

import pytest
from rich.console import Console

from evaluation.cli import pipeline as run
from evaluation.errors import DeliveryError
from evaluation.params import Delivery


def console() -> Console:
    return Console(file=io.StringIO())


@pytest.mark.real
def test_a_run_killed_in_estimate_finishes_when_run_again(pipeline, monkeypatch):
    pipeline.edit("studies/partnership.yaml", lambda s: s["specifications"][0].update(weights="unit"))
    original = (pipeline.root / "leave.py").read_text()
    (pipeline.root / "leave.py").write_text(
        "import sys, time, pathlib\n"
        "if 'estimate' in sys.argv[1]:\n    pathlib.Path('started').touch()\n    time.sleep(60)\n" + original)
    command = [sys.executable, "-c", "from evaluation.cli import pipeline; pipeline.reproduce('partnership')"]
    running = subprocess.Popen(command, cwd=pipeline.root, start_new_session=True, stderr=subprocess.DEVNULL)
    for _ in range(300):
        if (pipeline.root / "started").exists():
            break
        time.sleep(0.1)
    assert (pipeline.root / "started").exists()
    os.killpg(running.pid, signal.SIGKILL)
    running.wait()
    (pipeline.root / ".dvc/tmp/rwlock").write_text("")
    (pipeline.root / "leave.py").write_text(original)

    monkeypatch.chdir(pipeline.root)
    said = console()
    run.clear_left_lock(said)
    assert "removed" in said.file.getvalue()
    run.reproduce("partnership")
    assert pipeline.stale("partnership") == set()


@pytest.mark.real
def test_a_failing_stage_is_named_with_its_exit_code(pipeline, monkeypatch):
    pipeline.edit("dvc.yaml", lambda c: c["stages"]["describe"].update(
        cmd=f"{sys.executable} -c 'import sys; sys.exit(2)' # python -m evaluation.describe ${{item.study}}"))
    monkeypatch.chdir(pipeline.root)
    with pytest.raises(run.StageFailed, match="Stage describe of study partnership") as caught:
        run.reproduce("partnership")
    assert caught.value.exit_code == 2


def test_a_good_lock_is_left_alone(tmp_path):
    lock = tmp_path / ".dvc/tmp/rwlock"
    lock.parent.mkdir(parents=True)
    lock.write_text("{}")
    run.clear_left_lock(console(), tmp_path)
    assert lock.exists()


def test_absent_files_are_asked_for_by_publisher_and_place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DeliveryError, match=r"published by the State.*Put them into data/restricted/deliveries/x"):
        run.link_deliveries("x", Delivery(adapter="public_group_level", found_at="nowhere", publisher="the State"))


def test_deliveries_are_linked_where_the_study_says_they_are(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "files").mkdir()
    run.link_deliveries("x", Delivery(adapter="public_group_level", found_at="files"))
    assert (tmp_path / "data/restricted/deliveries/x").resolve() == tmp_path / "files"
