"""The cause comes first: rows that lack a school or an enrolment are not called another district's."""

from collections.abc import Callable

from evaluation.ingest.district import District
from evaluation.ingest.report.to_mend import problems, verdict

Take = Callable[..., District]
Rows = Callable[..., bytes]


def _told(found: District) -> list[tuple[str, str, bool, bool]]:
    return [(p.table, p.rule, p.is_blocking, p.follows)
            for p in problems(found.files, tolerance=0.02, accept_without=())]


def test_students_whose_enrolment_is_set_aside_are_not_another_districts(take: Take, rows_of: Rows) -> None:
    rows = ["0000001,101,08/23/2023,05/31/2024,7", *(f"000000{i},101,08/23/2023,05/31/2024,13" for i in (2, 3))]
    found = take({"2024/enrollment.csv": rows_of("enrollment", rows)})
    told = _told(found)
    assert told[0] == ("enrollment", "out_of_range", True, False)
    assert {(rule, follows) for _, rule, _, follows in told[1:]} == {("not_enrolled_at_school", True),
                                                                     ("not_enrolled", True)}
    sentence = verdict(found.files, problems(found.files, tolerance=0.02, accept_without=()), tolerance=0.02,
                       accept_without=()).sentence
    assert "enrollment of 2024: 2 of 3 rows" in sentence


def test_rows_of_a_school_that_is_set_aside_are_not_another_districts(take: Take, rows_of: Rows) -> None:
    found = take({"2024/schools.csv": rows_of("schools", ["101,8,6,180", "102,6,8,180"])})
    told = _told(found)
    assert told[0][:2] == ("school_year", "grade_range_reversed")
    assert {rule for _, rule, _, _ in told[1:]} <= {"school_not_in_roster", "no_enrollment"}
    assert all(follows for _, _, _, follows in told[1:])


def test_an_enrolment_that_was_sent_is_to_be_mended_and_one_that_was_not_to_be_sent(take: Take) -> None:
    def fix(**files: bytes) -> str:
        found = take({f"2024/{name}.csv": content for name, content in files.items()})
        return next(f.findings[0].fix for f in found.files if f.table == "attendance")
    assert fix(enrollment=b"") == "Send the enrolment file, or mend it where it was sent."
