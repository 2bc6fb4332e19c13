"""What a plan names, what its lock fixes, and what counts as a difference."""

import hashlib
import random
from collections.abc import Iterator
from contextlib import suppress
from copy import deepcopy
from functools import reduce
from operator import getitem
from pathlib import Path
from typing import Literal, get_args, get_origin

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from evaluation import params
from evaluation.errors import StudyError
from evaluation.params import Plan, Study, locked
from evaluation.params.locked import (
    NOT_PLANNED,
    Lock,
    LockFile,
    differences,
    locked_plan,
    plan_hash,
    unfinished,
)

ROOT = Path(__file__).parents[2]
STUDY = params.study("partnership", ROOT)
LOCKED = locked_plan(STUDY)


def edited(edit) -> Study:
    content = STUDY.model_dump(mode="json")
    edit(content)
    return Study.model_validate(content)


def changed(edit) -> list[tuple[str, str, str]]:
    return [(d.key, d.planned, d.run) for d in differences(LOCKED, locked_plan(edited(edit)))]


def shuffled(value, rng: random.Random):
    """The same content in another order of keys and names."""
    if isinstance(value, dict):
        names = list(value)
        rng.shuffle(names)
        return {name: shuffled(value[name], rng) for name in names}
    if isinstance(value, list):
        return rng.sample(value, len(value))
    return value


def test_a_result_is_confirmatory_exploratory_or_not_planned():
    plan = Plan.model_validate({
        "confirmatory": [{"specifications": ["a", "b"], "outcomes": ["x"], "gaps": ["g"]}],
        "exploratory": [{"specifications": ["c"], "outcomes": ["x"]}]})
    assert plan.standing("a", "x", "g") == plan.standing("b", "x", "g") == "confirmatory"
    assert plan.standing("c", "x", "any") == "exploratory"
    for result in (("a", "y", "g"), ("a", "x", "h"), ("c", "y", "g"), ("d", "x", "g")):
        assert plan.standing(*result) == "not planned"
    assert plan.confirmatory_specifications() == ("a", "b")


def test_entries_multiply_out_to_results_in_the_studys_order():
    found = params.results_of(STUDY.plan.confirmatory, STUDY.specifications)
    assert len(found) == len(set(found)) == 2 * 3 * 2
    assert found[0] == ("headline_dile", "chronic_absence_pct", "black_white")
    by_family = [params.results_of(f.results, STUDY.specifications) for f in STUDY.plan.families]
    assert sorted(r for results in by_family for r in results) == sorted(found)


def test_the_hash_is_that_of_json_with_sorted_keys():
    text = '{"a":[1,2],"b":"ä ö"}'
    assert plan_hash({"b": "ä\n  ö", "a": [2.0, 1]}) == hashlib.sha256(text.encode()).hexdigest()


@settings(max_examples=25, deadline=None)
@given(st.randoms(use_true_random=False), st.booleans())
def test_neither_order_nor_formatting_changes_the_hash(rng, is_flow):
    text = yaml.safe_dump(shuffled(STUDY.model_dump(mode="json"), rng), default_flow_style=is_flow, width=40)
    other = locked_plan(Study.model_validate(yaml.safe_load(text)))
    # grade bands are pairs, the only lists of a study in which order says something
    assert plan_hash({**other, "grade_bands": LOCKED["grade_bands"]}) == plan_hash(LOCKED)


def test_a_lock_survives_its_file():
    again = yaml.safe_load(yaml.safe_dump(LOCKED, allow_unicode=True, width=40))
    assert again == LOCKED
    assert differences(LOCKED, again) == ()


def part_of_a_study() -> dict:
    """Every block of a study file, each list with few entries: the default study's, with tables to read."""
    content = STUDY.model_dump(mode="json")
    content["deliveries"] = params.study("connecticut", ROOT).deliveries.model_dump(mode="json")
    content["lineage"] = [{"id": "ia-9010-104", "merged_into": "ia-9010-103"}]
    plan = content["plan"]
    kept = {"districts": 2, "specifications": 2, "outcomes": 3, "programs": 1}
    kept_of_plan = {"confirmatory": 1, "exploratory": 1, "families": 1, "decision_rules": 1}
    content |= {name: content[name][:n] for name, n in kept.items()}
    content["programs"][0]["cohorts"][0] |= {"first_period": "partial", "first_school_day": "2018-08-20",
                                             "started_on": "2019-02-01", "last_school_day": "2019-05-31"}
    content["plan"] = {name: plan[name][:n] for name, n in kept_of_plan.items()}
    content["plan"]["confirmatory"][0]["specifications"] = [content["specifications"][0]["id"]]
    content["plan"]["exploratory"][0]["specifications"] = [content["specifications"][1]["id"]]
    return content


def places(value, at=()):
    """Every value and every list of a study file, by the way to it."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from places(inner, (*at, name))
    elif isinstance(value, list):
        yield at
        for i, inner in enumerate(value):
            yield from places(inner, (*at, i))
    else:
        yield at


def choices(annotation) -> set[str]:
    """Every word that some key of a block may hold, blocks within it included."""
    if get_origin(annotation) is Literal:
        return {v for v in get_args(annotation) if isinstance(v, str)}
    if isinstance(annotation, type) and issubclass(annotation, params.Block):
        return {w for field in annotation.model_fields.values() for w in choices(field.annotation)}
    return {w for part in get_args(annotation) for w in choices(part)}


WORDS = sorted(choices(Study) | {"narrowed", "yes", "no", "EXP"}
               | {entry.id for entry in (*STUDY.outcomes, *STUDY.specifications)})


def others(value) -> list:
    """Values that may stand in place of one."""
    if isinstance(value, list):
        longer = [[*value, other] for other in (1, "x", "ia-1", *WORDS) if other not in value]
        return [value[:-1], *longer] if value else longer
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, int | float):
        return [value + 1, value / 2]
    return ([1, 1.5, ["x"], "2025-06-30", *WORDS] if value is None
            else [f"{value}x", "09-15", "2019-01-15", "2019-03-15", *(w for w in WORDS if w != value)])


def with_another(content: dict, at: tuple) -> Iterator[dict]:
    """Locked plans of studies that differ in one place alone; none where nothing else may stand there."""
    *way, last = at
    for other in others(reduce(getitem, at, content)):
        changed_content = deepcopy(content)
        reduce(getitem, way, changed_content)[last] = other
        with suppress(ValidationError, KeyError):
            yield locked_plan(Study.model_validate(changed_content))


def is_not_planned(at: tuple) -> bool:
    names = [name for name in at if isinstance(name, str)]
    keys = {".".join(names[:n]) for n in range(1, len(names) + 1)} | {".".join([*names[:-1], "*"])}
    return bool(keys & {key for keys in NOT_PLANNED.values() for key in keys})


PART = part_of_a_study()
ONLY_CHOICE = {
    ("periods", "kind"): "one word", ("grade_bands", "middle"): "a pair", ("grade_bands", "high"): "a pair",
    ("outcomes", 0, "id"): "a rule names it", ("plan", "families", 0, "results"): "one at least, by its keys",
    **{("outcomes", i, "measure"): "parameters go with it" for i in range(3)},
    **{("programs", 0, "cohorts", 0, name): "days of its year go with it" for name in ("start", "first_period")},
    **{("programs", 0, "cohorts", i, name): "days go with a partial first period" for i in range(1, 4)
       for name in ("started_on", "first_school_day", "last_school_day")},
    **{("outcomes", i, "code_lists"): "absences have no code list" for i in range(2)},
    **{("deliveries", "tables", i, name): "a table with `group_column` has none" for i in range(2)
       for name in ("of_columns", "district_id_column")}}
REPEATS = ("plan", "decision_rules", 0, "margin")
"""It repeats the margin of its outcome, which is held."""


@pytest.mark.parametrize("at", [at for at in places(PART) if at != REPEATS], ids=str)
def test_whatever_differs_in_a_study_file_is_a_difference_or_named_as_not_planned(at):
    plan = locked_plan(Study.model_validate(PART))
    found = [differences(plan, other) for other in with_another(PART, at)]
    if not found:
        assert at in ONLY_CHOICE
    elif is_not_planned(at):
        assert not any(found)
    else:
        assert any(found)


def test_what_is_not_planned_is_named_with_its_reason_in_the_docs():
    page = (ROOT / "docs/pre_registration.md").read_text(encoding="utf-8")
    for reason, keys in NOT_PLANNED.items():
        assert f"| {', '.join(f'`{key}`' for key in keys)} | {reason} |" in page


def test_what_is_not_planned_is_named_by_keys_that_are():
    def exists(model, names) -> bool:
        field = model.model_fields.get(names[0])
        return names[0] == "*" or (field is not None and (len(names) == 1 or exists(
            locked._block_in(field.annotation) or model, names[1:])))

    assert [key for keys in NOT_PLANNED.values() for key in keys if not exists(Study, key.split("."))] == []


@pytest.mark.parametrize("edit", [
    lambda s: s.update(title="Another", banner="B", question="?", caveats=[]),
    lambda s: s["outcomes"][0].update(label="Absent a lot", unit_name="points"),
    lambda s: s["gaps"][0].update(label="B–W"),
    lambda s: s["dimensions"][0]["groups"].update(black="Black or African American"),
    lambda s: s["plan"]["families"][0].update(label="Absence"),
    lambda s: s["districts"][0].update(name="I. C."),
    lambda s: s["deliveries"].update(found_at="../elsewhere"),
    lambda s: s["outcomes"][0].update(definition=s["outcomes"][0]["definition"].replace(" ", "  ")),
    lambda s: s["plan"]["confirmatory"][0].update(outcomes=None, gaps=None),
    lambda s: s["plan"]["decision_rules"][0].update(margin=2),
    lambda s: s["programs"][0]["cohorts"].append(
        {**s["programs"][0]["cohorts"][1], "districts": [s["programs"][0]["cohorts"][1]["districts"].pop()]}),
    lambda s: s["synthetic"].update(seed=1),
])
def test_words_and_other_ways_to_say_the_same_are_no_difference(edit):
    assert changed(edit) == []


@pytest.mark.parametrize(("edit", "expected"), [
    (lambda s: s["specifications"][0].update(weights="unit"),
     [("specifications.headline_dile.weights", "focal", "unit")]),
    (lambda s: s["specifications"][0].update(exclude_events=[]),
     [("specifications.headline_dile.exclude_events.pandemic", "listed", "not listed")]),
    (lambda s: s["specifications"][1].update(estimator="twfe", comparison="not_yet"),
     [("specifications.never_dile.comparison", "never", "not_yet"),
      ("specifications.never_dile.estimator", "group_time_att", "twfe")]),
    (lambda s: s["districts"][0].update(role="observe"), [("districts.ia-3141.role", "implement", "observe")]),
    (lambda s: s["outcomes"][0].update(margin=1.5),
     [("outcomes.chronic_absence_pct.margin", "2", "1.5"),
      ("plan.decision_rules.chronic_absence_pct.margin", "2", "1.5")]),
    (lambda s: s["outcomes"][0]["parameters"].update(min_days_enrolled=60),
     [("outcomes.chronic_absence_pct.parameters.min_days_enrolled", "45", "60")]),
    (lambda s: s["outcomes"][4]["parameters"].update(actions=["OSS", "ISS"]),
     [("outcomes.oss_per_100.parameters.actions.ISS", "not listed", "listed")]),
    (lambda s: s["gaps"][0].update(focal="hispanic"), [("gaps.black_white.focal", "black", "hispanic")]),
    (lambda s: s["dimensions"][0]["groups"].pop("two_or_more"),
     [("dimensions.race_ethnicity.groups.two_or_more", "listed", "not listed")]),
    (lambda s: s["programs"][0]["cohorts"][0].update(phase="test"),
     [("programs.dile.cohorts.2019.phase", "develop", "test")]),
    (lambda s: s["programs"][0]["cohorts"][1]["districts"].remove("ia-9001"),
     [("programs.dile.cohorts.2022.districts.ia-9001", "listed", "not listed")]),
    (lambda s: s["programs"][1]["cohorts"][1].update(start=2026),
     [("programs.mesa.cohorts.2025", "listed", "not listed"), ("programs.mesa.cohorts.2026", "not listed", "listed")]),
    (lambda s: s["events"][0].update(periods=[2020]), [("events.pandemic.periods.2021", "listed", "not listed")]),
    (lambda s: s["events"].append({"id": "flood", "label": "Flood", "kind": "break", "periods": [2023]}),
     [("events.flood", "not listed", "listed")]),
    (lambda s: s["events"][1].update(periods=[2024]),
     [("events.iowa_attendance_law.periods.2024", "not listed", "listed"),
      ("events.iowa_attendance_law.periods.2025", "listed", "not listed")]),
    (lambda s: s["periods"].update(last=2027), [("periods.last", "2026", "2027")]),
    (lambda s: s["grade_bands"].update(middle=[5, 8]), [("grade_bands.middle.lowest", "6", "5")]),
    (lambda s: s["districts"].pop(), [("districts.oh-099010", "listed", "not listed")]),
    (lambda s: s["deliveries"].update(accept_without=["*.csv"]),
     [("deliveries.accept_without.*.csv", "not listed", "listed")]),
    (lambda s: s["plan"]["families"][0].update(adjustment="romano_wolf"),
     [("plan.families.dile_absence.adjustment", "benjamini_hochberg", "romano_wolf")]),
    (lambda s: s["plan"]["decision_rules"][0]["success"].append("narrowed"),
     [("plan.decision_rules.chronic_absence_pct.success.narrowed", "not listed", "listed")]),
    (lambda s: s["plan"]["exploratory"][0]["specifications"].remove("two_way_mesa"),
     [("plan.exploratory.two_way_mesa", "listed", "not listed")]),
])
def test_a_difference_names_its_key_what_was_planned_and_what_is_run(edit, expected):
    assert changed(edit) == expected
    assert plan_hash(locked_plan(edited(edit))) != plan_hash(LOCKED)


def test_a_promoted_specification_is_a_difference_in_both_lists():
    def promote(s):
        s["plan"]["exploratory"][0]["specifications"].remove("never_dile")
        s["plan"]["confirmatory"].append({"specifications": ["never_dile"]})

    assert [key for key, *_ in changed(promote)] == [
        "plan.confirmatory.never_dile", "plan.exploratory.never_dile"]


def without(*at: str) -> dict:
    """The lock as a program would have written it that did not have this option yet."""
    content, (*way, last) = deepcopy(LOCKED), at
    reduce(getitem, way, content).pop(last)
    return content


@pytest.mark.parametrize("at", [
    ("specifications", "headline_dile", "inference"), ("specifications", "two_way_dile", "anticipation"),
    ("outcomes", "oss_per_100", "placebo_for"), ("events", "pandemic", "states"), ("deliveries", "accept_without"),
    ("programs", "dile", "cohorts", "2022", "schools"),
])
def test_an_option_that_came_after_the_lock_is_no_difference_at_its_default(at):
    assert differences(without(*at), LOCKED) == ()


@pytest.mark.parametrize("at", [
    ("specifications", "headline_dile", "exclude_events"), ("districts", "ia-3141", "role"),
    ("programs", "dile", "cohorts", "2022", "districts"), ("dimensions",)])
def test_another_option_that_came_after_the_lock_is_one(at):
    assert [(d.key, d.planned) for d in differences(without(*at), LOCKED)] == [(".".join(at), "not listed")]


def test_an_option_that_the_program_lost_is_a_difference():
    lost = without("specifications", "headline_dile", "inference")
    assert [d.planned for d in differences(LOCKED, lost)] == ["cr2"]


def test_of_a_lock_that_holds_the_names_of_districts_the_names_are_compared():
    before = {**LOCKED, "districts": sorted(LOCKED["districts"])}
    assert differences(before, LOCKED) == ()
    fewer = locked_plan(edited(lambda s: s["districts"].pop()))
    assert [(d.key, d.planned, d.run) for d in differences(before, fewer)] == [
        ("districts.oh-099010", "listed", "not listed")]


@pytest.mark.parametrize(("edit", "key", "what"), [
    (lambda s: s["plan"].update(confirmatory=[]), "plan.confirmatory", "no result is confirmatory"),
    (lambda s: s["plan"]["families"].pop(), "plan.families", "headline_mesa, belonging_1to5, black_white"),
    (lambda s: s["plan"]["decision_rules"].pop(), "plan.decision_rules", "`belonging_1to5` has no rule"),
])
def test_a_plan_is_finished_before_it_is_locked(edit, key, what):
    found = next(unfinished(edited(edit)))
    assert found[0] == key
    assert what in found[1]


def test_the_projects_own_plans_are_finished():
    for study in ("partnership", "connecticut"):
        assert not list(unfinished(params.study(study, ROOT)))


def test_a_lock_changed_by_hand_is_refused(tmp_path):
    entry = Lock(sha256=plan_hash(LOCKED), locked_on="2026-01-02", commit=None, is_dirty=None, had_results=False,
                 reason=None, plan=LOCKED)
    path = params.lock_path("partnership", tmp_path)
    assert params.locks("partnership", tmp_path) == ()
    path.parent.mkdir(parents=True)
    text = yaml.safe_dump(LockFile(study="partnership", locks=(entry,)).model_dump(mode="json"))
    path.write_text(text)
    assert params.locks("partnership", tmp_path)[0] == entry
    for broken in (text.replace("weights: focal", "weights: unit", 1), text.replace("locked_on", "locked"), "locks: ["):
        path.write_text(broken)
        with pytest.raises(StudyError, match=r"lock\.yaml.*restore the file from git"):
            params.locks("partnership", tmp_path)
