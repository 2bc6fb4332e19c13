"""What a locked plan fixes, its hash, and how a study differs from it.

The content of a lock is canonical: mappings by id in place of lists of entries, lists of names as sorted sets, whole
numbers without decimals, text with single spaces. So neither the order of keys nor the formatting of a study file nor
words that no number rests on (labels, titles) change the hash.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any

from pydantic import Field, StringConstraints

from evaluation.params.block import Block, Id
from evaluation.params.models import Outcome, Program, Specification, Study
from evaluation.params.plan import DecisionRule, PlannedResults, results_of

IN, OUT = "listed", "not listed"
_WORDING = {"id", "label", "unit_name"}
_GROWING: Mapping[str, type[Block]] = {"specifications": Specification, "outcomes": Outcome}
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

    The plan block; of the confirmatory results the specifications, outcomes and gaps without their labels; every
    program's grade band and cohorts (a unit of another program is no comparison unit); breaks and the events that a
    confirmatory specification leaves out; the districts, periods, unit and grade bands.
    """
    confirmatory = results_of(study.plan.confirmatory, study.specifications)
    names = [{result[i] for result in confirmatory} for i in range(3)]
    left_out = {e for s in study.specifications if s.id in names[0] for e in s.exclude_events}
    content = {
        "plan": {
            "confirmatory": _nested(study.plan.confirmatory, study),
            "exploratory": _nested(study.plan.exploratory, study),
            "families": {f.id: {**_fields(f), "results": _nested(f.results, study)} for f in study.plan.families},
            "decision_rules": {r.outcome: _rule(r, study) for r in study.plan.decision_rules},
        },
        "specifications": {s.id: _fields(s) for s in study.specifications if s.id in names[0]},
        "outcomes": {o.id: _fields(o) for o in study.outcomes if o.id in names[1]},
        "gaps": {g.id: _fields(g) for g in study.gaps if g.id in names[2]},
        "programs": {p.id: {"grade_band": p.grade_band, "cohorts": _cohorts(p)} for p in study.programs},
        "events": {e.id: _fields(e) for e in study.events if e.id in left_out or e.kind == "break"},
        "periods": _fields(study.periods),
        "unit": study.unit,
        "grade_bands": {name: {"lowest": low, "highest": high} for name, (low, high) in study.grade_bands.items()},
        "districts": [d.id for d in study.districts],
    }
    canonical: dict[str, Any] = _canonical(content)
    return canonical


def plan_hash(content: Mapping[str, Any]) -> str:
    """Return the SHA-256, in hexadecimal digits, of a locked plan's content as JSON with sorted keys."""
    text = json.dumps(_canonical(content), sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def differences(locked: Mapping[str, Any], now: Mapping[str, Any]) -> tuple[PlanDifference, ...]:
    """Return every key in which `now` differs from the locked content, in order of key.

    An entry that only one side has is one difference, not one per key. An option of specifications or outcomes that
    the program did not have when the plan was locked is none while it stands at its default.
    """
    return tuple(_compared("", _canonical(locked), _without_new_defaults(locked, _canonical(now))))


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


def _fields(block: Block) -> dict[str, Any]:
    return block.model_dump(mode="json", exclude=_WORDING | {"results"})


def _rule(rule: DecisionRule, study: Study) -> dict[str, Any]:
    margin = {o.id: o.margin for o in study.outcomes}[rule.outcome]
    return {**rule.model_dump(mode="json", exclude={"outcome"}), "margin": margin}


def _nested(entries: Sequence[PlannedResults], study: Study) -> dict[str, Any]:
    out: dict[str, dict[str, list[str]]] = {}
    for specification, outcome, gap in results_of(entries, study.specifications):
        out.setdefault(specification, {}).setdefault(outcome, []).append(gap)
    return out


def _cohorts(program: Program) -> dict[str, Any]:
    out: dict[str, dict[str, Any]] = {}
    for cohort in program.cohorts:
        entry = out.setdefault(str(cohort.start), {"phase": cohort.phase, "districts": [], "schools": []})
        entry["districts"] += cohort.districts
        entry["schools"] += cohort.schools
    return out


def _canonical(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(name): _canonical(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return sorted((_canonical(inner) for inner in value), key=lambda inner: (str(type(inner)), inner))
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return " ".join(value.split()) if isinstance(value, str) else value


def _without_new_defaults(locked: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, Any]:
    out = dict(now)
    for section, model in _GROWING.items():
        out[section] = {
            name: {field: value for field, value in entry.items()
                   if field in locked.get(section, {}).get(name, entry) or not _is_default(model, field, value)}
            for name, entry in now.get(section, {}).items()}
    return out


def _is_default(model: type[Block], field: str, value: Any) -> bool:
    known = model.model_fields.get(field)
    return known is not None and not known.is_required() and _canonical(known.get_default()) == value


def _compared(key: str, planned: Any, run: Any) -> Iterator[PlanDifference]:
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
