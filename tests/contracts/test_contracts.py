"""A table that breaks its contract is stopped, with counts and never a value."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluation.contracts import COLUMNS, TABLES, conform
from evaluation.errors import ContractError


def spells(**change: object) -> pd.DataFrame:
    rows = {"student_key": ["b" * 32, "a" * 32], "school_id": ["ia-1-101"] * 2, "district_id": ["ia-1"] * 2,
            "school_year": [2024, 2024], "entry_date": ["2023-08-23"] * 2, "exit_date": ["2024-05-30"] * 2,
            "grade": [6, 7]}
    return pd.DataFrame(rows | change)


def test_rows_come_back_in_key_order_and_contract_types() -> None:
    out = conform(spells()[["grade", *TABLES["enrollment"].columns[:-1]]], "enrollment")
    assert list(out.columns) == list(TABLES["enrollment"].columns)
    assert out["student_key"].tolist() == ["a" * 32, "b" * 32]
    assert str(out["grade"].dtype) == "Int64"


@pytest.mark.parametrize(
    ("frame", "rule"),
    [
        (spells().drop(columns="grade"), "column grade: is missing"),
        (spells(name=["x", "y"]), "column name: is not in the contract"),
        (spells(grade=[6, None]), r"column grade: is empty \(1 rows\)"),
        (spells(grade=[6, 13]), r"column grade: is above 12 \(1 rows\)"),
        (spells(grade=["6", "six"]), "column grade: is not Int64"),
        (spells(student_key=["a" * 32] * 2), "key repeats"),
    ],
)
def test_a_broken_rule_is_named_with_a_count(frame: pd.DataFrame, rule: str) -> None:
    with pytest.raises(ContractError, match=rule):
        conform(frame, "enrollment")


def test_a_message_never_carries_a_value() -> None:
    with pytest.raises(ContractError) as caught:
        conform(spells(grade=["6", "Jane Doe"]), "enrollment")
    assert "Jane" not in str(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize("table", TABLES.values(), ids=lambda t: t.name)
def test_tables_are_made_of_described_columns(table) -> None:
    assert set(table.key) <= set(table.columns) <= set(COLUMNS)
    assert table.nullable <= set(table.columns)
    assert all(table.column(name).description for name in table.columns)


def test_public_tables_never_carry_student_counts() -> None:
    counts = {"n_students", "n_obs", "n_eligible", "total", "total_sq", "n_focal", "n_reference", "student_key"}
    for table in TABLES.values():
        if table.audience == "public":
            assert not counts & set(table.columns), table.name


@given(keys=st.lists(st.sampled_from(["z", "x", "é", "A", "zz", ""]), unique=True, min_size=1),
       as_category=st.booleans())
def test_rows_are_in_order_of_their_texts_whether_categories_or_not(keys: list[str], as_category: bool) -> None:
    rows = pd.concat([spells(student_key=["a", "b"])] * len(keys), ignore_index=True).iloc[:len(keys)]
    rows = rows.assign(student_key=pd.Categorical(keys, categories=keys) if as_category else keys)
    found = conform(rows, "enrollment")
    assert found["student_key"].tolist() == sorted(keys)
    assert found["student_key"].dtype == "string"
    with pytest.raises(ContractError, match=r"key repeats \(1 rows\)"):
        conform(pd.concat([rows, rows.iloc[:1]]), "enrollment")


@pytest.mark.parametrize("largest", [2**62, 8])
@given(rows=st.lists(st.tuples(st.sampled_from("cab"), st.sampled_from([2021, 2019]), st.sampled_from("zxy")),
                     unique=True, min_size=1))
def test_rows_are_in_order_of_all_columns_of_the_key_however_many_values_it_can_have(largest: int, rows: list) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("evaluation.contracts.check._LARGEST", largest)
        key, year, school = zip(*rows, strict=True)
        frame = pd.concat([spells().iloc[:1]] * len(rows), ignore_index=True).assign(
            student_key=key, school_year=year, school_id=school)
        found = conform(frame, "enrollment")[["student_key", "school_year", "school_id"]]
        expected = pd.DataFrame(rows, columns=found.columns).sort_values(
            [c for c in TABLES["enrollment"].key if c in found.columns], ignore_index=True)
        assert found.to_numpy().tolist() == expected.to_numpy().tolist()
        with pytest.raises(ContractError, match=r"key repeats \(1 rows\)"):
            conform(pd.concat([frame, frame.iloc[-1:]]), "enrollment")
