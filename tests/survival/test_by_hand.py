"""Stages started by hand: what an earlier one did not write is said with the stage to run, what was there stays."""

from __future__ import annotations

import re
import shutil
from importlib import import_module
from pathlib import Path

import pandas as pd
import pytest

from evaluation import store
from evaluation.contracts import TABLES
from evaluation.errors import StageError
from evaluation.stage import told
from tests.tiny.project import ROOT

LATER = {"panel": "ingest", "describe": "panel", "estimate": "panel", "diagnose": "panel", "release": "estimate"}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "studies").mkdir()
    for name in ("params.yaml", "dvc.yaml"):
        shutil.copy(ROOT / name, tmp_path)
    shutil.copy(ROOT / "tests/tiny/tiny.yaml", tmp_path / "studies")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("stage", LATER)
def test_a_stage_names_the_one_that_did_not_end_well(project: Path, stage: str,
                                                     capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end, told():
        import_module(f"evaluation.{stage}.__main__").main("tiny")
    said = re.sub(r"\s+", " ", capsys.readouterr().err)
    assert end.value.code == StageError.exit_code
    assert f"`python -m evaluation.{LATER[stage]} tiny`" in said
    assert "is not there" in said
    assert "defect" not in said


@pytest.mark.parametrize("damage", [lambda content: b"", lambda content: content[:-9],
                                    lambda content: content[:-300] + b"\0" * 292 + content[-8:]])
def test_a_damaged_table_is_named_with_the_stage_that_writes_it(project: Path, damage) -> None:
    table = store.write(pd.DataFrame(columns=list(TABLES["school_lineage"].columns)), "school_lineage", "tiny")
    table.write_bytes(damage(table.read_bytes()))
    with pytest.raises(StageError, match=r"school_lineage is damaged.*evaluation\.panel tiny"):
        store.read("school_lineage", "tiny")


def test_a_stage_that_fails_leaves_what_it_wrote_before(project: Path) -> None:
    old = store.folder("unreleased", "describe", "tiny") / "group_levels.parquet"
    old.parent.mkdir(parents=True)
    old.write_bytes(b"of an earlier run")
    with pytest.raises(StageError):
        import_module("evaluation.describe.__main__").main("tiny")
    assert old.read_bytes() == b"of an earlier run"
