"""Ids of a study file that point nowhere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from evaluation.contracts.choices import ADJUSTABLE_ESTIMATORS, PLACEBO_ESTIMATORS
from evaluation.params.models import Program, Specification, Study
from evaluation.params.plan import PlannedResults, results_of


def broken_references(found: Study, stem: str) -> Iterator[tuple[str, str, str]]:
    """Yield (key, what is wrong, way out) for every id that points nowhere."""
    if found.id != stem:
        yield "id", f"the study is called `{found.id}` but its file `{stem}`.", "Give both the same name."
    dimensions = {d.id: d for d in found.dimensions}
    for name in ("districts", "programs", "outcomes", "dimensions", "gaps", "specifications", "events", "lineage"):
        yield from _repeated(name, [entry.id for entry in getattr(found, name)])
    yield from _broken_frame(found)
    for i, gap in enumerate(found.gaps):
        yield from _unknown(f"gaps.{i}.dimension", gap.dimension, dimensions, "dimension")
        for side in ("focal", "reference"):
            if gap.dimension in dimensions:
                groups = dimensions[gap.dimension].groups
                yield from _unknown(f"gaps.{i}.{side}", getattr(gap, side), groups, f"group of {gap.dimension}")
        if gap.focal == gap.reference:
            yield f"gaps.{i}", "focal and reference are the same group.", "Name two groups."
    yield from _broken_outcomes(found)
    yield from _broken_cohorts(found)
    yield from _broken_tables(found)
    names = {"program": [p.id for p in found.programs], "outcomes": [o.id for o in found.outcomes],
             "gaps": [g.id for g in found.gaps], "exclude_events": [e.id for e in found.events]}
    for i, spec in enumerate(found.specifications):
        for key, known in names.items():
            given = getattr(spec, key)
            for value in (given,) if isinstance(given, str) else given:
                yield from _unknown(f"specifications.{i}.{key}", value, known, key.removesuffix("s"))
        yield from _broken_choices(spec, f"specifications.{i}", found)
    yield from _broken_plan(found)


def _broken_outcomes(found: Study) -> Iterator[tuple[str, str, str]]:
    """Outcomes that are beside others: another definition of one, or a placebo for some."""
    outcomes = {o.id: o for o in found.outcomes}
    for i, outcome in enumerate(found.outcomes):
        named = () if outcome.variant_of is None else (outcome.variant_of,)
        for key, values in (("variant_of", named), ("placebo_for", outcome.placebo_for)):
            for value in values:
                yield from _unknown(f"outcomes.{i}.{key}", value, outcomes, "outcome")
                if value == outcome.id:
                    yield f"outcomes.{i}.{key}", f"`{value}` names itself.", "Name another outcome, or leave it out."
        other = outcomes.get(outcome.variant_of or "")
        if other is not None and (other.kind, other.unit_name) != (outcome.kind, outcome.unit_name):
            yield (f"outcomes.{i}.variant_of", f"`{outcome.id}` and `{other.id}` have different kinds or units.",
                   "A variant is compared with the outcome number by number: give both one unit.")


def _broken_choices(spec: Specification, key: str, found: Study) -> Iterator[tuple[str, str, str]]:
    """Choices that do not go together."""
    program = next((p for p in found.programs if p.id == spec.program), None)
    starts = {str(c.start) for c in program.cohorts} if program else set[str]()
    for cohort in spec.cohorts:
        yield from _unknown(f"{key}.cohorts", str(cohort), starts, f"cohort of {spec.program}")
    if (spec.adjustment == "none") != (not spec.covariates):
        yield key, "adjustment and covariates go together.", "Give both, or neither."
    is_adjusted = spec.adjustment != "none" or spec.anticipation > 0
    if is_adjusted and spec.estimator not in ADJUSTABLE_ESTIMATORS:
        yield key, f"`{spec.estimator}` knows neither adjustment nor anticipation.", "Use `group_time_att`."
    if spec.estimator in PLACEBO_ESTIMATORS and spec.inference != "cr2":
        yield f"{key}.inference", f"`{spec.estimator}` has placebo inference.", "Leave `inference` out."
    if spec.estimator == "student_panel" and spec.partial_first == "leave_out":
        yield f"{key}.partial_first", "`student_panel` has no moments without first periods.", "Leave it out."
    if spec.estimator == "student_panel":
        yield from _broken_students(spec, key, found)
    elif (spec.student_covariate, spec.student_weight) != ("none", "none"):
        yield key, f"`{spec.estimator}` knows neither student covariates nor weights.", "Use `student_panel`."
    if spec.weights == "own" and spec.sample == "own":
        yield f"{key}.sample", "weights `own` have each group on its own cells already.", "Leave `sample` out."


def _broken_students(spec: Specification, key: str, found: Study) -> Iterator[tuple[str, str, str]]:
    """Choices that student moments do not know."""
    if spec.weights == "own" or spec.sample == "own":
        yield key, "`student_panel` has both groups in one regression.", "Leave `weights: own` and `sample: own` out."
    if spec.base != "universal":
        yield f"{key}.base", "`student_panel` has one base for each cohort.", "Leave `base` out."
    breaks = {e.id for e in found.events if e.kind == "break"}
    if set(spec.exclude_events) not in (set(), breaks):
        yield (f"{key}.exclude_events", "student moments are made with all periods or without the breaks.",
               f"Leave it out, or name: {', '.join(sorted(breaks)) or 'nothing'}.")
    for outcome in (o for o in found.outcomes if o.id in spec.outcomes):
        for name, listed in (("student_covariate", outcome.student_covariates),
                             ("student_weight", outcome.student_weights)):
            if getattr(spec, name) not in ("none", *listed):
                yield (f"{key}.{name}", f"outcome `{outcome.id}` has no sums with `{getattr(spec, name)}`.",
                       f"Name it in {name}s of the outcome, or choose: {', '.join(('none', *listed))}.")


def _broken_plan(found: Study) -> Iterator[tuple[str, str, str]]:
    plan, specifications = found.plan, {s.id: s for s in found.specifications}
    lists = {"plan.confirmatory": plan.confirmatory, "plan.exploratory": plan.exploratory}
    lists |= {f"plan.families.{i}.results": family.results for i, family in enumerate(plan.families)}
    for key, entries in lists.items():
        for i, entry in enumerate(entries):
            yield from _broken_entry(f"{key}.{i}", entry, specifications)
    for name in specifications:
        inside = [k for k in ("confirmatory", "exploratory")
                  if any(name in entry.specifications for entry in getattr(plan, k))]
        if len(inside) != 1:
            yield ("plan", f"specification `{name}` is in {'both lists' if inside else 'neither list'}.",
                   "Name it under `confirmatory` or under `exploratory`.")
    yield from _broken_families(found)
    yield from _broken_rules(found)


def _broken_entry(key: str, entry: PlannedResults,
                  specifications: Mapping[str, Specification]) -> Iterator[tuple[str, str, str]]:
    for name in entry.specifications:
        yield from _unknown(f"{key}.specifications", name, specifications, "specification")
        for part in ("outcomes", "gaps"):
            for value in getattr(entry, part) or () if name in specifications else ():
                yield from _unknown(f"{key}.{part}", value, getattr(specifications[name], part),
                                    f"{part.removesuffix('s')} of specification {name}")


def _broken_families(found: Study) -> Iterator[tuple[str, str, str]]:
    yield from _repeated("plan.families", [family.id for family in found.plan.families])
    confirmatory = results_of(found.plan.confirmatory, found.specifications)
    first: dict[tuple[str, str, str], str] = {}
    for i, family in enumerate(found.plan.families):
        for result in results_of(family.results, found.specifications):
            key, said = f"plan.families.{i}.results", ", ".join(result)
            if result not in confirmatory:
                yield (key, f"the result {said} is not confirmatory.",
                       "A family adjusts confirmatory results: name it under `confirmatory`, or take it out.")
            if first.setdefault(result, family.id) != family.id:
                yield (key, f"the result {said} is in family `{first[result]}` too.",
                       "A p-value is adjusted once: leave it in one family.")


def _broken_rules(found: Study) -> Iterator[tuple[str, str, str]]:
    outcomes = {o.id: o for o in found.outcomes}
    yield from _repeated("plan.decision_rules", [rule.outcome for rule in found.plan.decision_rules])
    for i, rule in enumerate(found.plan.decision_rules):
        key = f"plan.decision_rules.{i}"
        yield from _unknown(f"{key}.outcome", rule.outcome, outcomes, "outcome")
        if rule.margin != "outcome" and rule.outcome in outcomes and rule.margin != outcomes[rule.outcome].margin:
            yield (f"{key}.margin", f"the margin is {rule.margin:g}, but that of `{rule.outcome}` is "
                   f"{outcomes[rule.outcome].margin:g}.", "Verdicts use the outcome's: write `margin: outcome`.")
        for family in found.plan.families:
            is_in = any(o == rule.outcome for _, o, _ in results_of(family.results, found.specifications))
            if is_in and family.alpha != rule.alpha:
                yield (f"{key}.alpha", f"alpha is {rule.alpha:g}, but {family.alpha:g} in family `{family.id}`.",
                       "Give both the same alpha.")


def _broken_frame(found: Study) -> Iterator[tuple[str, str, str]]:
    """Yield what does not fit of periods, places, grade bands, lineage and events."""
    if found.periods.first >= found.periods.last:
        yield "periods", "there are fewer than two periods, or they run backwards.", "Give `first` before `last`."
    for name, (low, high) in found.grade_bands.items():
        if low > high:
            yield f"grade_bands.{name}", "the band runs backwards.", "Give the lower grade first."
    for i, district in enumerate(found.districts):
        if district.state != district.id[:2]:
            yield f"districts.{i}.state", f"`{district.id}` is not in `{district.state}`.", "Ids begin with the state."
    for i, program in enumerate(found.programs):
        yield from _unknown(f"programs.{i}.grade_band", program.grade_band, {"all", *found.grade_bands}, "grade band")
    yield from _broken_lineage(found)
    for i, event in enumerate(found.events):
        for period in event.periods:
            yield from _unknown(f"events.{i}.periods", str(period), map(str, found.periods.all()), "period")
        for place in event.districts:
            yield from _unknown(f"events.{i}.districts", place, {d.id for d in found.districts}, "district")
        for state in event.states:
            yield from _unknown(f"events.{i}.states", state, {d.state for d in found.districts}, "state")


def _broken_lineage(found: Study) -> Iterator[tuple[str, str, str]]:
    into = {merger.id: merger.merged_into for merger in found.lineage}
    for i, merged in enumerate(into):
        seen, end = {merged}, into[merged]
        while end is not None and end in into and end not in seen:
            seen.add(end)
            end = into[end]
        if end == merged:
            yield (f"lineage.{i}.merged_into", f"`{merged}` merges into itself, by itself or through others.",
                   "Name the school it lives on in, or null.")
    for i, merger in enumerate(found.lineage):
        for key, school in (("id", merger.id), ("merged_into", merger.merged_into)):
            if school is not None and not any(school.startswith(f"{d.id}-") for d in found.districts):
                yield (f"lineage.{i}.{key}", f"`{school}` lies in no district of the study.",
                       "Write <district id>-<school>.")


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
        firsts: dict[int, tuple[str | None, ...]] = {}
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
            days = (cohort.first_period, cohort.started_on, cohort.first_school_day, cohort.last_school_day)
            if firsts.setdefault(cohort.start, days) != days:
                yield (f"{key}.first_period", f"the first period of cohort {cohort.start} is told in two ways.",
                       "Within a program give all units of a start period the same; of several days the latest.")
        yield from _in_two_cohorts(f"programs.{i}", program, districts)


def _in_two_cohorts(key: str, program: Program, districts: set[str]) -> Iterator[tuple[str, str, str]]:
    first: dict[str, int] = {}
    for j, cohort in enumerate(program.cohorts):
        listed = [("districts", d) for d in cohort.districts] + [("schools", s) for s in cohort.schools]
        for name, unit in listed:
            for other, earlier in first.items():
                inner, outer = (unit, other) if len(unit) > len(other) else (other, unit)
                if inner == outer or (outer in districts and inner.startswith(f"{outer}-")):
                    yield (f"{key}.cohorts.{j}.{name}", f"`{inner}` is in two cohorts.",
                           f"Take `{inner}` out of cohort {earlier} or {cohort.start}: a unit starts once, alone "
                           "or with its district.")
        first |= {unit: cohort.start for _, unit in listed}


def _repeated(key: str, ids: list[str]) -> Iterator[tuple[str, str, str]]:
    for value in sorted({v for v in ids if ids.count(v) > 1}):
        yield key, f"`{value}` is listed twice.", "Ids are unique."


def _unknown(key: str, value: str, known: Any, kind: str) -> Iterator[tuple[str, str, str]]:
    names = sorted(known)
    if value not in names:
        yield key, f"there is no {kind} `{value}`.", f"Known: {', '.join(names) or 'none'}."
