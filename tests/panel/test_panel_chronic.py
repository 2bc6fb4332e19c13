"""Chronic absence as cells are made, on the reference case `chronic`: all schools of a district count together."""

import json
import os
from pathlib import Path

import pandas as pd
import pytest

from evaluation import engine, params
from evaluation.panel.outcomes import values
from evaluation.panel.students import half_days

CASES = Path(__file__).parents[3] / "shared" / "reference" / "education_cases.json"
MIN_DAYS = 10
"""Of the reference case; a study sets its own."""


@pytest.fixture(scope="module")
def cases() -> list[dict]:
    if not CASES.exists():
        (pytest.fail if os.environ.get("CI") else pytest.skip)(f"reference numbers are not at {CASES}")
    return json.loads(CASES.read_text())["chronic"]


@pytest.fixture(scope="module")
def found(cases: list[dict]) -> pd.DataFrame:
    """One student per case: half-days in the year, and the outcome's value where the student is in its denominator."""
    outcome = next(o for o in params.study("partnership").outcomes if o.id == "chronic_absence_pct")
    outcome = outcome.model_copy(update={"parameters": {**outcome.parameters, "min_days_enrolled": MIN_DAYS}})
    rows = [{"district_id": "ia-1", "student_key": str(k), "school_year": 2024, "school_id": f"s{leg}",
             "half_days_enrolled": 2 * days, "half_days_absent": 2 * (days - attended), "half_days_absent_oss": 0}
            for k, case in enumerate(cases)
            for leg, (attended, days) in enumerate(case.get("legs") or [(case["attended"], case["enrolled"])])]
    with engine.session() as session:
        attendance = session.frame(pd.DataFrame(rows))
        days = engine.collect(half_days(attendance)).set_index("student_key")
        valued = engine.collect(values(outcome, attendance, {"attendance": attendance})).drop_duplicates()
    return days.join(valued.set_index("student_key")["value"])


def test_chronic_absence_is_the_reference_case(cases: list[dict], found: pd.DataFrame) -> None:
    for k, case in enumerate(cases):
        row = found.loc[str(k)]
        attended = 1 - row["half_days_absent"] / row["half_days_enrolled"]
        if "rate" in case:
            assert attended == pytest.approx(case["rate"], abs=1e-15), case["source"]
        if case["chronic"] is None:
            assert pd.isna(row["value"]), case["source"]
        else:
            assert bool(row["value"]) is case["chronic"], case["source"]


def test_the_last_school_alone_would_miss_a_chronically_absent_student(cases: list[dict]) -> None:
    first = cases[0]
    attended, days = first["legs"][-1]
    assert attended / days == pytest.approx(first["last_leg_only"])
    assert 1 - first["last_leg_only"] < 0.1 < 1 - first["rate"]
