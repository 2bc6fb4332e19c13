"""The command-line program `evaluation`: one file per command; progress on stderr, the result's path on stdout."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup

from evaluation.stage import told

COMMANDS = ("run", "check", "map", "app", "did", "plan", "key", "push", "pull")
"""Each is a function, or a program of its own, of this name; in the module of this name where `_MODULES` has none."""
_MODULES = {"push": "remotes", "pull": "remotes"}


class _Commands(TyperGroup):
    """Loads a command when it is asked for, so that none waits for what others import."""

    def list_commands(self, ctx: Any) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in COMMANDS:
            return None
        found = getattr(import_module(f"evaluation.cli.{_MODULES.get(cmd_name, cmd_name)}"), cmd_name)
        if not isinstance(found, typer.Typer):
            alone = typer.Typer(add_completion=False, rich_markup_mode="markdown", pretty_exceptions_enable=False)
            alone.command(cmd_name)(found)
            found = alone
        command = typer.main.get_command(found)
        command.name = cmd_name
        return command


program = typer.Typer(cls=_Commands, no_args_is_help=True, add_completion=False, rich_markup_mode="markdown",
                      pretty_exceptions_enable=False)


@program.callback()
def _program() -> None:
    """Evaluate whether school programs narrow gaps between student groups.

    To try it: `evaluation run`, a synthetic study from its files to a release; then `evaluation app` shows it.

    A district: `evaluation map` and `evaluation check` on its own files, and `evaluation key` for pseudonyms.

    A partnership: `evaluation plan`, `evaluation run`; `evaluation push` and `evaluation pull` share data by right.

    Any panel file: `evaluation did`. Each command's help has an example: `evaluation run --help`.
    """


def main() -> None:
    """Run the program; a user's mistake ends with exit code 2 and a red sentence, never a traceback."""
    with told():
        program()
