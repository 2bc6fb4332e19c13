"""A real Spark master and worker on this machine: a study that passes through them is, byte for byte, DuckDB's."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from tests.tiny.project import Project, make

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(find_spec("pyspark") is None, reason="pyspark is not installed (make spark-install)"),
    pytest.mark.skipif(shutil.which("java") is None, reason="there is no Java"),
]
MEMORY = "600m"
SECONDS_TO_START = 120


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def _start(log: Path, role: str, *words: str) -> subprocess.Popen[bytes]:
    import pyspark
    home = Path(pyspark.__file__).parent
    command = [str(home / "bin/spark-class"), f"org.apache.spark.deploy.{role.lower()}.{role}", "--host", "127.0.0.1",
               "--webui-port", str(_free_port()), *words]
    environment = {"PATH": "/usr/bin:/bin", "SPARK_LOCAL_IP": "127.0.0.1", "SPARK_DAEMON_MEMORY": MEMORY,
                   "SPARK_NO_DAEMONIZE": "1", "SPARK_HOME": str(home), "PYSPARK_PYTHON": sys.executable}
    if java := shutil.which("java"):
        environment["PATH"] = f"{Path(java).parent}:{environment['PATH']}"
    return subprocess.Popen(command, env=environment, cwd=log.parent, stdout=log.open("wb"), stderr=subprocess.STDOUT)


def _wait_for(log: Path, words: str, started: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + SECONDS_TO_START
    while words not in log.read_text(errors="replace"):
        assert started.poll() is None, log.read_text(errors="replace")
        assert time.monotonic() < end, log.read_text(errors="replace")
        time.sleep(0.2)


@pytest.fixture(scope="module")
def master(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a standalone cluster of one worker, stopped by process id in the end."""
    logs, port = tmp_path_factory.mktemp("spark"), _free_port()
    address = f"spark://127.0.0.1:{port}"
    started = [_start(logs / "master.log", "Master", "--port", str(port))]
    try:
        _wait_for(logs / "master.log", "Starting Spark master", started[0])
        started.append(_start(logs / "worker.log", "Worker", "--port", str(_free_port()), "--cores", "2",
                              "--memory", "1g", "--work-dir", str(logs / "work"), address))
        _wait_for(logs / "worker.log", "Successfully registered with master", started[1])
        yield address
    finally:
        for process in reversed(started):
            process.terminate()
            process.wait(timeout=60)


@pytest.fixture(scope="module")
def through_duckdb(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Two districts of the tiny study with daily attendance, delivered and through both stages."""
    project = make(tmp_path_factory.mktemp("duckdb") / "project")

    def shorten(content: dict[str, Any]) -> None:
        content["districts"] = [d for d in content["districts"] if d["id"] in ("ia-9001", "ia-9013")]
        for program in content["programs"]:
            program["cohorts"] = [c for c in program["cohorts"] if c["districts"] == ["ia-9001"]]
        content["synthetic"]["attendance_grain"] = "day"

    project.edit(shorten)
    project.stages("synthetic", "ingest", "panel")
    return project


def test_a_study_through_a_cluster_is_the_same_bytes(through_duckdb: Project, master: str, tmp_path: Path) -> None:
    project = through_duckdb.copy(tmp_path / "project")
    for stage in ("ingest", "panel"):
        for level in ("restricted", "unreleased"):
            shutil.rmtree(project.root / "data" / level / stage)
    project.edit(lambda content: content.update(engine=master, engine_memory="600MB"), "params.yaml")
    project.stages("ingest", "panel", SPARK_LOCAL_IP="127.0.0.1")
    expected, found = through_duckdb.hashes(), project.hashes()
    assert {name: found.get(name) for name in expected} == expected
    assert set(found) == set(expected)
    assert {name.split("/tiny/")[1] for name in found} >= {"cells.parquet", "attendance_day/ia-9001.parquet"}
