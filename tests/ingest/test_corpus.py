"""Every case of the bad-input corpus ends as it must, located, with every row accounted for."""

from collections.abc import Callable

import pytest

from evaluation.ingest.district import District
from tests.ingest.corpus.all_cases import CASES
from tests.ingest.corpus.case import Case, needed, report_of

Take = Callable[..., District]
_KIND = {"F": "refused", "Q": "quarantined", "N": "note"}


def test_all_72_cases_are_there() -> None:
    assert sorted({case.number for case in CASES}) == list(range(1, 73))


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.number} {case.what}")
def test_case_ends_with_its_code_file_row_and_column(case: Case, take: Take, plain: District) -> None:
    found = take(needed(case), only=True, **case.mapping)
    for report in found.files:
        aside = found.quarantine[found.quarantine["file"] == report.file]
        assert report.rows_in == report.rows_accepted + report.rows_quarantined + report.rows_refused
        assert aside["row"].nunique() == report.rows_quarantined
    report = report_of(found, case)
    told = [f for f in report.findings if (f.kind, f.rule, f.column) == (_KIND[case.outcome], case.rule, case.column)]
    if case.rule is not None:
        assert len(told) == 1, report.findings
        assert case.hint in f"{told[0].what} {told[0].fix}"
        assert told[0].row == (case.rows[0] if case.rows else None)
    if case.outcome == "F":
        assert report.rows_refused == report.rows_in
        assert report.refusal is not None
    elif case.outcome == "Q":
        mine = found.quarantine[found.quarantine["file"] == report.file]
        assert tuple(mine["row"]) == case.rows
        assert report.rows_refused == 0
    else:
        assert report.rows_accepted == report.rows_in > 0
        assert {f.kind for f in report.findings} <= {"note"}
    if case.reads is not None:
        assert case.reads(found, plain)
