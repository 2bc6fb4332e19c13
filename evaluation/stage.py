"""How every stage starts: one study id in, a user's mistake told in red without a traceback, exit code 2."""

from __future__ import annotations

import sys
from collections.abc import Callable

from rich.console import Console

from evaluation.errors import EvaluationError


def run(main: Callable[[str], None]) -> None:
    """Call `main` with the study named on the command line and exit."""
    if len(sys.argv) != 2:
        stage = (main.__module__ if main.__module__ != "__main__" else sys.argv[0]).removesuffix(".__main__")
        Console(stderr=True).print(f"usage: python -m {stage} STUDY", style="red", markup=False)
        sys.exit(2)
    try:
        main(sys.argv[1])
    except EvaluationError as error:
        Console(stderr=True).print(str(error), style="red", markup=False, soft_wrap=True)
        sys.exit(error.exit_code)
