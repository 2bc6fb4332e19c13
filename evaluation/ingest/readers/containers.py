"""What a delivered file is, by its content: compressed or not, text, a workbook, a Parquet file or XML."""

from __future__ import annotations

import gzip
import io
import re
import struct
import zipfile
import zlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import IO, Literal

from evaluation.ingest.records import Flaw, RefusedFileError

Kind = Literal["csv", "xlsx", "parquet", "xml", "oneroster"]

MOST_BYTES = 4_000_000_000
"""Unpacked; larger deliveries come as several files."""
MOST_RATIO = 200
"""Unpacked over packed size beyond which an archive of some size is a bomb; exports reach about 30."""
_BOMB_BYTES = 10_000_000
_MOST_MEMBERS = 10_000
_CHUNK = 1 << 20
_DAMAGE = (zipfile.BadZipFile, zlib.error, struct.error, OSError, EOFError, RuntimeError, ValueError, LookupError,
           ArithmeticError)
"""What the standard library raises on archives that are cut, corrupted or of an unknown kind."""
_SUFFIXES: Mapping[str, str] = {".csv": "csv", ".txt": "csv", ".tsv": "csv", ".xlsx": "xlsx", ".xlsm": "xlsx",
                                ".parquet": "parquet", ".xml": "xml", ".gz": "gz", ".zip": "zip"}
_WORDS: Mapping[str, str] = {"csv": "text", "xlsx": "an .xlsx workbook", "parquet": "a Parquet file", "xml": "XML",
                             "gz": "compressed with gzip", "zip": "a zip archive"}
_OLD_WORKBOOK = b"\xd0\xcf\x11\xe0"
_OTHERS = (
    (re.compile(rb"7z\xbc\xaf\x27\x1c|Rar!"), "It is an archive of another kind than zip and gzip."),
    (re.compile(rb"%PDF"), "It is a PDF document."),
    (re.compile(rb"\xff\xfe\0\0|\0\0\xfe\xff"), "It is text in UTF-32: save it as UTF-8."),
    (re.compile(rb"(?:\xef\xbb\xbf)?\s*(?:\[\s*[\[{]|\{\s*\")"), "It is JSON."),
)
"""How files of other kinds begin, and what they are."""
_LOCKED = "EncryptedPackage".encode("utf-16-le")


@dataclass(frozen=True)
class Opened:
    """A file out of its wrapping: what it is and its bytes."""

    kind: Kind
    content: bytes


def opened(content: bytes, name: str = "") -> Opened:
    """Return the file inside `content`: out of gzip, or out of a zip archive that holds nothing else.

    Parameters
    ----------
    content : bytes
        The delivered file.
    name : str
        Its name, if it is known: a suffix that says another kind than the content is refused.

    Raises
    ------
    RefusedFileError
        The archive is damaged, unsafe, locked or holds several files, or the content is of no kind that is read.
    """
    kind = _kind(content, name)
    if kind == "gz":
        content, name = _out_of_gzip(content), name.removesuffix(".gz")
        kind = _kind(content, name)
    elif kind == "zip":
        content, name = _out_of_zip(content)
        kind = _kind(content, name)
    if kind in ("csv", "xlsx", "parquet", "xml"):
        return Opened(kind, content)
    raise RefusedFileError(Flaw("unsafe_archive", hint="There is an archive inside the archive."))


def leaves_folder(name: str) -> bool:
    """Return whether a member of an archive would be unpacked outside the folder it is unpacked in."""
    path = PurePosixPath(name.replace("\\", "/"))
    return path.is_absolute() or ".." in path.parts or ":" in name


def check_sizes(archive: zipfile.ZipFile, packed: int) -> None:
    """Refuse an archive that would unpack to far more than it takes.

    Raises
    ------
    RefusedFileError
        Too many members, too many bytes, or a ratio that no export reaches.
    """
    members = archive.infolist()
    if len(members) > _MOST_MEMBERS:
        raise RefusedFileError(Flaw("unsafe_archive", hint=f"It holds more than {_MOST_MEMBERS:,} files."))
    _check_size(sum(member.file_size for member in members), packed)


def _kind(content: bytes, name: str) -> Literal["csv", "xlsx", "parquet", "xml", "gz", "zip"]:
    found: Literal["csv", "xlsx", "parquet", "xml", "gz", "zip"] = "csv"
    if (other := next((what for begin, what in _OTHERS if begin.match(content)), None)) is not None:
        raise RefusedFileError(Flaw("not_a_table", hint=other))
    if content.startswith(b"\x1f\x8b"):
        found = "gz"
    elif content.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        found = _kind_of_zip(content)
    elif content.startswith(b"PAR1"):
        found = "parquet"
    elif content.startswith(_OLD_WORKBOOK):
        if _LOCKED in content:
            raise RefusedFileError(Flaw("password_protected"))
        raise RefusedFileError(Flaw("not_a_table", hint="It is an old workbook: save it as .xlsx or CSV."))
    elif (start := content[:1000].removeprefix(b"\xef\xbb\xbf").lstrip().lower()).startswith(b"<"):
        if start.startswith((b"<html", b"<!doctype html", b"<table")):
            raise RefusedFileError(Flaw("not_a_table", hint="It is a web page: save it as .xlsx or CSV."))
        found = "xml"
    said = _SUFFIXES.get(PurePosixPath(name).suffix.lower(), found)
    if said != found and content:
        raise RefusedFileError(Flaw("misnamed", hint=f"By its content it is {_WORDS[found]}."))
    return found


def _kind_of_zip(content: bytes) -> Literal["xlsx", "zip"]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = set(archive.namelist())
    except _DAMAGE:
        raise RefusedFileError(Flaw("damaged")) from None
    if "xl/workbook.bin" in names or "mimetype" in names:
        raise RefusedFileError(Flaw("not_a_table", hint="It is a workbook of another kind: save it as .xlsx or CSV."))
    return "xlsx" if "[Content_Types].xml" in names else "zip"


def _out_of_gzip(content: bytes) -> bytes:
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(content)) as stream:
            return _read(stream, len(content))
    except _DAMAGE:
        raise RefusedFileError(Flaw("damaged")) from None


def members_of_zip(content: bytes, wanted: Collection[str]) -> dict[str, bytes]:
    """Return the files of an archive by name, of those that are wanted; folders in the archive do not matter.

    Raises
    ------
    RefusedFileError
        It is no readable archive, or an unsafe or a locked one.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            named = {PurePosixPath(member.filename).name: member for member in _members(archive, len(content))}
            return {name: _unlocked(archive, named[name], len(content)) for name in wanted if name in named}
    except _DAMAGE:
        raise RefusedFileError(Flaw("damaged")) from None


def _out_of_zip(content: bytes) -> tuple[bytes, str]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = _members(archive, len(content))
            if len(members) != 1:
                raise RefusedFileError(Flaw("archive_members", hint=f"It holds {len(members):,} files."))
            return _unlocked(archive, members[0], len(content)), members[0].filename
    except _DAMAGE:
        raise RefusedFileError(Flaw("damaged")) from None


def _members(archive: zipfile.ZipFile, packed: int) -> list[zipfile.ZipInfo]:
    check_sizes(archive, packed)
    if any(leaves_folder(member.filename) for member in archive.infolist()):
        raise RefusedFileError(Flaw("unsafe_archive", hint="A file name in it points outside the archive."))
    return [m for m in archive.infolist() if not m.is_dir() and not m.filename.startswith("__MACOSX/")]


def _unlocked(archive: zipfile.ZipFile, member: zipfile.ZipInfo, packed: int) -> bytes:
    if member.flag_bits & 1:
        raise RefusedFileError(Flaw("password_protected"))
    with archive.open(member) as stream:
        return _read(stream, packed)


def _read(stream: IO[bytes] | gzip.GzipFile, packed: int) -> bytes:
    """Read to the end, but no further than a file of `packed` bytes can honestly hold."""
    parts, size = [], 0
    while part := stream.read(_CHUNK):
        size += len(part)
        _check_size(size, packed)
        parts.append(part)
    return b"".join(parts)


def _check_size(size: int, packed: int) -> None:
    if size > MOST_BYTES or (size > _BOMB_BYTES and size > MOST_RATIO * packed):
        raise RefusedFileError(Flaw("unsafe_archive", hint=f"It unpacks to more than {MOST_BYTES:,} bytes, or to more "
                                                           f"than {MOST_RATIO} times its size."))
