"""The only reader of published releases: the app's door to data."""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from pyarrow import ArrowInvalid

from evaluation.contracts import TABLES, conform
from evaluation.errors import ContractError, ReleaseError

_AGAIN = "Publish the study again with this version of the program."


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
        where = f"study {self.study}, release {self.release_id}"
        if name not in TABLES or not path.is_file():
            raise ReleaseError(f"the release has no table `{name}` for audience {audience}.", where=where, fix=_AGAIN)
        try:
            return conform(pd.read_parquet(path), name)
        except (OSError, ArrowInvalid):
            raise ReleaseError(f"table `{name}` cannot be read.", where=where, fix=_AGAIN) from None
        except ContractError:
            raise ReleaseError(f"table `{name}` was made by another version of the program.", where=where,
                               fix=_AGAIN) from None


def root() -> Path:
    """Return where releases lie: EVALUATION_RELEASED, or data/released."""
    return Path(os.environ.get("EVALUATION_RELEASED", "data/released"))


def studies(folder: Path | None = None) -> list[str]:
    """Return the studies with a published release in the order of params.yaml; those not named there last, by name."""
    return sorted((path.parent.name for path in (folder or root()).glob("*/current.json")),
                  key=lambda study: (_rank(study, folder), study))


def current(study: str, folder: Path | None = None) -> Release:
    """Return the newest release of a study."""
    if study not in studies(folder):
        raise ReleaseError(f"study `{study}` has no published release.", where="published releases",
                           fix=f"Run `evaluation run {study}` first.")
    newest = _pointer(study, folder).get("release_id")
    if not isinstance(newest, str):
        raise ReleaseError("which release is the newest cannot be read.", where=f"study {study}", fix=_AGAIN)
    return release(study, newest, folder)


def release(study: str, release_id: str, folder: Path | None = None) -> Release:
    """Return a release by its id; older ones stay readable."""
    place = (folder or root()) / study / release_id
    if study not in studies(folder) or not re.fullmatch(r"[0-9a-f]{12}", release_id) or not place.is_dir():
        raise ReleaseError("there is no such release.", where=f"study {study}", fix="Open the newest release.")
    provenance, labels = _object(place / "provenance.json"), _object(place / "public" / "study.json")
    if provenance is None or labels is None:
        raise ReleaseError("the release cannot be read.", where=f"study {study}, release {release_id}", fix=_AGAIN)
    return Release(study, release_id, provenance, labels, place)


def _pointer(study: str, folder: Path | None) -> dict[str, Any]:
    return _object((folder or root()) / study / "current.json") or {}


def _rank(study: str, folder: Path | None) -> float:
    rank = _pointer(study, folder).get("rank")
    return rank if isinstance(rank, int) else math.inf


def _object(path: Path) -> dict[str, Any] | None:
    """Return a file's JSON object; None where the file is missing, broken or empty."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return content if isinstance(content, dict) and content else None
