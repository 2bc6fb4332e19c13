"""Late and corrected deliveries: of every table and school year the newest version stands, whole.

A first delivery lies in `2024/`, what was sent for that year later in `2024@2025-02-01/`, by the day it came. A version
holds the tables that are late or corrected and no other; each replaces all files of its table and year.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from itertools import groupby, pairwise

from evaluation.ingest.delivery.delivered import DeliveredFile
from evaluation.ingest.file_pattern import is_listed
from evaluation.ingest.records import Flaw

MOST_SHRINK = 0.2
"""A version with a larger share of rows fewer than the one before is held."""
_FOLDER = re.compile(r"^([0-9]{4})(?:@([0-9]{4}-[0-9]{2}-[0-9]{2})(?:[^0-9].*)?)?$")


def year_and_day(folder: str) -> tuple[int, str] | None:
    """Return (school year, day of the version or nothing) of a folder's name; None where it is no school year's.

    What follows the day tells versions of one day apart, as in `2024@2025-02-01 (2)`.
    """
    found = _FOLDER.match(folder)
    if found is None:
        return None
    try:
        day = "" if found[2] is None else date.fromisoformat(found[2]).isoformat()
    except ValueError:
        return None
    return int(found[1]), day


def snapshot(paths: Iterable[str], as_of: str | None) -> tuple[list[str], list[str]]:
    """Return (paths delivered by the day `as_of`, paths delivered later), sorted; None: all of them.

    A first delivery has no day and belongs to every snapshot.
    """
    taken: list[str] = []
    later: list[str] = []
    for path in sorted(paths):
        found = year_and_day(path.partition("/")[0])
        is_later = as_of is not None and found is not None and found[1] > as_of
        (later if is_later else taken).append(path)
    return taken, later


def versions(files: Iterable[DeliveredFile]) -> Iterator[list[list[DeliveredFile]]]:
    """Yield the versions of every claimed table and school year, oldest first; a version is its files."""
    def place(file: DeliveredFile) -> tuple[str, int]:
        return file.table, file.school_year

    def order(file: DeliveredFile) -> tuple[str, str]:
        return file.day, file.folder
    claimed = [f for f in files if f.table != "unclaimed"]
    for _, mine in groupby(sorted(claimed, key=lambda f: (place(f), order(f))), key=place):
        yield [list(version) for _, version in groupby(mine, key=order)]


def supersede(files: Iterable[DeliveredFile]) -> None:
    """Mark the files of all versions but the newest, and note what each version is."""
    for history in versions(files):
        for before, after in pairwise(history):
            is_same = _contents(before) == _contents(after)
            for file in before:
                file.superseded_by = after[0].folder
                file.notes += (Flaw("superseded", hint=f"By {after[0].folder}."),)
            for file in after:
                file.notes += (Flaw("same_delivery" if is_same else "corrected_delivery",
                                    hint=f"Before: {before[0].folder}."),)
        if history[0][0].day:
            for file in history[0]:
                file.notes += (Flaw("late_delivery"),)


def refuse_conflicts(files: Iterable[DeliveredFile]) -> None:
    """Refuse versions of one table, year and day whose contents differ: nobody can tell which is the right one."""
    for history in versions(files):
        for day, same_day in groupby(history, key=lambda version: version[0].day):
            rivals = list(same_day)
            if day and any(_contents(version) != _contents(rivals[0]) for version in rivals):
                names = " and ".join(version[0].folder for version in rivals)
                for file in (file for version in rivals for file in version):
                    file.refuse(Flaw("version_conflict", hint=f"They are {names}."))


def hold_shrunk(files: Iterable[DeliveredFile], district_id: str, accept_smaller: Sequence[str]) -> None:
    """Refuse the newest version of a table and year that lost more than 20 % of its rows, unless the study expects it.

    `accept_smaller` lists paths, or patterns, below the delivery's folder.
    """
    for history in versions(files):
        newest, earlier = history[-1], [v for v in history[:-1] if _rows(v)]
        if not earlier or any(f.content is None for f in newest):
            continue
        now, before = _rows(newest), _rows(earlier[-1])
        names = [f"{district_id}/{f.name}" for f in newest]
        is_expected = all(is_listed(name, accept_smaller) for name in names)
        if now < (1 - MOST_SHRINK) * before and not is_expected:
            for file in newest:
                file.refuse(Flaw("delivery_shrinks", hint=f"{now:,} rows, {before:,} in {earlier[-1][0].folder}."))


def _contents(version: Iterable[DeliveredFile]) -> frozenset[str]:
    return frozenset(f.sha256 for f in version)


def _rows(version: Iterable[DeliveredFile]) -> int:
    return sum(f.content.n_good for f in version if f.content is not None)
