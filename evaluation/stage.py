"""How every command and stage ends on an error: a sentence in red, never a traceback, and the right exit code."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console

from evaluation.errors import EvaluationError

DEBUG = "EVALUATION_DEBUG"
_PR_SET_PDEATHSIG = 1


def run(main: Callable[[str], None]) -> None:
    """Call `main` with the study named on the command line and exit."""
    if len(sys.argv) != 2:
        stage = (main.__module__ if main.__module__ != "__main__" else sys.argv[0]).removesuffix(".__main__")
        Console(stderr=True).print(f"usage: python -m {stage} STUDY", style="red", markup=False)
        sys.exit(2)
    _end_with_parent()
    with told():
        main(sys.argv[1])


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
        if os.environ.get(DEBUG):
            raise
        _say(f"A defect of the program ({type(error).__name__}). Please report it; {DEBUG}=1 shows where it happened.")
        sys.exit(1)


def _say(sentence: str) -> None:
    Console(stderr=True).print(sentence, style="red", markup=False, soft_wrap=True)


def _end_with_parent() -> None:
    """Ask Linux to end a stage whose pipeline was killed, so that it cannot write beside the next run."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
