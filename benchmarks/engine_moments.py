"""Speed of a student-effects event study of a gap with all inference, beside pyfixest's fit of the same rows.

Drawn students of 300 schools × 10 years × 2 groups: late entry, years missed, movers; staggered starts. The panel holds
a path id per student-year and lies in their order, both made once. Timed from there: sums by path, moments of home
schools, coefficients, CR1, CR2 with its degrees of freedom, CV3 and 9,999 draws of the wild bootstrap. pyfixest fits
the coefficients with CRV1 only; its numbers are asserted to be ours. Every program runs in a process of its own.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

T = TypeVar("T")
SCHOOLS, YEARS, PER_DISTRICT, DRAWS = 300, tuple(range(2015, 2025)), 3, 9_999
STARTS = {2019: range(20), 2021: range(20, 40)}
"""Districts by start; the others never start."""
ORACLES = Path(".venv-oracles/bin/python")
SCANNED = "SELECT sum(school_year), sum(path_id), sum(value) FROM '{file}'"
MEMORY, PREPARING = "300MB", "2GB"
"""What DuckDB may hold while it is measured, and before."""
MOST_SCANS, MOST_SCANS_OF_MANY, MOST_MEMORY_OF_MANY, MANY = 25, 12, 600e6, 100
"""Scans for 10 million student-years; scans and bytes for 100 million."""
PEER_RATIO, PEER_MEMORY = 15, 10
EPILOG = """examples:
  make oracles-install
  .venv/bin/python -m benchmarks.engine_moments                       10 million rows, pyfixest too: minutes, 14 GB
  .venv/bin/python -m benchmarks.engine_moments --peer-millions 1     pyfixest on a million, ours on both
  .venv/bin/python -m benchmarks.engine_moments --millions 100 --own  only ours: minutes, 20 GB of disk

CPU seconds, on one thread of linear algebra and two of the engine. Exit code 1 where a target is missed."""


@dataclass
class Clock:
    """CPU and wall seconds of named steps."""

    steps: dict[str, tuple[float, float]] = field(default_factory=dict)

    def __call__(self, name: str, step: Callable[[], T]) -> T:
        wall, cpu = time.perf_counter(), _cpu()
        made = step()
        self.steps[name] = (_cpu() - cpu, time.perf_counter() - wall)
        return made


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def draw(folder: Path, millions: str) -> None:
    """Write `rows.parquet`: a student-year each, with school, group and outcome; everybody is enrolled in 2018."""
    import duckdb

    students = int(float(millions) * 1e6 / 5.27)
    connection = duckdb.connect(config={"memory_limit": PREPARING, "temp_directory": str(folder / "scratch")})
    connection.execute(f"""
        CREATE TABLE student AS SELECT i AS student, (hash(i) % {SCHOOLS})::BIGINT AS home,
            (hash(i * 7 + 1) % 2)::BIGINT AS is_focal, (2015 + hash(i * 11 + 2) % 4)::BIGINT AS first,
            (2018 + hash(i * 13 + 3) % 7)::BIGINT AS last, hash(i * 19 + 5) % 100 < 4 AS moves,
            (hash(i * 23 + 6) % {SCHOOLS})::BIGINT AS later, (2016 + hash(i * 29 + 7) % 8)::BIGINT AS move_at
        FROM range({students}) t(i)""")
    connection.execute(f"""
        COPY (SELECT md5(student::VARCHAR) AS student_key, student, y AS school_year, is_focal,
              CASE WHEN moves AND y >= move_at THEN later ELSE home END AS school,
              (hash(student * 31 + y) % 100 < 20 + 3 * is_focal + y - 2015)::BIGINT AS value
              FROM student, range({YEARS[0]}, {YEARS[-1] + 1}) r(y)
              WHERE y BETWEEN first AND last AND (y = 2018 OR hash(student * 37 + y) % 20 > 0))
        TO '{folder / "rows.parquet"}' (FORMAT parquet)""")


def number_paths(folder: Path) -> dict[str, Any]:
    """Write `panel.parquet`, with path id and home school, and `paths.parquet`, as the stage `panel` writes it."""
    import narwhals.stable.v2 as nw

    from evaluation import engine
    from evaluation.contracts import conform
    from evaluation.panel.paths import with_paths

    (study, _), clock = _study(), Clock()
    with engine.session(threads=2, memory=PREPARING, scratch=folder / "scratch") as session:
        school = nw.concat_str([nw.lit("ia-"), (nw.col("school") // PER_DISTRICT).cast(nw.Int64).cast(nw.String),
                                nw.lit("-"), nw.col("school").cast(nw.String)])
        group = nw.when(nw.col("is_focal") == 1).then(nw.lit("black")).otherwise(nw.lit("white"))
        rows = session.kept(session.scan(folder / "rows.parquet").with_columns(
            school_id=school, district_id=school.str.replace_all(r"-\d+$", ""), grade_band=nw.lit("middle"),
            grade=nw.lit(7, dtype=nw.Int64), group_id=group))
        named, years = clock("path ids", lambda: with_paths(rows, YEARS, session))
        conform(years.assign(dimension="race_ethnicity"), "paths").to_parquet(folder / "paths.parquet")
        home = session.frame(_home_of_paths(session, folder / "paths.parquet", study))
        ids = named.select("student_key", "school_year", "path_id").join(home, on="path_id", how="inner")
        panel = rows.join(ids, on=["student_key", "school_year"], how="inner").select(
            "student_key", "student", "school_year", "path_id", "is_focal", "value", "home")
        clock("panel in path order", lambda: panel.sort("path_id").sink_parquet(folder / "panel.parquet"))
    return _said(clock) | {"paths": int(years["path_id"].max())}


def _home_of_paths(session: Any, file: Path, study: Any) -> Any:
    """The number of the home school of every path, for pyfixest."""
    from evaluation.engine import collect
    from evaluation.panel.homes import homes
    from evaluation.panel.places import numbered, places

    paths = session.scan(file)
    named = places(paths, study)
    found = homes(numbered(paths, named, session), named, paths, study.programs[0], study, session=session)
    school = found.names["unit_id"].astype(str).str.rsplit("-").str[-1].astype(int)
    home = found.choices.set_index("choice")["home"].map(school)
    of_paths = collect(found.of_paths)
    return of_paths[["path_id"]].assign(home=of_paths["choice"].map(home).to_numpy(dtype="int64"))


def ours(folder: Path) -> dict[str, Any]:
    """From the panel with path ids to coefficients and all inference."""
    import narwhals.stable.v2 as nw

    from evaluation import engine
    from evaluation.design.student_sums import StudentSums, moments_of
    from evaluation.panel.moments import student_moments
    from evaluation.panel.path_sums import seen, sums_by_path
    from evaluation.panel.paths import Paths, no_paths
    from evaluation.stats.estimators.student_panel import student_panel
    from evaluation.stats.inference.cr2 import cr1, cr2
    from evaluation.stats.inference.cv3 import cv3
    from evaluation.stats.inference.wild import wild_bootstrap

    (study, topic), clock = _study(), Clock()
    with engine.session(threads=2, memory=MEMORY, scratch=folder / "scratch") as session:
        file = folder / "panel.parquet"
        scan = SCANNED.format(file=file)
        clock("first scan", lambda: session.connection.sql(scan).fetchall())
        clock("scan", lambda: session.connection.sql(scan).fetchall())
        cells = clock("sums by path", lambda: session.kept(  # in the order of the contract, as the stage writes them
            sums_by_path(seen(session.scan(file), YEARS, session)).sort("path_id", "missed", "period")))
        named = cells.with_columns(dimension=nw.lit("race_ethnicity"), outcome_id=nw.lit(topic.outcome.id))
        scanned, none = session.scan(folder / "paths.parquet"), no_paths()
        paths = Paths(scanned, named, session.frame(none.adjusted_path_cells), session.frame(none.path_pairs))
        made = clock("moments", lambda: student_moments(study, paths, scanned, session))
    design = _design(sorted(made.moments["unit_id"].unique()))
    moments = clock("moments as floats", lambda: moments_of(StudentSums(made.moments, made.homes), design, topic))
    found = clock("fit", lambda: student_panel(design, moments=moments, part="gap", effect="event_time"))
    of = found.regression, found.contrasts
    se = clock("CR1", lambda: cr1(*of).se)
    clock("CR2 and df", lambda: cr2(*of))
    clock("CV3", lambda: cv3(found))
    clock("wild, 9,999 draws", lambda: wild_bootstrap(*of, weights="webb", draws=DRAWS, rng=np.random.default_rng(0)))
    return _said(clock) | {
        "event_time": [e.event_time for e in found.estimands], "value": found.value[:, 0].tolist(),
        "se": se[:, 0].tolist(), "regressors": found.regression.x.shape[1], "n_obs": found.regression.n_obs}


def pyfixest(folder: Path) -> dict[str, Any]:
    """Fit the same event study on the rows, with one dummy per student absorbed."""
    import pandas as pd
    import pyfixest as pf

    rows = pd.read_parquet(folder / "panel.parquet", columns=["student", "school_year", "home", "is_focal", "value"])
    start = np.full(SCHOOLS // PER_DISTRICT, 0)
    for year, districts in STARTS.items():
        start[list(districts)] = year
    since = rows["school_year"] - start[rows["home"] // PER_DISTRICT]
    names = []
    for e in sorted({t - s for s in STARTS for t in YEARS} - {-1}):
        for group, is_in in (("f", rows["is_focal"] == 1), ("r", rows["is_focal"] == 0)):
            names.append(f"{group}{'m' if e < 0 else 'p'}{abs(e)}")
            rows[names[-1]] = ((since == e) & is_in & (start[rows["home"] // PER_DISTRICT] > 0)).astype(float)
    rows["period"] = rows["school_year"] * 2 + rows["is_focal"]
    rows["value"] = 100.0 * rows["value"]
    clock, formula = Clock(), f"value ~ {' + '.join(names)} | student + period"
    fitted = clock("fit", lambda: pf.feols(formula, rows, vcov={"CRV1": "home"}, fixef_tol=1e-12, copy_data=False,
                                           store_data=False, lean=True))
    coefficient = fitted.coef()
    return _said(clock) | {"value": {n: float(coefficient[n]) for n in names if n in coefficient.index}}


def _said(clock: Clock) -> dict[str, Any]:
    return {"cpu": {k: round(c, 3) for k, (c, _) in clock.steps.items()},
            "wall": {k: round(w, 3) for k, (_, w) in clock.steps.items()},
            "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}


def _study() -> tuple[Any, Any]:
    """The default study with the benchmark's years and starts, and its suspensions of Black and white students."""
    from evaluation import params
    from evaluation.design import topics
    from evaluation.params import Cohort

    study = params.study("partnership")
    cohorts = tuple(Cohort(start=start, phase="test", districts=tuple(f"ia-{d}" for d in districts))
                    for start, districts in STARTS.items())
    program = study.programs[0].model_copy(update={"grade_band": "all", "cohorts": cohorts})
    periods = study.periods.model_copy(update={"first": YEARS[0], "last": YEARS[-1]})
    topic = next(t for t in topics(study) if t.outcome.id == "any_suspension_pct" and t.gap.id == "black_white")
    return study.model_copy(update={"programs": (program,), "periods": periods, "events": ()}), topic


def _design(schools: list[str]) -> Any:
    from evaluation.stats.records import Design

    district = np.array([int(s.split("-")[1]) for s in schools])
    cohort = np.full(len(schools), np.nan)
    for start, members in STARTS.items():
        cohort[np.isin(district, list(members))] = start
    n, t = len(schools), len(YEARS)
    return Design(np.full((n, t, 1), np.nan), ("none",), tuple(schools), np.array(YEARS), position=np.arange(t),
                  cluster=np.arange(n), stratum=np.zeros(n, dtype=np.int64), cohort=cohort, weight=np.ones(n),
                  is_break=np.zeros(t, dtype=bool))


STEPS: dict[str, Callable[..., Any]] = {"draw": draw, "paths": number_paths, "ours": ours, "pyfixest": pyfixest}


def apart(step: str, folder: Path, *more: str, python: str | Path = sys.executable) -> Any:
    """Run a step in a process of its own; its peak memory reads as no less than this one's, so none may run here."""
    one = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    done = subprocess.run([str(python), "-m", "benchmarks.engine_moments", "--step", step, str(folder), *more],
                          check=True, capture_output=True, text=True, env={**os.environ, **one})
    return json.loads(done.stdout.splitlines()[-1])


def measure(millions: float, *, with_peer: bool) -> dict[str, Any]:
    """Draw rows and time every program on them; assert that pyfixest's coefficients are ours."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        apart("draw", folder, str(millions))
        found = {"millions": millions, "path_ids": apart("paths", folder), "ours": apart("ours", folder)}
        if with_peer:
            found["pyfixest"] = apart("pyfixest", folder, python=ORACLES)
            _compare(found["ours"], found["pyfixest"])
    return found


def _compare(own: dict[str, Any], peer: dict[str, Any]) -> None:
    for e, value in zip(own["event_time"], own["value"], strict=True):
        name = f"{'m' if e < 0 else 'p'}{abs(e)}"
        theirs = peer["value"][f"f{name}"] - peer["value"][f"r{name}"]
        assert abs(theirs - value) < 1e-6 * max(1.0, abs(value)), (e, value, theirs)


def ratios(found: dict[str, Any]) -> dict[str, float]:
    """CPU of everything from the panel on in scans, and pyfixest's fit and memory in ours."""
    cpu = found["ours"]["cpu"]
    whole = sum(seconds for name, seconds in cpu.items() if "scan" not in name)
    out = {"cpu": round(whole, 2), "scans": whole / cpu["scan"], "each_specification": whole - cpu["sums by path"]
           - cpu["moments"]}
    if "pyfixest" in found:
        out |= {"pyfixest_cpu": found["pyfixest"]["cpu"]["fit"] / whole,
                "pyfixest_memory": found["pyfixest"]["memory"] / found["ours"]["memory"]}
    return out


def main() -> int:
    parser = ArgumentParser(description=__doc__, epilog=EPILOG, formatter_class=RawDescriptionHelpFormatter)
    parser.add_argument("--millions", type=float, default=10, help="student-years, in millions")
    parser.add_argument("--peer-millions", type=float, help="student-years pyfixest is given; the same by default")
    parser.add_argument("--own", action="store_true", help="leave pyfixest out")
    parser.add_argument("--json", action="store_true", help="for machines")
    parser.add_argument("--step", nargs="+", help="used by the benchmark itself")
    asked = parser.parse_args()
    if asked.step:
        print(json.dumps(STEPS[asked.step[0]](Path(asked.step[1]), *asked.step[2:])))
        return 0
    peer = None if asked.own else asked.peer_millions or asked.millions
    sizes = sorted({asked.millions, *([peer] if peer else [])})
    said = [f | {"ratios": ratios(f)} for f in (measure(size, with_peer=size == peer) for size in sizes)]
    if asked.json:
        print(json.dumps(said, indent=2))
    else:
        for f in said:
            print(f"{f['millions']:g} million student-years")
            for program in (name for name in ("path_ids", "ours", "pyfixest") if name in f):
                for step, cpu in f[program]["cpu"].items():
                    print(f"  {program:10} {step:20} {cpu:8.2f} CPU s   {f[program]['wall'][step]:8.2f} s")
                print(f"  {program:10} {'peak memory':20} {f[program]['memory'] / 1e9:8.2f} GB")
            print("  " + ", ".join(f"{k} {v:.3g}" for k, v in f["ratios"].items()))
    return int(any(_missed(f) for f in said if f["millions"] == max(sizes)))


def _missed(measured: dict[str, Any]) -> bool:
    found, is_many = measured["ratios"], measured["millions"] >= MANY
    return (found["scans"] > (MOST_SCANS_OF_MANY if is_many else MOST_SCANS)
            or (is_many and measured["ours"]["memory"] > MOST_MEMORY_OF_MANY)
            or found.get("pyfixest_cpu", PEER_RATIO) < PEER_RATIO
            or found.get("pyfixest_memory", PEER_MEMORY) < PEER_MEMORY)


if __name__ == "__main__":
    sys.exit(main())
