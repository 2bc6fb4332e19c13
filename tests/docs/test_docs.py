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


@pytest.mark.parametrize("page", ["data_contract.md", "study_file.md", "intake_corpus.md"])
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


OVERVIEWS = {"inference.md", "diagnostics.md", "planted_truth.md"}
TEMPLATE = ("What it answers.", "Assumption.", "Properties that hold and are tested.", "What does not hold.",
            "Differences to other programs.", "Checked against.", "Source.")


@pytest.mark.parametrize("page", sorted((ROOT / "docs/methods").glob("*.md")), ids=lambda p: p.stem)
def test_every_methods_page_follows_the_template(page: Path) -> None:
    headings = re.findall(r"^\*\*([A-Z][^*]*\.)\*\*", page.read_text(), re.M)
    if page.name not in OVERVIEWS:
        assert set(TEMPLATE) <= set(headings)
        assert {"How.", "Estimand."} & set(headings)


def test_every_estimator_and_inference_method_has_a_methods_page() -> None:
    from typing import get_args

    from evaluation.contracts.choices import AnyEstimator, Method

    pages = {p.stem for p in (ROOT / "docs/methods").glob("*.md")}
    assert set(get_args(AnyEstimator)) <= pages
    assert {{"wild": "wild_bootstrap"}.get(m, m) for m in get_args(Method)} - {"cr1"} <= pages


def test_every_option_of_did_is_documented() -> None:
    import inspect

    from evaluation.cli.did import did

    page = (ROOT / "docs/did.md").read_text()
    for name in set(inspect.signature(did).parameters) - {"file", "as_json", "draws", "seed"}:
        assert f"--{name}" in page, name


def test_nothing_about_students_is_tracked() -> None:
    tracked = subprocess.run(["git", "ls-files", "data"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert tracked.split() == ["data/README.md"]


def test_every_study_is_listed_in_params() -> None:
    listed = yaml.safe_load((ROOT / "params.yaml").read_text())["studies"]
    assert sorted(listed) == sorted(p.stem for p in (ROOT / "studies").glob("*.yaml"))
