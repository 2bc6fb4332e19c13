"""Run the DVC pipeline of one study; a killed run never blocks the next."""

from __future__ import annotations

import fcntl
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import Any, Literal

from rich.console import Console

from evaluation import store
from evaluation.cli.whole_lock import replaced_whole
from evaluation.errors import DeliveryError, EvaluationError, StudyError, ToleranceError, TryAgainError, UserError
from evaluation.params import Delivery, lock_path
from evaluation.stage import is_disk_full, is_refused

DELIVERIES = Path("data/restricted/deliveries")
_NEVER_IN_GIT = ("data/restricted", "data/unreleased")
AFTER_CELLS = ("describe", "estimate", "diagnose", "release")


class StageFailed(EvaluationError):
    """A stage ended with an error, which it has already told."""

    def __init__(self, stage: str, exit_code: int) -> None:
        self.exit_code = exit_code
        super().__init__(f"{stage} stopped. What it said stands above. Finished stages are kept: mend and run again.")


def link_deliveries(study_id: str, delivery: Delivery) -> None:
    """Make `data/restricted/deliveries/<study>` point to where the study says its files are, when it is absent."""
    target = DELIVERIES / study_id
    if target.exists():
        return
    if delivery.found_at is None:
        raise DeliveryError("no files were delivered yet.", where=str(target),
                            fix="Put each district's folder there, as docs/delivery.md shows, and run again.")
    source = Path(delivery.found_at).resolve()
    if not source.is_dir():
        publisher = f" They are published by {delivery.publisher}" if delivery.publisher else ""
        raise DeliveryError(
            f"the files of this study are not there.{publisher}",
            where=f"studies/{study_id}.yaml, key deliveries.found_at ({delivery.found_at})",
            fix=f"Put them into {target} or {delivery.found_at}, and run again.",
        )
    target.unlink(missing_ok=True)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.symlink_to(source, target_is_directory=True)


def refuse_student_files_in_git() -> None:
    """Raise StudyError when git tracks, or would add, a file about students or one that was not checked.

    DVC keeps .gitignore files of its own, and rewrites them when a stage fails: the project has one that it never
    touches, and this makes sure that it holds.
    """
    listed = ("git", "ls-files", "--cached", "--others", "--exclude-standard", "--", *_NEVER_IN_GIT)
    try:
        found = subprocess.run(listed, capture_output=True, text=True, check=False)
    except OSError:
        return
    if found.returncode == 0 and found.stdout:
        raise StudyError(
            f"git would keep {len(found.stdout.splitlines()):,} files about students, or that were not checked.",
            where=" and ".join(_NEVER_IN_GIT),
            fix="Restore the line `/data/*` of .gitignore, and say `git rm -r --cached` to each of these folders.")


def clear_left_lock(console: Console, root: Path = Path()) -> None:
    """Remove DVC's list of running stages when a killed run left it: unreadable, or naming processes that are gone.

    DVC itself forgives a process that does not exist, but not a list cut off by the kill, nor a process number that
    the system has given to another program since.
    """
    rwlock = root / ".dvc/tmp/rwlock"
    if not rwlock.exists() or _is_held(root / ".dvc/tmp/rwlock.lock") or _is_held(root / ".dvc/tmp/lock"):
        return
    try:
        owners = _owners(json.loads(rwlock.read_text(encoding="utf-8")))
    except (ValueError, KeyError, TypeError, AttributeError):
        owners = None
    if owners is None or (owners and not any(_is_running(pid, rwlock.stat().st_mtime) for pid in owners)):
        rwlock.unlink()
        console.print("A killed run had left a lock file; it was removed.", style="yellow")


def clear_left_parts(root: Path = Path()) -> None:
    """Remove what DVC had half written into its cache when the disk was full or it was killed.

    Parts of files nobody reads. Over an empty folder among those of runs, made before its file, DVC itself stumbles.
    It stays while another DVC is at work here. A cache elsewhere, which other projects may share, is left alone.
    """
    rwlock = root / ".dvc/tmp/rwlock"
    if _is_held(root / ".dvc/tmp/rwlock.lock") or _is_held(root / ".dvc/tmp/lock"):
        return
    if rwlock.exists() and _owners(json.loads(rwlock.read_text(encoding="utf-8"))):
        return
    for part in (root / ".dvc/cache/files/md5").rglob(".*.tmp"):
        part.unlink(missing_ok=True)
    for folder in (root / ".dvc/cache/runs").glob("*/*"):
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()


def refuse_without_cells(study_id: str) -> None:
    """Raise DeliveryError when the cells of a study are not here."""
    cells = store.path("cells", study_id)
    if not cells.is_file():
        raise DeliveryError("there are no cells.", where=str(cells),
                            fix=f"Fetch them with `evaluation pull {study_id}`, where you have the right to.")


def reproduce(study_id: str, *, first: Literal["deliveries", "cells"] = "deliveries") -> None:
    """Bring the release candidate of a study up to date; only what changed is run.

    From `cells` on, nothing before them is looked at: neither deliveries nor student rows have to be here.

    Raises
    ------
    StageFailed
        A stage ended with an error; carries the stage's exit code.
    TryAgainError
        Another DVC is at work in this folder.
    StudyError
        dvc.lock, or dvc.yaml, is damaged.
    """
    from dvc.exceptions import DvcException
    from dvc.repo import Repo

    # DVC wants every dependency to exist: without a lock the folder is empty.
    lock_path(study_id).parent.mkdir(parents=True, exist_ok=True)
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    os.environ["DVC_NO_ANALYTICS"] = "true"
    with _stdout_on_stderr(), replaced_whole():
        try:
            with Repo() as repo:
                if first == "cells":
                    repo.reproduce(targets=[f"{stage}@{study_id}" for stage in AFTER_CELLS], single_item=True)
                else:
                    repo.reproduce(targets=[f"release@{study_id}"])
        except DvcException as error:
            if is_disk_full(error) or is_refused(error):
                raise
            raise _failure(error) from None


def _failure(error: BaseException) -> EvaluationError:
    from dvc.lock import LockError
    from dvc.utils.serialize import ParseError
    from dvc.utils.strictyaml import YAMLValidationError

    causes = tuple(_causes(error))
    said = " ".join(str(cause) for cause in causes)
    failed = re.search(r"evaluation\.(\w+) (\w+), exited with (-?\d+)", said)
    if failed is None:
        if any(isinstance(cause, LockError) for cause in causes):
            return TryAgainError("Another run is at work in this folder. Wait until it has ended, and run again.")
        damaged = next((c for c in causes if isinstance(c, ParseError | YAMLValidationError)), None)
        if damaged is not None:
            name = Path(damaged.path).name
            return StudyError("the file is cut off, or a merge left it in pieces.", where=name,
                              fix=f"Restore it, for example with `git restore {name}`, and run again.")
        return StageFailed(f"The pipeline ({said})", 1)
    code = int(failed[3])
    how = f" was killed (signal {-code})" if code < 0 else ""
    passed_on = (UserError.exit_code, ToleranceError.exit_code, TryAgainError.exit_code)
    return StageFailed(f"Stage {failed[1]} of study {failed[2]}{how}", code if code in passed_on else 1)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__


def _owners(running: dict[str, dict[str, Any]]) -> list[int]:
    """Return the processes that DVC's list of running stages names: one writer, or several readers, of each path."""
    entries = [*running.get("write", {}).values(), *chain.from_iterable(running.get("read", {}).values())]
    return [int(entry["pid"]) for entry in entries]


def _is_running(pid: int, listed_at: float) -> bool:
    """Return whether a process runs that was there when the list was written, so is not another of the same number."""
    import psutil

    try:
        return bool(psutil.Process(pid).create_time() <= listed_at)
    except psutil.Error:
        return False


def _is_held(lock: Path) -> bool:
    if not lock.exists():
        return False
    with lock.open("r+") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return True
    return False


@contextmanager
def _stdout_on_stderr() -> Iterator[None]:
    """Send what DVC and its stages print to stderr, so that stdout carries the result's path alone."""
    sys.stdout.flush()
    saved = os.dup(1)
    os.dup2(2, 1)
    try:
        yield
    finally:
        sys.stdout.flush()
        os.dup2(saved, 1)
        os.close(saved)
