"""`evaluation push` and `evaluation pull`: each level of data to and from its own remote, as far as one's rights go."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
import yaml

from evaluation import params
from evaluation.cli.places import Way, failure, obstacle
from evaluation.errors import EvaluationError, ReleaseError
from evaluation.stage import alone, is_disk_full, stderr
from evaluation.store import write_bytes

if TYPE_CHECKING:
    from dvc.repo import Repo

LEVELS = ("restricted", "unreleased", "released")
RELEASES = Path("releases")
"""Holds `<study>.dvc`, the version of a study's published releases; in git."""

StudyId = Annotated[str, typer.Argument(help="A file in studies/, without .yaml.")]


def push(study: StudyId = "partnership") -> None:
    """Send a study's data to the remotes that this machine knows: restricted, unreleased, released.

    Name them first (docs/remotes.md: how, and who should have which). What is published is put under a version,
    releases/STUDY.dvc. Afterwards commit that file and dvc.lock, so that others can pull.

    Example: `evaluation push partnership`
    """
    params.study(study)
    with alone(Path("dvc.yaml")), _repository() as (repo, known):
        _version_release(study)
        _each(repo, study, known, lambda paths, level: int(repo.push(targets=paths, remote=level)), "send")


def pull(study: StudyId = "partnership") -> None:
    """Fetch a study's data from the remotes that this machine knows; the rest is left out.

    Name them first (docs/remotes.md). Files go to data/restricted, data/unreleased and data/released. Afterwards
    `evaluation app` opens what is published, and `evaluation run STUDY --from cells` computes anew from cells, for
    whoever may see those.

    Example: `evaluation pull partnership`
    """
    params.study(study)
    with alone(Path("dvc.yaml")), _repository() as (repo, known):
        _each(repo, study, known, lambda paths, level: int(repo.pull(targets=paths, remote=level)["stats"]["fetched"]),
              "fetch")


@contextmanager
def _repository() -> Iterator[tuple[Repo, frozenset[str]]]:
    """Open the DVC project and tell which levels have a remote here.

    DVC refuses to look at any output while one names a remote that is not set: those get a place that is never used.
    """
    os.environ["DVC_NO_ANALYTICS"] = "true"
    from dvc.repo import Repo

    with Repo() as repo:
        known = frozenset(repo.config["remote"]) & set(LEVELS)
    if not known:
        raise ReleaseError("no remote is set on this machine.", where=".dvc/config.local",
                           fix="Name those you have a right to: `dvc remote add --local unreleased PLACE` "
                               "(docs/remotes.md).")
    unused = {level: {"url": os.devnull} for level in LEVELS if level not in known}
    with Repo(config={"remote": unused}) as repo:
        yield repo, known


def _each(repo: Repo, study: str, known: frozenset[str], move: Callable[[list[str], str], int], to: Way) -> None:
    console, failed, done = stderr(), [], "sent" if to == "send" else "fetched"
    for level in LEVELS:
        if level not in known:
            console.print(f"{level}: no remote here, left out.")
            continue
        paths = _paths(repo, study, level)
        moved = _moved(repo, level, partial(move, paths, level), to) if paths else 0
        if isinstance(moved, str):
            failed.append(level)
            console.print(f"{level}: not {done}: {moved}", style="red")
        else:
            console.print(f"{level}: complete, {moved:,} files {done}.", style="green")
    if failed:
        raise EvaluationError(f"Not {done}: {', '.join(failed)}. Why, and what to do, stands above; the other levels "
                              "are complete.")


def _moved(repo: Repo, level: str, move: Callable[[], int], to: Way) -> int | str:
    """Send or fetch one level; return the number of files, or a sentence on why that cannot be."""
    with _logged() as reasons:
        try:
            return obstacle(repo.cloud.get_remote(name=level), level, to) or move()
        except Exception as error:  # each kind of place has errors of its own
            reasons.insert(0, error)
    full = next((reason for reason in reasons if is_disk_full(reason)), None)
    if full is not None:
        raise full
    return failure(reasons, to)


@contextmanager
def _logged() -> Iterator[list[BaseException]]:
    """Collect the errors that DVC logs, file by file, before it says how many there were."""
    found: list[BaseException] = []

    class Collector(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.exc_info and record.exc_info[1] is not None:
                found.append(record.exc_info[1])

    handler, loggers = Collector(), [logging.getLogger(name) for name in ("dvc", "dvc_data", "dvc_objects")]
    for logger in loggers:
        logger.addHandler(handler)
    try:
        yield found
    finally:
        for logger in loggers:
            logger.removeHandler(handler)


def _paths(repo: Repo, study: str, level: str) -> list[str]:
    """Return the outputs of a study at one level that have a version, as paths below the project."""
    root = Path(repo.root_dir)
    outs = {Path(out.fs_path).relative_to(root): out for out in repo.index.outs}
    return sorted(str(path) for path, out in outs.items()
                  if path.parts[1] == level and path.name == study and out.hash_info)


def _version_release(study: str) -> None:
    """Bring the version of a study's published releases up to date, if it has any."""
    from dvc.repo import Repo

    published, file = Path("data/released") / study, RELEASES / f"{study}.dvc"
    if not published.is_dir():
        return
    if not file.is_file():
        entry = {"wdir": "..", "outs": [{"path": published.as_posix(), "remote": "released"}]}
        write_bytes(yaml.safe_dump(entry, sort_keys=False).encode(), file)
    with Repo() as repo:
        repo.commit(str(file), force=True)
