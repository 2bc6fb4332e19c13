"""What is in the way of a place is told apart: not there, not allowed, not answering, empty, of another commit."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from dvc.exceptions import DownloadError
from dvc_objects.fs.local import LocalFileSystem

from evaluation.cli.places import Way, failure, obstacle


def folder(path: Path) -> Any:
    return SimpleNamespace(fs=LocalFileSystem(), path=str(path))


class Bucket:
    """An object store that knows these buckets, and what lies in them."""

    protocol = "s3"

    def __init__(self, found: dict[str, list[str]] | Exception) -> None:
        self.found = found

    def isfile(self, path: str) -> bool:
        return False

    def ls(self, path: str, detail: bool) -> list[str]:
        if isinstance(self.found, Exception):
            raise self.found
        if path not in self.found:
            raise FileNotFoundError(path)
        return self.found[path]


def told(found: dict[str, list[str]] | Exception, to: Way) -> str | None:
    return obstacle(SimpleNamespace(fs=Bucket(found), path="cells/tiny"), "unreleased", to)


@pytest.mark.parametrize("to", ["send", "fetch"])
def test_a_folder_that_is_not_there_is_named_and_not_made(tmp_path: Path, to: Way) -> None:
    absent, file = tmp_path / "share/unreleased", tmp_path / "file"
    file.touch()
    for place in (absent, file):
        said = obstacle(folder(place), "unreleased", to)
        assert said is not None
        assert f"there is no {place}. " in said
        assert "dvc remote modify --local unreleased url" in said
    assert not absent.parent.exists()


def test_nothing_pushed_yet_is_no_missing_right(tmp_path: Path) -> None:
    assert "nothing was pushed" in str(obstacle(folder(tmp_path), "unreleased", "fetch"))
    assert obstacle(folder(tmp_path), "unreleased", "send") is None
    (tmp_path / "files").mkdir()
    assert obstacle(folder(tmp_path), "unreleased", "fetch") is None


def test_a_bucket_may_be_empty_and_must_be_there() -> None:
    assert "there is no cells. " in str(told({}, "send"))
    assert told({"cells": []}, "send") is None
    assert "nothing was pushed to cells/tiny yet" in str(told({"cells": []}, "fetch"))
    assert told({"cells/tiny": ["cells/tiny/files"]}, "fetch") is None


class EndpointConnectionError(Exception):
    pass


@pytest.mark.parametrize(("error", "said"), [
    (PermissionError("Access Denied"), "no right to it (Access Denied)"),
    (EndpointConnectionError("no route"), "it does not answer (no route)"),
    (TimeoutError("timed out"), "it does not answer (timed out)"),
    (Exception("Unable to locate credentials"), "no keys to it on this machine"),
    (ImportError("s3 is supported, but requires 'dvc-s3' to be installed"), "requires 'dvc-s3' to be installed: docs/"),
    (ValueError("anything else"), "anything else."),
])
def test_the_right_the_keys_and_the_way_are_told_apart(error: Exception, said: str) -> None:
    assert said in str(told(error, "fetch"))


def test_a_place_that_cannot_be_listed_is_tried() -> None:
    assert told(NotImplementedError(), "fetch") is None


def test_files_of_another_commit_are_no_missing_right() -> None:
    assert "files of this commit are not there (2 files failed" in failure([DownloadError(2)], "fetch")
    assert "not there" in failure([DownloadError(2), FileNotFoundError("x")], "fetch")
    assert "no right" in failure([DownloadError(2), PermissionError("x")], "fetch")
