"""The report: what to mend, which school sent what, which level changed, what a new delivery changed, and the page."""

from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from typing import Any

import pandas as pd
import pytest

from evaluation import engine
from evaluation.contracts import TABLES
from evaluation.engine import Session
from evaluation.ingest.district import District
from evaluation.ingest.records import FileReport, Finding
from evaluation.ingest.report.compare import compare
from evaluation.ingest.report.content import report_content
from evaluation.ingest.report.coverage_matrix import coverage_matrix
from evaluation.ingest.report.html import page
from evaluation.ingest.report.level_shift import Point, Series, level_shifts, shifts
from evaluation.ingest.report.small_counts import shown
from evaluation.ingest.report.to_mend import problems, verdict
from evaluation.ingest.report.tolerance import NO_LOSS

Take = Callable[..., District]


@pytest.fixture
def session() -> Iterator[Session]:
    with engine.session() as opened:
        yield opened


def _content(found: District, session: Session, **options: Any) -> dict[str, Any]:
    tables = {name: session.frame(table) for name, table in found.tables.items() if name in TABLES}
    return report_content(found.files, found.quarantine, tables, **{
        "tolerance": 0.02, "accept_without": (), "silent": (), "definitions": "study test", "pseudonyms": "test"}
        | options)


def _file(table: str, *found: Finding, rows: int = 100, aside: int = 0, district: str = "ia-9001",
          name: str | None = None) -> FileReport:
    refused = any(f.kind == "refused" for f in found)
    return FileReport(district, 2024, table, f"{district}/2024/{name or table}.csv", rows,
                      0 if refused else rows - aside, aside, rows if refused else 0, "Refused." if refused else None,
                      found)


def _finding(kind: str, rule: str, count: int = 1) -> Finding:
    return Finding(kind, rule, 2, None, count, "What", "Fix")


def _said(*files: FileReport, tolerance: float = 0.02, accept_without: tuple[str, ...] = ()) -> tuple[str, int]:
    found = verdict(files, problems(files, tolerance=tolerance, accept_without=accept_without), tolerance=tolerance,
                    accept_without=accept_without)
    return found.sentence, found.exit_code


def test_the_verdict_says_send_it_or_how_many_things_to_mend() -> None:
    aside = _finding("quarantined", "negative", 2)
    assert _said(_file("attendance")) == ("Send it: every row was accepted.", 0)
    assert _said(_file("attendance", aside, aside=2)) == (
        "Send it: 2 rows of 100 are set aside, within the 2 % that are tolerated.", 0)
    assert _said(_file("attendance", aside, aside=3)) == (
        "Mend this first. ia-9001, attendance of 2024: 3 of 100 rows were set aside (3.0 %); 2 % are tolerated.", 3)
    refused = _file("attendance", _finding("refused", "empty_file"))
    assert _said(refused, _file("survey_response", _finding("refused", "stray_quote"))) == (
        "Mend these 2 things first: 2 files cannot be taken as they are.", 2)
    assert _said(refused, _file("enrollment"), accept_without=(refused.file,)) == (
        "Send it: every other row was accepted. The study goes without 1 refused file.", 0)
    assert _said() == ("There is nothing to send: no file was found.", 2)


def test_a_small_table_does_not_drown_among_the_rows_of_a_large_one() -> None:
    lost = _file("discipline_action", _finding("quarantined", "unknown_code", 21), rows=60, aside=21)
    files = (_file("attendance", rows=100_000), lost)
    assert _said(*files) == (
        "Mend this first. ia-9001, discipline_action of 2024: 21 of 60 rows were set aside (35.0 %); "
        "2 % are tolerated.", 3)
    assert [p.rule for p in problems(files, tolerance=0.02, accept_without=()) if p.is_blocking] == ["unknown_code"]


@pytest.mark.parametrize(("rows", "aside", "code"), [(12, 1, 0), (12, 2, 3), (1, 1, 3), (200, 4, 0)])
def test_one_row_among_several_is_never_too_many(rows: int, aside: int, code: int) -> None:
    file = _file("discipline_action", _finding("quarantined", "negative", aside), rows=rows, aside=aside)
    assert _said(file)[1] == code


def test_where_nothing_is_tolerated_one_row_is_too_many() -> None:
    assert _said(_file("attendance", _finding("quarantined", "negative"), aside=1), tolerance=0)[1] == 3


@pytest.mark.parametrize("rule", NO_LOSS)
def test_rows_that_take_nothing_from_the_study_are_never_too_many(rule: str) -> None:
    assert _said(_file("attendance", _finding("quarantined", rule, 50), aside=50))[1] == 0


def test_what_only_follows_from_another_refused_file_is_not_to_mend_first() -> None:
    files = (_file("enrollment", _finding("refused", "empty_file"), rows=5),
             _file("attendance", _finding("refused", "no_enrollment"), rows=900))
    found = problems(files, tolerance=0.02, accept_without=())
    assert [(p.rule, p.is_blocking) for p in found] == [("empty_file", True), ("no_enrollment", False)]
    assert _said(*files) == ("Mend this first: 2 files cannot be taken as they are.", 2)


def test_of_rows_set_aside_only_what_exceeds_the_tolerance_is_to_mend_first() -> None:
    """Of 1,000 rows 20 may be set aside: 3 + 12 may stay, 40 more may not."""
    found = problems((_file("attendance", _finding("quarantined", "negative", 40),
                            _finding("quarantined", "unknown_code", 12), _finding("quarantined", "not_a_number", 3),
                            rows=1_000, aside=55),), tolerance=0.02, accept_without=())
    assert [(p.rule, p.is_blocking) for p in found] == [("negative", True), ("unknown_code", False),
                                                       ("not_a_number", False)]


def test_dates_outside_the_year_in_nearly_every_row_are_a_folder_of_another_year() -> None:
    def fix(rows: int) -> str:
        aside = _finding("quarantined", "date_outside_school_year", rows)
        return problems((_file("attendance", aside, aside=rows),), tolerance=0.02, accept_without=())[0].fix
    assert fix(89) == "Fix"
    assert "named by the year in which its school year ends" in fix(90)


def test_a_school_without_calendar_follows_from_a_broken_calendar() -> None:
    files = (_file("school_session", _finding("quarantined", "date_outside_school_year", 6), rows=6, aside=6),
             _file("school_year", _finding("quarantined", "no_calendar", 3), rows=3, aside=3))
    found = problems(files, tolerance=0.02, accept_without=())
    assert [(p.rule, p.follows, p.is_blocking) for p in found] == [("date_outside_school_year", False, True),
                                                                  ("no_calendar", True, False)]


def test_the_same_problem_in_several_files_is_one_and_the_worst_comes_first() -> None:
    files = (_file("attendance", _finding("quarantined", "negative", 1), aside=1, name="a"),
             _file("attendance", _finding("quarantined", "negative", 4), aside=4, name="b"),
             _file("student_year", _finding("quarantined", "unknown_code", 2), aside=2),
             _file("survey_response", _finding("refused", "empty_file"), rows=1))
    found = problems(files, tolerance=0.5, accept_without=())
    assert [(p.rule, p.rows, p.files, p.first_file) for p in found] == [
        ("empty_file", 1, 1, "ia-9001/2024/survey_response.csv"), ("negative", 5, 2, "ia-9001/2024/a.csv"),
        ("unknown_code", 2, 1, "ia-9001/2024/student_year.csv")]


def test_the_matrix_tells_sent_refused_not_sent_and_no_rows(take: Take, session: Session) -> None:
    found = take({"2024/survey.csv": b"", "2022/schools.csv": b"Bldg,Low,High,Days\n101,6,8,180\n"})
    rows = coverage_matrix(found.files, {n: session.frame(t) for n, t in found.tables.items() if n in TABLES})
    state = {(r.table, r.school_id, r.school_year): (r.state, r.rows) for r in rows}
    assert state["attendance", "ia-9001-101", 2024] == ("sent", 3)
    assert state["attendance", "ia-9001-102", 2024] == ("no_rows", 0)
    assert state["survey_response", "ia-9001-101", 2024] == ("refused", 0)
    assert state["attendance", "ia-9001-101", 2023] == ("not_sent", 0)
    assert state["attendance", "ia-9001-102", 2022] == ("not_listed", 0)
    assert state["school_year", "ia-9001-101", 2022] == ("sent", 1)
    assert state["student_year", None, 2023] == ("not_sent", 0)


def test_the_matrix_does_not_run_to_years_that_nobody_asked_for(take: Take, session: Session) -> None:
    found = take({"0024/survey.csv": b"a\n1\n", "2135/notes.txt": b"a\n1\n"})
    assert [f.findings[0].rule for f in found.files if f.school_year != 2024] == ["outside_periods"] * 2
    rows = coverage_matrix(found.files, {n: session.frame(t) for n, t in found.tables.items() if n in TABLES})
    assert {r.school_year for r in rows} == {2024}
    alone = take({"0024/survey.csv": b"a\n1\n"}, only=True)
    assert coverage_matrix(alone.files, {}) == ()


def _series(levels: list[float], n: int = 1_000, measure: str = "share") -> Series:
    points = [Point(2015 + i, round(level * n), n, n, level * (1 - level) / n) for i, level in enumerate(levels)]
    return Series("ia-9001", "ia-9001", "t", "c", "x", measure, tuple(points))


@pytest.mark.parametrize(("levels", "expected"), [
    ([.10, .11, .10, .11, .10, .11], []),
    ([.10, .11, .10, .25, .24, .25], [("jumps", 2018)]),
    ([.0, .0, .0, .2, .21, .2], [("appears", 2018)]),
    ([.2, .21, .2, .0, .0, .0], [("vanishes", 2018)]),
    ([.10, .25, .10, .25, .10, .25], []),
    ([.10, .13], []), ([.10, .30], [("jumps", 2016)])])
def test_a_level_is_compared_with_its_own_history(levels: list[float], expected: list[tuple[str, int]]) -> None:
    assert [(s.kind, s.year) for s in shifts(_series(levels))] == expected


def test_few_students_move_too_much_by_chance_to_be_shown() -> None:
    assert [s.year for s in shifts(_series([.10, .11, .10, .25, .24], n=1_000))] == [2018]
    assert list(shifts(_series([.10, .11, .10, .25, .24], n=40))) == []


def _discipline(codes: dict[int, dict[str, int]]) -> pd.DataFrame:
    rows = [(year, code) for year, counts in codes.items() for code, n in counts.items() for _ in range(n)]
    found = pd.DataFrame(rows, columns=["school_year", "action_std"]).astype({"school_year": "Int64"})
    return found.assign(district_id="ia-9001", school_id="ia-9001-101", half_days_assigned=2,
                        definition_version=["new" if year >= 2023 else "old" for year in found["school_year"]])


def _enrolled(years: range, n: int) -> pd.DataFrame:
    rows = [(year, f"s{i}") for year in years for i in range(n)]
    return pd.DataFrame(rows, columns=["school_year", "student_key"]).astype({"school_year": "Int64"}).assign(
        district_id="ia-9001", school_id="ia-9001-101")


def test_a_discipline_code_that_changed_in_a_district_is_shown_once(session: Session) -> None:
    before, after = {"OSS": 60, "ISS": 40}, {"OSS": 20, "ISS": 40, "ALT": 40}
    actions = _discipline({2020: before, 2021: before, 2022: before, 2023: after, 2024: after})
    found = level_shifts({"discipline_action": session.frame(actions),
                          "enrollment": session.frame(_enrolled(range(2020, 2025), 500))})
    assert [(s.unit_id, s.code, s.kind, s.year, s.code_list) for s in found] == [
        ("ia-9001", "ALT", "appears", 2023, "old → new"), ("ia-9001", "OSS", "jumps", 2023, "old → new")]


def test_a_new_delivery_is_compared_row_by_row(take: Take, session: Session, files: Callable[[], dict[str, bytes]]
                                               ) -> None:
    name = "2024/attendance.csv"
    changed = files()[name].replace(b"2023-09,20,1,0", b"2023-09,20,5,0").replace(b"2023-09,20,0,0", b"2023-10,20,0,0")
    before, after = ({n: session.frame(t) for n, t in take(delivered).tables.items() if n in TABLES}
                     for delivered in ({}, {name: changed}))
    assert all(d.is_same for d in compare(before, before))
    [found] = [d for d in compare(before, after) if not d.is_same]
    assert (found.table, found.rows_before, found.rows_after, found.added, found.removed, found.changed, found.columns,
            found.students_before, found.students_after) == (
        "attendance", 3, 3, 1, 1, 1, ("half_days_absent",), 3, 3)
    [new] = compare({}, {"student_year": after["student_year"]})
    assert (new.rows_before, new.added, new.removed, new.students_before) == (0, 3, 0, 0)


def test_rows_after_are_rows_before_plus_added_minus_removed(take: Take, session: Session) -> None:
    one = {n: session.frame(t) for n, t in take().tables.items() if n in TABLES}
    two = {n: session.frame(t) for n, t in take({"2024/students.csv": b"Student Number,RaceEth,IEP\n0000001,B,Y\n"})
           .tables.items() if n in TABLES}
    for d in (*compare(one, two), *compare(two, one), *compare(one, {}), *compare({}, one)):
        assert d.rows_after == d.rows_before + d.added - d.removed


@pytest.mark.parametrize(("count", "text"), [(0, "0"), (1, "1–9"), (9, "1–9"), (10, "10"), (14, "10"), (15, "20"),
                                             (4_789, "4,790")])
def test_small_counts_are_not_told_and_others_rounded(count: int, text: str) -> None:
    assert shown(count) == text


def test_no_school_has_a_small_count_in_the_report(take: Take, session: Session) -> None:
    content = _content(take(), session)
    rows = {year["rows"] for row in content["coverage"] if row["table"] != "school_year" for year in row["years"]}
    assert rows == {"0", "1–9"}


def test_the_report_does_not_depend_on_the_order_of_rows(take: Take, session: Session,
                                                         files: Callable[[], dict[str, bytes]]) -> None:
    turned = {name: b"\n".join([(rows := content.splitlines())[0], *rows[:0:-1]]) + b"\n"
              for name, content in files().items()}
    assert _content(take(), session) == _content(take(turned), session)


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.headings: list[int] = []
        self.tables = self.captions = 0
        self.scopes: list[str | None] = []
        self.loads: list[str] = []
        self.language: str | None = None

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = dict(attributes)
        self.language = given.get("lang", self.language)
        if tag[0] == "h" and tag[1:].isdigit():
            self.headings.append(int(tag[1:]))
        self.tables += tag == "table"
        self.captions += tag == "caption"
        if tag == "th":
            self.scopes.append(given.get("scope"))
        if tag in ("script", "link", "img", "iframe") or "src" in given or "http" in str(given.get("href", "")):
            self.loads.append(tag)


def _broken(take: Take) -> District:
    return take({"2024/survey.csv": b"", "2024/students.csv":
                 b"Student Number,RaceEth,IEP,<b>&\n0000001,B,Y,1\n0000002,??,N,1\n0000003,H,N,1\n"})


def test_the_page_is_whole_in_itself_and_has_order_captions_and_scopes(take: Take, session: Session) -> None:
    text = page(_content(_broken(take), session))
    found = _Page()
    found.feed(text)
    assert found.language == "en"
    assert found.headings[0] == 1
    assert found.headings.count(1) == 1
    assert all(b - a <= 1 for a, b in zip(found.headings, found.headings[1:], strict=False))
    assert found.tables == found.captions > 2
    assert None not in found.scopes
    assert found.loads == []
    assert "url(" not in text
    assert "@import" not in text


def test_the_page_says_what_the_report_says_and_escapes_it(take: Take, session: Session) -> None:
    content = _content(_broken(take), session)
    text = page(content)
    assert content["verdict"]["sentence"] in text
    assert "unknown_code" in text
    assert "row 3" in text
    assert "<b>&" not in text
    assert "0000002" not in text
    assert "??" not in text
    assert page(content) == text


def test_the_page_of_public_data_has_no_matrix(take: Take, session: Session) -> None:
    found = take()
    content = report_content(found.files, found.quarantine, {}, tolerance=1.0, accept_without=(), silent=(),
                             definitions="study test", pseudonyms="none")
    assert content["coverage"] == []
    assert "by table, school and school year" not in page(content)
