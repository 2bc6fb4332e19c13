"""The command-line program `evaluation`: one file per command; progress on stderr, the result's path on stdout."""

from __future__ import annotations

import typer

from evaluation.cli.app import app as _app
from evaluation.cli.check import check as _check
from evaluation.cli.did import did as _did
from evaluation.cli.key import key as _key
from evaluation.cli.plan import plan as _plan
from evaluation.cli.run import run as _run
from evaluation.stage import told

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
program.command()(_did)
program.add_typer(_plan, name="plan")
program.add_typer(_key, name="key")


def main() -> None:
    """Run the program; a user's mistake ends with exit code 2 and a red sentence, never a traceback."""
    with told():
        program()
