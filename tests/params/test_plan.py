"""What a plan names, what its lock fixes, and what counts as a difference."""

import hashlib
import random
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluation import params
from evaluation.errors import StudyError
from evaluation.params import Plan, Study, locked
from evaluation.params.locked import Lock, LockFile, differences, locked_plan, plan_hash, unfinished

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


@pytest.mark.parametrize("edit", [
    lambda s: s.update(title="Another", banner="B", question="?", caveats=[]),
    lambda s: s["outcomes"][0].update(label="Absent a lot", unit_name="points"),
    lambda s: s["gaps"][0].update(label="B–W"),
    lambda s: s["plan"]["families"][0].update(label="Absence"),
    lambda s: s["districts"][0].update(name="I. C.", role="observe"),
    lambda s: s["specifications"][1].update(weights="unit"),
    lambda s: s["outcomes"][0].update(definition=s["outcomes"][0]["definition"].replace(" ", "  ")),
    lambda s: s["plan"]["confirmatory"][0].update(outcomes=None, gaps=None),
    lambda s: s["plan"]["decision_rules"][0].update(margin=2),
    lambda s: s["synthetic"].update(seed=1),
    lambda s: s["events"][1].update(periods=[2024]),
])
def test_what_no_confirmatory_number_rests_on_is_no_difference(edit):
    assert changed(edit) == []


@pytest.mark.parametrize(("edit", "expected"), [
    (lambda s: s["specifications"][0].update(weights="unit"),
     [("specifications.headline_dile.weights", "focal", "unit")]),
    (lambda s: s["specifications"][0].update(exclude_events=[]),
     [("specifications.headline_dile.exclude_events.pandemic", "listed", "not listed")]),
    (lambda s: s["outcomes"][0].update(margin=1.5),
     [("outcomes.chronic_absence_pct.margin", "2", "1.5"),
      ("plan.decision_rules.chronic_absence_pct.margin", "2", "1.5")]),
    (lambda s: s["outcomes"][0]["parameters"].update(min_days_enrolled=60),
     [("outcomes.chronic_absence_pct.parameters.min_days_enrolled", "45", "60")]),
    (lambda s: s["gaps"][0].update(focal="hispanic"), [("gaps.black_white.focal", "black", "hispanic")]),
    (lambda s: s["programs"][0]["cohorts"][1]["districts"].remove("ia-9001"),
     [("programs.dile.cohorts.2022.districts.ia-9001", "listed", "not listed")]),
    (lambda s: s["programs"][1]["cohorts"][1].update(start=2026),
     [("programs.mesa.cohorts.2025", "listed", "not listed"), ("programs.mesa.cohorts.2026", "not listed", "listed")]),
    (lambda s: s["events"][0].update(periods=[2020]), [("events.pandemic.periods.2021", "listed", "not listed")]),
    (lambda s: s["events"].append({"id": "flood", "label": "Flood", "kind": "break", "periods": [2023]}),
     [("events.flood", "not listed", "listed")]),
    (lambda s: s["periods"].update(last=2027), [("periods.last", "2026", "2027")]),
    (lambda s: s["grade_bands"].update(middle=[5, 8]), [("grade_bands.middle.lowest", "6", "5")]),
    (lambda s: s["districts"].pop(), [("districts.oh-099010", "listed", "not listed")]),
    (lambda s: s["plan"]["families"][0].update(adjustment="romano_wolf"),
     [("plan.families.dile_absence.adjustment", "benjamini_hochberg", "romano_wolf")]),
    (lambda s: s["plan"]["decision_rules"][0]["success"].append("narrowed"),
     [("plan.decision_rules.chronic_absence_pct.success.narrowed", "not listed", "listed")]),
    (lambda s: s["plan"]["exploratory"][0]["specifications"].remove("two_way_mesa"),
     [("plan.exploratory.two_way_mesa", "listed", "not listed")]),
])
def test_what_a_confirmatory_number_rests_on_is_a_difference_by_key(edit, expected):
    assert changed(edit) == expected
    assert plan_hash(locked_plan(edited(edit))) != plan_hash(LOCKED)


def test_a_promoted_specification_is_a_difference_in_both_lists():
    def promote(s):
        s["plan"]["exploratory"][0]["specifications"].remove("never_dile")
        s["plan"]["confirmatory"].append({"specifications": ["never_dile"]})

    assert [key for key, *_ in changed(promote)] == [
        "plan.confirmatory.never_dile", "plan.exploratory.never_dile", "specifications.never_dile"]


def without(option: str) -> dict:
    """The lock as a program would have written it that did not have this option yet."""
    specification = {k: v for k, v in LOCKED["specifications"]["headline_dile"].items() if k != option}
    return {**LOCKED, "specifications": {**LOCKED["specifications"], "headline_dile": specification}}


def test_an_option_that_came_after_the_lock_is_no_difference_at_its_default():
    assert differences(without("inference"), LOCKED) == ()
    assert [d.key for d in differences(without("exclude_events"), LOCKED)] == [
        "specifications.headline_dile.exclude_events"]


def test_an_option_that_the_program_lost_is_a_difference():
    assert [d.planned for d in differences(LOCKED, without("inference"))] == ["cr2"]


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


def test_wording_is_named_by_fields_that_exist():
    fields = {f for model in (params.Outcome, params.Specification, params.Gap, params.Family)
              for f in model.model_fields}
    assert fields >= locked._WORDING
