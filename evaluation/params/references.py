"""Ids of a study file that point nowhere."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from evaluation.params.models import Study


def broken_references(found: Study, stem: str) -> Iterator[tuple[str, str, str]]:
    """Yield (key, what is wrong, way out) for every id that points nowhere."""
    if found.id != stem:
        yield "id", f"the study is called `{found.id}` but its file `{stem}`.", "Give both the same name."
    dimensions = {d.id: d for d in found.dimensions}
    yield from _repeated("districts", [d.id for d in found.districts])
    yield from _repeated("outcomes", [o.id for o in found.outcomes])
    yield from _repeated("gaps", [g.id for g in found.gaps])
    yield from _repeated("specifications", [s.id for s in found.specifications])
    for i, gap in enumerate(found.gaps):
        yield from _unknown(f"gaps.{i}.dimension", gap.dimension, dimensions, "dimension")
        for side in ("focal", "reference"):
            if gap.dimension in dimensions:
                groups = dimensions[gap.dimension].groups
                yield from _unknown(f"gaps.{i}.{side}", getattr(gap, side), groups, f"group of {gap.dimension}")
        if gap.focal == gap.reference:
            yield f"gaps.{i}", "focal and reference are the same group.", "Name two groups."
    yield from _broken_cohorts(found)
    yield from _broken_tables(found)
    names = {"program": [p.id for p in found.programs], "outcomes": [o.id for o in found.outcomes],
             "gaps": [g.id for g in found.gaps], "exclude_events": [e.id for e in found.events]}
    for i, spec in enumerate(found.specifications):
        for key, known in names.items():
            given = getattr(spec, key)
            for value in (given,) if isinstance(given, str) else given:
                yield from _unknown(f"specifications.{i}.{key}", value, known, key.removesuffix("s"))
    specs = [s.id for s in found.specifications]
    for kind in ("confirmatory", "exploratory"):
        for value in getattr(found.plan, kind):
            yield from _unknown(f"plan.{kind}", value, specs, "specification")


def _broken_tables(found: Study) -> Iterator[tuple[str, str, str]]:
    groups = {d.id: d.groups for d in found.dimensions}
    for i, table in enumerate(found.deliveries.tables):
        key = f"deliveries.tables.{i}"
        yield from _unknown(f"{key}.outcome", table.outcome, [o.id for o in found.outcomes], "outcome")
        yield from _unknown(f"{key}.dimension", table.dimension, groups, "dimension")
        for group in table.groups.values():
            if table.dimension in groups:
                yield from _unknown(f"{key}.groups", group, groups[table.dimension], f"group of {table.dimension}")


def _broken_cohorts(found: Study) -> Iterator[tuple[str, str, str]]:
    districts = {d.id for d in found.districts}
    periods = found.periods.all()
    for i, program in enumerate(found.programs):
        phases: dict[int, str] = {}
        for j, cohort in enumerate(program.cohorts):
            key = f"programs.{i}.cohorts.{j}"
            if cohort.start not in periods[1:]:
                yield (f"{key}.start", f"cohort {cohort.start} is outside the data or leaves no period before it.",
                       f"Choose a start in {periods[1]}–{periods[-1]}, or widen `periods`.")
            if not cohort.districts and not cohort.schools:
                yield key, "the cohort has no unit.", "List `districts` or `schools`."
            for district in cohort.districts:
                yield from _unknown(f"{key}.districts", district, districts, "district")
            for school in cohort.schools:
                if not any(school.startswith(f"{d}-") for d in districts):
                    yield (f"{key}.schools", f"`{school}` lies in no district of the study.",
                           "Write <district id>-<school>.")
            if phases.setdefault(cohort.start, cohort.phase) != cohort.phase:
                yield (f"{key}.phase", f"cohort {cohort.start} is in two phases.",
                       "Within a program a start period belongs to one phase.")


def _repeated(key: str, ids: list[str]) -> Iterator[tuple[str, str, str]]:
    for value in sorted({v for v in ids if ids.count(v) > 1}):
        yield key, f"`{value}` is listed twice.", "Ids are unique."


def _unknown(key: str, value: str, known: Any, kind: str) -> Iterator[tuple[str, str, str]]:
    if value not in known:
        yield key, f"there is no {kind} `{value}`.", f"Known: {', '.join(sorted(known))}."
