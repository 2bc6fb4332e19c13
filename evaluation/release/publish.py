"""Publishing: an approved candidate becomes an immutable release, outside the pipeline."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from evaluation import params, store
from evaluation.errors import ReleaseError

PROTECTION = "primary"


def release_id(hashes: Mapping[str, str]) -> str:
    """Return 12 hexadecimal digits that name a release by content.

    Parameters
    ----------
    hashes : mapping
        SHA-256 of every file, by file name. The digest is over `name sha256` lines in order of name.
    """
    lines = "".join(f"{name} {hashes[name]}\n" for name in sorted(hashes))
    return hashlib.sha256(lines.encode()).hexdigest()[:12]


def publish(study: str, *, approver: str, root: Path = Path()) -> Path:
    """Copy the candidate of `study` to data/released, point `current.json` at it, and record it in the ledger.

    Publishing the same candidate again changes nothing but `current.json`, and makes good what was lost of its release.

    Returns
    -------
    Path
        Folder of the release, `data/released/<study>/<release_id>`.

    Raises
    ------
    ReleaseError
        There is no candidate, or the study is not marked as a demonstration.
    """
    candidate = root / "data" / "unreleased" / "release" / study
    labels = _labels(candidate)
    if not labels["demonstration"]:
        raise ReleaseError("publishing is refused until full disclosure protection exists.", where=f"study {study}",
                           fix=f"The candidate lies at {candidate}; it is not for the public.")
    files = {path.name: path for path in sorted((candidate / "public").iterdir())}
    hashes = {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in files.items()}
    name = release_id(hashes)
    target = root / "data" / "released" / study / name
    if (target / "provenance.json").is_file():
        _make_good(files, hashes, target / "public")
    else:
        shutil.rmtree(target, ignore_errors=True)
        _copy(candidate, target, {
            "study": study, "release_id": name, **commit_of(root), "published_on": date.today().isoformat(),
            "approver": approver, "protection": PROTECTION, "demonstration": True, "labels": hashes["study.json"],
            "tables": {path.stem: {"sha256": hashes[file], "rows": pq.read_metadata(path).num_rows}
                       for file, path in files.items() if path.suffix == ".parquet"}})
    _record(root / "data" / "ledger" / f"{study}.jsonl",
            {"release_id": name, "protection": PROTECTION, "files": hashes})
    store.write_json({"release_id": name, "rank": _rank(study)}, target.parent / "current.json")
    return target


def commit_of(root: Path) -> dict[str, Any]:
    """Return the `commit` of the checkout and whether it `is_dirty`; None outside a git checkout."""
    head, status = _git(root, "rev-parse", "HEAD"), _git(root, "status", "--porcelain")
    return {"commit": head, "is_dirty": None if status is None else bool(status)}


def _rank(study: str) -> int | None:
    """Return the study's place in params.yaml, from 0: readers list studies in this order."""
    known = params.settings().studies
    return known.index(study) if study in known else None


def _labels(candidate: Path) -> dict[str, Any]:
    path = candidate / "public" / "study.json"
    if not path.is_file():
        raise ReleaseError("there is no release candidate.", where=str(candidate),
                           fix=f"Run `evaluation run {candidate.name}` first.")
    labels: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return labels


def _copy(candidate: Path, target: Path, provenance: Mapping[str, Any]) -> None:
    files = {path.relative_to(candidate).as_posix(): path.read_bytes()
             for path in sorted(candidate.rglob("*")) if path.is_file()}
    store.write_folder({**files, "provenance.json": store.json_bytes(provenance)}, target)


def _make_good(files: Mapping[str, Path], hashes: Mapping[str, str], released: Path) -> None:
    """Write again the files of a release that are missing or damaged."""
    for name, path in files.items():
        held = released / name
        if not held.is_file() or hashlib.sha256(held.read_bytes()).hexdigest() != hashes[name]:
            store.write_bytes(path.read_bytes(), held)


def _record(ledger: Path, entry: Mapping[str, Any]) -> None:
    """Add a line to the ledger, once; the file is written whole, so that no killed run leaves half a line."""
    line = json.dumps(entry, sort_keys=True)
    before = ledger.read_text(encoding="utf-8").splitlines() if ledger.is_file() else []
    if line not in before:
        store.write_bytes("".join(f"{each}\n" for each in [*before, line]).encode(), ledger)


def _git(root: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(["git", "-C", str(root), *arguments], capture_output=True, text=True, check=False)
    except OSError:
        return None
    return done.stdout.strip() if done.returncode == 0 else None
