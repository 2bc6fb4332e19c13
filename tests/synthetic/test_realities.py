"""A merger, a late and a corrected delivery and a new code list pass through the real stages and move no truth."""

import shutil
from pathlib import Path

import pandas as pd
import pytest
import yaml

from evaluation import params, store
from evaluation.contracts import TABLES
from evaluation.design import one_unit, survivors
from evaluation.ingest.__main__ import main as ingest
from evaluation.panel.__main__ import main as panel
from evaluation.synthetic.__main__ import main as synthetic
from evaluation.synthetic.realities import CORRECTED, LATE, MERGERS, NEW_CODES

ROOT = Path(__file__).parents[2]
YEARS = (2021, 2024)
DISTRICTS = {*MERGERS, *NEW_CODES, *(district for district, _ in (*LATE, *CORRECTED))}
STUDY = "partnership"


def run(root: Path, districts: set[str], *, first: int, last: int, grain: str) -> None:
    """Run the stages up to panel on a part of the partnership."""
    (root / "studies").mkdir()
    content = yaml.safe_load((ROOT / f"studies/{STUDY}.yaml").read_text())
    content["synthetic"] |= {"scale": 0.02, "attendance_grain": grain}
    content["periods"] |= {"first": first, "last": last}
    content["districts"] = [d for d in content["districts"] if d["id"] in districts]
    content["events"], content["specifications"] = [], []
    content["plan"] = {"confirmatory": [], "exploratory": []}
    dile = content["programs"][0]
    content["programs"] = [dile | {"cohorts": [{"start": last, "phase": "expansion", "districts": ["ia-9002"]}]}]
    (root / f"studies/{STUDY}.yaml").write_text(yaml.safe_dump(content))
    for name in ("dvc.yaml", "params.yaml"):
        shutil.copy(ROOT / name, root)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        patch.delenv("EVALUATION_PSEUDONYM_KEY", raising=False)
        synthetic(STUDY)
        ingest(STUDY)
        panel(STUDY)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project folder with the districts to which something happened, four years, through ingest and panel."""
    root = tmp_path_factory.mktemp("realities")
    run(root, DISTRICTS, first=YEARS[0], last=YEARS[1], grain="layout")
    return root


@pytest.fixture(autouse=True)
def _inside(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project)


def report() -> dict:
    return yaml.safe_load(Path(f"data/unreleased/ingest/{STUDY}/report.json").read_text())


@pytest.mark.real
def test_daily_attendance_gives_cells_equal_to_the_truth(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run(tmp_path, {"ia-9002", "oh-043489"}, first=2022, last=2023, grain="day")
    monkeypatch.chdir(tmp_path)
    assert_truth()
    assert len(report()["superseded_files"]) == 1


def test_cells_equal_the_truth_to_the_unit() -> None:
    assert_truth()


def assert_truth() -> None:
    cells, truth = store.read("cells", STUDY), store.read("truth_cells", STUDY)
    both = truth.merge(cells, on=list(TABLES["cells"].key), how="outer", suffixes=("_true", ""), indicator=True)
    assert set(both["_merge"]) == {"both"}
    assert (both["n_students"] == both["n_students_true"]).all()
    assert (both["total"] == both["total_y1"]).all()


def test_the_merged_school_leaves_the_cells_and_its_list_says_where_it_went() -> None:
    (merger,) = MERGERS.values()
    cells, lineage = store.read("cells", STUDY), store.read("school_lineage", STUDY)
    assert set(cells.loc[cells["unit_id"] == merger.school, "period"]) == set(range(YEARS[0], merger.first_year))
    assert lineage[["school_id", "merged_into", "school_year"]].to_numpy().tolist() == [
        [merger.school, merger.into, merger.first_year - 1]]


def test_one_unit_over_time_has_all_students_of_both_schools() -> None:
    (merger,) = MERGERS.values()
    study = params.study(STUDY)
    cells = store.read("cells", STUDY)
    units = one_unit(cells, survivors(store.read("school_lineage", STUDY), study), study)

    def students(rows: pd.DataFrame, *schools: str) -> pd.Series:
        mine = rows[rows["unit_id"].isin(schools) & (rows["outcome_id"] == "any_suspension_pct")
                    & (rows["dimension"] == "all")]
        return mine.groupby("period")["n_students"].sum()

    assert students(units, merger.into).equals(students(cells, merger.into, merger.school))
    others = cells[~cells["unit_id"].isin([merger.into, merger.school])].reset_index(drop=True)
    pd.testing.assert_frame_equal(units[units["unit_id"] != merger.into].reset_index(drop=True), others)


def test_the_corrected_table_replaced_the_first_one_and_the_late_one_came_in() -> None:
    ((district, year), corrected), = CORRECTED.items()
    ((late_district, late_year), late), = LATE.items()
    intake = store.read("intake", STUDY)
    mine = intake[(intake["district_id"] == district) & (intake["school_year"] == year)
                  & (intake["table"] == corrected.table)]
    assert mine["file"].str.contains(f"@{corrected.day}/").all()
    assert len(report()["superseded_files"]) == len(mine)
    surveys = intake[(intake["district_id"] == late_district) & (intake["school_year"] == late_year)
                     & (intake["table"] == late.table)]
    assert len(surveys)
    assert surveys["file"].str.contains(f"@{late.day}/").all()
    assert intake["refusal"].isna().all()


def test_new_codes_are_read_by_their_own_list() -> None:
    ((district, (first_year, _)),) = NEW_CODES.items()
    actions = store.read("discipline_action", STUDY)
    versions = actions[actions["district_id"] == district].groupby("school_year")["definition_version"].unique()
    assert {year: list(found) for year, found in versions.items()} == {
        year: [str(first_year) if year >= first_year else "first"] for year in range(YEARS[0], YEARS[1] + 1)}
    said = store.read("definition", STUDY)
    assert said.loc[said["authority"] == district, ["version", "valid_from", "valid_to"]].to_numpy().tolist() == [
        [str(first_year), first_year, YEARS[1]], ["first", YEARS[0], first_year - 1]]
    assert set(actions.loc[actions["district_id"] != district, "definition_version"]) == {"first"}


@pytest.mark.real
def test_a_snapshot_before_the_correction_holds_the_first_delivery() -> None:
    ((district, year),) = CORRECTED
    path = Path(f"studies/{STUDY}.yaml")
    content = path.read_text()
    before = store.read("attendance", STUDY)
    given = yaml.safe_load(content)
    given["deliveries"]["as_of"] = "2023-11-05"
    path.write_text(yaml.safe_dump(given))
    try:
        ingest(STUDY)
        after = store.read("attendance", STUDY)
        left_out = report()["delivered_after_as_of"]
    finally:
        path.write_text(content)
        ingest(STUDY)
    mine = (before["district_id"] == district) & (before["school_year"] == year)
    assert after.loc[mine, "half_days_absent"].sum() < before.loc[mine, "half_days_absent"].sum()
    assert after[~mine].equals(before[~mine])
    assert len(left_out) >= 2
    assert all("@" in file for file in left_out)
