"""The stage writes the report as JSON and as a page, and the same delivery gives the same bytes."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from evaluation.ingest.__main__ import main
from evaluation.ingest.check_delivery import check_delivery
from evaluation.ingest.report.html import page
from evaluation.params import Study
from tests.ingest.corpus.delivery import put

ROOT = Path(__file__).parents[2]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, files: Callable[[], dict[str, bytes]],
            mapping_text: str) -> Path:
    """Set up a project with one district's delivery and go there."""
    for name in ("params.yaml", "dvc.yaml"):
        shutil.copy(ROOT / name, tmp_path / name)
    shutil.copytree(ROOT / "studies", tmp_path / "studies")
    put(tmp_path / "data/restricted/deliveries/partnership/ia-9001", files(), mapping_text)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("EVALUATION_PSEUDONYM_KEY", "k" * 32)
    return tmp_path


def test_the_page_shows_what_the_json_says_and_a_second_run_gives_the_same_bytes(project: Path) -> None:
    written = project / "data/unreleased/ingest/partnership"
    main("partnership")
    first = {name: (written / name).read_bytes() for name in ("report.json", "report.html")}
    assert page(json.loads(first["report.json"])).encode() == first["report.html"]
    main("partnership")
    assert {name: (written / name).read_bytes() for name in first} == first


def test_a_district_sees_what_the_partnership_sees(project: Path, study: Study) -> None:
    main("partnership")
    theirs = json.loads((project / "data/unreleased/ingest/partnership/report.json").read_text())
    ours = json.loads(json.dumps(check_delivery([project / "data/restricted/deliveries/partnership/ia-9001"], study)))
    said = {"verdict", "to_mend", "files", "coverage", "level_shifts", "totals", "revisions"}
    assert {key: ours[key] for key in said} == {key: theirs[key] for key in said}
