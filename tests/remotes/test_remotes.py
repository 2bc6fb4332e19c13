"""Push, clone elsewhere, pull what one's role may see, reproduce: with folders and with an S3-compatible server."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from streamlit.testing.v1 import AppTest

from evaluation import released
from tests.remotes.stores import LEVELS, Store, folders, s3
from tests.tiny.project import ROOT, Project, make

pytestmark = pytest.mark.real
S3_PYTHON = ROOT / ".venv-s3/bin/python"
RIGHTS = {"steward": LEVELS, "analyst": ("unreleased", "released"), "reader": ("released",)}
AFTER_CELLS = tuple(f"unreleased/{stage}" for stage in ("describe", "estimate", "diagnose", "release"))


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project whose tiny study ran once and is committed."""
    project = make(tmp_path_factory.mktemp("remotes") / "finished")
    done = project.evaluation("run", "tiny")
    assert done.returncode == 0, done.stderr
    project.commit()
    return project


@pytest.fixture(scope="module", params=["folders", "s3"])
def store(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    if request.param == "folders":
        yield folders(tmp_path_factory.mktemp("places"))
        return
    if not S3_PYTHON.is_file():
        pytest.skip("the S3 client and server are not installed: make s3-install")
    with s3(S3_PYTHON, RIGHTS) as served:
        yield served


@pytest.fixture(scope="module")
def pushed(finished: Project, store: Store, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The data steward's project after its first push, committed."""
    project = finished.copy(tmp_path_factory.mktemp("steward") / "project")
    project = dataclasses.replace(project, python=str(S3_PYTHON) if store.keys else project.python)
    store.join(project, "steward", *LEVELS)
    sent = project.evaluation("push", "tiny")
    assert sent.returncode == 0, sent.stderr
    project.commit()
    return project


def test_an_analyst_without_student_rows_estimates_anew_from_cells(pushed: Project, store: Store,
                                                                   tmp_path: Path) -> None:
    clone = pushed.clone(tmp_path / "clone")
    store.join(clone, "analyst", "unreleased", "released")
    got = clone.evaluation("pull", "tiny")
    assert got.returncode == 0, got.stderr
    assert "restricted: no remote here" in got.stderr
    assert not (clone.root / "data/restricted").exists()
    assert clone.hashes("unreleased", "released") == pushed.hashes("unreleased", "released")

    def each_school_once(study: dict) -> None:
        study["specifications"][0]["weights"] = "unit"

    whole = pushed.copy(tmp_path / "whole")
    for project, words in ((clone, ("--from", "cells")), (whole, ())):
        project.edit(each_school_once)
        done = project.evaluation("run", "tiny", *words)
        assert done.returncode == 0, done.stderr
    assert not (clone.root / "data/restricted").exists()
    assert clone.hashes(*AFTER_CELLS, "released") == whole.hashes(*AFTER_CELLS, "released")
    assert clone.hashes(*AFTER_CELLS) != pushed.hashes(*AFTER_CELLS)


def test_a_reader_opens_the_app_with_released_tables_alone(pushed: Project, store: Store, tmp_path: Path,
                                                           monkeypatch: pytest.MonkeyPatch) -> None:
    clone = pushed.clone(tmp_path / "clone")
    store.join(clone, "reader", "released")
    got = clone.evaluation("pull", "tiny")
    assert got.returncode == 0, got.stderr
    assert [p.name for p in (clone.root / "data").iterdir()] == ["released"]
    monkeypatch.setenv("EVALUATION_RELEASED", str(clone.root / "data/released"))
    assert released.current("tiny").table("public_estimates").shape[0] > 0
    page = AppTest.from_file(str(ROOT / "app/main.py"), default_timeout=120).run()
    assert not page.exception


def test_a_reader_cannot_compute_from_cells(pushed: Project, store: Store, tmp_path: Path) -> None:
    clone = pushed.clone(tmp_path / "clone")
    done = clone.evaluation("run", "tiny", "--from", "cells")
    assert done.returncode == 2
    assert "there are no cells" in done.stderr


@pytest.mark.parametrize("store", ["s3"], indirect=True)
def test_who_has_no_right_is_told_so_and_gets_the_rest(pushed: Project, store: Store, tmp_path: Path) -> None:
    clone = pushed.clone(tmp_path / "clone")
    store.join(clone, "analyst", *LEVELS)
    got = clone.evaluation("pull", "tiny")
    assert got.returncode == 1
    assert "restricted: not fetched: no right to it" in got.stderr
    assert "Not fetched: restricted." in got.stderr
    assert "Traceback" not in got.stderr
    assert not list((clone.root / "data").glob("restricted/**/*.parquet"))
    assert clone.hashes("unreleased", "released") == pushed.hashes("unreleased", "released")


@pytest.mark.parametrize("verb", ["push", "pull"])
def test_a_share_that_is_not_connected_is_said_and_gets_nothing(finished: Project, tmp_path: Path, verb: str) -> None:
    project, share = finished.copy(tmp_path / "project"), tmp_path / "share"
    (tmp_path / "released").mkdir()
    Store({"restricted": str(share / "restricted"), "released": str(tmp_path / "released")}, {}).join(
        project, "steward", "restricted", "released")
    done = project.evaluation(verb, "tiny")
    assert done.returncode == 1
    assert f"there is no {share / 'restricted'}." in done.stderr
    assert "right" not in done.stderr
    assert not share.exists()
    assert bool(list((tmp_path / "released").iterdir())) is (verb == "push")


@pytest.mark.parametrize("store", ["s3"], indirect=True)
@pytest.mark.parametrize(("changed", "said"), [
    ({"secret_access_key": "x" * 40}, "no right to it"), ({"endpointurl": "http://127.0.0.1:9"}, "it does not answer"),
    ({"url": "s3://released/nobody"}, "nothing was pushed to released/nobody yet")])
def test_wrong_keys_a_wrong_host_and_an_empty_place_are_told_apart(pushed: Project, store: Store, tmp_path: Path,
                                                                   changed: dict[str, str], said: str) -> None:
    clone = pushed.clone(tmp_path / "clone")
    wrong = dataclasses.replace(store, keys={"reader": {**store.keys["reader"], **changed}})
    wrong.join(clone, "reader", "released")
    got = clone.evaluation("pull", "tiny")
    assert got.returncode == 1
    assert f"released: not fetched: {said}" in got.stderr
    assert "Traceback" not in got.stderr


@pytest.mark.parametrize("store", ["folders"], indirect=True)
def test_student_rows_reach_the_restricted_remote_only(pushed: Project, store: Store) -> None:
    lock = yaml.safe_load((pushed.root / "dvc.lock").read_text())["stages"]
    restricted = {out["md5"] for stage in lock.values() for out in stage["outs"] if "/restricted/" in out["path"]}
    found = {level: {p.parent.name + p.name for p in Path(store.urls[level]).rglob("*") if p.is_file()}
             for level in LEVELS}
    assert restricted <= found["restricted"]
    assert not (found["unreleased"] | found["released"]) & restricted


def test_nothing_in_git_names_a_place_or_a_secret(pushed: Project, store: Store) -> None:
    for name in pushed.git("ls-files").split():
        content = (pushed.root / name).read_bytes()
        for said in (*store.urls.values(), *(v for keys in store.keys.values() for v in keys.values() if len(v) > 9)):
            assert said.encode() not in content, name


def test_without_a_remote_one_is_told_how_to_name_it(finished: Project) -> None:
    done = finished.evaluation("pull", "tiny")
    assert done.returncode == 2
    assert "dvc remote add --local" in done.stderr
