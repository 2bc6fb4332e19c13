"""Students who change school, by hand: whom an outcome counts, where, and with which of their days.

a moves from s1 to s2 on 1 October, b on 15 November, c enters s2 in December, d stays at s1, e is gone before October.
"""

from typing import Any

import pandas as pd
import pytest

from evaluation import engine
from evaluation.panel.cells import cells
from evaluation.panel.students import attributable_days, student_years
from evaluation.params import Outcome, Study
from evaluation.sent import sent

YEAR = 2024
SPELLS = [("a", "s1", "2023-08-23", "2023-10-01"), ("a", "s2", "2023-10-01", "2024-05-31"),
          ("b", "s1", "2023-08-23", "2023-11-15"), ("b", "s2", "2023-11-16", "2024-05-31"),
          ("c", "s2", "2023-12-01", "2024-05-31"), ("d", "s1", "2023-08-23", "2024-05-31"),
          ("e", "s1", "2023-08-23", "2023-09-20")]
ATTENDED = [("a", "s1", 50, 0), ("a", "s2", 300, 40), ("b", "s1", 110, 30), ("b", "s2", 240, 4), ("c", "s2", 220, 0),
            ("d", "s1", 350, 35), ("e", "s1", 40, 4)]
"""Student, school, half-days enrolled and absent."""


def base(rows: list[dict[str, Any]], district: str = "ia-1") -> pd.DataFrame:
    return pd.DataFrame(rows).assign(district_id=district, school_year=YEAR).convert_dtypes()


def tables() -> dict[str, pd.DataFrame]:
    spells = [{"student_key": k, "school_id": s, "entry_date": i, "exit_date": o, "grade": 7} for k, s, i, o in SPELLS]
    attendance = [{"student_key": k, "school_id": s, "half_days_enrolled": n, "half_days_absent": out,
                   "half_days_absent_oss": 0} for k, s, n, out in ATTENDED]
    actions = [{"action_id": str(i), "student_key": k, "school_id": s, "action_std": "OSS", "definition_version": v}
               for i, (k, s, v) in enumerate([("b", "s1", "first"), ("b", "s2", "first"), ("d", "s1", "2024")])]
    students = [{"student_key": k, "race_ethnicity": "black", "sex": "female", "english_learner": "no",
                 "disability": "no", "economic": "no"} for k in "abcde"]
    return {"school_year": base([{"school_id": s, "grade_band": "middle"} for s in ("s1", "s2")]),
            "enrollment": base(spells), "attendance": base(attendance), "discipline_action": base(actions),
            "student_year": base(students)}


@pytest.fixture
def found(study_of):
    def made(measure: str, **choices: str) -> dict[str, tuple[int, int]]:
        parameters: dict[str, Any] = {"actions": ("OSS",)} if measure == "action_count" else {
            "threshold_pct": 10, "min_days_enrolled": 20, "count_oss_days": "yes"}
        outcome = Outcome.model_validate({
            "id": "rate", "label": "Rate", "kind": "count" if measure == "action_count" else "binary",
            "measure": measure, "unit_name": "u", "better": "lower", "margin": 1, "authority": "a", "version": "1",
            "definition": "d", "parameters": parameters} | choices)
        study: Study = study_of({"ia-1": 2002}).model_copy(update={
            "outcomes": (outcome,), "unit": "school", "dimensions": ()})
        rows = tables()
        intake = pd.DataFrame([{"district_id": "ia-1", "school_year": YEAR, "table": n, "rows_in": 1,
                                "rows_accepted": 1, "refusal": None} for n in rows])
        with engine.session() as session:
            frames = {n: session.frame(t) for n, t in rows.items()}
            frames |= {f"{n}_sent": session.frame(sent(intake, n)) for n in rows}
            got = cells(study, student_years(frames), frames)
        return {u: (int(n), int(t)) for u, n, t in zip(got["unit_id"], got["n_students"], got["total"], strict=True)}
    return made


def test_a_day_at_two_schools_counts_for_the_school_entered():
    day = [("f", "s1", "2024-01-10", "2024-01-10"), ("f", "s2", "2024-01-10", "2024-01-12")]
    spells = base([{"student_key": k, "school_id": s, "entry_date": i, "exit_date": o, "grade": 7}
                   for k, s, i, o in [*SPELLS, *day]])
    with engine.session() as session:
        rows = engine.collect(attributable_days(session.frame(spells)))
    days = {(k, s): int(n) for k, s, n in zip(rows["student_key"], rows["school_id"], rows["span"], strict=True)}
    assert (days["a", "s1"], days["a", "s2"]) == (39, 244)
    assert (days["b", "s1"], days["b", "s2"]) == (85, 198)
    assert days["a", "s1"] + days["a", "s2"] == days["d", "s1"] == 283
    assert (days["f", "s1"], days["f", "s2"]) == (0, 3)


def test_by_default_everybody_counts_once_with_all_legs(found):
    # s1: d (35 of 350), e (4 of 40); s2: a (40 of 350), b (34 of 350), c
    assert found("chronic_absence") == {"s1": (2, 2), "s2": (3, 1)}


def test_baseline_enrolled_count_where_they_were_on_the_day(found):
    # 1 October: a has just entered s2; b and d are at s1; c is not there yet, e no more
    assert found("chronic_absence", counted="baseline_enrolled") == {"s1": (2, 1), "s2": (1, 1)}


def test_another_baseline_day_moves_who_counts_where(found):
    assert found("chronic_absence", counted="baseline_enrolled", baseline_day="09-15") == {"s1": (4, 3)}
    assert found("chronic_absence", counted="baseline_enrolled", baseline_day="01-15") == {"s1": (1, 1), "s2": (3, 1)}


def test_home_leg_alone_is_the_rate_at_the_school_she_counts_for(found):
    # b at s2: 4 of 240, at s1 by baseline: 30 of 110
    assert found("chronic_absence", legs="home") == {"s1": (2, 2), "s2": (3, 1)}
    assert found("chronic_absence", legs="home", counted="baseline_enrolled") == {"s1": (2, 2), "s2": (1, 1)}


def test_actions_of_all_legs_follow_the_student(found):
    assert found("action_count") == {"s1": (2, 1), "s2": (3, 2)}
    assert found("action_count", legs="home") == {"s1": (2, 1), "s2": (3, 1)}


def test_a_district_whose_code_list_changed_may_be_left_out(found):
    assert found("action_count", code_lists="unchanged") == {}


def test_choices_that_do_not_go_together_are_refused(found):
    with pytest.raises(ValueError, match="discipline"):
        found("chronic_absence", code_lists="unchanged")
    with pytest.raises(ValueError, match="baseline_day"):
        found("chronic_absence", baseline_day="13-01")
