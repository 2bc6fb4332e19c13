"""What the app says of partial first years, word by word."""

import pandas as pd
import pytest

from app import exposure, views

ROW = {"part": "gap", "event_time": 0, "suppression": "none", "no_interval": pd.NA, "partial_first_cohorts": "2022",
       "exposed_pct": 58}


@pytest.mark.parametrize(("changed", "words"), [
    ({}, "In this number the first year of the 2022 cohort is a partial one: the program ran on 58 % of the school "
         "days."),
    ({"exposed_pct": pd.NA}, "In this number the first year of the 2022 cohort is a partial one: the program ran on a "
                             "part of the school days, not stated how many."),
    ({"partial_first_cohorts": "2022, 2023"}, "In this number the first years of the 2022, 2023 cohorts are partial "
                                              "ones: the program ran on 58 % or more of the school days."),
    ({"partial_first_cohorts": pd.NA}, ""), ({"suppression": "primary"}, "")])
def test_an_effect_is_told_with_its_partial_first_years(changed, words):
    assert exposure.caveat(ROW | changed) == words


def test_the_note_of_a_table_names_them_beside_other_reasons():
    assert views.note(ROW) == "partial first year: start 2022 (58 % of the school days)"
    assert views.note(ROW | {"no_interval": "lone_cohort_cluster"}).endswith(f"; {views.note(ROW)}")
    assert "partial" not in views.note(ROW | {"suppression": "primary"})


def test_a_chart_by_years_says_that_year_zero_is_partial():
    later = ROW | {"event_time": 1, "partial_first_cohorts": pd.NA, "exposed_pct": pd.NA}
    assert exposure.by_year(pd.DataFrame([later, ROW])) == (
        "Year 0 holds a partial first year: start 2022 (58 % of the school days).")
    assert exposure.by_year(pd.DataFrame([later])) == ""


def test_a_release_of_before_has_no_partial_first_year():
    before = {name: value for name, value in ROW.items() if name not in ("partial_first_cohorts", "exposed_pct")}
    assert (exposure.caveat(before), exposure.note(before), exposure.by_year(pd.DataFrame([before]))) == ("", "", "")
