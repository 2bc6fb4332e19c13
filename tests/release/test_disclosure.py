"""Primary suppression and coding, worked by hand with the policy of params.yaml."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluation import params
from evaluation.release.disclosure import Shown, is_withheld, n_band, rounded_students, shown, significant

POLICY = params.settings().disclosure


def mean_of(events: int, n: int, kind: str = "binary") -> Shown:
    return shown(100 * events / n, n, kind=kind, status="reported", policy=POLICY)


def test_nine_students_are_hidden_and_ten_are_not() -> None:
    assert mean_of(4, 9) == Shown(None, None, None, "primary")
    assert mean_of(4, 10) == Shown(40.0, "40", "10-19", "none")


def test_one_event_among_twelve_is_coded() -> None:
    assert mean_of(1, 12) == Shown(None, "≤20", "10-19", "none")
    assert mean_of(11, 12) == Shown(None, "≥80", "10-19", "none")


@pytest.mark.parametrize(("events", "n", "display"), [
    (0, 15, "≤20"), (15, 15, "≥80"), (2, 20, "≤10"), (18, 20, "≥90"), (3, 20, "15"), (2, 40, "≤5"), (38, 40, "≥95"),
    (2, 100, "≤2"), (98, 100, "≥98"), (3, 300, "≤1"), (5, 300, "2"), (297, 300, "≥99"), (123, 400, "31"),
])
def test_percentages_are_whole_and_coded_by_the_number_of_students(events: int, n: int, display: str) -> None:
    assert mean_of(events, n).display == display


def test_a_rate_is_coded_at_its_lower_end_only() -> None:
    assert mean_of(30, 15, "count") == Shown(200.0, "200", "10-19", "none")
    assert mean_of(2, 12, "count").display == "≤20"


def test_few_events_outside_a_code_are_hidden() -> None:
    strict = POLICY.model_copy(update={"min_events": 5})
    assert shown(15.0, 20, kind="binary", status="reported", policy=strict) == Shown(None, None, None, "primary")


def test_a_score_has_two_decimals() -> None:
    assert shown(3.456789, 25, kind="score", status="reported", policy=POLICY) == Shown(3.46, "3.46", "20-39", "none")
    assert shown(3.456789, 9, kind="score", status="reported", policy=POLICY).suppression == "primary"


def test_a_published_rate_without_its_number_of_students_stands_as_published() -> None:
    out = shown(3.0, None, kind="binary", status="reported", policy=POLICY)
    assert out == Shown(3.0, "3.0", "not published", "none")


@pytest.mark.parametrize(("status", "reason"), [
    ("suppressed", "source"), ("not_applicable", "not_applicable"), ("not_published", "not_sent")])
def test_what_the_source_hid_keeps_its_reason(status: str, reason: str) -> None:
    assert shown(None, None, kind="binary", status=status, policy=POLICY) == Shown(None, None, None, reason)


def test_no_students_is_not_the_same_as_nothing_sent() -> None:
    assert shown(None, 0, kind="binary", status="reported", policy=POLICY).suppression == "not_applicable"
    assert shown(None, None, kind="binary", status="reported", policy=POLICY).suppression == "not_sent"


@given(st.integers(1, 2000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_one_or_two_students_are_never_told_apart(cell: tuple[int, int]) -> None:
    events, n = cell
    out = mean_of(events, n)
    if n < 10:
        assert out.suppression == "primary"
    if min(events, n - events) < 3:
        assert out.value is None
    if out.value is not None:
        assert out.value == int(out.value)
        assert out.display == f"{out.value:.0f}"
    if out.suppression == "none":
        assert out.n_band == n_band(n, POLICY)


def test_an_effect_of_one_district_on_either_side_or_few_units_is_withheld() -> None:
    assert is_withheld(1, 9, 12, 500, POLICY)
    assert is_withheld(2, 1, 12, 500, POLICY)
    assert is_withheld(2, 2, 2, 500, POLICY)
    assert is_withheld(2, 2, 3, 9, POLICY)
    assert not is_withheld(2, 2, 3, None, POLICY)


def test_effects_have_four_digits_and_students_are_rounded_to_ten() -> None:
    assert significant(-2.123456, POLICY) == -2.123
    assert significant(0.000123456, POLICY) == 0.0001235
    assert significant(None, POLICY) is None
    assert [rounded_students(n, POLICY) for n in (0, 4, 5, 1234)] == [0, 0, 10, 1230]


def test_the_smallest_denominator_is_a_parameter() -> None:
    strict = POLICY.model_copy(update={"min_students": 15})
    assert shown(50.0, 14, kind="binary", status="reported", policy=strict) == Shown(None, None, None, "primary")
    assert shown(50.0, 15, kind="binary", status="reported", policy=strict).display == "50"
