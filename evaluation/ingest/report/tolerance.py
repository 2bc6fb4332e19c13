"""Where more rows are set aside than the study tolerates: a small table does not drown among a large one's rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from evaluation.ingest.records import FileReport

NO_LOSS = ("total_row", "header_again", "consent_refused", "no_grade_band", "district_not_in_study", "duplicate_row")
"""Rules by which rows are set aside without taking anything from the study: they are never too many."""
Place = tuple[str, str, int]
"""District, table and school year."""


@dataclass(frozen=True)
class OverTolerance:
    """A district's table and school year of whose `read` rows too many, `aside`, were set aside."""

    place: Place
    read: int
    aside: int

    @property
    def sentence(self) -> str:
        """How many rows, of what, in words."""
        district, table, year = self.place
        return (f"{district}, {table} of {year}: {self.aside:,} of {self.read:,} rows were set aside "
                f"({100 * self.aside / self.read:.1f} %)")


def place(file: FileReport) -> Place:
    """Return what a file is counted with."""
    return file.district_id, file.table, file.school_year


def set_aside_without_loss(file: FileReport) -> int:
    """Return how many rows of a file were set aside by rules that take nothing from the study."""
    return sum(f.count for f in file.findings if f.kind == "quarantined" and f.rule in NO_LOSS)


def over_tolerance(files: Iterable[FileReport], tolerance: float) -> tuple[OverTolerance, ...]:
    """Return where a larger share of the rows was set aside than tolerated, the largest share first.

    Where anything is tolerated, one row among several is never too many.
    """
    read: dict[Place, int] = defaultdict(int)
    aside: dict[Place, int] = defaultdict(int)
    for file in files:
        harmless = set_aside_without_loss(file)
        read[place(file)] += file.rows_in - file.rows_refused - harmless
        aside[place(file)] += file.rows_quarantined - harmless
    found = (OverTolerance(at, read[at], aside[at]) for at in read
             if aside[at] > tolerance * read[at] and (aside[at] > 1 or aside[at] == read[at] or tolerance == 0))
    return tuple(sorted(found, key=lambda over: (-over.aside / over.read, over.place)))
