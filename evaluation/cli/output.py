"""Files that a command is asked to write: refused before the work where they cannot be written, in words after it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from evaluation import store
from evaluation.errors import UserError
from evaluation.stage import is_disk_full


def refuse_targets(targets: Sequence[Path]) -> None:
    """Refuse files to write that are folders, lie in a folder that is not there, or are one file named twice.

    Raises
    ------
    UserError
        Names the first such file.
    """
    for place, target in enumerate(targets):
        if os.path.isdir(target):
            raise UserError("this is a folder.", where=str(target), fix="Name a file in it.")
        if not os.path.isdir(target.parent):
            raise UserError("there is no such folder.", where=str(target.parent), fix="Make it, or name another one.")
        if target.resolve() in [other.resolve() for other in targets[:place]]:
            raise UserError("two results cannot be written to one file.", where=str(target), fix="Name two files.")


def write_output(content: bytes, target: Path) -> None:
    """Write a file whole.

    Raises
    ------
    UserError
        It cannot be written there.
    """
    try:
        store.write_bytes(content, target)
    except OSError as error:
        if is_disk_full(error):
            raise
        raise UserError(f"the file cannot be written ({error.strerror}).", where=str(target),
                        fix="Name another place.") from None
