"""Item moments worked by hand: what is summed, whose answers count, and that no byte depends on order or threads."""

import numpy as np
import pandas as pd
import pytest

from evaluation import engine, params
from evaluation.contracts import TABLES
from evaluation.panel.cells import cells
from evaluation.panel.items import item_moments, no_items
from evaluation.panel.students import student_years
from evaluation.params import Study
from evaluation.sent import sent

D, YEAR = "ia-9001", 2024
RACE = {"a": "black", "b": "black", "c": "black", "d": "white", "e": "unknown"}
ANSWERS = {
    ("a", 1): {1: 5, 2: 4, 3: 1, 4: 4, 5: 5}, ("b", 1): {1: 3, 2: 2, 3: 4}, ("c", 1): {1: 5, 2: 5},
    ("a", 2): {1: 4, 2: 4, 3: 2, 4: 5, 5: 4}, ("d", 1): {1: 2, 2: 3, 3: 3, 5: 1}, ("e", 1): {1: 1, 3: 5, 4: 1, 5: 1}}
"""Of student and wave: answers by item; bel3 is reversed. c answers too few items for a score."""


def base(rows: list[dict[str, object]]) -> pd.DataFrame:
    return pd.DataFrame(rows).assign(district_id=D, school_year=YEAR).convert_dtypes()


def made_tables() -> dict[str, pd.DataFrame]:
    return {
        "school_year": base([{"school_id": "s101", "grade_band": "middle"}]),
        "enrollment": base([{"student_key": s, "school_id": "s101", "entry_date": "2023-08-23",
                             "exit_date": "2024-05-31", "grade": 7} for s in RACE]),
        "student_year": base([{"student_key": s, "race_ethnicity": r, "sex": "female", "english_learner": "no",
                               "disability": "no", "economic": "no"} for s, r in RACE.items()]),
        "attendance": base([{"student_key": s, "school_id": "s101", "month": 202309, "source_grain": "month",
                             "half_days_enrolled": 360, "half_days_absent": 0, "half_days_absent_oss": 0}
                            for s in RACE]),
        "discipline_action": base([{"action_id": "1", "student_key": "a", "school_id": "s101", "date": "2023-10-02",
                                    "action_std": "ISS", "half_days_assigned": 2}]),
        "survey_response": base([{"student_key": s, "school_id": "s101", "wave": YEAR * 10 + w, "instrument": "x",
                                  "item_code": f"bel{i}", "value_int": v}
                                 for (s, w), items in ANSWERS.items() for i, v in items.items()])}


@pytest.fixture(scope="module")
def study() -> Study:
    found = params.study("partnership")
    return found.model_copy(update={
        "dimensions": tuple(d for d in found.dimensions if d.id == "race_ethnicity"),
        "outcomes": tuple(o for o in found.outcomes if o.id == "belonging_1to5")})


def computed(study: Study, function, *, refused: tuple[str, ...] = (), threads: int = 2, seed: int | None = None):
    rows = made_tables()
    intake = pd.DataFrame([{"district_id": D, "school_year": YEAR, "table": n, "rows_in": 1,
                            "rows_accepted": int(n not in refused), "refusal": "why" if n in refused else None}
                           for n in rows])
    with engine.session(threads=threads) as session:
        if seed is not None:
            rows = {n: t.sample(frac=1, random_state=seed) for n, t in rows.items()}
        tables = {n: session.frame(t) for n, t in rows.items()}
        tables |= {f"{n}_sent": session.frame(sent(intake, n)) for n in rows}
        return function(study, student_years(tables), tables)


@pytest.fixture(scope="module")
def found(study: Study) -> pd.DataFrame:
    return computed(study, item_moments)


def pair(found: pd.DataFrame, group: str, wave: int, i: int, j: int) -> tuple[int, ...]:
    rows = found[(found["group_id"] == group) & (found["period"] == YEAR * 10 + wave)
                 & (found["item_i"] == f"bel{i}") & (found["item_j"] == f"bel{j}")]
    assert len(rows) == 1
    return tuple(int(rows.iloc[0][name]) for name in ("n_answered", "sum_i", "sum_j", "sum_ij"))


@pytest.mark.parametrize(("group", "wave", "i", "j", "expected"), [
    ("black", 1, 1, 1, (2, 8, 8, 34)),          # a 5, b 3; c has no score
    ("black", 1, 1, 3, (2, 8, 7, 31)),          # bel3 turned: a 5, b 2
    ("black", 1, 3, 3, (2, 7, 7, 29)),
    ("black", 1, 4, 5, (1, 4, 5, 20)),          # a alone answered both
    ("black", 2, 1, 2, (1, 4, 4, 16)),
    ("white", 1, 2, 5, (1, 3, 1, 3)),
    ("all", 1, 1, 3, (4, 11, 11, 38)),          # a 5·5, b 3·2, d 2·3, e 1·1
])
def test_pairs_worked_by_hand(found: pd.DataFrame, group: str, wave: int, i: int, j: int, expected) -> None:
    assert pair(found, group, wave, i, j) == expected


def test_a_pair_nobody_answered_together_has_no_row(found: pd.DataFrame) -> None:
    assert found[(found["group_id"] == "white") & (found["item_j"] == "bel4")].empty


def test_groups_and_waves_are_those_of_the_study(found: pd.DataFrame) -> None:
    assert set(found["group_id"]) == {"all", "black", "white"}
    assert set(zip(found["state"], found["grade_band"], found["period_kind"], strict=True)) == {
        ("ia", "middle", "wave")}
    assert list(found.columns) == list(TABLES["item_moments"].columns)
    assert not {"student_key", "school_id", "unit_id"} & set(found.columns)


def test_one_item_s_answers_are_those_behind_the_cells(study: Study, found: pd.DataFrame) -> None:
    """Where every scored student answers every item, Σ of item sums is Σ of scores: here student a in both waves."""
    score = computed(study, cells)
    black = score[score["group_id"] == "black"].iloc[0]
    a = (5 + 4 + 5 + 4 + 5) / 5, (4 + 4 + 4 + 5 + 4) / 5
    b = (3 + 2 + 2) / 3
    assert black["n_students"] == 2
    assert black["mean"] == pytest.approx((np.mean(a) + b) / 2, abs=1e-6)
    second = found[(found["period"] == YEAR * 10 + 2) & (found["group_id"] == "black")
                   & (found["item_i"] == found["item_j"])]
    assert second["sum_i"].sum() / 5 == a[1]


def test_moments_depend_on_neither_threads_nor_row_order(study: Study, found: pd.DataFrame) -> None:
    for threads, seed in ((1, 1), (4, 2)):
        pd.testing.assert_frame_equal(found, computed(study, item_moments, threads=threads, seed=seed))


def test_refused_answers_and_studies_without_scales_have_no_moments(study: Study) -> None:
    empty = no_items()
    assert empty.empty
    pd.testing.assert_frame_equal(computed(study, item_moments, refused=("survey_response",)), empty)
    without = study.model_copy(update={"outcomes": ()})
    pd.testing.assert_frame_equal(computed(without, item_moments), empty)
