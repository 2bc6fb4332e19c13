"""Publishing: by content, once, and never for a study that is not a demonstration."""

from __future__ import annotations

import hashlib
import json
import shutil

import pandas as pd
import pytest

from evaluation import params, released
from evaluation.errors import ReleaseError
from evaluation.release.publish import publish, release_id
from tests.release.small import brief

STUDY = brief("headline_dile")


@pytest.fixture(scope="module")
def once(maker, tmp_path_factory):
    """A project with one release, and the release in it."""
    root = tmp_path_factory.mktemp("once")
    return root, maker.make(root, STUDY)


@pytest.fixture
def published(once, tmp_path):
    """The release in a copy of the project, at `tmp_path`."""
    root, folder = once
    shutil.copytree(root, tmp_path, dirs_exist_ok=True)
    return tmp_path / folder.relative_to(root)


def test_a_release_is_named_by_its_content():
    hashes = {"b.parquet": "22", "a.parquet": "11"}
    assert release_id(hashes) == hashlib.sha256(b"a.parquet 11\nb.parquet 22\n").hexdigest()[:12]


def test_publishing_twice_changes_nothing(published, tmp_path):
    before = {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()}
    assert publish(STUDY.id, approver="somebody else", root=tmp_path) == published
    assert {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()} == before


def test_what_was_lost_or_damaged_of_a_release_is_made_good(published, tmp_path):
    before = {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()}
    lost, damaged = (published / "public" / name for name in ("public_estimates.parquet", "study.json"))
    lost.unlink()
    damaged.write_bytes(b"{")
    publish(STUDY.id, approver="somebody else", root=tmp_path)
    assert {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()} == before


def test_a_release_without_its_provenance_is_published_anew(published, tmp_path):
    (published / "provenance.json").unlink()
    publish(STUDY.id, approver="somebody else", root=tmp_path)
    assert json.loads((published / "provenance.json").read_text())["approver"] == "somebody else"


def test_a_changed_label_is_a_new_release_and_the_old_one_stays(maker, published, tmp_path):
    second = maker.make(tmp_path, STUDY.model_copy(update={"banner": "Another banner."}))
    root = tmp_path / "data" / "released"
    assert second != published
    assert released.current(STUDY.id, root).folder == second
    assert released.release(STUDY.id, published.name, root).labels["banner"] == STUDY.banner
    ledger = (tmp_path / "data" / "ledger" / "partnership.jsonl").read_text().splitlines()
    assert [json.loads(line)["release_id"] for line in ledger] == [published.name, second.name]


def test_provenance_names_every_table_with_its_hash(published):
    provenance = json.loads((published / "provenance.json").read_text())
    assert provenance["protection"] == "primary"
    assert provenance["release_id"] == published.name
    for name, told in provenance["tables"].items():
        assert told["sha256"] == hashlib.sha256((published / "public" / f"{name}.parquet").read_bytes()).hexdigest()


def test_a_study_that_is_not_a_demonstration_is_refused(maker, tmp_path):
    with pytest.raises(ReleaseError, match="until full disclosure protection exists") as refusal:
        maker.make(tmp_path, STUDY.model_copy(update={"demonstration": False}))
    assert refusal.value.exit_code == 2
    assert not (tmp_path / "data" / "released").exists()


def test_publishing_without_a_candidate_says_what_to_run(tmp_path):
    with pytest.raises(ReleaseError, match="evaluation run partnership"):
        publish("partnership", approver="test", root=tmp_path)


def test_the_reader_refuses_a_path_for_a_release(published, tmp_path):
    for asked in ("../../..", "000000000000", ""):
        with pytest.raises(ReleaseError, match="no such release"):
            released.release("partnership", asked, tmp_path / "data" / "released")


def test_the_reader_says_where_releases_should_be(tmp_path):
    assert released.studies(tmp_path) == []
    with pytest.raises(ReleaseError, match="evaluation run partnership"):
        released.current("partnership", tmp_path)


def test_studies_come_in_the_order_of_the_parameters_and_unknown_ones_last(published, tmp_path):
    root, candidates = tmp_path / "data" / "released", tmp_path / "data" / "unreleased" / "release"
    for study in ("b", "connecticut", "a"):
        shutil.copytree(candidates / "partnership", candidates / study)
        labels = candidates / study / "public" / "study.json"
        labels.write_text(json.dumps(json.loads(labels.read_text()) | {"id": study}))
        publish(study, approver="test", root=tmp_path)
    assert params.settings().studies == ("partnership", "connecticut")
    assert released.studies(root) == ["partnership", "connecticut", "a", "b"]


@pytest.mark.parametrize("broken", ["", "{", "[]", "{}", '{"release_id": 7}', '{"release_id": "../.."}'])
def test_a_broken_pointer_is_a_plain_error_without_a_path(published, tmp_path, broken):
    (published.parent / "current.json").write_text(broken)
    assert released.studies(published.parent.parent) == ["partnership"]
    with pytest.raises(ReleaseError) as error:
        released.current("partnership", published.parent.parent)
    assert str(tmp_path) not in str(error.value)
    assert "study partnership" in str(error.value)


@pytest.mark.parametrize("name", ["provenance.json", "public/study.json"])
@pytest.mark.parametrize("broken", [None, b"{", b"\xff", b"[]"])
def test_a_broken_release_is_a_plain_error_without_a_path(published, tmp_path, name, broken):
    (published / name).unlink() if broken is None else (published / name).write_bytes(broken)
    with pytest.raises(ReleaseError, match="cannot be read") as error:
        released.current("partnership", published.parent.parent)
    assert str(tmp_path) not in str(error.value)


def test_a_missing_or_broken_table_is_a_plain_error_without_a_path(published, tmp_path):
    release = released.current("partnership", published.parent.parent)
    coverage = pd.read_parquet(published / "public" / "public_coverage.parquet")
    coverage.drop(columns="cells").to_parquet(published / "public" / "public_refusals.parquet")
    (published / "public" / "public_intake.parquet").unlink()
    (published / "public" / "public_coverage.parquet").write_bytes(b"PAR1")
    for name, what in (("public_intake", "has no table"), ("public_coverage", "cannot be read"),
                       ("public_refusals", "another version")):
        with pytest.raises(ReleaseError, match=what) as error:
            release.table(name)
        assert str(tmp_path) not in str(error.value)
