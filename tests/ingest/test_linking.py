"""Pseudonyms link years and districts: under one key, through a crosswalk, by ids of a whole state."""

import hashlib
import hmac
from collections.abc import Callable

import pytest

from evaluation import engine
from evaluation.errors import DeliveryError
from evaluation.ingest.identity.crosswalk import Crosswalk, carried, read_crosswalk, written
from evaluation.ingest.identity.linking import linked_by, movement, unlinked
from evaluation.ingest.identity.pseudonym import chosen_key, key_id, key_of, pseudonyms, student_pseudonyms
from evaluation.ingest.values import Broken
from tests.ingest.corpus.delivery import KEY, mapping_of
from tests.ingest.in_memory import in_memory

OLD, NEW, NEWEST = (f"{word}-key-of-thirty-two-characters-or-more".encode() for word in ("old", "new", "newest"))
IDS = ("0000001", "0000002")


def _hash(key: bytes, text: str) -> str:
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()[:32]


def _of(key: bytes) -> Callable[[str], str]:
    return student_pseudonyms(key, "ia-9001", "ia", "local_id")


def _walk(old: bytes, new: bytes, ids: tuple[str, ...] = IDS) -> bytes:
    return written(ids, _of(old), _of(new), old_key_id=key_id(old), new_key_id=key_id(new)).encode()


def test_a_local_id_is_hashed_with_its_district_and_a_state_id_with_its_state() -> None:
    assert _of(KEY)("0000001") == _hash(KEY, "v1|ia-9001|student_id|0000001")
    of_state = [student_pseudonyms(KEY, district, "ia", "state_id")("0000001") for district in ("ia-9001", "ia-9002")]
    assert of_state == [_hash(KEY, "v1|ia|state_id|0000001")] * 2
    assert pseudonyms(KEY, "ct", "state_id")("0000001") not in of_state


def test_a_key_id_is_short_steady_and_neither_key_nor_plain_hash_of_it() -> None:
    assert key_id(KEY) == key_id(bytes(KEY))
    assert len(key_id(KEY)) == 12
    assert key_id(KEY) != key_id(OLD)
    assert key_id(KEY) not in hashlib.sha256(KEY).hexdigest()


def test_the_key_is_chosen_from_demonstration_file_or_variable_and_never_two() -> None:
    variable, file = {"EVALUATION_PSEUDONYM_KEY": OLD.decode()}, {"EVALUATION_PSEUDONYM_KEY_FILE": "place"}
    read = {"place": f"# remark\n{NEW.decode()}\n"}.__getitem__
    assert chosen_key(variable, None, read) == OLD
    assert chosen_key(file, None, read) == NEW
    assert chosen_key(variable | file, f"# demo\n{KEY.decode()}\n", read) == KEY
    with pytest.raises(DeliveryError, match="twice"):
        chosen_key(variable | file, None, read)
    with pytest.raises(DeliveryError, match="no key"):
        chosen_key({}, None, read)
    with pytest.raises(DeliveryError, match="too short") as caught:
        key_of("secret-but-short", "here")
    assert "secret-but-short" not in str(caught.value)


def test_crosswalks_carry_a_pseudonym_over_two_changes_of_key() -> None:
    walk = read_crosswalk({"a": _walk(OLD, NEW), "b": _walk(NEW, NEWEST)})
    student_key = carried(walk)
    assert [student_key(_of(OLD)(i).upper()) for i in IDS] == [_of(NEWEST)(i) for i in IDS]
    assert walk.newest_key(key_id(OLD)) == key_id(NEWEST)
    assert student_key(_of(OLD)("0000009")) == _of(OLD)("0000009")
    assert student_key("0000001") == Broken("not_a_pseudonym")


@pytest.mark.parametrize(("content", "what"), [
    (b"old,new\n", "no crosswalk"), (b"\xff\xfe", "no crosswalk"), (b"", "no crosswalk"),
    (_walk(OLD, NEW).replace(b"\n", b"\nJane Doe,1,2,3\n", 1), "row 2"),
    (_walk(OLD, NEW) + _walk(OLD, NEWEST).split(b"\n", 1)[1], "two successors"),
    (_walk(OLD, NEW).replace(_of(NEW)(IDS[0]).encode(), _of(NEW)(IDS[1]).encode()), "one successor")])
def test_a_broken_crosswalk_is_refused_without_its_text(content: bytes, what: str) -> None:
    with pytest.raises(DeliveryError, match=what) as caught:
        read_crosswalk({"a": content})
    assert "Jane" not in str(caught.value)


def test_a_crosswalk_sent_twice_is_one_crosswalk() -> None:
    assert read_crosswalk({"a": _walk(OLD, NEW), "b": _walk(OLD, NEW)}) == read_crosswalk({"a": _walk(OLD, NEW)})


def test_two_former_keys_may_lead_to_one() -> None:
    walk = read_crosswalk({"a": _walk(OLD, NEWEST), "b": _walk(NEW, NEWEST)})
    assert {walk.newest(_of(key)(IDS[0])) for key in (OLD, NEW)} == {_of(NEWEST)(IDS[0])}


def test_crosswalks_in_a_circle_are_refused() -> None:
    with pytest.raises(DeliveryError, match="circle"):
        read_crosswalk({"a": _walk(OLD, NEW), "b": _walk(NEW, OLD)})


def test_a_crosswalk_holds_no_source_id() -> None:
    assert not any(i.encode() in _walk(OLD, NEW, ("1234567", "zyxxyqua")) for i in ("1234567", "zyxxyqua"))


def _hashed(files: dict[str, bytes], key: bytes) -> dict[str, bytes]:
    of = {f"000000{i}".encode(): _of(key)(f"000000{i}").encode() for i in (1, 2, 3)}
    for source, pseudonym in of.items():
        files = {path: content.replace(source, pseudonym) for path, content in files.items()}
    return files


def test_a_hashed_year_gives_the_tables_that_its_ids_give(take: Callable, files: Callable) -> None:
    plain = take()
    hashed = take(_hashed(files(), KEY), student_id={"hashed_with": {"2024": key_id(KEY)}})
    for table in plain.tables:
        assert plain.tables[table].equals(hashed.tables[table]), table


def test_a_hashed_year_under_a_former_key_links_through_the_crosswalk(study, files: Callable) -> None:
    from evaluation.ingest.district import ingest_district

    mapping = mapping_of(student_id={"hashed_with": {"2024": key_id(OLD)}})
    delivered, walk = _hashed(files(), OLD), read_crosswalk({"a": _walk(OLD, KEY)})
    with engine.session() as session:
        found = in_memory(ingest_district(mapping, delivered, delivered.__getitem__, study, key=KEY, session=session,
                                          crosswalk=walk))
    assert set(found.tables["enrollment"]["student_key"]) == {*map(_of(KEY), IDS), _of(OLD)("0000003")}
    noted = {f.rule: f.count for f in next(r for r in found.files if r.table == "student_year").findings}
    assert noted["not_in_crosswalk"] == 1
    assert linked_by(mapping, walk, key_id(KEY))["years_that_do_not_link"] == []
    apart = {"ia-9001": linked_by(mapping, Crosswalk(), key_id(KEY))}
    assert apart["ia-9001"]["years_that_do_not_link"] == [2024]
    assert "2024" in next(iter(unlinked(apart)))


def test_an_id_in_a_hashed_year_is_set_aside(take: Callable, files: Callable) -> None:
    delivered = files() | {"2024/students.csv": b"Student Number,RaceEth,IEP\n0000001,B,Y\n"}
    found = take(delivered | _hashed({k: v for k, v in files().items() if "students" not in k}, KEY),
                 student_id={"hashed_with": {"2024": key_id(KEY)}})
    report = next(r for r in found.files if r.table == "student_year")
    assert [(f.kind, f.rule, f.row, f.column) for f in report.findings] == [
        ("quarantined", "not_a_pseudonym", 2, "Student Number")]


def test_students_who_enter_and_leave_are_counted_and_movers_only_where_ids_link() -> None:
    import pandas as pd

    rows = [("a", "d1", 2023), ("b", "d1", 2023), ("c", "d1", 2023), ("a", "d1", 2024), ("a", "d1", 2024),
            ("n", "d1", 2024), ("b", "d2", 2024), ("z", "d2", 2024)]
    frame = pd.DataFrame(rows, columns=["student_key", "district_id", "school_year"])
    with engine.session() as session:
        found = movement(session.frame(frame))
    assert found == [
        {"district_id": "d1", "school_year": 2023, "students": 3, "entered": None, "entered_from_another": None,
         "left": 2, "left_to_another": 1},
        {"district_id": "d1", "school_year": 2024, "students": 2, "entered": 1, "entered_from_another": 0,
         "left": None, "left_to_another": None},
        {"district_id": "d2", "school_year": 2024, "students": 2, "entered": None, "entered_from_another": None,
         "left": None, "left_to_another": None}]
