"""What a locked plan fixes, its hash, and how a study differs from it.

A lock holds the whole study file but the keys of `NOT_PLANNED`. Its content is canonical: mappings by id in place of
lists of entries, lists of names as sorted sets, whole numbers without decimals, text with single spaces. So neither the
order of keys nor the formatting of a study file nor words that no number rests on (labels, titles) change the hash.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, get_args

from pydantic import Field, StringConstraints

from evaluation.params.block import Block, Id
from evaluation.params.delivery import PublicTable
from evaluation.params.models import Cohort, Study
from evaluation.params.plan import DecisionRule, PlannedResults, results_of

IN, OUT = "listed", "not listed"
NOT_PLANNED: Mapping[str, tuple[str, ...]] = {
    "Words on pages; no number rests on them.": (
        "title", "question", "banner", "caveats", "districts.name", "programs.label", "outcomes.label",
        "outcomes.unit_name", "dimensions.label", "dimensions.groups.*", "gaps.label", "specifications.label",
        "events.label", "plan.families.label"),
    "Names the study, and so its lock.": ("id",),
    "Says whether a release is published by itself.": ("demonstration",),
    "Stops a run with too many unusable rows, and moves no number of one that goes on.": ("quarantine_tolerance",),
    "Where files lie and who made them. What is read from them, and how, is planned; what they say is not.": (
        "deliveries.found_at", "deliveries.publisher", "deliveries.archive"),
    "Invents the students of a demonstration: data, which no plan chooses.": ("synthetic",),
}
"""Keys of a study file that no lock holds, by reason; `*`: the values of a mapping, its names are held."""
_LEFT_OUT = frozenset(key for keys in NOT_PLANNED.values() for key in keys)
_KEYS = ("id", "start", "results")
"""Fields that become keys: an entry's name, a cohort's start, the results of a family."""
_MISSING = object()


class Lock(Block):
    """One lock of a plan: its content, its hash, when and at which commit.

    `is_dirty`: the commit's files were changed and not committed; `had_results`: estimates of the study lay in the
    folder when the plan was locked; `reason`: why the plan was amended, null for the first lock.
    """

    sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
    locked_on: date
    commit: str | None
    is_dirty: bool | None
    had_results: bool
    reason: str | None
    plan: Mapping[str, Any]


class LockFile(Block):
    """All locks of a study's plan, oldest first; written by `evaluation plan lock`, never by hand."""

    study: Id
    locks: tuple[Lock, ...] = Field(min_length=1)


@dataclass(frozen=True)
class PlanDifference:
    """One key in which a study differs from its plan, and what both say, as words."""

    key: str
    planned: str
    run: str


def locked_plan(study: Study) -> dict[str, Any]:
    """Return everything the plan fixes, canonical and ready for JSON or YAML.

    All of the study file but the keys of `NOT_PLANNED`, as whatever else is in it may change a result; in the plan
    block results as specification, outcome and gap, and every rule with its margin.
    """
    content: dict[str, Any] = {
        "plan": {
            "confirmatory": _nested(study.plan.confirmatory, study),
            "exploratory": _nested(study.plan.exploratory, study),
            "families": {f.id: _fields("plan.families", f) | {"results": _nested(f.results, study)}
                         for f in study.plan.families},
            "decision_rules": {r.outcome: _rule(r, study) for r in study.plan.decision_rules},
        },
        # the only lists of a study in which order says something
        "grade_bands": {name: {"lowest": low, "highest": high} for name, (low, high) in study.grade_bands.items()},
    }
    content |= {name: _content(name, field.annotation, getattr(study, name))
                for name, field in Study.model_fields.items() if name not in _LEFT_OUT and name not in content}
    canonical: dict[str, Any] = _canonical(content)
    return canonical


def plan_hash(content: Mapping[str, Any]) -> str:
    """Return the SHA-256, in hexadecimal digits, of a locked plan's content as JSON with sorted keys."""
    text = json.dumps(_canonical(content), sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def differences(locked: Mapping[str, Any], now: Mapping[str, Any]) -> tuple[PlanDifference, ...]:
    """Return every key in which `now` differs from the locked content, in order of key.

    An entry that only one side has is one difference, not one per key. An option that the program did not have when
    the plan was locked is none while it stands at its default.
    """
    return tuple(_compared("", _canonical(locked), _without_new_defaults(Study, locked, _canonical(now))))


def unfinished(study: Study) -> Iterator[tuple[str, str, str]]:
    """Yield (key, what is missing, way out) for everything a plan must say before it can be locked."""
    confirmatory = results_of(study.plan.confirmatory, study.specifications)
    if not confirmatory:
        yield "plan.confirmatory", "no result is confirmatory.", "Name at least one specification, outcome and gap."
    for result in confirmatory:
        if not any(result in results_of(f.results, study.specifications) for f in study.plan.families):
            yield ("plan.families", f"the confirmatory result {', '.join(result)} is in no family.",
                   "Put it into a family; a family may have one result.")
    for outcome in dict.fromkeys(o for _, o, _ in confirmatory):
        if all(rule.outcome != outcome for rule in study.plan.decision_rules):
            yield ("plan.decision_rules", f"outcome `{outcome}` has no rule for what counts as success.",
                   "Add a rule with alpha, success and words.")


def _content(path: str, annotation: Any, value: Any) -> Any:
    """Return a part of a study file, entries by their key and without what is not planned."""
    if isinstance(value, Block):
        return _fields(path, value)
    if isinstance(value, Mapping):
        return list(value) if f"{path}.*" in _LEFT_OUT else dict(value)
    if isinstance(value, tuple) and _block_in(annotation):
        out: dict[str, Any] = {}
        for entry in value:
            key, fields = _key(entry), _fields(path, entry)
            out[key] = _joined(out[key], fields) if key in out else fields
        return out
    return value


def _fields(path: str, block: Block) -> dict[str, Any]:
    return {name: _content(f"{path}.{name}", field.annotation, getattr(block, name))
            for name, field in type(block).model_fields.items()
            if name not in _KEYS and f"{path}.{name}" not in _LEFT_OUT}


def _key(entry: Any) -> str:
    """Return what tells an entry from others of its list; the cohorts of one start are one."""
    if isinstance(entry, Cohort):
        return str(entry.start)
    if isinstance(entry, PublicTable):
        return f"{entry.outcome} by {entry.dimension} in {entry.files}"
    return str(entry.id)


def _joined(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    return {name: value + other[name] if isinstance(value, tuple) else value for name, value in one.items()}


def _rule(rule: DecisionRule, study: Study) -> dict[str, Any]:
    margin = {o.id: o.margin for o in study.outcomes}[rule.outcome]
    return {**rule.model_dump(mode="json", exclude={"outcome"}), "margin": margin}


def _nested(entries: Sequence[PlannedResults], study: Study) -> dict[str, Any]:
    out: dict[str, dict[str, list[str]]] = {}
    for specification, outcome, gap in results_of(entries, study.specifications):
        out.setdefault(specification, {}).setdefault(outcome, []).append(gap)
    return out


def _canonical(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(name): _canonical(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return sorted((_canonical(inner) for inner in value), key=lambda inner: (str(type(inner)), inner))
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return " ".join(value.split()) if isinstance(value, str) else value


def _without_new_defaults(model: type[Block], locked: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, Any]:
    out: dict[str, Any] = {}
    for name, value in now.items():
        field, before = model.model_fields.get(name), locked.get(name, _MISSING)
        inner = None if field is None else _block_in(field.annotation)
        if field and before is _MISSING and not field.is_required() and _canonical(field.get_default()) == value:
            continue
        if field is None or inner is None or not isinstance(before, Mapping):
            out[name] = value
        elif isinstance(field.annotation, type):
            out[name] = _without_new_defaults(inner, before, value)
        else:
            out[name] = {key: _without_new_defaults(inner, before[key], entry) if key in before else entry
                         for key, entry in value.items()}
    return out


def _block_in(annotation: Any) -> type[Block] | None:
    """Return the block that a key holds, itself or as entries of a list."""
    held = (annotation, *get_args(annotation))
    blocks: list[type[Block]] = [part for part in held if isinstance(part, type) and issubclass(part, Block)]
    return blocks[0] if blocks else None


def _compared(key: str, planned: Any, run: Any) -> Iterator[PlanDifference]:
    if isinstance(planned, list) and isinstance(run, dict):
        run = sorted(run)  # earlier locks hold the names of districts alone
    if planned == run:
        return
    if isinstance(planned, dict) and isinstance(run, dict):
        for name in sorted({*planned, *run}):
            yield from _compared(f"{key}.{name}".lstrip("."), planned.get(name, _MISSING), run.get(name, _MISSING))
    elif isinstance(planned, list) and isinstance(run, list):
        for value in _only_one_side(planned, run):
            is_planned = value in planned
            yield PlanDifference(f"{key}.{value}", IN if is_planned else OUT, OUT if is_planned else IN)
    else:
        yield PlanDifference(key, _said(planned), _said(run))


def _only_one_side(planned: list[Any], run: list[Any]) -> list[Any]:
    return sorted([v for v in planned if v not in run] + [v for v in run if v not in planned], key=str)


def _said(value: Any) -> str:
    if value is _MISSING:
        return OUT
    if isinstance(value, dict | list):
        return IN
    return value if isinstance(value, str) else json.dumps(value)
