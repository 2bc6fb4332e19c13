"""The Connecticut adapter against the publisher's own spot checks, a tidy copy, and a reference table."""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from evaluation import params
from evaluation.ingest.public.cells import PublicIntake, read_public

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "../shared/real/connecticut"
pytestmark = pytest.mark.skipif(not (FOLDER.is_dir() or os.environ.get("CI")), reason=f"no files in {FOLDER}")

REPOSITORIES = {"any_suspension_pct": "suspension-rate-by-race",
                "chronic_absence_pct": "chronic-absenteeism-by-race-ethnicity"}
MEASURES = {"susp": "any_suspension_pct", "chronic": "chronic_absence_pct"}
NOT_IN_THE_FILE, SUPPRESSED = -6666, -9999


@pytest.fixture(scope="module")
def study() -> params.Study:
    return params.study("connecticut", ROOT)


@pytest.fixture(scope="module")
def taken() -> PublicIntake:
    return read_public(FOLDER, params.load("connecticut", "ingest", ROOT))


def labels(study: params.Study, outcome: str) -> Mapping[str, str]:
    return next(t.groups for t in study.deliveries.tables if t.outcome == outcome)


def test_every_published_row_is_accepted_except_the_56_state_totals(taken):
    sums = taken.intake[["rows_in", "rows_accepted", "rows_quarantined", "rows_refused"]].sum()
    assert sums.to_list() == [22_232, 22_176, 56, 0]
    assert len(taken.intake) == 18
    assert taken.quarantine["rule"].value_counts().to_dict() == {"total_row": 56}


def test_statuses_are_those_of_the_publisher(taken):
    counts = taken.public_cell.groupby(["outcome_id", "status"]).size().to_dict()
    assert counts == {("any_suspension_pct", "reported"): 3_874, ("any_suspension_pct", "suppressed"): 7_689,
                      ("any_suspension_pct", "not_applicable"): 820, ("chronic_absence_pct", "reported"): 4_135,
                      ("chronic_absence_pct", "suppressed"): 5_658}
    assert taken.public_cell["n_students"].isna().all()
    assert (taken.public_cell["mean"].notna() == (taken.public_cell["status"] == "reported")).all()


def test_every_value_and_status_equals_the_tidy_copy(taken, study):
    tidy = pd.read_csv(FOLDER / "ct_district_group_year.csv.gz", dtype="string", keep_default_na=False)
    tidy = tidy[tidy["measure"].isin(list(MEASURES)) & (tidy["dim"] == "race") & (tidy["code"] != "0000000")]
    tidy = tidy[tidy["year"].astype(int).between(2010, 2019)]
    groups = labels(study, "any_suspension_pct")
    expected = pd.DataFrame({
        "unit_id": "ct-" + tidy["code"], "period": tidy["year"].astype(int), "group_id": tidy["group"].map(groups),
        "outcome_id": tidy["measure"].map(MEASURES), "mean": pd.to_numeric(tidy["pct"], errors="coerce").astype(float),
        "status": tidy["pct_status"]})
    key = ["unit_id", "period", "group_id", "outcome_id"]
    ours = taken.public_cell[[*key, "mean", "status"]].astype({"mean": float, "period": int})
    pd.testing.assert_frame_equal(ours.sort_values(key, ignore_index=True),
                                  expected.sort_values(key, ignore_index=True), check_dtype=False, rtol=0, atol=0)


@pytest.mark.parametrize("outcome", REPOSITORIES)
def test_the_publishers_spot_checks_of_districts_hold(taken, study, outcome):
    with zipfile.ZipFile(FOLDER / "ct_edsight_district_raw.zip") as archive:
        package = json.loads(archive.read(f"{REPOSITORIES[outcome]}/datapackage.json"))
    cells = taken.public_cell[taken.public_cell["outcome_id"] == outcome]
    ids = {d.name: d.id for d in study.districts}
    checked = 0
    for check in package["spot_checks"]:
        where, value = check["filter"], check["expected"]["value"]
        if where["District"] == "Connecticut":
            continue
        group = labels(study, outcome)[where["Race/Ethnicity"].replace("Hispanic or Latino", "Hispanic/Latino")]
        found = cells[(cells["unit_id"] == ids[where["District"]]) & (cells["group_id"] == group)
                      & (cells["period"] == int(where["Year"][-4:]))]
        if value == NOT_IN_THE_FILE:
            assert found.empty
        elif value == SUPPRESSED:
            assert found["status"].to_list() == ["suppressed"]
        else:
            assert found["mean"].to_list() == [value]
        checked += 1
    assert checked == {"any_suspension_pct": 2, "chronic_absence_pct": 6}[outcome]


@dataclass(frozen=True)
class Row:
    """A row of the reference table, in percentage points; districts are counted before dropping those seen once."""

    estimate: float
    cr1: float
    rows: int
    districts: int
    program_districts: int


TABLE = {
    "black": Row(-0.833, 0.909, 872, 111, 28),
    "hispanic": Row(-1.282, 0.704, 957, 133, 30),
    "white": Row(-1.133, 0.381, 1404, 170, 30),
    "black − white": Row(-0.415, 0.694, 741, 92, 28),
    "hispanic − white": Row(-0.932, 0.403, 881, 121, 30),
}


@pytest.mark.parametrize("name", TABLE)
def test_the_reference_table_is_reproduced_to_its_three_decimals(taken, study, name):
    cells = taken.public_cell.query("outcome_id == 'any_suspension_pct'")
    assert recompute(cells, study, name) == TABLE[name]


NOT_APPLICABLE_AS_ZERO = {"black": -1.275, "hispanic": -1.753, "white": -1.195, "black − white": -0.294,
                          "hispanic − white": -0.930}


@pytest.mark.parametrize("name", NOT_APPLICABLE_AS_ZERO)
def test_what_the_table_would_be_if_not_applicable_meant_zero(taken, study, name):
    cells = taken.public_cell.query("outcome_id == 'any_suspension_pct'")
    cells = cells.assign(mean=cells["mean"].mask(cells["status"] == "not_applicable", 0.0))
    assert recompute(cells, study, name).estimate == NOT_APPLICABLE_AS_ZERO[name]


def test_nearly_all_not_applicable_cells_have_20_students_and_no_published_suspension_is_zero(taken):
    tidy = pd.read_csv(FOLDER / "ct_district_group_year.csv.gz", dtype="string", keep_default_na=False)
    tidy = tidy[(tidy["dim"] == "race") & tidy["year"].astype(int).between(2010, 2019)]
    key = ["code", "year", "group"]
    hidden = tidy[(tidy["measure"] == "susp") & (tidy["pct_status"] == "not_applicable")][key]
    enrolled = tidy[(tidy["measure"] == "enr") & (tidy["n_status"] == "reported")][[*key, "n"]]
    students = hidden.merge(enrolled, on=key)["n"].astype(float)
    assert (len(hidden), len(students), int((students >= 20).sum()), students.median()) == (820, 685, 656, 42)
    assert taken.public_cell.query("outcome_id == 'any_suspension_pct'")["mean"].min() > 0


def recompute(cells: pd.DataFrame, study: params.Study, name: str) -> Row:
    """Recompute a row of the table from the cells that have a value."""
    shown = cells.dropna(subset="mean")
    wide = shown.pivot(index=["unit_id", "period"], columns="group_id", values="mean").astype(float)
    focal, _, reference = name.partition(" − ")
    outcome = (wide[focal] - wide[reference] if reference else wide[focal]).dropna()
    cohort = study.programs[0].cohorts[0]
    return two_way(outcome, frozenset(cohort.districts), cohort.start)


def two_way(outcome: pd.Series, program: frozenset[str], start: int) -> Row:
    """District and year effects by dummies, one observation per district and year, CR1 by district."""
    units = outcome.index.get_level_values("unit_id")
    seen = units.to_series().groupby(units).size()
    districts, program_districts = len(seen), len(program.intersection(seen.index))
    outcome = outcome[~units.isin(seen[seen == 1].index)]
    frame = outcome.rename("y").reset_index()
    frame["d"] = (frame["unit_id"].isin(program) & (frame["period"] >= start)).astype(float)
    years = pd.get_dummies(frame["period"]).iloc[:, 1:]
    dummies = np.column_stack([pd.get_dummies(frame["unit_id"]), years]).astype(float)
    both = frame[["y", "d"]].to_numpy()
    y, d = (both - dummies @ np.linalg.lstsq(dummies, both, rcond=None)[0]).T
    estimate = d @ y / (d @ d)
    scores = pd.Series(d * (y - d * estimate)).groupby(frame["unit_id"]).sum().to_numpy()
    n, g, k = len(frame), len(scores), 1 + frame["period"].nunique()
    cr1 = np.sqrt(g / (g - 1) * (n - 1) / (n - k) * (scores @ scores)) / (d @ d)
    return Row(round(float(estimate), 3), round(float(cr1), 3), n, districts, program_districts)


def test_the_parts_on_their_own_samples_do_not_add_up_to_the_gap():
    assert TABLE["black"].estimate - TABLE["white"].estimate == pytest.approx(0.300)
    assert TABLE["black − white"].estimate == -0.415


def test_the_study_lists_30_program_districts_and_every_district_with_a_code(taken, study):
    assert len(study.programs[0].cohorts[0].districts) == 30
    assert {d.id for d in study.districts if d.role == "implement"} == set(study.programs[0].cohorts[0].districts)
    assert set(taken.public_cell["unit_id"]) == {d.id for d in study.districts}
