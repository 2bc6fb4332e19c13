"""From a pseudonym under a former key to the one under the present key, so that years on both sides link."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import PurePath

from evaluation.errors import DeliveryError
from evaluation.ingest.identity.pseudonym import KEY_ID, PSEUDONYM
from evaluation.ingest.values import Broken

COLUMNS = ("old_student_key", "new_student_key", "old_key_id", "new_key_id")
CROSSWALKS = "crosswalk_*.csv"
"""What files beside a district's mapping.yaml are crosswalks."""
_AGAIN = "Make it again with `evaluation key rotate`."


@dataclass(frozen=True)
class Crosswalk:
    """`steps` lead from a key's id to the next key's, `pseudonyms` from a student's pseudonym to the next one.

    Pseudonyms are 128 bits wide, so those of several keys share one mapping.
    """

    steps: Mapping[str, str] = field(default_factory=dict)
    pseudonyms: Mapping[str, str] = field(default_factory=dict)

    def newest_key(self, key_id: str) -> str:
        """Return the id of the key to which the steps from `key_id` lead."""
        return _followed(key_id, self.steps)

    def newest(self, pseudonym: str) -> str:
        """Return the pseudonym under the newest key; one that no step leads from stays."""
        return _followed(pseudonym, self.pseudonyms)


def is_beside(path: PurePath) -> bool:
    """Return whether a path below a district's folder is its mapping or a crosswalk, hence no delivered file."""
    return path.name == "mapping.yaml" or (len(path.parts) == 1 and fnmatch(path.name, CROSSWALKS))


def carried(crosswalk: Crosswalk) -> Callable[[str], str | Broken]:
    """Return the function from a pseudonym as a file holds it to the student's pseudonym under the newest key."""
    def student_key(text: str) -> str | Broken:
        lower = text.lower()
        return crosswalk.newest(lower) if PSEUDONYM.fullmatch(lower) else Broken("not_a_pseudonym")
    return student_key


def left_behind(texts: Iterable[str], crosswalk: Crosswalk) -> int:
    """Return how many of these pseudonyms the crosswalk, where there is one, does not carry over."""
    return bool(crosswalk.pseudonyms) * sum(1 for text in texts if text and text.lower() not in crosswalk.pseudonyms)


def _followed(start: str, steps: Mapping[str, str]) -> str:
    at = start
    for _ in steps:
        if at not in steps:
            break
        at = steps[at]
    return at


def written(ids: Iterable[str], old: Callable[[str], str], new: Callable[[str], str], *, old_key_id: str,
            new_key_id: str) -> str:
    """Return a crosswalk as CSV, sorted by old pseudonym; no source id is in it."""
    pairs = sorted({(old(i), new(i)) for i in ids})
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows((*pair, old_key_id, new_key_id) for pair in pairs)
    return out.getvalue()


def read_crosswalk(files: Mapping[str, bytes]) -> Crosswalk:
    """Return all crosswalks of a district as one; `files` maps where each lies to its content.

    Raises
    ------
    DeliveryError
        One is not what `evaluation key rotate` writes, gives a pseudonym two successors or makes two pseudonyms one, or
        two lead apart.
    """
    steps: dict[str, str] = {}
    pseudonyms: dict[str, str] = {}
    came_from: dict[tuple[str, str], str] = {}
    for where, content in files.items():
        for old, new, old_id, new_id in _rows(content, where):
            if steps.setdefault(old_id, new_id) != new_id:
                raise DeliveryError(f"key {old_id} has two successors.", where=where, fix="Keep one crosswalk of it.")
            if pseudonyms.setdefault(old, new) != new:
                raise DeliveryError("a pseudonym has two successors.", where=where, fix=_AGAIN)
            if came_from.setdefault((old_id, new), old) != old:
                raise DeliveryError("two pseudonyms have one successor, so two students would become one.", where=where,
                                    fix=_AGAIN)
    for start in steps:
        if steps.get(_followed(start, steps)) is not None:
            raise DeliveryError(f"crosswalks lead in a circle from key {start}.", where=next(iter(files)),
                                fix="Take one of them away.")
    return Crosswalk(steps, pseudonyms)


def _rows(content: bytes, where: str) -> list[list[str]]:
    try:
        rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig")), strict=True))
    except (UnicodeDecodeError, csv.Error):
        raise DeliveryError("this is no crosswalk.", where=where, fix=_AGAIN) from None
    if not rows or tuple(rows[0]) != COLUMNS:
        raise DeliveryError("this is no crosswalk.", where=where, fix=_AGAIN)
    patterns = (PSEUDONYM, PSEUDONYM, KEY_ID, KEY_ID)
    for at, row in enumerate(rows[1:], start=2):
        is_right = len(row) == len(patterns) and all(p.fullmatch(v) for p, v in zip(patterns, row, strict=True))
        if not is_right or row[2] == row[3]:
            raise DeliveryError("a row is not old pseudonym, new pseudonym, old key's id, new key's id.",
                                where=f"{where}, row {at}", fix=_AGAIN)
    return rows[1:]
