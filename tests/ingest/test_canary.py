"""Names, social security numbers, ids and the key are seeded into good and broken deliveries; no output holds them."""

import json
import os
import subprocess
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from evaluation.ingest.identity.crosswalk import COLUMNS
from tests.ingest.corpus.canaries import BROKEN, CANARIES, GIVEN, ID, KEY, NAME, SOCIAL, SURNAME, YEARS, good
from tests.ingest.corpus.delivery import MAPPING, put
from tests.tiny.project import Project, make

pytestmark = pytest.mark.real
MAPPED = ("students_named_column.csv", "students_one_column.csv", "students_twice_named.csv", "students_no_header.csv",
          "students_columns.parquet", "students_titles.csv", "roster.csv")
"""Broken files for which a mapping is proposed too: those in whose headers a name stands."""


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project whose study is not synthetic and has one district."""
    project = make(tmp_path_factory.mktemp("canary") / "project")

    def one_district(content: dict) -> None:
        content.update(synthetic=None, demonstration=False, quarantine_tolerance=1.0,
                       deliveries={"adapter": "csv", "accept_without": ["*"]})

    project.edit(one_district)
    project.edit(lambda content: content.update(synthetic_studies=[]), "params.yaml")
    return project


@pytest.fixture
def project(bare: Project, tmp_path: Path) -> Project:
    return bare.copy(tmp_path / "project")


def deliver(project: Project, *more: Mapping[str, bytes]) -> Path:
    """Put good files of every year, and what else is given, into the district's folder."""
    folder = project.root / "data/restricted/deliveries/tiny/ia-9001"
    files = {name: content for year in YEARS for name, content in good(year).items()}
    for given in more:
        files |= given
    return put(folder, files, MAPPING.replace('students*.csv"', 'students*"'))


def say(project: Project, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a module in the project with the canary key and without the debugging variable; keep what it says."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith("EVALUATION_")}
    given = {"EVALUATION_PSEUDONYM_KEY": KEY, "OMP_NUM_THREADS": "1"} | environment
    done = subprocess.run([project.python, *words], cwd=project.root, capture_output=True, text=True, check=False,
                          env=clean | {k: v for k, v in given.items() if v})
    with (project.root / "said.log").open("a") as log:
        log.write(done.stdout + done.stderr)
    assert "Traceback" not in done.stderr
    return done


def stage(project: Project, name: str, **environment: str) -> int:
    return say(project, "-m", f"evaluation.{name}", "tiny", **environment).returncode


def evaluation(project: Project, *words: str, **environment: str) -> int:
    code = "import sys; from evaluation.cli import main; sys.argv[0] = 'evaluation'; main()"
    return say(project, "-c", code, *words, **environment).returncode


def outputs(root: Path) -> Iterator[tuple[Path, str]]:
    """Yield every file but the deliveries, as text: raw bytes, and of Parquet also footer, names and decoded values."""
    for path in root.rglob("*"):
        if not path.is_file() or {"deliveries", ".git"} & set(path.relative_to(root).parts):
            continue
        content = path.read_bytes()
        text = content.decode("latin-1") + content.decode("utf-16-le", "replace")
        if content.startswith(b"PAR1"):
            file = pq.ParquetFile(path)
            text += f"{file.schema_arrow} {file.metadata} {file.schema_arrow.metadata}"
            for group in range(file.num_row_groups):
                text += " ".join(str(file.metadata.row_group(group).column(i).to_dict())
                                 for i in range(file.metadata.num_columns))
            text += file.read().to_pandas().to_csv()
        yield path, text.casefold()


def leaks(root: Path) -> set[tuple[str, str]]:
    return {(path.relative_to(root).as_posix(), canary) for path, text in outputs(root) for canary in CANARIES
            if canary.casefold() in text}


def test_the_search_finds_what_lies_in_bytes_values_and_footers(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps({"x": SURNAME.upper()}))
    (tmp_path / "b.bin").write_bytes(SOCIAL.encode("utf-16-le"))
    pd.DataFrame({"x": [ID] * 50}).to_parquet(tmp_path / "c.parquet", compression="zstd")
    assert leaks(tmp_path) == {("a.json", SURNAME), ("b.bin", SOCIAL), ("c.parquet", ID)}


def test_accepted_ids_and_the_key_are_in_no_output(project: Project) -> None:
    folder = deliver(project)
    assert [stage(project, name) for name in ("ingest", "panel", "describe")] == [0, 0, 0]
    assert pq.read_table(project.root / "data/restricted/ingest/tiny/enrollment.parquet").num_rows == 9
    evaluation(project, "check", str(folder), "--html", "check.html", "--json", "check.json")
    evaluation(project, "map", *(str(p) for p in sorted((folder / "2024").iterdir())), "--output", "proposed.yaml")
    assert (project.root / "check.html").is_file()
    assert not leaks(project.root)


def test_what_is_broken_is_in_no_output(project: Project) -> None:
    folder = deliver(project, {f"2024/{name}": content for name, content in BROKEN.items()})
    assert stage(project, "ingest") == 0
    report = json.loads((project.root / "data/unreleased/ingest/tiny/report.json").read_text())
    judged = {f["file"].rpartition("/")[2]: f for f in report["files"]}
    untouched = [name for name in BROKEN if not judged[name]["findings"]]
    assert not untouched
    assert [stage(project, name) for name in ("panel", "describe")] == [0, 0]
    evaluation(project, "check", str(folder), "--html", "check.html", "--json", "check.json")
    for path in sorted((folder / "2024").iterdir()):
        if path.name in MAPPED:
            evaluation(project, "map", str(path))
    assert not leaks(project.root)


def test_refused_files_stop_the_run_without_a_word_of_them(project: Project) -> None:
    deliver(project, {f"2024/{name}": content for name, content in BROKEN.items()})
    project.edit(lambda content: content["deliveries"].pop("accept_without"))
    assert stage(project, "ingest") == 2
    assert not leaks(project.root)


@pytest.mark.parametrize("environment", [
    {"EVALUATION_PSEUDONYM_KEY": KEY[:20]},
    {"EVALUATION_PSEUDONYM_KEY": "", "EVALUATION_PSEUDONYM_KEY_FILE": KEY},
    {"EVALUATION_PSEUDONYM_KEY_FILE": KEY},
    {"EVALUATION_PSEUDONYM_KEY": "", "EVALUATION_PSEUDONYM_KEY_FILE": "data/restricted/deliveries/in_git.key"}])
def test_a_key_given_wrongly_is_not_repeated(environment: dict[str, str], project: Project) -> None:
    deliver(project)
    held = project.root / "data/restricted/deliveries/in_git.key"
    held.write_text(KEY)
    held.chmod(0o600)
    assert stage(project, "ingest", **environment) == 2
    assert evaluation(project, "key", "show", **environment) in (0, 2)
    assert not {leak for leak in leaks(project.root) if leak[1] == KEY or KEY[:20] in leak[1]}
    assert KEY[:20] not in (project.root / "said.log").read_text()


def _broken_crosswalk(folder: Path) -> None:
    (folder / "crosswalk_a_b.csv").write_text(f"{','.join(COLUMNS)}\n{ID},{NAME},1,2\n")


def _broken_mapping(folder: Path) -> None:
    (folder / "mapping.yaml").write_text(f"{MAPPING}\n  extra: [\n # {GIVEN} {SURNAME}\n")


def _latin_mapping(folder: Path) -> None:
    (folder / "mapping.yaml").write_bytes(MAPPING.encode() + f"# {SURNAME} é".encode("latin-1"))


@pytest.mark.parametrize("spoil", [_broken_crosswalk, _broken_mapping, _latin_mapping])
def test_a_broken_file_beside_the_delivery_is_not_repeated(spoil: Callable[[Path], None], project: Project) -> None:
    spoil(deliver(project))
    assert stage(project, "ingest") == 2
    assert not leaks(project.root)


@pytest.mark.parametrize("where", ["readers.sheet.read_sheet", "typed.typed", "rules.judged",
                                   "identity.identifiers.kind_of_values"])
def test_a_defect_of_the_program_shows_no_value(where: str, project: Project) -> None:
    deliver(project)
    module, name = where.rsplit(".", 1)
    (project.root / "sitecustomize.py").write_text(
        f"import evaluation.ingest.{module} as module\n"
        "def broken(*args, **options):\n"
        "    raise ValueError('could not read ' + bytes([90, 121]).decode() + 'xxyqua')\n"
        f"module.{name} = broken\n")
    done = say(project, "-m", "evaluation.ingest", "tiny", PYTHONPATH=str(project.root))
    assert done.returncode == 1
    assert "ValueError" in done.stderr
    assert not leaks(project.root)


def test_rotating_a_key_shows_neither_keys_nor_ids(project: Project, tmp_path: Path) -> None:
    folder = deliver(project)
    for name in ("old", "new"):
        (tmp_path / f"{name}.key").write_text(f"{KEY}{name}\n")
        (tmp_path / f"{name}.key").chmod(0o600)
    assert evaluation(project, "key", "rotate", str(tmp_path / "old.key"), str(tmp_path / "new.key"), "--ids",
                      str(folder)) == 0
    crosswalk = next(folder.glob("crosswalk_*.csv"))
    assert not any(canary.casefold() in crosswalk.read_text().casefold() for canary in CANARIES)
    assert stage(project, "ingest") == 0
    assert not leaks(project.root)


