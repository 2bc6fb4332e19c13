"""A delivered file on its way through the intake."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath

from evaluation.ingest.records import Flaw
from evaluation.ingest.typed import Typed


@dataclass
class DeliveredFile:
    """One file: the table it feeds, its version, and what became of it.

    `day` is the version's day, empty for a first delivery; `record` the kind of record that is read where a file feeds
    several tables, else empty; `superseded_by` the folder of the version that replaced it.
    """

    path: str
    table: str
    school_year: int
    day: str
    record: str = ""
    rows_in: int = 0
    sha256: str = ""
    content: Typed | None = None
    refusal: Flaw | None = None
    superseded_by: str | None = None
    later: tuple[Flaw, ...] = ()
    notes: tuple[Flaw, ...] = ()

    @property
    def name(self) -> str:
        """What reports call the file: its path, and what is read of it where that is not all."""
        return f"{self.path}#{self.record}" if self.record else self.path

    @property
    def folder(self) -> str:
        """The folder of the file's version, `2024` or `2024@2025-02-01`."""
        return PurePosixPath(self.path).parts[0]

    @property
    def stands(self) -> bool:
        """Whether the file's rows are taken: read, and not replaced by a later version."""
        return self.content is not None and self.superseded_by is None

    def refuse(self, flaw: Flaw) -> None:
        """Refuse the whole file."""
        self.content, self.refusal = None, flaw
