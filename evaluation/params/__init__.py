"""params.yaml and studies/*.yaml as frozen models; an unknown key is an error.

A stage gets only the study keys that `dvc.yaml` lists for it (`load`), so a result cannot depend on an undeclared key.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import ValidationError

from evaluation.errors import StudyError
from evaluation.params.block import Block
from evaluation.params.delivery import Delivery, PublicTable
from evaluation.params.locked import Lock, LockFile, plan_hash
from evaluation.params.models import (
    Cohort,
    Covariate,
    Dimension,
    Disclosure,
    District,
    Event,
    Gap,
    Merger,
    Pool,
    Program,
    Settings,
    Specification,
    Study,
    Synthetic,
)
from evaluation.params.outcome import Outcome
from evaluation.params.plan import DecisionRule, Family, Plan, PlannedResults, Standing, results_of
from evaluation.params.references import broken_references
from evaluation.params.unique_keys import UniqueKeys

__all__ = [
    "Block",
    "Cohort",
    "Covariate",
    "DecisionRule",
    "Delivery",
    "Dimension",
    "Disclosure",
    "District",
    "Event",
    "Family",
    "Gap",
    "Lock",
    "LockFile",
    "Merger",
    "Outcome",
    "Plan",
    "PlannedResults",
    "Pool",
    "Program",
    "PublicTable",
    "Settings",
    "Specification",
    "Standing",
    "Study",
    "Synthetic",
    "UniqueKeys",
    "declared_keys",
    "load",
    "lock_path",
    "locks",
    "read_study",
    "results_of",
    "settings",
    "study",
]

M = TypeVar("M", bound=Block)


class _Loader(UniqueKeys, yaml.SafeLoader):
    """Reads params.yaml and study files."""


def settings(root: Path = Path()) -> Settings:
    """Read params.yaml."""
    return _validated(Settings, root / "params.yaml")


def study(study_id: str, root: Path = Path()) -> Study:
    """Read and cross-check the whole study file; stages use `load`.

    Raises
    ------
    StudyError
        The file is missing or broken, a key is unknown, or an id points nowhere. Names file, key and way out.
    """
    path = root / "studies" / f"{study_id}.yaml"
    if not path.parent.is_dir():
        raise StudyError("this is not the project's folder.", where=str(root.resolve()),
                         fix="Run in the folder that holds params.yaml and studies/.")
    if not study_id.isidentifier() or not path.is_file():
        known = sorted(p.stem for p in (root / "studies").glob("*.yaml"))
        raise StudyError(f"there is no study `{study_id}`.", where="studies/",
                         fix=f"Known studies: {', '.join(known)}.")
    return read_study(path)


def read_study(path: Path) -> Study:
    """Read and cross-check one study file."""
    found = _validated(Study, path)
    for key, what, fix in broken_references(found, path.stem):
        raise StudyError(what, where=f"{path}, key {key}", fix=fix)
    return found


def load(study_id: str, stage: str, root: Path = Path()) -> Study:
    """Return the study with only the keys that `dvc.yaml` declares for `stage`; reading another raises StudyError."""
    whole = study(study_id, root)
    return _only(whole, declared_keys(stage, root))


def lock_path(study_id: str, root: Path = Path()) -> Path:
    """Return where the locks of a study's plan lie."""
    return root / "plans" / study_id / "lock.yaml"


def locks(study_id: str, root: Path = Path()) -> tuple[Lock, ...]:
    """Return the locks of a study's plan, oldest first; none where it was never locked.

    Raises
    ------
    StudyError
        The file cannot be read, or a lock's content is not that of its hash.
    """
    path = lock_path(study_id, root)
    if not path.is_file():
        return ()
    restore = "Locks are written by `evaluation plan lock`, never by hand: restore the file from git."
    try:
        found = _validated(LockFile, path)
    except StudyError as error:
        raise StudyError(error.what, where=error.where, fix=restore) from None
    for i, lock in enumerate(found.locks):
        if plan_hash(lock.plan) != lock.sha256:
            raise StudyError("the locked plan was changed after it was locked.", where=f"{path}, key locks.{i}",
                             fix=restore)
    return found.locks


def declared_keys(stage: str, root: Path = Path()) -> tuple[str, ...]:
    """Return the study keys that a stage lists in dvc.yaml."""
    stages = yaml.safe_load((root / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
    for entry in stages[stage].get("params", []):
        if isinstance(entry, dict):
            for file, keys in entry.items():
                if file.startswith("studies/"):
                    return tuple(keys)
    return ()


def _only(whole: Study, keys: tuple[str, ...]) -> Study:
    view = Study.model_construct(**{k: getattr(whole, k) for k in keys})
    for name in set(view.__dict__) - set(keys):
        del view.__dict__[name]
    return view


def _validated(model: type[M], path: Path) -> M:
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)
    except FileNotFoundError:
        raise StudyError("the file is missing.", where=str(path), fix="Run in the project's folder.") from None
    except (yaml.YAMLError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark else ""
        why = f" ({getattr(error, 'problem', None) or error})" if not isinstance(error, UnicodeDecodeError) else ""
        raise StudyError(f"this is not readable YAML{why}.", where=f"{path}{line}",
                         fix="Check indentation, quotes and dates.") from None
    try:
        return model.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"]) or "(top level)"
        what = first["msg"].removeprefix("Value error, ")
        raise StudyError(f"{what}.", where=f"{path}, key {key}", fix=_way_out(model, first)) from None


def _way_out(model: type[Block], error: Mapping[str, Any]) -> str:
    if error["type"] == "extra_forbidden" and len(error["loc"]) == 1:
        return f"Known keys: {', '.join(sorted(model.model_fields))}."
    if error["type"] == "extra_forbidden":
        return "Remove the key or correct its spelling; docs/study_file.md lists every key."
    if error["type"] == "missing":
        return "Add the key (`null` or `[]` when there is nothing); docs/study_file.md lists every key."
    page = "the comments of params.yaml" if model is Settings else "docs/study_file.md"
    return f"See {page} for what this key may hold."
