"""What the report says of linking and of who could be singled out: counts and shares in words, and what to do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import narwhals.stable.v2 as nw

from evaluation.engine import Frame
from evaluation.ingest.identity.k_anonymity import k_anonymity
from evaluation.ingest.identity.linking import movement
from evaluation.ingest.report.small_counts import FEWEST, shown

MOST_ENTER = 0.8
"""Share of new students in a year beyond which ids may be written in two ways: a school of two grades has half."""
LEAST_GAIN = 0.1
"""Share of records that months in place of days would hide, from which on it is worth a word."""
_COUNTS = ("students", "entered", "entered_from_another", "left", "left_to_another")


def identity_of(linked: Mapping[str, Mapping[str, Any]], tables: Mapping[str, Frame]) -> dict[str, Any]:
    """Return `identity_content` of the accepted `enrollment` and `student_year` of the districts in `linked`."""
    def of(district_id: str) -> dict[str, Any]:
        return k_anonymity(*(tables[name].filter(nw.col("district_id") == district_id)
                             for name in ("enrollment", "student_year")))
    return identity_content(linked, movement(tables["enrollment"]), {district: of(district) for district in linked})


def identity_content(linked: Mapping[str, Mapping[str, Any]], movement: Sequence[Mapping[str, Any]],
                     singled_out: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return `linking`, `k_anonymity` and `advice` for report.json; no small count is in them.

    Parameters
    ----------
    linked : by district, as `linking.linked_by` returns it.
    movement : as `linking.movement` returns it.
    singled_out : by district, as `k_anonymity` returns it.
    """
    return {
        "linking": {"districts": {district: dict(how) for district, how in sorted(linked.items())},
                    "movement": [_counted(row) for row in movement]},
        "k_anonymity": {district: _in_words(found) for district, found in sorted(singled_out.items())
                        if found["records"]},
        "advice": [*_keys(linked), *_strangers(movement), *_days(singled_out)],
    }


def _counted(row: Mapping[str, Any]) -> dict[str, Any]:
    return {key: shown(value) if key in _COUNTS and value is not None else value for key, value in row.items()}


def _in_words(found: Mapping[str, Any]) -> dict[str, Any]:
    records = found["records"]

    def words(value: Any) -> Any:
        if isinstance(value, Mapping):
            return {key: words(one) for key, one in value.items()}
        if isinstance(value, list):
            return [words(one) for one in value]
        return _share(value, records) if isinstance(value, float) else value
    column, share = min(found["without"].items(), key=lambda entry: entry[1])
    return {key: words(value) for key, value in found.items()} | {
        "records": shown(records), "least_without": {"column": column, "share_unique": _share(share, records)}}


def _share(share: float, records: int) -> str:
    """Return a share in whole percent; one of 1-9 records is not told."""
    count = round(share * records)
    if count == 0:
        return "0 %"
    return "few" if count < FEWEST else f"{100 * share:.0f} %" if share >= 0.005 else "under 1 %"


def _keys(linked: Mapping[str, Mapping[str, Any]]) -> Iterator[dict[str, str]]:
    for district, how in sorted(linked.items()):
        years = ", ".join(str(year) for year in how["years_that_do_not_link"])
        if years:
            yield _advice(district, f"the pseudonyms of {years} were made with another key than those of the other "
                                    "years, and no crosswalk leads from one to the other: these years do not link.",
                          "Make the crosswalk with `evaluation key rotate`; it belongs beside mapping.yaml.")


def _strangers(movement: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, str]]:
    for row in movement:
        students, entered = row["students"], row["entered"]
        if entered is not None and students >= FEWEST and entered > MOST_ENTER * students:
            yield _advice(row["district_id"], f"{100 * entered / students:.0f} % of the students of "
                                              f"{row['school_year']} were not there in {row['school_year'] - 1}.",
                          "If ids are written in another way since then (zeros, a prefix, the state's in place of "
                          "yours), the years do not link: see `student_id` in mapping.yaml. With new schools, or one "
                          "grade only, it may be right.")


def _days(singled_out: Mapping[str, Mapping[str, Any]]) -> Iterator[dict[str, str]]:
    for district, found in sorted(singled_out.items()):
        by_day, by_month = found["share_unique_by_day"], found["share_unique"]
        if round(by_day - by_month, 4) >= LEAST_GAIN and found["records"] >= FEWEST:
            yield _advice(district, f"with days of entry and exit {100 * by_day:.0f} % of the enrolment records are "
                                    f"unlike any other, with their months {100 * by_month:.0f} %.",
                          "`dates: month` in mapping.yaml keeps the month alone, if days of exposure are not needed.")


def _advice(district: str, what: str, fix: str) -> dict[str, str]:
    return {"district_id": district, "what": what, "fix": fix}
