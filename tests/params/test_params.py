"""A study file that is wrong says which file, which key and the way out."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from evaluation import params
from evaluation.errors import StudyError

ROOT = Path(__file__).parents[2]


@pytest.fixture
def change(tmp_path: Path) -> Callable[[Callable[[dict], object]], Path]:
    """Write a changed copy of the default study and return its path."""

    def write(edit: Callable[[dict], object]) -> Path:
        content = yaml.safe_load((ROOT / "studies/partnership.yaml").read_text())
        edit(content)
        path = tmp_path / "partnership.yaml"
        path.write_text(yaml.safe_dump(content, sort_keys=False))
        return path

    return write


@pytest.mark.parametrize("study", sorted(p.stem for p in (ROOT / "studies").glob("*.yaml")))
def test_the_projects_own_studies_are_complete(study: str) -> None:
    assert params.study(study, ROOT).id == study


@pytest.mark.parametrize(
    ("edit", "key", "way_out"),
    [
        (lambda s: s.update(spezifications=[]), "spezifications", "Known keys: .*specifications"),
        (lambda s: s["specifications"][0].update(wieghts="unit"), "specifications.0.wieghts", "correct its spelling"),
        (lambda s: s["specifications"][0].update(estimator="magic"), "specifications.0.estimator", "study_file"),
        (lambda s: s["programs"][0]["cohorts"][0].update(start=2031), "programs.0.cohorts.0.start", "2018–2026"),
        (lambda s: s["programs"][0]["cohorts"][0].update(start=2017), "programs.0.cohorts.0.start", "2018–2026"),
        (lambda s: s["programs"][0]["cohorts"][0].update(districts=["ia-1"]), "cohorts.0.districts", "Known: ia-3141"),
        (lambda s: s["programs"][0]["cohorts"][3].update(schools=["tx-1-2"]), "cohorts.3.schools", "district id"),
        (lambda s: s["programs"][0]["cohorts"][1].update(started_on="2022-01-10"), "cohorts.1", "study_file"),
        (lambda s: s["programs"][0]["cohorts"][1].update(first_period="partial", started_on="2021-06-10"),
         "programs.0.cohorts.1", "study_file"),
        (lambda s: s["programs"][0]["cohorts"][1].update(first_period="partial", started_on="2022-01-10",
                                                         first_school_day="2021-08-23"), "cohorts.1", "study_file"),
        (lambda s: s["programs"][0]["cohorts"][1].update(
            first_period="partial", started_on="2022-01-10", first_school_day="2022-01-10",
            last_school_day="2022-06-01"), "cohorts.1", "study_file"),
        (lambda s: s["programs"][0]["cohorts"].append(
            {"start": 2022, "phase": "expansion", "schools": ["ia-9006-101"], "first_period": "partial"}),
         "cohorts.4.first_period", "of several days the latest"),
        (lambda s: s.update(lineage=[{"id": "ia-9006-101", "merged_into": "ia-9006-102"},
                                     {"id": "ia-9006-102", "merged_into": "ia-9006-101"}]),
         "lineage.0.merged_into", "or null"),
        (lambda s: s.update(lineage=[{"id": "ia-9006-101", "merged_into": "ia-9006-101"}]),
         "lineage.0.merged_into", "or null"),
        (lambda s: s["outcomes"][0].update(baseline_day="02-30"), "outcomes.0", "study_file"),
        (lambda s: s["outcomes"][0].update(student_covariates=["days_enrolled"] * 2), "outcomes.0", "study_file"),
        (lambda s: s["outcomes"][0]["parameters"].update(count_oss_days=False), "outcomes.0", "study_file"),
        (lambda s: next(e for e in s["specifications"] if e["id"] == "students_dile").update(base="varying"),
         "base", "Leave `base` out"),
        (lambda s: s["gaps"][0].update(focal="blak"), "gaps.0.focal", "Known: .*black"),
        (lambda s: s["gaps"][0].update(dimension="race"), "gaps.0.dimension", "Known: .*race_ethnicity"),
        (lambda s: s["gaps"][0].update(reference="black"), "gaps.0", "Name two groups"),
        (lambda s: s["specifications"][0].update(outcomes=["x"]), "specifications.0.outcomes", "Known: .*_1to5"),
        (lambda s: s["specifications"][0].update(gaps=["x"]), "specifications.0.gaps", "Known: black_white"),
        (lambda s: s["specifications"][0].update(program="x"), "specifications.0.program", "Known: dile, mesa"),
        (lambda s: s["outcomes"].append(s["outcomes"][0]), "outcomes", "unique"),
        (lambda s: s["plan"]["confirmatory"].append({"specifications": ["x"]}), "plan.confirmatory.1.specifications",
         "Known: .*headline_dile"),
        (lambda s: s["plan"]["exploratory"].append({"specifications": ["headline_dile"]}), "plan",
         "under `exploratory`"),
        (lambda s: s["plan"]["exploratory"][0]["specifications"].remove("never_dile"), "plan", "under `confirmatory`"),
        (lambda s: s["plan"]["confirmatory"][0]["gaps"].append("disability"), "plan.confirmatory.0.gaps",
         "Known: black_white, hispanic_white"),
        (lambda s: s["plan"]["confirmatory"][0].update(outcomes=["oss_per_100"]), "plan.confirmatory.0.outcomes",
         "Known: any_suspension_pct"),
        (lambda s: s["plan"]["confirmatory"][0].update(outcomes=[]), "plan.confirmatory.0.outcomes", "study_file"),
        (lambda s: s["plan"]["families"].append(s["plan"]["families"][0]), "plan.families", "unique"),
        (lambda s: s["plan"]["families"][1].update(results=s["plan"]["families"][0]["results"]),
         "plan.families.1.results", "leave it in one family"),
        (lambda s: s["plan"]["families"][0].update(results=[{"specifications": ["never_dile"]}]),
         "plan.families.0.results", "under `confirmatory`"),
        (lambda s: s["plan"]["families"][0].update(results=[{"specifications": ["headline"]}]),
         "plan.families.0.results.0.specifications", "Known: .*headline_dile"),
        (lambda s: s["plan"]["families"][0].update(adjustment="bonferroni"), "plan.families.0.adjustment",
         "study_file"),
        (lambda s: s["plan"]["families"][0].update(alpha=0.1), "plan.families.0.alpha", "study_file"),
        (lambda s: s["plan"]["families"][0].update(alpha=0.01), "plan.decision_rules.0.alpha", "the same alpha"),
        (lambda s: s["plan"]["decision_rules"][0].update(margin=1), "plan.decision_rules.0.margin", "margin: outcome"),
        (lambda s: s["plan"]["decision_rules"][0].update(outcome="x"), "plan.decision_rules.0.outcome",
         "Known: any_suspension_pct"),
        (lambda s: s["plan"]["decision_rules"][0].update(success=["narrowed_levelling_down"]),
         "plan.decision_rules.0.success", "study_file"),
        (lambda s: s["plan"]["decision_rules"].append(s["plan"]["decision_rules"][0]), "plan.decision_rules", "unique"),
        (lambda s: s.pop("question"), "question", "Add the key"),
        (lambda s: s.update(id="other"), "id", "same name"),
        (lambda s: s["programs"][0]["cohorts"][2]["districts"].append("ia-9001"), "cohorts.2.districts",
         "`ia-9001` out of cohort 2022"),
        (lambda s: s["programs"][0]["cohorts"][1].update(schools=["ia-9006-101"]), "cohorts.3.schools",
         "`ia-9006-101` out of cohort 2022"),
        (lambda s: s["programs"][0]["cohorts"][3]["schools"].append("ia-9004-101"), "cohorts.3.schools",
         "`ia-9004-101` out of cohort 2023"),
        (lambda s: s["programs"][0]["cohorts"][3].update(districts=["ia-9004"]), "cohorts.3", "out of cohort 2023"),
        (lambda s: s["programs"][0]["cohorts"].append(
            {"start": 2026, "phase": "test", "districts": ["ia-9006"]}), "cohorts.4.districts",
         "`ia-9006-101` out of cohort 2025"),
        (lambda s: s["programs"][0]["cohorts"][1].update(start=2023, phase="test"), "cohorts.2.phase", "one phase"),
        (lambda s: s["events"][0].update(periods=[1999]), "events.0.periods", "Known: 2017"),
        (lambda s: s["events"][1].update(states=["zz"]), "events.1.states", "Known: ia, oh"),
        (lambda s: s["districts"][0].update(state="oh"), "districts.0.state", "begin with the state"),
        (lambda s: s["grade_bands"].update(middle=[8, 6]), "grade_bands.middle", "lower grade first"),
        (lambda s: s["programs"][0].update(grade_band="elementary"), "programs.0.grade_band", "Known: all, high"),
        (lambda s: s["periods"].update(first=2026, last=2017), "periods", "`first` before `last`"),
        (lambda s: s["programs"].append(s["programs"][0]), "programs", "unique"),
        (lambda s: s["outcomes"][0].update(parameters={"threshold": 10}), "outcomes.0", "study_file"),
        (lambda s: s["outcomes"][1].update(variant_of="x"), "outcomes.1.variant_of", "Known: any_suspension_pct"),
        (lambda s: s["outcomes"][1].update(variant_of="chronic_absence_excl_oss_pct"), "outcomes.1.variant_of",
         "Name another outcome"),
        (lambda s: s["outcomes"][1].update(variant_of="belonging_1to5"), "outcomes.1.variant_of", "give both one unit"),
        (lambda s: s["outcomes"][4].update(placebo_for=["x"]), "outcomes.4.placebo_for", "Known: any_suspension_pct"),
        (lambda s: s["outcomes"][4].update(placebo_for=["oss_per_100"]), "outcomes.4.placebo_for",
         "Name another outcome"),
    ],
)
def test_a_mistake_names_file_key_and_way_out(change, edit, key: str, way_out: str) -> None:
    path = change(edit)
    with pytest.raises(StudyError) as caught:
        params.read_study(path)
    assert str(path) in caught.value.where
    assert key in caught.value.where
    assert re.search(way_out, caught.value.fix)
    assert caught.value.exit_code == 2


def test_broken_yaml_names_the_line(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_text("id: x\n  title: [\n")
    with pytest.raises(StudyError, match="line 2"):
        params.read_study(path)


def test_a_day_that_is_none_is_said(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_text("deliveries: {as_of: 2023-13-45}\n")
    with pytest.raises(StudyError, match="month must be in"):
        params.read_study(path)


def test_a_key_written_twice_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_text("id: x\nid: y\n")
    with pytest.raises(StudyError, match="given twice"):
        params.read_study(path)


def test_outside_the_project_the_message_says_so(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match=r"holds params\.yaml"):
        params.study("partnership", tmp_path)


def test_an_unknown_study_lists_the_known_ones() -> None:
    with pytest.raises(StudyError, match=r"Known studies: .*partnership"):
        params.study("nowhere", ROOT)


def test_a_stage_cannot_read_a_key_it_does_not_declare() -> None:
    view = params.load("partnership", "panel", ROOT)
    assert view.outcomes
    with pytest.raises(StudyError, match="without declaring it"):
        _ = view.specifications


def test_every_declared_key_is_a_key_of_a_study() -> None:
    stages = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]
    for stage in stages:
        assert set(params.declared_keys(stage, ROOT)) <= set(params.Study.model_fields)


def test_settings_refuse_an_unknown_key(tmp_path: Path) -> None:
    shutil.copy(ROOT / "params.yaml", tmp_path)
    with (tmp_path / "params.yaml").open("a") as handle:
        handle.write("threads: 4\n")
    with pytest.raises(StudyError, match="threads"):
        params.settings(tmp_path)
