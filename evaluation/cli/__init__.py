"""The command-line program `evaluation`: one file per command; progress on stderr, the result's path on stdout."""

from __future__ import annotations

import sys

import typer
from rich.console import Console

from evaluation.cli.app import app as _app
from evaluation.cli.check import check as _check
from evaluation.cli.run import run as _run
from evaluation.errors import EvaluationError

program = typer.Typer(
    help="Evaluate whether school programs narrow gaps between student groups.\n\n"
    "Start with: evaluation run",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
)
program.command()(_run)
program.command()(_check)
program.command()(_app)


def main() -> None:
    """Run the program; a user's mistake ends with exit code 2 and a red sentence, never a traceback."""
    try:
        program()
    except EvaluationError as error:
        Console(stderr=True).print(str(error), style="red", markup=False, soft_wrap=True)
        sys.exit(error.exit_code)
