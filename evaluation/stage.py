"""How a stage runs, alone on its study, and how it ends on an error: a sentence in red, never a traceback."""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

from evaluation.errors import EvaluationError, TryAgainError, UserError

DEBUG = "EVALUATION_DEBUG"
_FULL = ("no space left on device", "disk is full", "file too large", "disk i/o error")
"""As databases say it, whose errors carry no number; SQLite has no words of its own for a limit on a file's size."""
_PR_SET_PDEATHSIG = 1


def run(main: Callable[[str], None]) -> None:
    """Call `main` with the study named on the command line and exit."""
    if len(sys.argv) != 2:
        stage = (main.__module__ if main.__module__ != "__main__" else sys.argv[0]).removesuffix(".__main__")
        stderr().print(f"usage: python -m {stage} STUDY", style="red")
        sys.exit(2)
    _end_with_parent()
    with told(), alone(Path("studies") / f"{sys.argv[1]}.yaml"):
        main(sys.argv[1])


def stderr() -> Console:
    """Return the console of messages: they stand there to the letter, in lines that are neither cut nor broken.

    Names of files and columns come from outside and may look like markup; a path that was broken cannot be copied.
    """
    return Console(stderr=True, markup=False, emoji=False, highlight=False, soft_wrap=True)


@contextmanager
def told() -> Iterator[None]:
    """Tell an error as a sentence and exit; with EVALUATION_DEBUG set, let an unforeseen one through.

    An unforeseen error is named by its type alone: its message could carry a person's value.
    """
    try:
        yield
    except EvaluationError as error:
        _say(str(error))
        sys.exit(error.exit_code)
    except Exception as error:
        if is_disk_full(error):
            _say(f"The disk is full, or no file may grow larger here (ulimit -f){_at(error)}. Free some space, or "
                 "raise the limit, and run again: what was finished is kept, nothing is half written.")
            sys.exit(TryAgainError.exit_code)
        if is_refused(error):
            _say(f"Not allowed to read or write{_at(error)}. Get the right to it, and run again: what was finished is "
                 "kept.")
            sys.exit(UserError.exit_code)
        if os.environ.get(DEBUG):
            raise
        _say(f"A defect of the program ({type(error).__name__}). Please report it; {DEBUG}=1 shows where it happened.")
        sys.exit(1)


@contextmanager
def alone(file: Path) -> Iterator[None]:
    """Be the only process of this program that works on `file`; the system lets go of it when the process ends.

    Raises
    ------
    TryAgainError
        Another run is at work on it, or what a killed run left behind has not ended yet.
    """
    if not file.is_file():
        yield
        return
    with file.open("rb") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise TryAgainError("Another run is at work here. Wait until it has ended, and run again.") from None
        yield


def is_disk_full(error: BaseException | None) -> bool:
    """Return whether an error, or one that it came from, is that of a full disk, quota or file size."""
    return any((isinstance(cause, OSError) and cause.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
               or any(words in str(cause).lower() for words in _FULL) for cause in causes(error))


def causes(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an error and those it came from."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def is_refused(error: BaseException) -> bool:
    """Return whether an error, or one that it came from, is that a file or folder may not be read or written."""
    return any(isinstance(cause, OSError) and cause.errno in {errno.EACCES, errno.EPERM, errno.EROFS}
               for cause in causes(error))


def _at(error: BaseException) -> str:
    """Say at which file an error happened, where it tells."""
    name = next((cause.filename for cause in causes(error) if isinstance(cause, OSError) and cause.filename), None)
    return "" if name is None else f", at {os.fsdecode(name)}"


def _say(sentence: str) -> None:
    stderr().print(sentence, style="red")


def _end_with_parent() -> None:
    """Ask Linux to end a stage whose pipeline was killed, so that it cannot write beside the next run."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
