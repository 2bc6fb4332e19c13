"""Base periods, event times and names of effects, by hand."""

import numpy as np
import pytest

from evaluation.stats.cohorts import base_period, effect_at, event_time, first_in_program, has_before, last_before

NAN = np.nan


@pytest.fixture(scope="module")
def design(design_of):
    # 2020 is a break, 2021 was left out; cohorts: none, always, before all, after the break, a left-out one, too late
    return design_of(np.zeros((6, 4)), [NAN, 2018, 2010, 2022, 2021, 2030], periods=np.array([2018, 2019, 2020, 2022]),
                     position=np.array([0, 1, 2, 4]), is_break=np.array([False, False, True, False]))


def test_first_period_in_the_program(design):
    assert first_in_program(design).tolist() == [4, 0, 0, 3, 3, 4]


def test_base_is_the_last_period_before_that_is_no_break(design):
    assert base_period(design).tolist() == [-1, -1, -1, 1, 1, -1]
    assert has_before(design).tolist() == [False, False, False, True, True, False]


def test_the_last_period_before_each_and_before_one_more(design):
    assert last_before(design).tolist() == [-1, 0, 1, 1, 3]


def test_where_all_earlier_periods_are_breaks_the_last_of_them_is_the_base(design_of):
    found = base_period(design_of(np.zeros((2, 3)), [3, 2], is_break=np.array([True, True, False])))
    assert found.tolist() == [1, 0]


def test_event_time_counts_left_out_periods_and_is_unknown_without_a_start_in_the_list(design):
    found = event_time(design)
    assert found[1].tolist() == [0, 1, 2, 4]
    assert found[3].tolist() == [-4, -3, -2, 0]
    assert np.isnan(found[[0, 2, 4, 5]]).all()


def test_an_effect_is_named_by_cohort_period_and_distance(design):
    named, unknown = effect_at(design, 2022.0, 1), effect_at(design, 2021.0, 3)
    assert (named.kind, named.cohort, named.period, named.event_time) == ("att_gt", 2022, 2019, -3)
    assert (unknown.cohort, unknown.period, unknown.event_time) == (2021, 2022, None)
