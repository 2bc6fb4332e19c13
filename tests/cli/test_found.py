"""What the terminal shows of a run."""


import pytest

from evaluation.cli import found


def row(**change: object) -> dict[str, object]:
    return {"value": -1.234, "ci_low": -2.0, "ci_high": 0.5, "no_interval": None} | change


def test_numbers_carry_sign_and_a_true_minus() -> None:
    assert found._with_interval(row()) == "−1.23 (−2.00 to +0.50)"


@pytest.mark.parametrize("reason", found.WORDS)
def test_a_missing_interval_says_why(reason: str) -> None:
    assert found.WORDS[reason] in found._with_interval(row(no_interval=reason, ci_low=None))


def test_what_could_not_be_estimated_is_said() -> None:
    assert "refusals" in found._with_interval(None)


def test_every_reason_of_the_contract_has_words() -> None:
    from evaluation.contracts import NO_INTERVAL

    assert set(found.WORDS) == set(NO_INTERVAL)
