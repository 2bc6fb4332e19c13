"""What runs again after a change."""

import shutil

import pytest

from evaluation.cli.pipeline import reproduce

pytestmark = pytest.mark.real


def test_nothing_changed_runs_nothing(pipeline):
    assert pipeline.stale("partnership") == set()
    assert pipeline.stale("connecticut") == set()


def test_a_changed_specification_reruns_estimate_and_what_follows(pipeline):
    pipeline.edit("studies/partnership.yaml", lambda s: s["specifications"][0].update(weights="unit"))
    assert pipeline.stale("partnership") == {"estimate", "diagnose", "release"}
    assert not {"synthetic@partnership", "ingest@partnership", "panel@partnership"} & pipeline.reproduce("partnership")
    assert pipeline.stale("partnership") == set()


def test_a_study_does_not_invalidate_another(pipeline):
    pipeline.edit("studies/partnership.yaml", lambda s: s["periods"].update(last=2025))
    assert "estimate" in pipeline.stale("partnership")
    assert pipeline.stale("connecticut") == set()


def test_wording_reruns_release_only(pipeline):
    pipeline.edit("studies/partnership.yaml", lambda s: s.update(banner="Synthetic."))
    assert pipeline.stale("partnership") == {"release"}


def test_changed_code_of_a_stage_reruns_it(pipeline):
    with (pipeline.root / "evaluation/describe/__init__.py").open("a") as handle:
        handle.write("\n")
    assert "describe" in pipeline.stale("partnership")
    assert "panel" not in pipeline.stale("partnership")


def test_dvc_writes_no_ignore_files(pipeline):
    assert not list((pipeline.root / "data").rglob(".gitignore"))


def test_a_lock_reruns_its_own_study_from_estimate_on(pipeline):
    lock = pipeline.root / "plans/partnership/lock.yaml"
    lock.write_text(lock.read_text() + "# another lock\n")
    assert pipeline.stale("partnership") == {"estimate"}
    assert pipeline.stale("connecticut") == set()


def test_a_study_without_a_lock_runs(pipeline, monkeypatch):
    shutil.rmtree(pipeline.root / "plans/partnership")
    monkeypatch.chdir(pipeline.root)
    reproduce("partnership")
    assert pipeline.stale("partnership") == set()
