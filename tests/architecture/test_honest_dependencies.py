"""All that a stage imports is among its deps in dvc.yaml, else results would go stale in silence."""

import ast
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
STAGES = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]


def module_file(name: str) -> Path | None:
    base = ROOT / Path(*name.split("."))
    for candidate in (base.with_suffix(".py"), base / "__init__.py"):
        if candidate.is_file():
            return candidate
    return None


def imported(file: Path) -> set[Path]:
    found = set()
    for node in ast.walk(ast.parse(file.read_text())):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        found |= {f for name in names if name.startswith("evaluation") and (f := module_file(name))}
    return found


def reachable(start: set[Path]) -> set[Path]:
    seen: set[Path] = set()
    while start:
        file = start.pop()
        if file not in seen:
            seen.add(file)
            start |= imported(file)
    return seen


@pytest.mark.parametrize("stage", STAGES)
def test_all_a_stage_imports_is_among_its_deps(stage: str) -> None:
    deps = [ROOT / dep for dep in STAGES[stage]["deps"]]
    files = reachable({*(ROOT / "evaluation" / stage).glob("*.py"), ROOT / "evaluation/__init__.py"})
    missing = {f.relative_to(ROOT).as_posix() for f in files if not any(d == f or d in f.parents for d in deps)}
    assert not missing


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_has_one_name_in_five_places(stage: str) -> None:
    assert (ROOT / "evaluation" / stage / "__main__.py").is_file()
    assert (ROOT / "tests" / stage).is_dir()
    assert (ROOT / "docs/pipeline" / f"{stage}.md").is_file()
    assert f"python -m evaluation.{stage} ${{item.study}}" == STAGES[stage]["cmd"]
    outs = [out for out in outputs(stage) if "persist" not in outputs(stage)[out]]  # deliveries are kept on a rerun
    assert all(out.split("/")[2] == stage for out in outs)


@pytest.mark.parametrize("stage", STAGES)
def test_an_output_goes_to_the_remote_of_its_level_and_no_other(stage: str) -> None:
    for out, options in outputs(stage).items():
        assert options["remote"] == out.split("/")[1]


def outputs(stage: str) -> dict[str, dict]:
    return {path: options for out in STAGES[stage]["outs"] for path, options in out.items()}
