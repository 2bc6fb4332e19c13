"""What is delivered: the same bytes for the same seed, layouts that differ, days that add up."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from evaluation import params
from evaluation.errors import StudyError
from evaluation.synthetic.__main__ import main
from evaluation.synthetic.delivery import delivered_files
from evaluation.synthetic.layouts import LAYOUTS, layout_of
from evaluation.synthetic.levels import levels
from evaluation.synthetic.mapping import mapping_yaml
from evaluation.synthetic.months import spread
from evaluation.synthetic.outcomes import Outcomes, draw
from evaluation.synthetic.places import place
from evaluation.synthetic.planted import NOISE
from evaluation.synthetic.roster import Roster, roster

ROOT = Path(__file__).parents[2]


def one_district(seed: int = 1, index: int = 1) -> tuple[Roster, Outcomes]:
    study = params.study("partnership", ROOT)
    where = place(study, study.districts[index])
    people = roster(where, seed, 0.02, study.periods.all())
    return people, draw(people, {o: levels(study, where, o, seed) for o in NOISE}, seed)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the project's parameters at a tiny scale, three years."""
    (tmp_path / "studies").mkdir()
    content = yaml.safe_load((ROOT / "studies/partnership.yaml").read_text())
    content["synthetic"]["scale"] = 0.02
    content["districts"] = [d for d in content["districts"] if d["id"] in ("ia-3141", "ia-9001", "oh-043489")]
    known = {d["id"] for d in content["districts"]}
    for program in content["programs"]:
        program["cohorts"] = [c | {"districts": [d for d in c["districts"] if d in known]}
                              for c in program["cohorts"] if set(c.get("districts", [])) & known]
    (tmp_path / "studies/partnership.yaml").write_text(yaml.safe_dump(content))
    (tmp_path / "dvc.yaml").write_text((ROOT / "dvc.yaml").read_text())
    monkeypatch.chdir(tmp_path)
    return tmp_path


def digests(folder: Path) -> dict[str, str]:
    return {str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest()
            for p in sorted(folder.rglob("*")) if p.is_file()}


def test_the_same_seed_writes_the_same_bytes_and_nothing_stale_stays(project: Path) -> None:
    main("partnership")
    first = digests(project / "data")
    stale = project / "data/restricted/deliveries/partnership/ia-9001/2024/old.csv"
    stale.write_text("left over")
    main("partnership")
    assert digests(project / "data") == first
    assert len(first) > 150


def test_another_seed_writes_other_bytes() -> None:
    one, two = (dict(delivered_files(*one_district(seed), layout_of("ia-9001"), 2024)) for seed in (1, 2))
    assert one.keys() == two.keys()
    stem = layout_of("ia-9001").files["school_year"]
    assert all((one[path] == two[path]) == Path(path).name.startswith(stem) for path in one)


def test_a_study_without_a_synthetic_block_is_refused(project: Path) -> None:
    path = project / "studies/partnership.yaml"
    content = yaml.safe_load(path.read_text())
    del content["synthetic"]
    path.write_text(yaml.safe_dump(content))
    with pytest.raises(StudyError, match="synthetic"):
        main("partnership")


def test_every_layout_is_used_and_names_the_columns_it_delivers() -> None:
    districts = [d.id for d in params.study("partnership", ROOT).districts]
    assert all(any(layout_of(d) is layout for d in districts) for layout in LAYOUTS)
    people, drawn = one_district()
    for layout in LAYOUTS:
        mapping = yaml.safe_load(mapping_yaml("ia-9001", layout))
        for path, content in delivered_files(people, drawn, layout, 2024):
            table = next(t for t, stem in layout.files.items() if Path(path).name.startswith(stem))
            entry = mapping["tables"][table]
            mapped = {c if isinstance(c, str) else c["column"] for c in entry["columns"].values()}
            mapped |= set(entry.get("items", {})) | set(entry.get("drop", []))
            mapped |= {entry["wave"]["column"]} if "wave" in entry else set()
            frame = pd.read_csv(io.BytesIO(content), sep=layout.delimiter, encoding=layout.encoding, dtype=str,
                                skiprows=1 if layout.title else 0)
            assert set(frame.columns) == mapped
            assert len(frame)


def test_delivered_absences_add_up_to_the_drawn_outcome_under_the_program() -> None:
    people, drawn = one_district()
    rows = people.rows[people.rows["year"] == 2024]
    at = rows.index.to_numpy()
    month = np.repeat(np.arange(10), 18)[: people.calendar_days]
    parts = spread(rows, month, drawn.absent_y1[at], drawn.absent_oss[at])
    assert np.array_equal(np.bincount(parts.row, parts.absent), drawn.absent_y1[at])
    assert np.array_equal(np.bincount(parts.row, parts.oss), drawn.absent_oss[at])
    assert np.array_equal(np.bincount(parts.row, parts.enrolled), drawn.enrolled[at])
    assert (parts.absent <= parts.enrolled).all()
    assert (parts.oss <= parts.absent).all()
    assert (parts.absent % 2 == 1).any()


def test_dates_are_instructional_days_of_the_school_year() -> None:
    people, drawn = one_district()
    layout = LAYOUTS[1]
    files = dict(delivered_files(people, drawn, layout, 2024))
    frame = pd.read_csv(io.BytesIO(files["2024/enr_2024.csv"]), dtype=str).dropna()
    assert frame["startDate"].between("2023-08-23", "2024-06-30").all()
    assert (frame["startDate"] <= frame["endDate"]).all()
    assert frame["studentNumber"].str.startswith("0").any()


def test_reversed_item_is_delivered_unturned() -> None:
    people, drawn = one_district()
    year = drawn.items_y1[people.rows["year"].to_numpy() == 2024]
    files = dict(delivered_files(people, drawn, LAYOUTS[1], 2024))
    frame = pd.read_csv(io.BytesIO(files["2024/belonging_2024.csv"]))
    turned = year[:, :, 2]
    assert frame["q3"].sum() == (6 - turned[turned > 0]).sum()
    assert frame["q1"].sum() == year[:, :, 0].sum()
