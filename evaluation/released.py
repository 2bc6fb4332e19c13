"""The only reader of published releases: the app's door to data."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from evaluation.contracts import TABLES, conform
from evaluation.errors import ReleaseError


@dataclass(frozen=True)
class Release:
    """One immutable, disclosure-checked release.

    Attributes
    ----------
    study, release_id : str
    provenance : mapping
        Commit, date, approver, protection and the SHA-256 of every table.
    labels : mapping
        The study's titles, programs, outcomes, groups and specifications.
    folder : Path
    """

    study: str
    release_id: str
    provenance: Mapping[str, Any]
    labels: Mapping[str, Any]
    folder: Path

    def table(self, name: str, audience: str = "public") -> pd.DataFrame:
        """Return a released table, checked against its contract."""
        path = self.folder / audience / f"{name}.parquet"
        if name not in TABLES or not path.is_file():
            raise ReleaseError(f"the release has no table `{name}` for audience {audience}.", where=str(self.folder),
                               fix="Publish the study again with this version of the program.")
        return conform(pd.read_parquet(path), name)


def root() -> Path:
    """Return where releases lie: EVALUATION_RELEASED, or data/released."""
    return Path(os.environ.get("EVALUATION_RELEASED", "data/released"))


def studies(folder: Path | None = None) -> list[str]:
    """Return the studies with a published release, in order of name."""
    return sorted(path.parent.name for path in (folder or root()).glob("*/current.json"))


def current(study: str, folder: Path | None = None) -> Release:
    """Return the newest release of a study."""
    pointer = (folder or root()) / study / "current.json"
    if study not in studies(folder):
        raise ReleaseError(f"study `{study}` has no published release.", where=str(folder or root()),
                           fix=f"Run `evaluation run {study}` first.")
    return release(study, json.loads(pointer.read_text(encoding="utf-8"))["release_id"], folder)


def release(study: str, release_id: str, folder: Path | None = None) -> Release:
    """Return a release by its id; older ones stay readable."""
    place = (folder or root()) / study / release_id
    if study not in studies(folder) or not re.fullmatch(r"[0-9a-f]{12}", release_id) or not place.is_dir():
        raise ReleaseError("there is no such release.", where=f"study {study}", fix="Open the newest release.")
    provenance = json.loads((place / "provenance.json").read_text(encoding="utf-8"))
    labels = json.loads((place / "public" / "study.json").read_text(encoding="utf-8"))
    return Release(study, release_id, provenance, labels, place)
