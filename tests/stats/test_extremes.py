import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluation.stats.extremes import Margins, extremes

LOW, HIGH = np.zeros(3), np.full(3, 100.0)


def margin(coefficient, low, high):
    n = len(coefficient)
    return Margins(np.zeros(n, dtype=int), np.arange(n), np.array(coefficient, dtype=float), np.array([low]),
                   np.array([high]))


def test_each_term_is_at_the_end_its_weight_chooses():
    assert extremes(np.array([0.5, -0.2, 0.0]), LOW, HIGH) == (-20.0, 50.0)


def test_without_terms_both_ends_are_zero():
    assert extremes(np.empty(0), np.empty(0), np.empty(0)) == (0.0, 0.0)


def test_a_term_without_limit_makes_its_end_infinite_where_it_has_weight():
    high = np.array([np.inf, 100.0, np.inf])
    assert extremes(np.array([0.5, -0.2, 0.0]), LOW, high) == (-20.0, np.inf)
    assert extremes(np.array([0.0, -0.2, 0.0]), LOW, high) == (-20.0, 0.0)


def test_a_known_sum_of_two_terms_ties_them_together():
    known = margin([1.0, 1.0], 30.0, 30.0)
    low, high = extremes(np.array([1.0, -1.0]), LOW[:2], HIGH[:2], known)
    assert (low, high) == pytest.approx((-30.0, 30.0))
    low, high = extremes(np.array([1.0, 1.0]), LOW[:2], HIGH[:2], known)
    assert (low, high) == pytest.approx((30.0, 30.0))


def test_a_known_sum_limits_a_term_that_has_no_limit():
    low, high = extremes(np.array([2.0]), np.zeros(1), np.full(1, np.inf), margin([5.0], 10.0, 20.0))
    assert (low, high) == pytest.approx((4.0, 8.0))
    low, high = extremes(np.array([1.0, 1.0]), np.zeros(2), np.full(2, np.inf), margin([5.0], 10.0, 20.0))
    assert (low, high) == (pytest.approx(2.0), np.inf)


def test_what_cannot_be_is_refused():
    with pytest.raises(ValueError, match="above its upper"):
        extremes(np.ones(1), np.ones(1), np.zeros(1))
    with pytest.raises(ValueError, match="contradict"):
        extremes(np.ones(2), LOW[:2], HIGH[:2], margin([1.0, 1.0], 300.0, 300.0))


@given(st.lists(st.tuples(st.floats(-2, 2), st.floats(0, 100), st.floats(0, 30)), min_size=1, max_size=6))
def test_every_filling_lies_between_the_ends_and_margins_only_narrow_them(terms):
    weight, y, n = np.array(terms).T
    low, high = extremes(weight, np.zeros(len(y)), np.full(len(y), 100.0))
    total = float(n @ y)
    tied = extremes(weight, np.zeros(len(y)), np.full(len(y), 100.0), margin(n, total - 0.01, total + 0.01))
    slack = 1e-6 * (1 + np.abs(weight).sum() * 100)
    assert low - slack <= tied[0] <= weight @ y + slack
    assert weight @ y - slack <= tied[1] <= high + slack
