"""Mergers that cannot be are set aside where a school list says so, before any estimate rests on them."""

from collections.abc import Callable, Mapping

import pytest

from evaluation.ingest.district import District
from evaluation.ingest.mergers import Listed, impossible_mergers

Take = Callable[..., District]
Lists = Mapping[int, Mapping[str, str]]
INTO = {"tables__school_year__columns": {"school_id": "Bldg", "grade_low": "Low", "grade_high": "High",
                                         "calendar_days": "Days", "merged_into": "Into", "feeder_from": "From"}}


def _lists(rows: Lists) -> dict[str, bytes]:
    """Return the school lists of years: per school what stands in Into and From."""
    head = "Bldg,Low,High,Days,Into,From\n"
    return {f"{year}/schools.csv": "".join(
        [head, *(f"{school},6,8,180,{said}\n" for school, said in of.items())]).encode()
            for year, of in rows.items()}


@pytest.mark.parametrize(("lists", "rule", "rows"), [
    ({2023: {"101": "101,", "102": ","}, 2024: {"102": ","}}, "merged_with_itself", [2]),
    ({2023: {"101": ",", "102": ","}, 2024: {"101": ",", "102": ",102"}}, "merged_with_itself", [3]),
    ({2023: {"101": "999,", "102": ","}, 2024: {"102": ","}}, "merged_into_unknown", [2]),
    ({2023: {"101": "102,", "102": "101,"}}, "merged_in_circle", [2, 3]),
    ({2023: {"101": "102,", "102": "103,", "103": "101,", "104": "101,"}}, "merged_in_circle", [2, 3, 4])])
def test_a_merger_that_cannot_be_is_set_aside_and_located(lists: Lists, rule: str, rows: list[int], take: Take) -> None:
    aside = take(_lists(lists), only=True, **INTO).quarantine
    assert set(aside["rule"]) == {rule}
    assert list(aside["row"]) == rows


@pytest.mark.parametrize("lists", [
    {2023: {"101": "102,", "102": ","}, 2024: {"102": ",101"}}, {2023: {"101": "103,", "102": ","}},
    {2023: {"101": "103,"}, 2024: {"103": "104,"}, 2025: {"104": ","}},
    {2022: {"101": "102,", "102": ","}, 2023: {"101": ",", "102": "101,"}, 2024: {"101": ","}}],
    ids=["into one that stays", "into one that may open next year", "one after the other", "said and taken back"])
def test_mergers_that_can_be_are_taken(lists: Lists, take: Take) -> None:
    assert take(_lists(lists), only=True, **INTO).quarantine.empty


def test_a_circle_that_the_study_file_decides_is_none() -> None:
    rows = [Listed(2, "ia-1-1", 2023, "ia-1-2", None), Listed(3, "ia-1-2", 2023, "ia-1-1", None)]
    assert {rule for _, rule in impossible_mergers(rows, ())} == {"merged_in_circle"}
    assert list(impossible_mergers(rows, {"ia-1-2"})) == []
