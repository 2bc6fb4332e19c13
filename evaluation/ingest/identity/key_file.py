"""A file that holds a secret key: made once, outside every repository and data folder, readable by its owner alone."""

from __future__ import annotations

import os
import secrets
import stat
from pathlib import Path

from evaluation.errors import DeliveryError
from evaluation.ingest.identity.pseudonym import FILE_VARIABLE, key_id, key_of

_TRACKING = {".git": "a git work tree", ".dvc": "a DVC project", "dvc.yaml": "a DVC project",
             "mapping.yaml": "a district's delivery"}
_MOST_BYTES = 10_000
_ELSEWHERE = "Name a place that is neither shared nor in a repository, such as ~/keys/district.key."


def write_key_file(path: Path) -> str:
    """Make a key, write it to a new file that its owner alone can read, and return the key's id.

    Raises
    ------
    DeliveryError
        The place is tracked by git or DVC or holds data, something lies there already, or it cannot be written.
    """
    refuse_tracked(path, str(path))
    key = secrets.token_hex(32)
    named = key_id(key.encode())
    text = (f"# A district's secret to make pseudonyms with; key id {named}. Not to be mailed, shared or committed.\n"
            f"# Keep a copy where the district keeps its passwords: without it, years do not link.\n{key}\n")
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise DeliveryError("there is a file already, and a key is never overwritten.", where=str(path),
                            fix="Choose another name.") from None
    except OSError as error:
        raise DeliveryError(f"the file cannot be written ({error.strerror}).", where=str(path),
                            fix=_ELSEWHERE) from None
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    return named


def read_given_key(path: Path) -> bytes:
    """Return the key in a file given by its path, which is repeated where there is such a file: a key is no file.

    Raises
    ------
    DeliveryError
        As `read_key_file`, or the key is too short.
    """
    given = path.expanduser()
    called = str(path) if given.exists() else "the path given (not repeated, since it could be a key)"
    return key_of(read_key_file(str(given), called=called), called)


def read_named_key(path: str) -> str:
    """Return the text of the key file that the environment names."""
    return read_key_file(path, called=f"the file that {FILE_VARIABLE} names")


def read_key_file(path: str, *, called: str) -> str:
    """Return a key file's text; messages say `called`, since a key given in place of a path must not be repeated.

    Raises
    ------
    DeliveryError
        It is no key file, lies where files are tracked, or its owner lets others read it. Never repeats its text.
    """
    try:
        file = Path(path).expanduser()
        found = file.stat()
        text = file.read_text(encoding="utf-8-sig") if found.st_size <= _MOST_BYTES else ""
    except (OSError, RuntimeError, ValueError):
        raise DeliveryError("the key file is not there, is not text, or may not be read.", where=called,
                            fix="Give the path of a file made with `evaluation key new`.") from None
    if not _is_key_file(text):
        raise DeliveryError("this is no key file.", where=called, fix="Give a file made with `evaluation key new`.")
    if os.name == "posix" and found.st_uid == os.getuid() and found.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise DeliveryError("others can read the key.", where=called, fix="Let its owner alone read it: `chmod 600`.")
    refuse_tracked(file, called)
    return text


def _is_key_file(text: str) -> bool:
    """Return whether a text is remarks, and a key in the last line that is not empty."""
    lines = [line for line in text.splitlines() if line.strip()]
    return bool(lines) and all(line.startswith("#") for line in lines[:-1])


def refuse_tracked(path: Path, called: str) -> None:
    """Raise when a path lies in a git work tree, a DVC project, its data or a district's delivery.

    Raises
    ------
    DeliveryError
        Names the folder and what it is.
    """
    for folder in path.expanduser().resolve().parents:
        for mark, kind in _TRACKING.items():
            if (folder / mark).exists():
                raise DeliveryError(f"a key must not lie in {kind} (`{folder}`).", where=called, fix=_ELSEWHERE)
