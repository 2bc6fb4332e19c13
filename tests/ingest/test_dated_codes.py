"""Discipline codes that change within a school year: each action is read by the list of its date."""

from collections.abc import Callable

import pytest

from evaluation import engine
from evaluation.errors import DeliveryError
from evaluation.ingest.district import District
from evaluation.ingest.mapping.schema import SourceColumn
from evaluation.panel.definitions import CODES, definitions
from evaluation.params import Study

Take = Callable[..., District]
NAMED = {"column": "Action", "codes": {"In": "ISS", "Out": "OSS", "1": "OSS"}}
JANUARY = {"2024-01-15": {"1": "ISS", "2": "OSS"}}
DAYS = ("10/02/2023", "01/14/2024", "01/15/2024", "05/01/2024")


def actions(rows_of: Callable[..., bytes], *rows: tuple[str, str]) -> dict[str, bytes]:
    """A discipline file with an action per (date, code)."""
    return {"2024/discipline.csv": rows_of("discipline", [f"0000001,101,{i},{day},{code},1"
                                                          for i, (day, code) in enumerate(rows)])}


def read(found: District) -> list[tuple[str, str, str]]:
    rows = found.tables["discipline_action"].sort_values("date")
    return [tuple(row) for row in rows[["date", "action_std", "definition_version"]].astype(str).to_numpy()]


def test_one_code_is_read_by_the_list_of_its_date(take: Take, rows_of: Callable[..., bytes]) -> None:
    """Code 1 is a suspension out of school up to 14 January, and one in school from the 15th on."""
    found = take(actions(rows_of, *((day, "1") for day in DAYS)),
                 tables__discipline_action__columns__action_std=NAMED | {"codes_from": JANUARY})
    assert read(found) == [
        ("2023-10-02", "OSS", "first"), ("2024-01-14", "OSS", "first"), ("2024-01-15", "ISS", "2024-01-15"),
        ("2024-05-01", "ISS", "2024-01-15")]
    assert found.quarantine.empty


def test_a_code_of_the_other_list_is_unknown_on_its_date_and_located(take: Take,
                                                                     rows_of: Callable[..., bytes]) -> None:
    found = take(actions(rows_of, ("10/02/2023", "2"), ("05/01/2024", "In"), ("05/01/2024", "2"), ("13/45/2024", "1")),
                 tables__discipline_action__columns__action_std=NAMED | {"codes_from": JANUARY})
    assert read(found) == [("2024-05-01", "OSS", "2024-01-15")]
    assert sorted(found.quarantine[["row", "column", "rule"]].itertuples(index=False, name=None)) == [
        (2, "Action", "unknown_code"), (3, "Action", "unknown_code"), (5, "Date", "bad_date")]


def test_a_list_by_year_before_it_and_one_by_day_after_it_hold_each_in_its_time() -> None:
    named = SourceColumn.model_validate(NAMED | {"codes_from": {"2023": {"A": "OSS"}, **JANUARY}})
    assert [named.lists_in(year) for year in (2022, 2023, 2024, 2025)] == [
        (("2021-07-01", "first"),), (("2022-07-01", "2023"),), (("2023-07-01", "2023"), ("2024-01-15", "2024-01-15")),
        (("2024-07-01", "2024-01-15"),)]


def test_the_first_day_of_a_school_year_is_that_year() -> None:
    named = SourceColumn.model_validate(NAMED | {"codes_from": {"2023-07-01": {"A": "OSS"}}})
    assert named.lists_in(2024) == (("2023-07-01", "2023-07-01"),)


def test_both_lists_of_a_year_are_told_as_definitions(study: Study, take: Take, rows_of: Callable[..., bytes]) -> None:
    found = take(actions(rows_of, *((day, "1") for day in DAYS)),
                 tables__discipline_action__columns__action_std=NAMED | {"codes_from": JANUARY})
    with engine.session() as session:
        told = definitions(study, session.frame(found.tables["discipline_action"]))
    assert told.loc[told["metric"] == CODES, ["version", "valid_from", "valid_to"]].to_numpy().tolist() == [
        ["2024-01-15", 2024, 2024], ["first", 2024, 2024]]


@pytest.mark.parametrize(("table", "column", "named", "words"), [
    ("discipline_action", "action_std", NAMED | {"codes_from": {"2024-13-01": {}}}, "a day as 2025-01-15"),
    ("discipline_action", "action_std", NAMED | {"codes_from": {"2024": {}, "2023-07-01": {}}}, "the same day"),
    ("student_year", "race_ethnicity", {"column": "RaceEth", "codes_from": JANUARY}, "have no `date`")])
def test_a_mapping_that_cannot_hold_is_refused(take: Take, table: str, column: str, named: dict[str, object],
                                               words: str) -> None:
    with pytest.raises(DeliveryError, match=words):
        take(**{f"tables__{table}__columns__{column}": named})
