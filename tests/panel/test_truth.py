"""Tiny synthetic deliveries, in every layout, through the real stages: cells equal the planted truth to the unit."""

import hashlib
import re
import shutil
from pathlib import Path

import pytest
import yaml

from evaluation import store
from evaluation.contracts import TABLES
from evaluation.errors import DeliveryError
from evaluation.ingest.__main__ import main as ingest
from evaluation.panel.__main__ import main as panel
from evaluation.synthetic.__main__ import main as synthetic
from evaluation.synthetic.layouts import LAYOUTS, layout_of

ROOT = Path(__file__).parents[2]
YEARS = (2018, 2020)
"""2020 has one survey wave only."""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project folder with a district of every layout, two school years delivered, both stages run."""
    root = tmp_path_factory.mktemp("truth")
    (root / "studies").mkdir()
    content = yaml.safe_load((ROOT / "studies/partnership.yaml").read_text())
    content["synthetic"]["scale"] = 0.02
    chosen = {layout_of(d["id"]).files["school_year"]: d["id"] for d in content["districts"]}.values()
    content["districts"] = [d for d in content["districts"] if d["id"] in chosen]
    content["events"] = [event | {"states": []} for event in content["events"]]
    for program in content["programs"]:
        program["cohorts"] = [{"start": 2024, "phase": "develop", "districts": [content["districts"][0]["id"]]}]
    for specification in content["specifications"]:
        specification.pop("cohorts", None)
    (root / "studies/partnership.yaml").write_text(yaml.safe_dump(content))
    for name in ("dvc.yaml", "params.yaml"):
        shutil.copy(ROOT / name, root)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        patch.delenv("EVALUATION_PSEUDONYM_KEY", raising=False)
        synthetic("partnership")
        for folder in (root / "data/restricted/deliveries/partnership").glob("*/*"):
            if folder.is_dir() and int(folder.name[:4]) not in YEARS:
                shutil.rmtree(folder)
        ingest("partnership")
        panel("partnership")
    return root


@pytest.fixture(autouse=True)
def _inside(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project)


def _digests() -> dict[str, str]:
    return {str(p): hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted(Path("data").glob("*/[ip]*/**/*"))
            if p.is_file()}


def test_every_layout_is_there(project: Path) -> None:
    intake = store.read("intake", "partnership")
    assert intake["district_id"].nunique() == len(LAYOUTS)
    assert intake["refusal"].isna().all()
    assert intake["rows_quarantined"].sum() > 0


def test_cells_equal_the_observed_potential_outcome() -> None:
    cells, truth = store.read("cells", "partnership"), store.read("truth_cells", "partnership")
    truth = truth[truth["period"].isin(YEARS)]
    key = list(TABLES["cells"].key)
    both = truth.merge(cells, on=key, how="outer", suffixes=("_true", ""), indicator=True, validate="one_to_one")
    assert set(both["_merge"]) == {"both"}
    assert (both["n_students"] == both["n_students_true"]).all()
    assert (both["total"] == both["total_y1"]).all()
    assert len(both) > 500


def test_a_second_run_writes_the_same_bytes_and_leaves_nothing_stale() -> None:
    first = _digests()
    Path("data/restricted/ingest/partnership/stale.parquet").write_bytes(b"old")
    ingest("partnership")
    panel("partnership")
    assert _digests() == first


def test_report_holds_no_student_id_and_its_counts_add_up() -> None:
    text = Path("data/unreleased/ingest/partnership/report.json").read_text()
    report = yaml.safe_load(text)
    totals = report["totals"]
    assert totals["rows_in"] == totals["rows_accepted"] + totals["rows_quarantined"] + totals["rows_refused"]
    delivered = Path("data/restricted/deliveries/partnership").glob("*/*/*.csv")
    ids = {i for p in delivered for i in re.findall(r"\bs?\d{6,9}\b(?=[,;])", p.read_text(encoding="cp1252"))}
    assert len(ids) > 100
    assert not ids & set(re.findall(r"\bs?\d{6,9}\b", text))
    assert "0123456789abcdef" not in text


def test_a_delivery_beyond_the_tolerance_is_refused_with_its_report_written(monkeypatch: pytest.MonkeyPatch) -> None:
    study = Path("studies/partnership.yaml")
    content = study.read_text()
    study.write_text(yaml.safe_dump(yaml.safe_load(content) | {"quarantine_tolerance": 0.0}))
    try:
        with pytest.raises(DeliveryError, match="set aside"):
            ingest("partnership")
        assert Path("data/unreleased/ingest/partnership/report.json").is_file()
    finally:
        study.write_text(content)
        ingest("partnership")


def test_without_a_key_the_stage_says_what_to_set() -> None:
    key = Path("data/restricted/deliveries/partnership/demo_pseudonym.key")
    content = key.read_text()
    key.unlink()
    try:
        with pytest.raises(DeliveryError, match="EVALUATION_PSEUDONYM_KEY"):
            ingest("partnership")
    finally:
        key.write_text(content)
        ingest("partnership")
