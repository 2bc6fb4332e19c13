"""The documentation is current, and its links lead somewhere."""

import importlib.util
import re
import subprocess
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]


def generator():
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs/generate.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("page", ["data_contract.md", "study_file.md"])
def test_generated_pages_are_current(page: str) -> None:
    assert (ROOT / "docs" / page).read_text() == generator().PAGES[page](), "run: make docs"


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\((?!https?:|#|mailto:)([^)#\s]+)", page.read_text()):
        assert (page.parent / target).exists(), target


def test_every_stage_estimator_and_decision_is_reachable_from_the_index() -> None:
    index = (ROOT / "docs/README.md").read_text()
    for page in (p for p in PAGES if "docs" in p.parts and p.name != "README.md"):
        assert page.relative_to(ROOT / "docs").as_posix() in index, page


def test_every_make_target_of_the_readme_exists() -> None:
    makefile = (ROOT / "Makefile").read_text()
    for target in re.findall(r"`?make ([a-z-]+)", (ROOT / "README.md").read_text()):
        assert re.search(rf"^{target}:", makefile, re.M), target


def test_every_estimator_has_a_methods_page() -> None:
    from typing import get_args

    from evaluation.params.models import Specification

    for estimator in get_args(Specification.model_fields["estimator"].annotation):
        assert (ROOT / f"docs/methods/{estimator}.md").is_file(), estimator


def test_nothing_about_students_is_tracked() -> None:
    tracked = subprocess.run(["git", "ls-files", "data"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert tracked.split() == ["data/README.md"]


def test_every_study_is_listed_in_params() -> None:
    listed = yaml.safe_load((ROOT / "params.yaml").read_text())["studies"]
    assert sorted(listed) == sorted(p.stem for p in (ROOT / "studies").glob("*.yaml"))
