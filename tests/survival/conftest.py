"""A project whose tiny study ran once."""

from __future__ import annotations

import pytest

from tests.tiny.project import Project, make


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = make(tmp_path_factory.mktemp("finished") / "project")
    done = project.evaluation("run", "tiny")
    assert done.returncode == 0, done.stderr
    return project
