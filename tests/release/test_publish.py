"""Publishing: by content, once, and never for a study that is not a demonstration."""

from __future__ import annotations

import hashlib
import json

import pytest

from evaluation import params, released
from evaluation.errors import ReleaseError
from evaluation.release.publish import publish, release_id

STUDY = params.study("partnership")


def test_a_release_is_named_by_its_content():
    hashes = {"b.parquet": "22", "a.parquet": "11"}
    assert release_id(hashes) == hashlib.sha256(b"a.parquet 11\nb.parquet 22\n").hexdigest()[:12]


def test_publishing_twice_changes_nothing(maker, tmp_path):
    first = maker.make(tmp_path, STUDY)
    before = {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()}
    assert publish(STUDY.id, approver="somebody else", root=tmp_path) == first
    assert {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()} == before


def test_a_changed_label_is_a_new_release_and_the_old_one_stays(maker, tmp_path):
    first = maker.make(tmp_path, STUDY)
    second = maker.make(tmp_path, STUDY.model_copy(update={"banner": "Another banner."}))
    root = tmp_path / "data" / "released"
    assert second != first
    assert released.current(STUDY.id, root).folder == second
    assert released.release(STUDY.id, first.name, root).labels["banner"] == STUDY.banner
    ledger = (tmp_path / "data" / "ledger" / "partnership.jsonl").read_text().splitlines()
    assert [json.loads(line)["release_id"] for line in ledger] == [first.name, second.name]


def test_provenance_names_every_table_with_its_hash(maker, tmp_path):
    folder = maker.make(tmp_path, STUDY)
    provenance = json.loads((folder / "provenance.json").read_text())
    assert provenance["protection"] == "primary"
    assert provenance["release_id"] == folder.name
    for name, told in provenance["tables"].items():
        assert told["sha256"] == hashlib.sha256((folder / "public" / f"{name}.parquet").read_bytes()).hexdigest()


def test_a_study_that_is_not_a_demonstration_is_refused(maker, tmp_path):
    with pytest.raises(ReleaseError, match="until full disclosure protection exists") as refusal:
        maker.make(tmp_path, STUDY.model_copy(update={"demonstration": False}))
    assert refusal.value.exit_code == 2
    assert not (tmp_path / "data" / "released").exists()


def test_publishing_without_a_candidate_says_what_to_run(tmp_path):
    with pytest.raises(ReleaseError, match="evaluation run partnership"):
        publish("partnership", approver="test", root=tmp_path)


def test_the_reader_refuses_a_path_for_a_release(maker, tmp_path):
    maker.make(tmp_path, STUDY)
    for asked in ("../../..", "000000000000", ""):
        with pytest.raises(ReleaseError, match="no such release"):
            released.release("partnership", asked, tmp_path / "data" / "released")


def test_the_reader_says_where_releases_should_be(tmp_path):
    assert released.studies(tmp_path) == []
    with pytest.raises(ReleaseError, match="evaluation run partnership"):
        released.current("partnership", tmp_path)
