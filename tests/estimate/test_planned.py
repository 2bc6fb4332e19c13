"""Each result says how it stands in the plan, and every difference from the plan is a row."""

from pathlib import Path

import pandas as pd
import pytest
import yaml

from app.sure.plan import changes
from evaluation.contracts import conform
from evaluation.estimate.planned import plan_differences, with_standing
from evaluation.params import Lock, Study
from evaluation.params.locked import NOT_PLANNED, locked_plan, plan_hash


@pytest.fixture
def study(study_of) -> Study:
    """One specification of two outcomes, the first of which the plan confirms, and another that explores."""
    base = study_of({"ia-1": 2003, "ia-2": 2004})
    outcomes = (base.outcomes[0], base.outcomes[0].model_copy(update={"id": "other_pct"}))
    headline = base.specifications[0].model_copy(update={"outcomes": ("rate_pct", "other_pct")})
    return Study.model_validate(base.model_dump(mode="json") | {
        "outcomes": [o.model_dump(mode="json") for o in outcomes],
        "specifications": [s.model_dump(mode="json") for s in (headline, headline.model_copy(update={"id": "wider"}))],
        "plan": {"confirmatory": [{"specifications": ["headline"], "outcomes": ["rate_pct"]}],
                 "exploratory": [{"specifications": ["wider"]}]}})


def lock_of(study: Study, reason: str | None = None, locked_on: str = "2026-01-02") -> Lock:
    content = locked_plan(study)
    return Lock(sha256=plan_hash(content), locked_on=locked_on, commit="c" * 40, is_dirty=False, had_results=False,
                reason=reason, plan=content)


def promoted(study: Study) -> Study:
    return Study.model_validate(study.model_dump(mode="json") | {"plan": {
        "confirmatory": [{"specifications": ["headline"], "outcomes": ["rate_pct"]}, {"specifications": ["wider"]}]}})


def standings(study: Study, locks) -> dict[tuple[str, str], str]:
    results = pd.DataFrame([(s.id, o, g) for s in study.specifications for o in s.outcomes for g in s.gaps],
                           columns=["specification", "outcome_id", "gap_id"])
    return with_standing(results, study, locks).set_index(["specification", "outcome_id"])["standing"].to_dict()


def rows(study: Study, locks) -> pd.DataFrame:
    return conform(pd.DataFrame(plan_differences(study, locks)), "plan_differences")


def test_a_result_that_the_plan_does_not_confirm_is_exploratory(study):
    assert standings(study, ()) == standings(study, (lock_of(study),)) == {
        ("headline", "rate_pct"): "confirmatory", ("headline", "other_pct"): "exploratory",
        ("wider", "rate_pct"): "exploratory", ("wider", "other_pct"): "exploratory"}


def test_a_result_cannot_be_promoted_after_the_lock(study):
    now = promoted(study)
    assert standings(now, ())["wider", "rate_pct"] == "confirmatory"
    assert standings(now, (lock_of(study),))["wider", "rate_pct"] == "exploratory"
    assert standings(now, (lock_of(study), lock_of(now, "a reason")))["wider", "rate_pct"] == "confirmatory"


def test_no_estimates_have_no_standing(study):
    assert with_standing(pd.DataFrame(), study, ())["standing"].tolist() == []


def test_without_a_lock_one_row_says_so_beside_what_was_not_planned(study):
    found = rows(study, ())
    assert found[["change", "lock", "key"]].to_numpy().tolist() == [
        ["no_lock", 0, "no_lock"], ["not_planned", 0, "results.headline.other_pct.black_white"]]
    assert found["locked_on"].isna().all()


def test_a_run_as_planned_has_its_lock_and_no_difference(study):
    lock = lock_of(study)
    found = rows(study, (lock,)).set_index("change")
    assert set(found.index) == {"lock", "not_planned"}
    assert found.loc["lock", ["key", "locked_on", "locked_commit", "plan_sha256", "is_dirty"]].tolist() == [
        "lock", "2026-01-02", "c" * 40, lock.sha256, False]


def test_every_key_in_which_the_run_differs_is_a_row_with_both_values(study):
    now = study.model_copy(update={"outcomes": (study.outcomes[0].model_copy(update={"margin": 3.0}),
                                                study.outcomes[1])})
    found = rows(now, (lock_of(study),)).query("change == 'difference'")
    assert found[["key", "planned", "run", "locked_on"]].to_numpy().tolist() == [
        ["outcomes.rate_pct.margin", "1", "3", "2026-01-02"]]


def test_a_difference_in_an_exploratory_specification_is_listed_and_leaves_the_others_confirmatory(study):
    wider = study.specifications[1].model_copy(update={"estimator": "twfe"})
    now = study.model_copy(update={"specifications": (study.specifications[0], wider)})
    found = rows(now, (lock_of(study),)).query("change == 'difference'")
    assert found[["key", "planned", "run"]].to_numpy().tolist() == [
        ["specifications.wider.estimator", "group_time_att", "twfe"]]
    assert standings(now, (lock_of(study),)) == standings(study, (lock_of(study),))
    shown = changes(rows(now, (lock_of(study),)))
    assert ["run differs", "specifications.wider.estimator", "group_time_att", "twfe"] in (
        shown[["What", "Where", "Plan", "Run"]].to_numpy().tolist())


def test_a_districts_role_is_a_difference(study):
    other = study.districts[0].model_copy(update={"role": "observe"})
    now = study.model_copy(update={"districts": (other, *study.districts[1:])})
    found = rows(now, (lock_of(study),)).query("change == 'difference'")
    assert found[["key", "planned", "run"]].to_numpy().tolist() == [["districts.ia-1.role", "implement", "observe"]]


def test_the_stage_reads_every_key_that_a_plan_holds():
    dvc = yaml.safe_load((Path(__file__).parents[2] / "dvc.yaml").read_text())
    (declared,) = (keys for entry in dvc["stages"]["estimate"]["params"] for keys in entry.values())
    left_out = {key for keys in NOT_PLANNED.values() for key in keys}
    assert set(declared) == set(Study.model_fields) - left_out


def test_an_amendment_keeps_what_it_changed_and_why(study):
    now = promoted(study)
    found = rows(now, (lock_of(study), lock_of(now, "asked by the board", "2026-02-03")))
    assert "difference" not in set(found["change"])
    amended = found[found["change"] == "amendment"]
    assert amended["key"].tolist() == ["plan.confirmatory.wider", "plan.exploratory.wider"]
    assert set(amended["lock"]) == {2}
    assert set(amended["amended_because"]) == {"asked by the board"}
    assert found[found["change"] == "lock"]["lock"].tolist() == [1, 2]
