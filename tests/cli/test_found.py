"""What the terminal shows of a run."""

import pytest

from evaluation.cli import found
from evaluation.contracts import REASONS


def row(**change: object) -> dict[str, object]:
    return {"value": -1.234, "ci_low": -2.0, "ci_high": 0.5, "no_interval": None} | change


def test_numbers_carry_sign_and_a_true_minus() -> None:
    assert found._with_interval(row()) == "−1.23 (−2.00 to +0.50)"


@pytest.mark.parametrize("reason", REASONS)
def test_a_missing_interval_says_why(reason: str) -> None:
    said = found._with_interval(row(no_interval=reason, ci_low=None))
    assert f"no interval: {REASONS[reason].short.format(cluster='district')}" in said


def test_what_could_not_be_estimated_is_said() -> None:
    assert "refusals" in found._with_interval(None)
