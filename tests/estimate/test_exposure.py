"""Partial first periods: named in every number in which they count, with the share of the year under the program."""

import pandas as pd
import pytest

from evaluation.design import topics
from evaluation.estimate.exposure import exposed_pct
from evaluation.estimate.one import estimate
from evaluation.params import Cohort

UNITS = tuple(f"ia-{i}" for i in range(1, 15))
STARTS = dict.fromkeys(UNITS[:3], 2003) | dict.fromkeys(UNITS[3:6], 2004) | dict.fromkeys(UNITS[6:8], 2005)
JANUARY = {"first_period": "partial", "started_on": "2003-01-13", "first_school_day": "2002-08-26",
           "last_school_day": "2003-05-30"}
APRIL = {"first_period": "partial", "started_on": "2004-04-01", "first_school_day": "2003-08-25",
         "last_school_day": "2004-05-28"}


@pytest.fixture
def cells(cells_of):
    return cells_of({(u, p, g): (30.0 + i + p / 10 + (i * p % 7) / 5, 50)
                     for i, u in enumerate(UNITS) for p in range(2001, 2007) for g in ("black", "white")})


def rows(cells, study, days, **changes):
    """The gap's numbers when cohorts have these days."""
    program = study.programs[0]
    cohorts = tuple(c.model_copy(update=days.get(c.start, {})) for c in program.cohorts)
    specification = study.specifications[0].model_copy(update=changes)
    changed = study.model_copy(update={"programs": (program.model_copy(update={"cohorts": cohorts}),),
                                       "specifications": (specification,)})
    found = pd.DataFrame(estimate(cells, changed, topics(changed)[0]).estimates)
    return found[found["part"] == "gap"]


def said(found, **coordinates):
    """Cohorts and share of one number."""
    for column, value in coordinates.items():
        found = found[found[column] == value]
    assert len(found) == 1
    row = found.iloc[0]
    return tuple(None if pd.isna(row[c]) else row[c] for c in ("partial_first_cohorts", "exposed_pct"))


def cohort(**days):
    return Cohort(start=2025, phase="test", districts=("ia-1",), first_period="partial", **days)


def test_the_share_is_of_weekdays_by_hand():
    """Monday 26 August to Friday 30 May are 40 weeks of 5 days; from Monday 13 January on they are 20."""
    days = {"first_school_day": "2024-08-26", "last_school_day": "2025-05-30"}
    assert exposed_pct(cohort(started_on="2025-01-13", **days)) == 50
    assert exposed_pct(cohort(started_on="2025-01-12", **days)) == 50  # a Sunday
    assert exposed_pct(cohort(started_on="2025-05-28", **days)) == 2  # 3 of 200 days: 1.5 goes up
    assert exposed_pct(cohort(started_on="2025-01-13")) is None


def test_a_partial_first_period_is_named_in_every_number_it_counts_in_and_no_other(cells, study_of):
    found = rows(cells, study_of(STARTS), {2003: JANUARY})
    for where in ({"estimand": "overall"}, {"estimand": "cohort", "cohort": 2003},
                  {"estimand": "phase", "phase": "develop"}, {"estimand": "event_time", "event_time": 0},
                  {"estimand": "calendar", "period": 2003}, {"estimand": "att_gt", "cohort": 2003, "period": 2003},
                  {"estimand": "district", "district_id": "ia-1"}):
        assert said(found, **where) == ("2003", 50), where
    for where in ({"estimand": "cohort", "cohort": 2004}, {"estimand": "phase", "phase": "expansion"},
                  {"estimand": "event_time", "event_time": 1}, {"estimand": "event_time", "event_time": -2},
                  {"estimand": "calendar", "period": 2004}, {"estimand": "att_gt", "cohort": 2003, "period": 2004},
                  {"estimand": "district", "district_id": "ia-4"}):
        assert said(found, **where) == (None, None), where


def test_of_several_cohorts_the_least_share_is_told_and_none_where_one_is_not_stated(cells, study_of):
    both = rows(cells, study_of(STARTS), {2003: JANUARY, 2004: APRIL})
    assert said(both, estimand="att_gt", cohort=2004, period=2004) == ("2004", 21)  # 42 of 200 weekdays
    assert said(both, estimand="overall") == ("2003, 2004", 21)
    unknown = rows(cells, study_of(STARTS), {2003: JANUARY, 2004: {"first_period": "partial"}})
    assert said(unknown, estimand="overall") == ("2003, 2004", None)
    assert said(unknown, estimand="cohort", cohort=2003) == ("2003", 50)


def test_a_first_period_that_is_left_out_counts_nowhere(cells, study_of):
    found = rows(cells, study_of(STARTS), {2003: JANUARY}, partial_first="leave_out")
    assert found["partial_first_cohorts"].isna().all()


@pytest.mark.parametrize("estimator", ["twfe", "event_study", "stacked", "imputation"])
def test_every_estimator_says_it(cells, study_of, estimator):
    found = rows(cells, study_of(STARTS), {2003: JANUARY}, estimator=estimator)
    kind = "event_time" if estimator == "event_study" else "overall"
    told = found[(found["estimand"] == kind) & found["partial_first_cohorts"].notna()]
    assert told["partial_first_cohorts"].tolist() == ["2003"]
    assert told["exposed_pct"].tolist() == [50]


def test_days_move_no_number(cells, study_of):
    without, with_days = (rows(cells, study_of(STARTS), days) for days in ({}, {2003: JANUARY}))
    names = ["partial_first_cohorts", "exposed_pct"]
    pd.testing.assert_frame_equal(without.drop(columns=names), with_days.drop(columns=names))
    assert without[names].isna().all(axis=None)
