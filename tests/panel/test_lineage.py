"""What school lists say of mergers, splits and boundaries, by hand."""

import pandas as pd
import pytest

from evaluation import engine
from evaluation.contracts import conform
from evaluation.panel.lineage import no_lineage, school_lineage


def school(name, year, low=6, high=8, band="middle", **said):
    return {"school_id": f"ia-1-{name}", "district_id": "ia-1", "school_year": year, "grade_low": low,
            "grade_high": high, "grade_band": band, "calendar_days": 178,
            **{key: f"ia-1-{said[key]}" if key in said else None for key in ("merged_into", "feeder_from")}}


def lineage(*rows):
    with engine.session() as session:
        found = school_lineage(session.frame(conform(pd.DataFrame(list(rows)), "school_year")))
    short = found.astype(object).where(found.notna(), None)
    return [tuple(str(v).removeprefix("ia-1-") if v is not None else None for v in row)
            for row in short[["school_id", "merged_into", "feeder_from", "school_year"]].to_numpy()]


def test_of_a_merged_school_the_newest_list_counts():
    assert lineage(school("a", 2022, merged_into="b"), school("a", 2023, merged_into="c"), school("b", 2023),
                   school("c", 2023)) == [("a", "c", None, "2023")]


def test_a_school_that_took_in_students_of_another_of_its_band_is_listed_with_each_such_school():
    assert lineage(school("a", 2022), school("b", 2022), school("c", 2023, feeder_from="a"),
                   school("c", 2024, feeder_from="b"), school("b", 2023)) == [
        ("c", None, "a", "2023"), ("c", None, "b", "2024")]


def test_a_statement_that_is_repeated_counts_once_with_its_newest_year():
    assert lineage(school("a", 2022), school("a", 2023), school("c", 2022, feeder_from="a"),
                   school("c", 2023, feeder_from="a")) == [("c", None, "a", "2023")]


@pytest.mark.parametrize("feeder", [
    school("a", 2022, 3, 5, "elementary"),  # its students go up
    school("a", 2022, 6, 7),  # likewise, within the band
    school("a", 2020),  # long closed
    school("b", 2022)])
def test_a_feeder_whose_students_go_up_or_that_is_not_there_moves_no_boundary(feeder):
    assert lineage(feeder, school("c", 2023, feeder_from="a")) == []


def test_a_school_that_names_itself_says_nothing():
    assert lineage(school("a", 2022, feeder_from="a"), school("a", 2023, feeder_from="a")) == []


def test_lists_without_a_word_of_it_give_an_empty_table():
    assert lineage(school("a", 2022), school("b", 2022)) == []
    assert list(no_lineage()) == ["school_id", "district_id", "merged_into", "feeder_from", "school_year"]
