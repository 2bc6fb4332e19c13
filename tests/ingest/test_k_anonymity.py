"""Students whom a student-level table would single out are counted, and no value is told."""

import json
from collections import Counter
from itertools import product

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluation import engine
from evaluation.ingest.identity.k_anonymity import QUASI_IDENTIFIERS, k_anonymity

ATTRIBUTES = ("race_ethnicity", "sex", "disability", "english_learner", "economic")


def _tables(rows: list[dict]) -> tuple[pd.DataFrame, pd.DataFrame]:
    base = {"district_id": "d", "school_year": 2024, "school_id": "d-1", "grade": 7, "entry_date": "2023-08-20",
            "exit_date": "2024-06-30"} | dict.fromkeys(ATTRIBUTES, "no")
    frame = pd.DataFrame([base | {"student_key": f"s{i}"} | row for i, row in enumerate(rows)])
    students = frame[["student_key", "district_id", "school_year", *ATTRIBUTES]].drop_duplicates("student_key")
    return frame.drop(columns=list(ATTRIBUTES)), students


def _found(rows: list[dict]) -> dict:
    enrollment, students = _tables(rows)
    with engine.session() as session:
        return k_anonymity(session.frame(enrollment), session.frame(students))


def test_twelve_alike_and_one_apart_by_hand() -> None:
    found = _found([{}] * 12 + [{"race_ethnicity": "zyxxyqua", "entry_date": "2024-01-09"}])
    assert found["records"] == 13
    assert found["share_unique"] == round(1 / 13, 4)
    assert found["share_by_class_size"] == {"1": round(1 / 13, 4), "2-4": 0.0, "5-9": 0.0, "10+": round(12 / 13, 4)}
    assert found["worst"][0] == {"column": "race_ethnicity", "share_unique": round(1 / 13, 4),
                                 "share_below_k": round(1 / 13, 4)}
    assert set(found["without"].values()) == {round(1 / 13, 4)}
    assert "zyxxyqua" not in json.dumps(found)


def test_the_column_that_singles_out_is_named_and_leaving_it_out_helps() -> None:
    found = _found([{"grade": grade} for grade in range(12)] + [{"sex": "x"}] * 12)
    assert found["worst"][0]["column"] == "grade"
    assert found["without"]["grade"] == 0
    assert (found["share_unique"], found["without"]["sex"]) == (0.5, round(11 / 24, 4))


def test_days_single_out_more_than_months() -> None:
    found = _found([{"entry_date": f"2023-10-{day:02d}"} for day in range(1, 21)])
    assert (found["share_unique"], found["share_unique_by_day"]) == (0.0, 1.0)


def test_a_year_or_district_is_known_to_whoever_asks() -> None:
    assert _found([{"school_year": 2024}] * 10 + [{"school_year": 2023}])["share_unique"] == round(1 / 11, 4)


def test_nothing_enrolled_singles_out_nobody() -> None:
    enrollment, students = _tables([{}])
    with engine.session() as session:
        found = k_anonymity(session.frame(enrollment.head(0)), session.frame(students))
    assert (found["records"], found["share_unique"]) == (0, 0.0)


@settings(max_examples=25)
@given(st.lists(st.sampled_from(list(product(("a", "b", "c"), ("f", "m"), (6, 7)))), min_size=1, max_size=40))
def test_shares_are_those_of_a_plain_count(drawn: list[tuple]) -> None:
    found = _found([{"race_ethnicity": race, "sex": sex, "grade": grade} for race, sex, grade in drawn])
    sizes = [Counter(drawn)[row] for row in drawn]
    assert found["share_unique"] == pytest.approx(sizes.count(1) / len(drawn), abs=1e-4)
    assert [step["share_unique"] for step in found["worst"]] == sorted(step["share_unique"] for step in found["worst"])
    assert found["worst"][-1]["share_unique"] == found["share_unique"]
    assert {step["column"] for step in found["worst"]} == set(QUASI_IDENTIFIERS)
