"""What identifies people is found by header and by values; codes, titles, places and events are let through."""

import random
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluation.ingest.identity.column_words import is_nobodys_name
from evaluation.ingest.identity.identifiers import kind_of_header, kind_of_values, kinds_in_names
from evaluation.ingest.identity.shapes import shaped

CODES = tuple(f"A{i:04d}" for i in range(300))


def _kind(values: object, header: str = "Field 1", *, is_declared: bool = False) -> str | None:
    found = kind_of_values(values, is_declared=is_declared, school_year=2024, header=header)
    return None if found is None else found[0]


@pytest.mark.parametrize("header", [
    "Phonemic Awareness", "Course Description", "Behavior Description", "Cell Size", "Last Modified", "School Name",
    "Course Name", "Feeder School", "Mobility", "Days Absent", "First Enrolled", "Test Name", "Zone"])
def test_headers_of_clean_columns_pass(header: str) -> None:
    assert kind_of_header(header, is_declared=False) is None


@pytest.mark.parametrize(("header", "kind"), [
    ("Emergency Contact", "name"), ("Case Manager", "name"), ("GuardianName", "name"), ("Middle Init", "name"),
    ("Parent 1", "name"), ("Cell", "phone"), ("Medicaid No", "government number"),
    ("Incident Description", "free text"), ("Home City", "address"), ("Place of birth", "date of birth"),
    ("IPAddress", "address")])
def test_headers_that_identify_are_known(header: str, kind: str) -> None:
    assert kind_of_header(header, is_declared=False) == kind


@pytest.mark.parametrize(("value", "kind"), [
    ("Maria Garcia", "name"), ("GARCIA, MARIA", "name"), ("O'Brien, Sean P.", "name"), ("José Hernández López", "name"),
    ("123-45-6789", "social security number"), ("123 45 6789", "social security number"),
    ("123–45–6789", "social security number"), ("１２３-45-6789", "social security number"),
    ("a.b+c@example.org", "e-mail"), ("(515) 555-0134", "phone"), ("515.555.0134", "phone"),
    ("+1 515 555 0134", "phone"),
    ("P.O. Box 12", "address"), ("1204 N Oak St Apt 4", "address"), ("77 SW 12th Ave.", "address"),
    ("17-Apr-2011", "date of birth"), ("April 17, 2011", "date of birth"), ("2011-04-17 00:00:00", "date of birth"),
    ("Spoke with mom, she will pick him up", "free text")])
def test_one_cell_among_codes_is_found_alone(value: str, kind: str) -> None:
    found = kind_of_values((*CODES, value), is_declared=False, school_year=2024)
    assert found == (kind, frozenset({value}))


@pytest.mark.parametrize(("header", "values"), [
    ("Course", ("Algebra, Honors", "Biology, General", "Christian Ethics", "Grant Writing", "AP US History")),
    ("Crs", ("Marketing, Introductory", "Culinary Arts", "Summer Bridge", "Christian Ethics", "Weight Training")),
    ("School", ("Rosa Parks", "George Washington", "Lincoln", "Helen Keller", "Martin Luther King Jr")),
    ("Building", ("Peña High 201", "Peña High 202")),
    ("City", ("Ames, IA", "Madison", "Jackson", "Des Moines", "Jordan Creek")),
    ("Language", ("Karen", "German", "French", "Chinese, Mandarin", "Somali")),
    ("Month", ("April", "May", "June", "August")), ("Home", ("Ames, IA", "Dayton, OH")),
    ("Action", ("In-School Suspension", "Conference with Parent", "Saturday School",
                "Removal to an Interim Alternative Educational Setting by School Personnel")),
    ("Account", ("10-1000-100", "12-3456-101")), ("Ref", ("2024-00012", "101-102-1030")),
    ("Bus", ("Route 12", "Bus 7 North PM", "12B")), ("Section", ("1010 English I", "2010 Art I", "1011 Chemistry"))])
def test_clean_values_pass(header: str, values: tuple[str, ...]) -> None:
    assert _kind(values, header) is None


def test_most_of_a_column_makes_all_of_its_values_names() -> None:
    values = ("garcia maria", "smith john", "Zyxxyqua Qwrtzu", "Nguyen Anh", "Lee Ann")
    assert kind_of_values(values, is_declared=False, school_year=2024) == ("name", frozenset(values))


def test_single_names_are_told_from_single_words() -> None:
    assert _kind(("Aaliyah", "Jayden", "Sofia", "Mateo", "Nevaeh", "Liam", "Emma", "Noah")) == "name"
    assert _kind(("Band", "Art", "Music", "Health", "Drama", "French", "Spanish", "Biology", "Choir")) is None


def test_names_as_ids_are_refused_in_a_declared_column_and_codes_are_not() -> None:
    assert _kind(("Garcia, Maria", "Smith, John", "Lee, Ann"), "Student", is_declared=True) == "name"
    assert _kind(("White", "Black", "Hispanic"), "Race", is_declared=True) is None
    assert _kind(("Lincoln", "Hoover", "North High"), "School", is_declared=True) is None


def _days(n: int, first: date, last: date, *, is_weekday: bool) -> list[str]:
    rng, found = random.Random(1), []
    while len(found) < n:
        day = first + timedelta(days=rng.randrange((last - first).days))
        if not is_weekday or day.weekday() < 5:
            found.append(day.strftime("%m/%d/%Y"))
    return found


def test_births_fall_on_weekends_and_entries_do_not() -> None:
    span = date(2006, 9, 1), date(2018, 8, 31)
    assert _kind(_days(200, *span, is_weekday=False), "Entry") == "date of birth"
    assert _kind(_days(200, *span, is_weekday=True), "Entry") is None
    assert _kind(_days(10, *span, is_weekday=True), "Original Entry Date") is None
    assert _kind(_days(10, *span, is_weekday=True), "Field 1") == "date of birth"


def test_bare_numbers_are_told_from_ids() -> None:
    rng = random.Random(2)
    social = [f"{rng.randint(1, 665):03d}{rng.randint(1, 99):02d}{rng.randint(1, 9999):04d}" for _ in range(200)]
    phones = [f"515{rng.randint(200, 999)}{rng.randint(0, 9999):04d}" for _ in range(200)]
    assert (_kind(social), _kind(phones)) == ("social security number", "phone")
    for ids in ([f"{rng.randint(10**8, 10**9 - 1)}" for _ in range(200)], [f"{100000000 + i}" for i in range(200)],
                [f"{rng.randint(10**9, 10**10 - 1)}" for _ in range(200)], [f"2024{i:06d}" for i in range(200)]):
        assert _kind(ids, "State ID") is None


@given(st.lists(st.text(max_size=30), max_size=20), st.booleans())
def test_any_text_is_judged_and_only_given_values_are_found(values: list[str], is_declared: bool) -> None:
    found = kind_of_values(dict.fromkeys(values), is_declared=is_declared, school_year=2024, header="Field")
    assert found is None or found[1] <= set(values)


@given(st.lists(st.text(max_size=20), unique=True, max_size=20))
def test_every_value_has_one_shape(values: list[str]) -> None:
    shapes = shaped(values)
    assert sorted(v for mine in shapes.by_shape.values() for v in mine) == sorted(values)
    assert shapes.n == len(values)


@pytest.mark.parametrize(("name", "is_shown"), [
    ("Homeroom", True), ("PermNum", True), ("Race / Ethnicity", True), ("LAST_NM", True), ("HR", True), ("SchID", True),
    ("Zyxxyqua", False), ("Marigold Zyxxyqua", False), ("Zyxxyqua phone", False), ("Lee", False), ("Item 4", False),
    ("0000123", False), ("", False)])
def test_a_columns_name_is_repeated_only_where_columns_are_named_so(name: str, is_shown: bool) -> None:
    assert is_nobodys_name(name) == is_shown


@pytest.mark.parametrize(("value", "kind"), [
    ("Hodan Warsame", "name"), ("Nguyễn Thị Hoa", "name"), ("Ramírez, Ángel", "name"), ("PARK, EUN JI", "name"),
    ("Seo-yeon Kim", "name"), ("Łukasz Wójcik", "name"), ("王伟", "name"), ("Mr. Brown", "name"), ("D. Hart", "name"),
    ("Jamarion", "name"), ("Maria_Garcia", "name"), ("926279 - Washington, Aaron", "name"), ("Ask Kelly", "name"),
    ("Guardian: Joel Walker", "name"), ('Sandra "Sandy" Cook', "name"), ("Thomas & Daniel Fleming", "name"),
    ("411935443", "social security number"), ("SSN 411935443", "social security number"),
    ("XXX-XX-5287", "social security number"), ("245/81/3881", "social security number"),
    ("kim(at)example.net", "e-mail"), ("kim at example dot net", "e-mail"),
    ("6145511105", "phone"), ("+16145511105", "phone"), ("614 5511105", "phone"), ("551-1105", "phone"),
    ("8712 Route 124", "address"), ("RR 2 Box 252", "address"), ("W847 N9966 Conley Rd", "address"),
    ("443 Martinez Rapids", "address"), ("4415 N Broadway", "address"),
    ("02/07/12", "date of birth"), ("20120207", "date of birth"), ("02072012", "date of birth"),
    ("June 25th 2012", "date of birth"), ("DOB 6/25/2012", "date of birth")])
@pytest.mark.parametrize("others", [CODES, ("Yes", "No", "Pending", "Not eligible", "Met standard", "Exited")])
def test_one_cell_is_found_among_codes_and_among_labels(value: str, kind: str, others: tuple[str, ...]) -> None:
    assert kind_of_values((*others, value), is_declared=False, school_year=2024) == (kind, frozenset({value}))


@pytest.mark.parametrize(("header", "value"), [
    ("City", "Maria Garcia"), ("Assessment", "Hodan Warsame"), ("Program", "Garcia, Maria"),
    ("Feeder School", "Garcia, Maria")])
def test_a_person_is_found_among_names_of_places_and_programs(header: str, value: str) -> None:
    others = ("Albert Lea", "Winston-Salem", "Fort Dodge", "Charles City", "Wilson Reading", "Lucy Calkins Units")
    assert kind_of_values((*others, value), is_declared=False, school_year=2024, header=header) == (
        "name", frozenset({value}))


@pytest.mark.parametrize(("header", "values"), [
    ("Program", ("Big Brothers Big Sisters", "Wilson Reading", "Fountas & Pinnell", "Al's Pals", "Orton-Gillingham")),
    ("School", ("JOSEPH J HURLEY", "DOROTHY L BECKWITH", "Harriet Tubman", "Cesar Chavez", "Langston Hughes")),
    ("County", ("Jefferson Davis Parish", "St. Mary Parish", "Polk")), ("City", ("Des Moines, IA", "Tiffin, OH")),
    ("Lang", ("K'iche'", "Q'anjob'al", "Thai", "Karen")), ("Plan", ("Howard University", "Drake University")),
    ("College", ("Luther College", "William Penn University")), ("Funding", ("Carl D. Perkins", "McKinney-Vento")),
    ("Item", ("When I make a mistake, my teacher helps me learn from it.", "I felt safe after I talked with adults.")),
    ("GUID", ("4ace37e0-6902-af57-d857-6721915a83bb",)), ("Link", ("https://www.k12.ia.us/rpt/4883",)),
    ("Reason", ("Moved to Austin", "Graduated", "Title I", "Part B", "No show"))])
def test_names_of_schools_programs_places_and_items_pass(header: str, values: tuple[str, ...]) -> None:
    assert _kind(values, header) is None


def test_a_word_out_of_place_in_a_declared_column_sets_its_row_aside_and_a_persons_name_refuses_the_file() -> None:
    assert _kind((*CODES, "Jamarion"), "Student Number", is_declared=True) is None
    assert _kind((*CODES, "Jamarion Banks"), "Student Number", is_declared=True) == "name"


def test_a_person_in_place_of_a_columns_name_is_found() -> None:
    names = ["Student Number", "Att1", "Course Name", "Grant Wood AEA", "Marisol Garcia", "123-45-6789"]
    assert kinds_in_names(names) == {"Marisol Garcia": "name", "123-45-6789": "social security number"}


@pytest.mark.parametrize(("values", "kind"), [
    (("50010-1234", "50011-4321", "50012-9876"), "address"),
    (("A1", "B2", "C3", "50010-1234"), "address"),
    (("A1", "B2", "C3", "41.5868, -93.6250"), "address"),
    (("41.58681,-93.62502",), "address"),
    (("A1", "B2", "C3", "was absent since mother in hospital"), "free text"),
    (tuple(f"{20000 + i}-{2019 + i % 5}" for i in range(60)), None),
    (("12.345, 67.891", "1.234,5.678"), None),
    (("Lives with mother", "My mother was proud of me", "Parent was called in time for conference"), None),
])
def test_where_somebody_lives_and_what_befell_him_is_found(values: tuple[str, ...], kind: str | None) -> None:
    found = kind_of_values(values, is_declared=False, school_year=2024, header="Field7")
    assert (found[0] if found else None) == kind


@pytest.mark.parametrize(("header", "kind"), [
    ("Home Latitude", "address"), ("student_lng", "address"), ("Latitude", None), ("Longitude", None)])
def test_a_home_on_the_map_is_an_address_and_a_school_is_not(header: str, kind: str | None) -> None:
    assert kind_of_header(header, is_declared=False) == kind
