"""A district of twelve students, worked by hand from enrolment to cells.

School 101: students a–h (a also went to 102 and attended there for more days, so a counts for 102
though its spell at 101 is longer); 102: i–l and a.
Race: a–d black, e–h white, i–k black, l unknown.
"""

import pandas as pd
import pytest

from evaluation import engine, params
from evaluation.panel.cells import cells, published_cells
from evaluation.panel.outcomes import round_half_even
from evaluation.panel.students import student_outcomes, student_years
from evaluation.params import Study
from evaluation.sent import sent

D, YEAR = "ia-9001", 2024
STUDENTS = "abcdefghijkl"
RACE = dict(zip(STUDENTS, ["black"] * 4 + ["white"] * 4 + ["black"] * 3 + ["unknown"], strict=True))
ABSENT = {"a": 36, "b": 35, "c": 40, "i": 36}
"""Half-days absent of 360 enrolled; 36 is exactly 10 %. d is enrolled 44 days only and absent for 30."""


def _base(rows: list[dict[str, object]]) -> pd.DataFrame:
    frame = pd.DataFrame(rows).assign(district_id=D, school_year=YEAR)
    return frame.convert_dtypes()


def _tables() -> dict[str, pd.DataFrame]:
    spells = [{"student_key": s, "school_id": "s101" if s in "abcdefgh" else "s102", "entry_date": "2023-08-23",
               "exit_date": "2024-03-01" if s == "a" else "2024-05-31", "grade": 7} for s in STUDENTS]
    spells.append({"student_key": "a", "school_id": "s102", "entry_date": "2024-03-02", "exit_date": "2024-05-31",
                   "grade": 7})
    attendance = []
    for s in STUDENTS:
        school = "s101" if s in "abcdefgh" else "s102"
        enrolled = 88 if s == "d" else 360
        parts = [(school, enrolled, ABSENT.get(s, 60 if s == "d" else 0))]
        if s == "a":
            parts = [("s101", 120, 30), ("s102", 240, 6)]
        attendance += [{"student_key": s, "school_id": at, "month": 202409 - 100, "source_grain": "month",
                        "half_days_enrolled": n, "half_days_absent": out, "half_days_absent_oss": 5 if s == "c" else 0}
                       for at, n, out in parts]
    actions = [("b", "ISS"), ("b", "OSS"), ("c", "OSS"), ("c", "OSS"), ("e", "ODR")]
    discipline = [{"action_id": str(i), "student_key": s, "school_id": "s101", "date": "2023-10-02", "action_std": a,
                   "definition_version": "first", "half_days_assigned": 2} for i, (s, a) in enumerate(actions)]
    answers = {("b", 1): {1: 5, 2: 4, 3: 1}, ("b", 2): {1: 3, 2: 3, 4: 3}, ("c", 1): {1: 5, 2: 5},
               ("e", 1): {1: 1, 2: 1, 3: 5, 4: 1, 5: 2}}
    survey = [{"student_key": s, "school_id": "s101", "wave": YEAR * 10 + w, "instrument": "x", "item_code": f"bel{i}",
               "value_int": v} for (s, w), items in answers.items() for i, v in items.items()]
    return {
        "school_year": _base([{"school_id": s, "grade_band": "middle"} for s in ("s101", "s102")]),
        "enrollment": _base(spells),
        "student_year": _base([{"student_key": s, "race_ethnicity": RACE[s], "sex": "female", "english_learner": "no",
                                "disability": "yes" if s == "b" else "no", "economic": "no"} for s in STUDENTS]),
        "attendance": _base(attendance), "discipline_action": _base(discipline), "survey_response": _base(survey)}


def _intake(refused: tuple[str, ...] = ()) -> pd.DataFrame:
    names = ("school_year", "enrollment", "student_year", "attendance", "discipline_action", "survey_response")
    return pd.DataFrame([{"district_id": D, "school_year": YEAR, "table": n, "rows_in": 1, "rows_accepted": 1,
                          "refusal": None} for n in names]
                        + [{"district_id": D, "school_year": YEAR, "table": n, "rows_in": 1, "rows_accepted": 0,
                            "refusal": "why"} for n in refused])


@pytest.fixture(scope="module")
def study() -> Study:
    found = params.study("partnership")
    return found.model_copy(update={"dimensions": tuple(d for d in found.dimensions if d.id in ("race_ethnicity",
                                                                                                "disability"))})


def _cells(study: Study, *, refused: tuple[str, ...] = (), threads: int = 2, seed: int | None = None) -> pd.DataFrame:
    with engine.session(threads=threads) as session:
        rows = _tables()
        if seed is not None:
            rows = {n: t.sample(frac=1, random_state=seed) for n, t in rows.items()}
        tables = {n: session.frame(t) for n, t in rows.items()}
        tables |= {f"{n}_sent": session.frame(sent(_intake(refused), n)) for n in rows}
        return cells(study, student_years(tables), tables)


@pytest.fixture(scope="module")
def found(study: Study) -> pd.DataFrame:
    return _cells(study)


def _cell(found: pd.DataFrame, school: str, dimension: str, group: str, outcome: str) -> dict[str, object]:
    rows = found[(found["unit_id"] == school) & (found["dimension"] == dimension) & (found["group_id"] == group)
                 & (found["outcome_id"] == outcome)]
    assert len(rows) == 1
    return rows.iloc[0].to_dict()


@pytest.mark.parametrize(("school", "dimension", "group", "outcome", "n", "total", "total_sq"), [
    ("s101", "all", "all", "chronic_absence_pct", 6, 1, 1),      # b c e f g h; d too short; only c (35 < 36)
    ("s102", "all", "all", "chronic_absence_pct", 5, 2, 2),      # a (30 + 6 of 360) and i
    ("s102", "race_ethnicity", "black", "chronic_absence_pct", 4, 2, 2),
    ("s101", "all", "all", "chronic_absence_excl_oss_pct", 6, 0, 0),   # c: 40 − 5 = 35
    ("s101", "all", "all", "any_suspension_pct", 7, 2, 2),       # b and c; an office referral is none
    ("s101", "all", "all", "oss_per_100", 7, 3, 5),              # b 1, c 2
    ("s101", "race_ethnicity", "black", "oss_per_100", 3, 3, 5),
    ("s101", "disability", "yes", "oss_per_100", 1, 1, 1),
    ("s102", "race_ethnicity", "black", "any_suspension_pct", 4, 0, 0),
    # b: wave 1 (5 + 4 + 5) / 3 = 4.666667, wave 2 3.000000, year 3.8333335 → even 3.833334; c answers too few items
    ("s101", "race_ethnicity", "black", "belonging_1to5", 1, 3_833_334, 3_833_334**2),
    ("s101", "race_ethnicity", "white", "belonging_1to5", 1, 1_200_000, 1_200_000**2),
])
def test_cell_worked_by_hand(found: pd.DataFrame, school: str, dimension: str, group: str, outcome: str, n: int,
                             total: int, total_sq: int) -> None:
    cell = _cell(found, school, dimension, group, outcome)
    assert (cell["n_students"], cell["total"], cell["total_sq"]) == (n, total, total_sq)
    assert cell["mean"] == (total / n / 1e6 if outcome == "belonging_1to5" else 100 * total / n)
    assert cell["status"] == "reported"


def test_survey_cells_count_waves_and_everybody_who_could_have_answered(found: pd.DataFrame) -> None:
    cell = _cell(found, "s101", "race_ethnicity", "black", "belonging_1to5")
    assert (cell["n_obs"], cell["n_eligible"]) == (2, 3)
    assert pd.isna(_cell(found, "s101", "race_ethnicity", "black", "oss_per_100")["n_eligible"])


def test_students_of_unknown_group_are_in_all_only(found: pd.DataFrame) -> None:
    assert "unknown" not in set(found["group_id"])
    assert _cell(found, "s102", "all", "all", "oss_per_100")["n_students"] == 5


def test_a_group_that_did_not_answer_has_no_cell(found: pd.DataFrame) -> None:
    rows = found[(found["unit_id"] == "s102") & (found["outcome_id"] == "belonging_1to5")]
    assert rows.empty


@pytest.mark.parametrize(("refused", "missing"), [
    ("discipline_action", {"any_suspension_pct", "any_suspension_same_codes_pct", "oss_per_100"}),
    ("attendance", {"chronic_absence_pct", "chronic_absence_excl_oss_pct"}), ("survey_response", {"belonging_1to5"})])
def test_what_was_not_sent_is_not_zero(study: Study, found: pd.DataFrame, refused: str, missing: set[str]) -> None:
    rest = _cells(study, refused=(refused,))
    assert set(found["outcome_id"]) - set(rest["outcome_id"]) == missing


def test_without_attributes_there_is_all_only(study: Study) -> None:
    assert set(_cells(study, refused=("student_year",))["dimension"]) == {"all"}


def test_cells_depend_on_neither_threads_nor_row_order(study: Study, found: pd.DataFrame) -> None:
    for threads, seed in ((1, 1), (4, 2)):
        pd.testing.assert_frame_equal(found, _cells(study, threads=threads, seed=seed))


def test_student_outcome_holds_missing_for_what_was_not_sent() -> None:
    with engine.session() as session:
        tables = {n: session.frame(t) for n, t in _tables().items()}
        tables["discipline_action_sent"] = session.frame(sent(_intake(("discipline_action",)), "discipline_action"))
        rows = engine.collect(student_outcomes(student_years(tables), tables, None)).set_index("student_key")
    assert rows.loc["a", "school_id"] == "s102"
    assert rows.loc["a", "half_days_absent"] == 36
    assert rows["oss_actions"].isna().all()


@pytest.mark.parametrize(("total", "n", "expected"), [(5, 2, 2), (7, 2, 4), (3, 2, 2), (1, 2, 0), (7, 3, 2), (8, 3, 3)])
def test_round_half_even(total: int, n: int, expected: int) -> None:
    import narwhals.stable.v2 as nw
    with engine.session() as session:
        frame = session.frame(pd.DataFrame({"total": [total], "n": [n]}))
        rounded = engine.collect(frame.select(r=round_half_even(nw.col("total"), nw.col("n"))))
    assert rounded["r"].iloc[0] == expected


def test_published_cells_keep_status_and_have_no_sums() -> None:
    row = {"unit": "district", "unit_id": "ct-1", "district_id": "ct-1", "grade_band": "all",
           "period_kind": "school_year", "period": 2024,
           "dimension": "race_ethnicity", "group_id": "black", "outcome_id": "x", "n_students": pd.NA}
    public = pd.DataFrame([row | {"mean": 12.5, "status": "reported"},
                           row | {"group_id": "white", "mean": pd.NA, "status": "suppressed"}])
    found = published_cells(public)
    assert list(found["status"]) == ["reported", "suppressed"]
    assert found[["n_students", "n_obs", "total", "total_sq"]].isna().all(axis=None)
    assert found["mean"].isna().tolist() == [False, True]
