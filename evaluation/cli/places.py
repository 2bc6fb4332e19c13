"""Whether a place for data can be used: tell apart what is not there, not allowed, not answering and still empty."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, Literal, TypeAlias

from evaluation.stage import causes

Way: TypeAlias = Literal["send", "fetch"]


def obstacle(remote: Any, level: str, to: Way) -> str | None:
    """Look into a remote and say what is in the way of using it, and what to do; None when nothing is.

    DVC itself makes a folder that is not there: on a machine whose share is not connected it would send student rows to
    the machine's own disk. And it asks for every file before it says that none can be had.

    Parameters
    ----------
    remote : dvc.data_cloud.Remote
        A folder, of this machine or of another, has an absolute path; an object store has a bucket and what stands
        before its names, which need not exist.
    """
    path = str(remote.path)
    try:
        found = _names(remote.fs, path)
        if found is None and not path.startswith("/"):
            bucket = path.split("/", maxsplit=1)[0]
            found = [] if _names(remote.fs, bucket) is not None else None
            path = path if found is not None else bucket
    except NotImplementedError:  # a place that cannot be listed: the transfer itself will tell
        return None
    except Exception as error:
        return failure([error], to)
    if found is None:
        return (f"there is no {path}. Connect the share it lies on, or correct the place (`dvc remote modify --local "
                f"{level} url PLACE`); before a first push, make the folder or bucket.")
    if to == "send" and remote.fs.protocol == "local" and not os.access(path, os.W_OK):
        return f"no right to write to {path}. Ask whoever keeps it."
    if to == "fetch" and not found:
        return f"nothing was pushed to {path} yet. Whoever has the data says `evaluation push` first."
    return None


def failure(reasons: Sequence[BaseException], to: Way) -> str:
    """Say why a place could not be used, and what to do.

    Parameters
    ----------
    reasons : sequence of exceptions
        What was raised, then what was logged file by file.
    """
    said = [next(iter(str(reason).splitlines()), type(reason).__name__) for reason in reasons]
    every = [cause for reason in reasons for cause in causes(reason)]
    if any(isinstance(cause, PermissionError) for cause in every) or "Forbidden" in said:
        return f"no right to it ({said[-1]}). Ask whoever keeps it, or correct the keys of this machine."
    if any("credentials" in each.lower() for each in said):
        return f"no keys to it on this machine ({said[-1]}). docs/remotes.md shows where they stand."
    if any(isinstance(cause, ImportError) for cause in every):
        return f"{said[-1]}: docs/remotes.md shows how."
    if any("connect" in type(cause).__name__.lower() or isinstance(cause, TimeoutError) for cause in every):
        return f"it does not answer ({said[-1]}). Check the connection, and the address in .dvc/config.local."
    if to == "fetch" and all(_is_of_missing_files(cause) for cause in every):
        return (f"files of this commit are not there ({said[0].rstrip(':')}). Whoever ran it says `evaluation push`, "
                "or you check out the commit that was pushed.")
    return f"{said[-1]}."


def _names(fs: Any, path: str) -> list[str] | None:
    """Return what lies at a path; None where there is no such folder or bucket."""
    try:
        if fs.isfile(path):
            return None
        return list(fs.ls(path, detail=False))
    except (FileNotFoundError, NotADirectoryError):
        return None


def _is_of_missing_files(error: BaseException) -> bool:
    from dvc.exceptions import CheckoutError, FileTransferError

    return isinstance(error, CheckoutError | FileTransferError | FileNotFoundError)
