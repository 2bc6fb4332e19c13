"""Read members of a publisher's zip archive in memory; an archive that cannot be trusted is refused whole."""

from __future__ import annotations

import zipfile
import zlib
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath

from evaluation.errors import DeliveryError

MAX_MEMBERS = 10_000
MAX_FILE_BYTES = 600_000_000
"""A year of the Civil Rights Data Collection has 95,000 schools and 1,900 columns."""
MAX_TOTAL_BYTES = 2_000_000_000


def member_names(archive: Path, publisher: str) -> tuple[str, ...]:
    """Return the names of the files in the archive, sorted.

    Nothing is ever unpacked to disk; a name that points outside the archive, a name given twice, an encrypted file or
    a size beyond the limits above refuses the archive all the same, because a published archive has none of these.

    Raises
    ------
    DeliveryError
        The archive is missing (says who publishes it and where it belongs), is not a zip file, or is unsafe.
    """
    if not archive.is_file():
        raise DeliveryError(f"`{archive.name}` is missing.", where=str(archive.parent),
                            fix=f"It is published by: {publisher} Put the unmodified archive into this folder.")
    try:
        with zipfile.ZipFile(archive) as opened:
            members = [m for m in opened.infolist() if not m.is_dir()]
    except (zipfile.BadZipFile, OSError):
        raise _unreadable(archive) from None
    names = [m.filename for m in members]
    for is_unsafe, what in (
        (any(_leaves_folder(n) for n in names), "a file name points outside the archive."),
        (len(set(names)) != len(names), "two files have the same name."),
        (any(m.flag_bits & 1 for m in members), "a file is encrypted."),
        (len(members) > MAX_MEMBERS, f"it holds more than {MAX_MEMBERS:,} files."),
        (sum(m.file_size for m in members) > MAX_TOTAL_BYTES, f"it unpacks to more than {MAX_TOTAL_BYTES:,} bytes."),
    ):
        if is_unsafe:
            raise DeliveryError(what, where=str(archive), fix="Fetch the publisher's archive again.")
    return tuple(sorted(names))


def matching(names: tuple[str, ...], pattern: str) -> tuple[str, ...]:
    """Return the names a pattern such as `table/raw/*_race.csv` covers; case counts."""
    return tuple(n for n in names if fnmatchcase(n, pattern))


def read_member(archive: Path, name: str) -> bytes:
    """Return one file's bytes, never more than `MAX_FILE_BYTES` whatever the archive claims.

    Raises
    ------
    DeliveryError
        The file is larger than the limit, or the archive is damaged.
    """
    try:
        with zipfile.ZipFile(archive) as opened, opened.open(name) as member:
            content = member.read(MAX_FILE_BYTES + 1)
    except (zipfile.BadZipFile, OSError, EOFError, NotImplementedError, zlib.error):
        raise _unreadable(archive) from None
    if len(content) > MAX_FILE_BYTES:
        raise DeliveryError(f"`{name}` is larger than {MAX_FILE_BYTES:,} bytes.", where=str(archive),
                            fix="Fetch the publisher's archive again.")
    return content


def _leaves_folder(name: str) -> bool:
    path = PurePosixPath(name.replace("\\", "/"))
    return path.is_absolute() or ".." in path.parts or ":" in name


def _unreadable(archive: Path) -> DeliveryError:
    return DeliveryError("this is not a readable zip archive.", where=str(archive),
                         fix="Fetch the publisher's archive again; it may be cut off.")
