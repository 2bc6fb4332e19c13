"""The same delivery gives the same bytes whatever the threads, the order of its rows, time zone, locale, hash seed."""

from __future__ import annotations

import itertools
import random
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from evaluation.synthetic.layouts import layout_of
from tests.tiny.project import STAGES, Project, make

THREADS = (1, 2, 8)
ORDERS = (None, 1, 2)
ZONES = ("UTC", "Pacific/Kiritimati", "America/St_Johns")
TURKISH = {"LC_ALL": "tr_TR.UTF-8"}  # a comma in numbers, two letters i, an order of letters of its own
LOCALES: tuple[Mapping[str, str], ...] = (
    {"LC_ALL": "C.UTF-8"}, {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}, TURKISH)
HASH_SEEDS = ("0", "12345")
TO_CELLS, AFTER = ("ingest", "panel"), STAGES[3:]
_NAMES_ROWS = ("quarantine.parquet", "report.json", "report.html")  # say in which row of a file something stands


@dataclass(frozen=True)
class Setting:
    threads: int = 2
    order: int | None = None
    zone: str = "UTC"
    locale: int = 0
    hash_seed: str = "0"

    def run(self, project: Project, *stages: str) -> None:
        """Run stages; their process takes the locale on, as it would from a library, for all but names of months."""
        code = ("import contextlib, functools, locale, runpy, sys; from evaluation import engine\n"
                "with contextlib.suppress(locale.Error): [locale.setlocale(each, '') for each in (\n"
                "    locale.LC_CTYPE, locale.LC_COLLATE, locale.LC_NUMERIC)]\n"
                f"engine.session = functools.partial(engine.session, threads={self.threads}); "
                "stage = sys.argv.pop(1); runpy.run_module(f'evaluation.{stage}', run_name='__main__', alter_sys=True)")
        environment = project.environment(TZ=self.zone, PYTHONHASHSEED=self.hash_seed, **LOCALES[self.locale])
        for stage in stages:
            done = subprocess.run([project.python, "-c", code, stage, "tiny"], cwd=project.root, env=environment,
                                  capture_output=True, check=False)
            assert done.returncode == 0, (stage, done.stderr)


PLAIN = Setting()
OTHER = Setting(8, 2, "Pacific/Kiritimati", 1, "12345")
IN_TURKISH = Setting(1, 1, "America/St_Johns", 2, "12345")


@pytest.fixture(scope="module", autouse=True)
def turkish(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Make the Turkish locale, which few machines have; where it cannot be made, that setting runs in the C locale."""
    made = tmp_path_factory.mktemp("locales")
    if shutil.which("localedef"):
        subprocess.run(["localedef", "-i", "tr_TR", "-f", "UTF-8", made / "tr_TR.UTF-8"], capture_output=True,
                       check=False)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(TURKISH, "LOCPATH", str(made))
        yield


@pytest.fixture(scope="module")
def delivered(tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = make(tmp_path_factory.mktemp("delivered") / "project")
    PLAIN.run(project, "synthetic")
    return project


@pytest.fixture(scope="module")
def plain(delivered: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = delivered.copy(tmp_path_factory.mktemp("plain") / "project")
    PLAIN.run(project, *TO_CELLS)
    return project


@pytest.fixture(scope="module")
def plain_estimates(plain: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = plain.copy(tmp_path_factory.mktemp("estimates") / "project")
    PLAIN.run(project, *AFTER)
    return project


def shuffled(project: Project, seed: int) -> None:
    """Shuffle the rows of every delivered file below its header."""
    deliveries = project.root / "data/restricted/deliveries/tiny"
    for path in sorted(deliveries.glob("*/**/*.csv")):
        district = path.relative_to(deliveries).parts[0]
        lines = path.read_bytes().splitlines(keepends=True)
        n = 2 if layout_of(district).title else 1
        rows = lines[n:]
        random.Random(f"{seed} {path.name}").shuffle(rows)
        path.write_bytes(b"".join(lines[:n] + rows))


def compared(project: Project, of: Project, is_ordered: bool) -> tuple[dict[str, str], dict[str, str]]:
    """Hashes of two runs below ingest and panel; files that tell rows' places only where the order is the same."""
    folders = ("restricted/ingest", "unreleased/ingest", "restricted/panel", "unreleased/panel")
    mine, its = (p.hashes(*folders) for p in (project, of))
    skipped = () if is_ordered else _NAMES_ROWS
    kept = [{name: h for name, h in found.items() if not name.endswith(skipped)} if skipped else found
            for found in (mine, its)]
    return kept[0], kept[1]


def gives_the_same_bytes(setting: Setting, delivered: Project, plain: Project, root: Path) -> Project:
    project = delivered.copy(root / "project")
    if setting.order is not None:
        shuffled(project, setting.order)
    setting.run(project, *TO_CELLS)
    mine, its = compared(project, plain, setting.order is None)
    assert mine == its
    assert any(name.endswith("cells.parquet") for name in mine)
    return project


@pytest.mark.parametrize("setting", [OTHER, IN_TURKISH], ids=str)
def test_another_machine_and_another_row_order_give_the_same_bytes(setting: Setting, delivered: Project, plain: Project,
                                                                   tmp_path: Path) -> None:
    gives_the_same_bytes(setting, delivered, plain, tmp_path)


@pytest.mark.verify
@pytest.mark.parametrize("setting", [Setting(*each) for each in itertools.product(
    THREADS, ORDERS, ZONES, range(len(LOCALES)), HASH_SEEDS)], ids=str)
def test_every_setting_gives_the_same_bytes(setting: Setting, delivered: Project, plain: Project,
                                            tmp_path: Path) -> None:
    gives_the_same_bytes(setting, delivered, plain, tmp_path)


@pytest.mark.verify
def test_the_deliveries_are_the_same_bytes(delivered: Project, tmp_path: Path) -> None:
    project = make(tmp_path / "project")
    OTHER.run(project, "synthetic")
    assert project.hashes() == delivered.hashes()


@pytest.mark.verify
@pytest.mark.parametrize("setting", [
    Setting(order=1), Setting(zone="America/St_Johns"), Setting(locale=1), Setting(locale=2),
    Setting(hash_seed="12345"), OTHER], ids=str)
def test_estimates_are_the_same_bytes_on_one_machine(setting: Setting, delivered: Project, plain: Project,
                                                     plain_estimates: Project, tmp_path: Path) -> None:
    project = gives_the_same_bytes(setting, delivered, plain, tmp_path)
    setting.run(project, *AFTER)
    below = tuple(f"unreleased/{stage}" for stage in AFTER)
    assert project.hashes(*below) == plain_estimates.hashes(*below)
